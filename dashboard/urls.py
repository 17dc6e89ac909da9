from django.urls import include, path

from dashboard import (
    building_views,
    extra_views,
    map_views,
    metrics,
    rule_views,
    views,
    wall_views,
)
from dashboard.route_views import route

app_name = "dashboard"
urlpatterns = [
    path("", views.start, name="start"),
    path("me/", views.me, name="me"),
    path("work/", views.work, name="work"),
    path("visits/plan/", views.plan, name="plan"),
    path("dashboard/", views.dashboard, name="dashboard"),
    path("dashboard/brief/", views.brief, name="brief"),
    path("dashboard/figures.json", views.figures_json, name="figures_json"),
    path("wall/", wall_views.wall, name="wall"),
    path("wall/links/", wall_views.wall_list, name="wall_list"),
    path("wall/links/<int:pk>/revoke/", wall_views.wall_revoke, name="wall_revoke"),
    path("map/", map_views.map_page, name="map"),
    path("reports/", include("dashboard.reports.urls")),
    path("businesses/<int:pk>/standing/", views.for_business, name="for_business"),
    path(
        "buildings/<int:pk>/figures/", building_views.for_building, name="for_building"
    ),
    path(
        "buildings/<int:pk>/elevation/",
        building_views.elevation_page,
        name="elevation_page",
    ),
    path("search/", views.search, name="search"),
    path("holidays/", views.holiday_list, name="holiday_list"),
    path("values/", views.value_list, name="value_list"),
    path("values/rules/", rule_views.rules_list, name="rules_list"),
    path("values/rules/<str:code>/", rule_views.rules_edit, name="rules_edit"),
    path("values/rules/<str:code>/live/", rule_views.live_set, name="live_set"),
    path("values/rules/<int:pk>/drop/", rule_views.rules_drop, name="rules_drop"),
    path("values/extra/", extra_views.extra_list, name="extra_list"),
    path(
        "values/extra/<int:pk>/", extra_views.extra_field_edit, name="extra_field_edit"
    ),
    path("values/extra/<int:pk>/move/", extra_views.extra_move, name="extra_move"),
    path(
        "values/extra/<int:pk>/delete/", extra_views.extra_delete, name="extra_delete"
    ),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
]

# What phones ask for.
urlpatterns += [path("visits/plan/route.json", route, name="route")]
