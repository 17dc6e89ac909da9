from django.urls import include, path

from dashboard import (
    building_views,
    extra_views,
    handover_views,
    job_views,
    map_views,
    metrics,
    rule_views,
    views,
    wall_views,
)
from dashboard.api import token_views
from dashboard.api import views as api
from dashboard.help import views as help_views
from dashboard.route_views import route

app_name = "dashboard"
urlpatterns = [
    path("", views.start, name="start"),
    path("me/", views.me, name="me"),
    path("accounts/<int:pk>/reach/", views.reach, name="reach"),
    path(
        "accounts/posts/<int:pk>/handover/",
        handover_views.post_handover,
        name="post_handover",
    ),
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
    path("jobs/", job_views.job_list, name="job_list"),
    path("jobs/<uuid:pk>/retry/", job_views.job_retry, name="job_retry"),
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

urlpatterns += [
    path("help/", help_views.help_list, name="help_list"),
    path("help/guide/", help_views.guide, name="help_guide"),
    path("help/<str:role>/", help_views.help_page, name="help"),
]

# What other systems read, with a token.
urlpatterns += [
    path("tokens/", token_views.token_list, name="token_list"),
    path("tokens/guide/", token_views.token_guide, name="token_guide"),
    path("tokens/openapi.json", token_views.token_openapi, name="token_openapi"),
    path("tokens/<int:pk>/revoke/", token_views.token_revoke, name="token_revoke"),
    path("api/v1/", api.index, name="api_index"),
    path("api/v1/openapi.json", api.openapi_json, name="api_openapi"),
    path("api/v1/ledgers/<str:key>", api.ledger, name="api_ledger"),
    path("api/v1/figures", api.figures, name="api_figures"),
    path("api/v1/map.geojson", api.map_geojson, name="api_map"),
]
