from django.urls import path

from tianshan.ledgers import bulk_views, panels

app_name = "ledgers"
urlpatterns = [
    path("ledgers/views/<int:pk>/", panels.view_name, name="view_name"),
    path("ledgers/views/<int:pk>/update/", panels.view_update, name="view_update"),
    path("ledgers/views/<int:pk>/drop/", panels.view_drop, name="view_drop"),
    path("ledgers/bulk/", bulk_views.bulk_list, name="bulk_list"),
    path("ledgers/bulk/<int:pk>/", bulk_views.bulk_detail, name="bulk_detail"),
    path("ledgers/bulk/<int:pk>/undo/", bulk_views.bulk_undo, name="bulk_undo"),
    path("ledgers/<slug:key>/picked/", bulk_views.picked, name="picked"),
    path("ledgers/<slug:key>/bulk/<slug:act>/", bulk_views.bulk_edit, name="bulk_edit"),
    path("ledgers/<slug:key>/<int:pk>/", panels.peek, name="peek"),
    path("ledgers/<slug:key>/columns/", panels.column_list, name="column_list"),
    path("ledgers/<slug:key>/export/", panels.export, name="export"),
    path("ledgers/<slug:key>/views/new/", panels.view_keep, name="view_keep"),
]
