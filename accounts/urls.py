from django.urls import path

from accounts import phone_views, views

app_name = "accounts"
urlpatterns = [
    path("accounts/", views.account_list, name="account_list"),
    path("phones/", phone_views.phone_list, name="phone_list"),
    path("phones/new/", phone_views.phone_enrol, name="phone_enrol"),
    path("phones/<int:pk>/remove/", phone_views.phone_remove, name="phone_remove"),
    path("unlock/", phone_views.unlock, name="unlock"),
    path("audit/", views.audit_list, name="audit_list"),
    path("audit/readings/", views.reading_list, name="reading_list"),
]
