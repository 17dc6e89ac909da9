"""How allauth behaves here: nobody signs up; accounts are made by the administrator."""

from allauth.account.adapter import DefaultAccountAdapter
from django.utils import timezone

from accounts import passwords
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

    def authentication_failed(self, request, **credentials):
        super().authentication_failed(request, **credentials)
        # A name that no account has is nobody's: it may be a password typed too early.
        name = credentials.get("username") or ""
        if user := User.objects.filter(username=name).first():
            _note("account.sign_in_failed", user, by=None)

    def get_password_change_redirect_url(self, request):
        return "/"

    def set_password(self, user, password):
        passwords.change(user, password, at=timezone.now())
        _note("account.password_changed", user, by=user)


def _note(verb, user, *, by):
    audit.record(verb, user, by=by, at=timezone.now())
