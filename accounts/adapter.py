"""How allauth behaves here: nobody signs up; accounts are made by the administrator."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.core.internal.ratelimit import get_ip
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts import guard, passwords, sessions
from accounts.middleware import begin
from accounts.models import User
from tianshan import audit


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
                raise ValidationError("第一个密码过期了，请找街道账号管理员重置。")
        return user

    def authentication_failed(self, request, **credentials):
        super().authentication_failed(request, **credentials)
        # A name that no account has is nobody's: it may be a password typed too early.
        name = credentials.get("username") or ""
        if user := User.objects.filter(username__iexact=name).first():
            _note("account.sign_in_failed", user, by=None)
            if any(row.until for row in self.tries if row.user_id):
                _note("account.paused", user, by=None)

    def get_password_change_redirect_url(self, request):
        return "/"

    def set_password(self, user, password):
        now = timezone.now()
        passwords.change(user, password, at=now)
        sessions.end(sessions.others(context.request), user=user, by=user, at=now)
        _note("account.password_changed", user, by=user)


def _note(verb, user, *, by):
    audit.record(verb, user, by=by, at=timezone.now())
