"""Pages of what goes to and fro with the district."""

from django.urls import path

from enterprises import district_views, official_views, template_views

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
    path("district/", template_views.template_list, name="template_list"),
    path("district/new/", template_views.template_new, name="template_new"),
    path("district/<int:pk>/", template_views.template_detail, name="template_detail"),
    path("district/<int:pk>/file/", template_views.template_file, name="template_file"),
    path(
        "district/<int:pk>/query/",
        template_views.template_query,
        name="template_query",
    ),
    path("district/<int:pk>/fill/", template_views.template_fill, name="template_fill"),
]
