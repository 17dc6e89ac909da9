"""Pages of what goes to and fro with the district."""

from django.urls import path

from enterprises import district_views, official_views

urlpatterns = [
    path(
        "businesses/<int:pk>/official/",
        official_views.official_edit,
        name="official_edit",
    ),
    path(
        "imports/<int:pk>/declare/",
        district_views.import_declare,
        name="import_declare",
    ),
    path(
        "imports/<int:pk>/missing/",
        district_views.import_missing,
        name="import_missing",
    ),
    path(
        "imports/<int:pk>/reconcile/",
        district_views.import_reconcile,
        name="import_reconcile",
    ),
    path(
        "imports/<int:pk>/reconcile/<slug:cause>/",
        district_views.import_cause,
        name="import_cause",
    ),
]
