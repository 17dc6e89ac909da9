from django.urls import path

from accounts import account_views, phone_views, session_views, sign_on_views, views

app_name = "accounts"
urlpatterns = [
    path("accounts/", account_views.account_list, name="account_list"),
    path("accounts/new/", account_views.account_new, name="account_new"),
    path("accounts/<int:pk>/", account_views.account_detail, name="account_detail"),
    path(
        "accounts/<int:pk>/password/", account_views.account_reset, name="account_reset"
    ),
    path(
        "accounts/<int:pk>/disable/",
        account_views.account_disable,
        name="account_disable",
    ),
    path(
        "accounts/<int:pk>/enable/", account_views.account_enable, name="account_enable"
    ),
    path(
        "accounts/<int:pk>/second-factor/",
        account_views.account_second_factor,
        name="account_second_factor",
    ),
    path(
        "accounts/<int:pk>/unlock/", account_views.account_unlock, name="account_unlock"
    ),
    path(
        "accounts/<int:pk>/sessions/end/",
        account_views.account_end_sessions,
        name="account_end_sessions",
    ),
    path("login/by/<slug:key>/", sign_on_views.sign_on_begin, name="sign_on_begin"),
    path("login/by/<slug:key>/back/", sign_on_views.sign_on_back, name="sign_on_back"),
    path(
        "login/by/<slug:key>/again/", sign_on_views.sign_on_again, name="sign_on_again"
    ),
    path(
        "accounts/<int:pk>/subject/<int:subject>/remove/",
        sign_on_views.account_subject_remove,
        name="account_subject_remove",
    ),
    path(
        "accounts/<int:pk>/subject/",
        sign_on_views.account_subject,
        name="account_subject",
    ),
    path("phones/", phone_views.phone_list, name="phone_list"),
    path("phones/new/", phone_views.phone_enrol, name="phone_enrol"),
    path("phones/<int:pk>/remove/", phone_views.phone_remove, name="phone_remove"),
    path("sessions/", session_views.session_list, name="session_list"),
    path("sessions/end/", session_views.session_end_others, name="session_end_others"),
    path("sessions/<int:pk>/end/", session_views.session_end, name="session_end"),
    path("unlock/", phone_views.unlock, name="unlock"),
    path("audit/", views.audit_list, name="audit_list"),
    path("audit/readings/", views.reading_list, name="reading_list"),
]
