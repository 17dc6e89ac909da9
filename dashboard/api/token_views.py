"""Where tokens are given and revoked, and what is said to whoever connects."""

from django.contrib import messages
from django.http import JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, needs
from dashboard.api import doors, ledgers, openapi, tokens
from dashboard.api.forms import ApiTokenForm
from dashboard.api.models import ApiToken
from tianshan.ledgers import LEDGERS


@needs(Right.KEEP_TOKENS)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def token_list(request):
    """The tokens of one's grids, and a form for one more, which is shown once."""
    now = timezone.now()
    today = timezone.localdate(now)
    form = ApiTokenForm(request.POST or None, user=request.user, today=today)
    given = None
    if form.is_valid():
        _, given = tokens.give(**form.cleaned_data, by=request.user, at=now)
        form = ApiTokenForm(user=request.user, today=today)
    rows = ApiToken.objects.visible_to(request.user)
    known = {key: ledger.title for key, ledger in LEDGERS.items()} | tokens.OTHERS
    context = {
        "form": form,
        "given": given,
        "try_it": given and _curl(request, "dashboard:api_index", bearer=given),
        "lines": [
            {
                "token": row,
                "scopes": [known.get(key, key) for key in row.scopes],
                "ended": tokens.reader(row) is None,
            }
            for row in rows.select_related("grid", "made_by", "revoked_by")
        ],
        "today": today,
    }
    status = 400 if form.errors else 200
    return render(request, "dashboard/token_list.html", context, status=status)


@needs(Right.KEEP_TOKENS)
@require_POST
def token_revoke(request, pk):
    row = get_object_or_404(ApiToken.objects.visible_to(request.user), pk=pk)
    tokens.revoke(row, by=request.user, at=timezone.now())
    messages.success(request, f"已停用“{row.label}”，它从现在起读不到任何东西。")
    return redirect("dashboard:token_list")


@needs(Right.KEEP_TOKENS)
@require_safe
def token_guide(request):
    """How another system connects: to hand on to whoever writes it."""
    may = tokens.scopes_for(request.user)
    opened = [LEDGERS[key] for key in LEDGERS if key in may]
    context = {
        "curls": [
            (f"curl-{place}", words, _curl(request, name, *args, query=query))
            for place, (words, name, args, query) in enumerate(EXAMPLES)
        ],
        "ledgers": [
            {
                "ledger": ledger,
                "url": reverse("dashboard:api_ledger", args=[ledger.key]),
                "columns": ledgers.columns_of(ledger, request.user),
            }
            for ledger in opened
        ],
        "problems": doors.WORDS.items(),
        "most": ledgers.MOST,
        "size": ledgers.SIZE,
    }
    return render(request, "dashboard/token_guide.html", context)


@needs(Right.KEEP_TOKENS)
@require_safe
def token_openapi(request):
    """The description of all that one could put into a token, as a file."""
    may = set(tokens.scopes_for(request.user))
    answer = JsonResponse(
        openapi.document(request, may), json_dumps_params={"ensure_ascii": False}
    )
    answer.headers["Content-Disposition"] = 'attachment; filename="openapi.json"'
    return answer


EXAMPLES = [
    ("这个令牌能读什么 / What the token opens", "api_index", (), ""),
    ("商户台账，每页 200 条 / Merchants", "api_ledger", ("merchants",), "?size=200"),
    ("统计数 / Figures", "api_figures", (), "?start=2026-01-01&end=2026-06-30"),
    ("地图 / Map", "api_map", (), "?by=coverage"),
    ("接口说明 / OpenAPI", "api_openapi", (), ""),
]


def _curl(request, name, *args, query="", bearer="$TOKEN"):
    name = name if ":" in name else f"dashboard:{name}"
    url = request.build_absolute_uri(reverse(name, args=args)) + query
    return f'curl -H "Authorization: Bearer {bearer}" "{url}"'
