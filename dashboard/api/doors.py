"""The door: a token instead of a session, and refusals as problem+json (RFC 9457)."""

import functools
from http import HTTPStatus

from allauth.core.internal import ratelimit
from django.http import JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from accounts.rights import anyone
from dashboard.api import tokens
from tianshan.ledgers import BadScope
from tianshan.web.middleware import current_request_id

ROOT = "/api/"
RATES = {"call": "120/m/key", "wrong": "60/h/ip"}
PROBLEM = "application/problem+json"
WORDS = {
    400: ("请求不对", "请求里有看不懂的内容。"),
    401: ("令牌无效", "没有令牌，或令牌不对、已到期、已停用。"),
    403: ("令牌不含这一项", "这个令牌不能读这一项，请让发令牌的人另发一个。"),
    404: ("没有这个地址", "没有这个地址，或这个令牌看不到。"),
    405: ("只能读取", "这个接口只能读，请用 GET。"),
    429: ("请求太频繁", "请稍后再来，等多少秒见 Retry-After。"),
    500: ("服务器出错", "不是您的问题。请把 request_id 告诉管理员。"),
    503: ("暂时不能用", "请稍后再来，等多少秒见 Retry-After。"),
}


class Bad(Exception):
    """What a query asks cannot be; the message is for whoever wrote the query."""

    def __init__(self, words, parameter):
        super().__init__(words)
        self.parameter = parameter


class Refused(Exception):
    """The token does not hold this."""


def problem(status, detail="", **more):
    title, words = WORDS.get(status, (HTTPStatus(status).phrase, ""))
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail or words,
        "request_id": current_request_id(),
        **more,
    }
    return JsonResponse(
        body,
        status=status,
        content_type=PROBLEM,
        json_dumps_params={"ensure_ascii": False},
    )


def as_api(get_response):
    """Below /api/: no cookie is read or set, nothing is kept, each refusal is JSON."""

    def middleware(request):
        if not request.path.startswith(ROOT):
            return get_response(request)
        request.COOKIES = {}
        answer = get_response(request)
        if answer.status_code >= 400 and answer.headers["Content-Type"] != PROBLEM:
            refused, answer = answer, problem(answer.status_code)
            for name in ("Allow", "Retry-After"):
                if name in refused.headers:
                    answer.headers[name] = refused.headers[name]
        answer.cookies.clear()
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["X-Robots-Tag"] = "noindex, nofollow"
        return answer

    return middleware


def with_token(view):
    """A view for whoever brings a token in force: `request.token`, and as `request.user`
    the eyes that it has. No token and a wrong one are one answer."""

    @functools.wraps(view)
    def ruled(request, *args, **kwargs):
        now = timezone.now()
        row, user = _who(request, now)
        if user is None:
            return _unknown(request)
        if not _rate(request, "call", key=str(row.pk)):
            return _too_many(60)
        tokens.used(row, now)
        request.token, request.user = row, user
        try:
            return view(request, *args, **kwargs)
        except Bad as bad:
            return problem(400, str(bad), parameter=bad.parameter)
        except BadScope as bad:
            return problem(400, str(bad))
        except Refused:
            return problem(403)

    ruled = anyone(csrf_exempt(require_safe(ruled)))  # there is no cookie to misuse
    ruled.rule = "token"
    return ruled


def _who(request, now):
    """The token that was brought and its eyes, or None twice."""
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer":
        return None, None
    row = tokens.token_of(text.strip(), timezone.localdate(now))
    return row, row and tokens.reader(row)


def _unknown(request):
    if not _rate(request, "wrong"):
        return _too_many(3600)
    answer = problem(401)
    answer.headers["WWW-Authenticate"] = 'Bearer realm="tianshan"'
    return answer


def _too_many(seconds):
    answer = problem(429)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def _rate(request, action, key=None):
    return ratelimit.consume(
        request, app="api", action=action, config=RATES, key=key, limit_get=True
    )


def needs_scope(request, scope):
    if scope not in request.token.scopes or scope not in tokens.scopes_for(
        request.user
    ):
        raise Refused
