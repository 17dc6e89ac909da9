"""The wall itself, for whoever has its link; and the page on which links are kept."""

from allauth.core.internal import ratelimit
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, anyone, needs
from dashboard import wall as walls
from dashboard import wide
from dashboard.forms import WallLinkForm
from dashboard.models import WallLink
from tianshan.database.replica import as_of, from_replica

# Wrong links from one address; the screens of a house may share one.
WRONG = {"wrong": "30/h/ip"}


def _may_try(request, *, count):
    """Has this address guessed too often? `count` says that it just guessed wrong."""
    return ratelimit.consume(
        request,
        app="wall",
        action="wrong",
        config=WRONG,
        limit_get=True,
        dry_run=not count,
    )


# For whoever has the link, without an account: nobody signs in on a wall. The session,
# if there is any, is not looked at, so that none is begun or kept awake.
@anyone
@require_safe
def wall(request):
    """The totals; wrong, revoked and expired links are one answer."""
    response = _wall(request)
    response.headers["Cache-Control"] = "no-store, private"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _wall(request):
    now = timezone.now()
    if not _may_try(request, count=False):
        page = render_to_string("dashboard/wall_wait.html")
        return HttpResponse(page, status=429, headers={"Retry-After": "3600"})
    today = timezone.localdate(now)
    link = walls.link_of(request.GET.get("token", ""), today)
    if link is None:
        _may_try(request, count=True)
        return HttpResponse(render_to_string("dashboard/wall_gone.html"), status=404)
    walls.seen(link, now)
    return _totals(request, link, today)


@from_replica
def _totals(request, link, today):
    """The link itself is of the primary: a revoked one opens nothing from then on."""
    scope = walls.scope_of(link, today)
    said = wide.read("wall", scope, link=link)
    context = {
        "scope": scope,
        "period": link.get_period_display(),
        "totals": said.text,
        "as_of": said.as_of or as_of(request),
    }
    return HttpResponse(render_to_string("dashboard/wall.html", context))


# --- keeping links -----------------------------------------------------------------


@needs(Right.KEEP_WALLS)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def wall_list(request):
    """The links of one's grids, and a form for one more, whose address is shown once."""
    now = timezone.now()
    today = timezone.localdate(now)
    form = WallLinkForm(request.POST or None, user=request.user, today=today)
    address = None
    if form.is_valid():
        _, token = walls.give(**form.cleaned_data, by=request.user, at=now)
        where = f"{reverse('dashboard:wall')}?token={token}"
        address = request.build_absolute_uri(where)
        form = WallLinkForm(user=request.user, today=today)
    links = WallLink.objects.visible_to(request.user)
    context = {
        "form": form,
        "address": address,
        "links": links.select_related("grid", "made_by", "revoked_by"),
        "today": today,
    }
    status = 400 if form.errors else 200
    return render(request, "dashboard/wall_list.html", context, status=status)


@needs(Right.KEEP_WALLS)
@require_POST
def wall_revoke(request, pk):
    link = get_object_or_404(WallLink.objects.visible_to(request.user), pk=pk)
    walls.revoke(link, by=request.user, at=timezone.now())
    messages.success(request, f"已停用“{link.label}”，正在放的大屏一分钟内停。")
    return redirect("dashboard:wall_list")
