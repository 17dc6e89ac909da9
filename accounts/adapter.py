"""How allauth behaves here: nobody signs up; accounts are made by the administrator."""

import base64
import hashlib

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.core.internal.ratelimit import get_ip
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts import guard, passwords, sessions
from accounts.middleware import begin
from accounts.models import User
from tianshan import audit

# What allauth would send by mail, as audit lines.
SECOND_FACTOR = {
    "mfa/email/totp_activated": "second_factor.app_added",
    "mfa/email/totp_deactivated": "second_factor.app_removed",
    "mfa/email/webauthn_added": "second_factor.key_added",
    "mfa/email/webauthn_removed": "second_factor.key_removed",
    "mfa/email/recovery_codes_generated": "second_factor.codes_made",
}


class PortalAdapter(DefaultAccountAdapter):
    """Signing in, out and failing to leave a line in the audit log (等保, 安全审计)."""

    def is_open_for_signup(self, request):
        return False

    def login(self, request, user):
        super().login(request, user)
        begin(request)
        _note("account.signed_in", user, by=user)

    def logout(self, request):
        user = request.user
        super().logout(request)
        if user.is_authenticated:
            _note("account.signed_out", user, by=user)

    def pre_authenticate(self, request, **credentials):
        name = credentials.get("username") or ""
        try:
            self.tries = guard.take(
                name,
                address=get_ip(request),
                browser=guard.known(request, name),
                at=timezone.now(),
            )
        except guard.Paused as paused:
            raise ValidationError(str(paused), code="paused") from paused

    def authenticate(self, request, **credentials):
        user = super().authenticate(request, **credentials)
        if user:
            guard.give_back(self.tries)
            if passwords.has_lapsed(user, timezone.now()):
                raise ValidationError("第一个密码过期了，请找安全管理员重置。")
        return user

    def authentication_failed(self, request, **credentials):
        super().authentication_failed(request, **credentials)
        # A name that no account has is nobody's: it may be a password typed too early.
        name = credentials.get("username") or ""
        if user := User.objects.filter(username__iexact=name).first():
            _note("account.sign_in_failed", user, by=None)
            if any(row.until for row in self.tries if row.user_id):
                _note("account.paused", user, by=None)

    def send_notification_mail(self, template_prefix, user, *args, **kwargs):
        """Nobody has an address here; that a second factor changed is written down."""
        if verb := SECOND_FACTOR.get(template_prefix):
            _note(verb, user, by=user)

    def get_reauthentication_methods(self, user):
        """Whoever came by single sign-on gives the second factor, or goes there anew;
        a password comes last, since they may never use theirs."""
        ways = super().get_reauthentication_methods(user)
        came_by = {
            said["provider"]
            for said in get_authentication_records(context.request, user)
            if said["method"] == "oidc"
        }
        anew = [
            {
                "id": "sign_on",
                "description": f"到{provider['name']}再登录一次",
                "url": reverse("accounts:sign_on_again", args=[key]),
            }
            for key, provider in settings.OIDC_PROVIDERS.items()
            if key in came_by
        ]
        if not anew:
            return ways
        second = [way for way in ways if way["id"] != "reauthenticate"]
        return second + anew + [way for way in ways if way not in second]

    def get_password_change_redirect_url(self, request):
        return "/"

    def set_password(self, user, password):
        now = timezone.now()
        passwords.change(user, password, at=now)
        sessions.end(sessions.others(context.request), user=user, by=user, at=now)
        _note("account.password_changed", user, by=user)


class SecondFactor(DefaultMFAAdapter):
    """Secrets of authenticator apps are sealed, so that a copy of the database opens
    nothing."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "数字不对。请输验证器上现在的 6 位数字，每个只能用一次。"
    }

    def encrypt(self, text):
        return _fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text):
        return _fernet().decrypt(encrypted_text.encode()).decode()

    def generate_authenticator_name(self, user, type):
        return "通行密钥"


def _fernet():
    key = hashlib.sha256(b"second factor:" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))


def _note(verb, user, *, by):
    audit.record(verb, user, by=by, at=timezone.now())
