from django.urls import path

from party import views

app_name = "party"
urlpatterns = [
    path("party/", views.organization_list, name="organization_list"),
    path("party/<int:pk>/", views.organization_detail, name="organization_detail"),
    path("buildings/<int:pk>/party/", views.for_building, name="for_building"),
]
