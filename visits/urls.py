from django.urls import include, path

from visits import (
    category_views,
    confidential_views,
    door_views,
    photo_views,
    telling_views,
    views,
)
from visits.field_views import field_manifest, field_shell, field_worker
from visits.sync_views import record_sync

app_name = "visits"
urlpatterns = [
    path("", include("visits.after_urls")),
    path("visits/", views.visit_list, name="visit_list"),
    path("visits/new/", views.visit_new, name="visit_new"),
    path("visits/<int:pk>/", views.visit_detail, name="visit_detail"),
    path("visits/<int:pk>/void/", views.visit_void, name="visit_void"),
    path("visits/<int:pk>/photos/", photo_views.visit_photos, name="visit_photos"),
    path("visits/photos/<uuid:key>/", photo_views.photo_upload, name="photo_upload"),
    path(
        "visits/photos/<int:pk>/picture/",
        photo_views.photo_picture,
        name="photo_picture",
    ),
    path(
        "visits/photos/<int:pk>/thumbnail/",
        photo_views.photo_thumbnail,
        name="photo_thumbnail",
    ),
    path("visits/photos/<int:pk>/void/", photo_views.photo_void, name="photo_void"),
    path("visits/doors/", door_views.door_list, name="door_list"),
    path("visits/doors/new/", door_views.door_new, name="door_new"),
    path("visits/doors/<int:pk>/", door_views.door_detail, name="door_detail"),
    path(
        "visits/doors/<int:pk>/confirm/", door_views.door_confirm, name="door_confirm"
    ),
    path(
        "visits/doors/<int:pk>/known/<int:business>/",
        door_views.door_known,
        name="door_known",
    ),
    path(
        "visits/doors/<int:pk>/decline/", door_views.door_decline, name="door_decline"
    ),
    path("businesses/<int:pk>/visits/", views.for_business, name="for_business"),
    path("demands/", views.demand_list, name="demand_list"),
    path("demands/new/", views.demand_new, name="demand_new"),
    path("demands/alike/", views.demand_alike, name="demand_alike"),
    path(
        "demands/<int:pk>/words/", confidential_views.demand_words, name="demand_words"
    ),
    path(
        "demands/<int:pk>/hand-over/",
        confidential_views.demand_hand_over,
        name="demand_hand_over",
    ),
    path(
        "demands/<int:pk>/confidential/",
        confidential_views.demand_make_confidential,
        name="demand_make_confidential",
    ),
    path(
        "demands/<int:pk>/open/",
        confidential_views.demand_make_open,
        name="demand_make_open",
    ),
    path("demands/<int:pk>/", views.demand_detail, name="demand_detail"),
    path("demands/<int:pk>/photos/", photo_views.demand_photos, name="demand_photos"),
    path("demands/<int:pk>/answer/", views.demand_answer, name="demand_answer"),
    path("demands/<int:pk>/decline/", views.demand_decline, name="demand_decline"),
    path("demands/<int:pk>/tell/", telling_views.demand_tell, name="demand_tell"),
    path("demands/<int:pk>/tried/", telling_views.demand_tried, name="demand_tried"),
    path("demands/<int:pk>/untell/", telling_views.demand_untell, name="demand_untell"),
    path(
        "demands/attempts/<int:pk>/back/",
        telling_views.attempt_back,
        name="attempt_back",
    ),
    path("demands/<int:pk>/withdraw/", views.demand_withdraw, name="demand_withdraw"),
    path("demands/<int:pk>/mistake/", views.demand_mistake, name="demand_mistake"),
    path("demands/<int:pk>/restore/", views.demand_restore, name="demand_restore"),
    path("demands/telling/", telling_views.telling_list, name="telling_list"),
    path("demands/telling/texts/", telling_views.telling_texts, name="telling_texts"),
    path("demands/telling/slips/", telling_views.telling_slips, name="telling_slips"),
    path("demands/<int:pk>/explain/", views.demand_explain, name="demand_explain"),
    path(
        "demands/<int:pk>/call-back/",
        views.demand_call_back,
        name="demand_call_back",
    ),
    path("values/categories/", category_views.category_list, name="category_list"),
    path(
        "values/categories/<int:pk>/",
        category_views.category_edit,
        name="category_edit",
    ),
    path(
        "values/categories/<int:pk>/move/",
        category_views.category_move,
        name="category_move",
    ),
    path(
        "values/categories/<int:pk>/delete/",
        category_views.category_delete,
        name="category_delete",
    ),
]

# What phones ask for.
urlpatterns += [
    path("visits/sync/", record_sync, name="record_sync"),
    path("work/field/", field_shell, name="field_shell"),
    path("work/field/worker.js", field_worker, name="field_worker"),
    path("work/field/app.webmanifest", field_manifest, name="field_manifest"),
]
