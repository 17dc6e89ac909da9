"""Pages of what goes to and fro with the district."""

from django.urls import path

from enterprises import official_views

urlpatterns = [
    path(
        "businesses/<int:pk>/official/",
        official_views.official_edit,
        name="official_edit",
    ),
]
