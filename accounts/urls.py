from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("accounts/", views.account_list, name="account_list"),
    path("audit/", views.audit_list, name="audit_list"),
    path("audit/readings/", views.reading_list, name="reading_list"),
]
