"""All addresses. Settings and this file alone name the rooms from below."""

from allauth.account import views as account
from django.urls import include, path

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
