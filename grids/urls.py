from django.urls import path

from grids import drawing_views, extra_views, outline_views, views

app_name = "grids"
urlpatterns = [
    path("map/outlines/", outline_views.outline_import, name="outline_import"),
    path("map/outlines/draw/", drawing_views.outline_draw, name="outline_draw"),
    path("grids/", views.grid_list, name="grid_list"),
    path("grids/<str:code>/", views.grid_detail, name="grid_detail"),
    path("buildings/", views.building_list, name="building_list"),
    path("buildings/<int:pk>/", views.building_detail, name="building_detail"),
    path("buildings/<int:pk>/edit/", views.building_edit, name="building_edit"),
    path("buildings/<int:pk>/honours/new/", views.honour_new, name="honour_new"),
    path(
        "buildings/<int:pk>/extra/",
        extra_views.building_extra_edit,
        name="building_extra_edit",
    ),
    path(
        "buildings/<int:pk>/extra/<str:key>/",
        extra_views.building_extra_shown,
        name="building_extra_shown",
    ),
    path("honours/<int:pk>/withdraw/", views.honour_withdraw, name="honour_withdraw"),
]
