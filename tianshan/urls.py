"""All addresses. Settings and this file alone name the rooms from below."""

from allauth.account import views as account
from allauth.mfa.base import views as second_factor
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from django.urls import include, path, reverse_lazy
from django.views.generic import RedirectView

handler400 = "tianshan.web.errors.bad_request"
handler403 = "tianshan.web.errors.forbidden"
handler404 = "tianshan.web.errors.not_found"
handler500 = "tianshan.web.errors.server_error"

urlpatterns = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("password/", account.password_change, name="account_change_password"),
    path("password/again/", account.reauthenticate, name="account_reauthenticate"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("login/code/", second_factor.authenticate, name="mfa_authenticate"),
    path("security/", second_factor.index, name="mfa_index"),
    path("security/again/", second_factor.reauthenticate, name="mfa_reauthenticate"),
    path("security/app/new/", totp.activate_totp, name="mfa_activate_totp"),
    path("security/app/remove/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path(
        "security/codes/",
        recovery_codes.view_recovery_codes,
        name="mfa_view_recovery_codes",
    ),
    path(
        "security/codes/new/",
        recovery_codes.generate_recovery_codes,
        name="mfa_generate_recovery_codes",
    ),
    path("security/keys/new/", passkeys.add_webauthn, name="mfa_add_webauthn"),
    path(
        "security/keys/again/",
        passkeys.reauthenticate_webauthn,
        name="mfa_reauthenticate_webauthn",
    ),
    path(
        "security/keys/<int:pk>/remove/",
        passkeys.remove_webauthn,
        name="mfa_remove_webauthn",
    ),
    path(
        "security/keys/",
        RedirectView.as_view(url=reverse_lazy("mfa_index")),
        name="mfa_list_webauthn",
    ),
    path("", include("tianshan.ledgers.urls")),
    path("", include("tianshan.notices.urls")),
    path("", include("accounts.urls")),
    path("", include("grids.urls")),
    path("", include("party.urls")),
    path("", include("enterprises.urls")),
    path("", include("visits.urls")),
    path("", include("issues.urls")),
    path("", include("services.urls")),
    path("", include("cases.urls")),
    path("", include("dashboard.urls")),
    path("", include("public.urls")),
]
