"""What has to be done before anything else: every page leads there until it is."""

from urllib.parse import urlsplit

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from accounts import passwords

Type = Authenticator.Type
ALWAYS = ("account_logout", "accounts:unlock")
# The steps to a second factor, and back from the question for the password.
SETTING_UP = (
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_view_recovery_codes",
    "account_change_password",
    "account_reauthenticate",
)


def first_things_first(get_response):
    """Lead to the page of what is due, and leave the way out open."""

    def middleware(request):
        return get_response(request)

    def process_view(request, view, args, kwargs):
        if not request.user.is_authenticated:
            return None
        due = _due(request)
        if due is None or _open_before(request, view, due):
            return None
        return _led_to(request, view, due)

    middleware.process_view = process_view
    return middleware


def _due(request):
    """The address of what this account has to do first; None when nothing is due."""
    left = passwords.days_left(request.user, timezone.now())
    request.password_is_old = left is not None and left < 0
    if request.user.password_is_first or request.password_is_old:
        return reverse("account_change_password")
    if left is not None and left <= passwords.WARNED:
        request.password_days = left
    request.must_set_up = needs_second_factor(request.user)
    if request.must_set_up:
        return reverse("mfa_index")
    return None


def asked_of(user):
    """Is a second factor asked of a role that the account holds today?"""
    asked = settings.MFA_REQUIRED_ROLES
    return bool(asked) and any(post.role in asked for post in user.posts_in_force)


def needs_second_factor(user):
    return asked_of(user) and not is_mfa_enabled(user, [Type.TOTP, Type.WEBAUTHN])


def _ways(due):
    """The addresses that are open until what is due has been done."""
    ways = {due, *map(reverse, ALWAYS)}
    if due == reverse("mfa_index"):
        ways |= set(map(reverse, SETTING_UP))
        ways |= {
            reverse("accounts:sign_on_again", args=[key])
            for key in settings.OIDC_PROVIDERS
        }
    return ways


def _open_before(request, view, due):
    return request.path in _ways(due) or getattr(view, "rule", None) == "anyone"


def _shown(request):
    """The address of the page that asks for a part."""
    return urlsplit(request.htmx.current_url or "").path


def _led_to(request, view, due):
    asks_for = request.headers.get("Accept", "")
    if getattr(view, "rule", None) == "devices" or asks_for.startswith(
        "application/json"
    ):
        # As without a session: a phone keeps what it has and sends it later.
        reason = "请先打开网页版，办完登录安全的事。"
        response = JsonResponse({"reason": reason, "first": due}, status=401)
    elif request.htmx and _shown(request) in _ways(due):
        # A part of the very page that is due: led there, it would load without end.
        response = HttpResponse(status=204)
    elif request.htmx:
        response = HttpResponse(status=401, headers={"HX-Redirect": due})
    else:
        response = redirect(due)
    add_never_cache_headers(response)
    return response
