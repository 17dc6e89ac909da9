from django.urls import path

from party import extra_views, plan_views, post_views, station_views, views

app_name = "party"
urlpatterns = [
    path("accounts/<int:pk>/posts/new/", post_views.post_new, name="post_new"),
    path("accounts/posts/<int:pk>/end/", post_views.post_end, name="post_end"),
    path("party/", views.organization_list, name="organization_list"),
    path("party/tree/", views.organization_tree, name="organization_tree"),
    path("party/new/", views.organization_new, name="organization_new"),
    path("party/<int:pk>/", views.organization_detail, name="organization_detail"),
    path("party/<int:pk>/edit/", views.organization_edit, name="organization_edit"),
    path("party/<int:pk>/pioneers/new/", views.pioneer_new, name="pioneer_new"),
    path("party/pioneers/<int:pk>/end/", views.pioneer_end, name="pioneer_end"),
    path(
        "party/<int:pk>/extra/",
        extra_views.organization_extra_edit,
        name="organization_extra_edit",
    ),
    path(
        "party/<int:pk>/extra/<str:key>/",
        extra_views.organization_extra_shown,
        name="organization_extra_shown",
    ),
    path("buildings/<int:pk>/party/", views.for_building, name="for_building"),
    path("buildings/plans/", plan_views.plan_item_list, name="plan_item_list"),
    path(
        "buildings/<int:pk>/plan/",
        plan_views.plan_for_building,
        name="plan_for_building",
    ),
    path("buildings/<int:pk>/plans/new/", plan_views.plan_new, name="plan_new"),
    path("plans/<int:pk>/", plan_views.plan_detail, name="plan_detail"),
    path("plans/<int:pk>/edit/", plan_views.plan_edit, name="plan_edit"),
    path("plans/<int:pk>/confirm/", plan_views.plan_confirm, name="plan_confirm"),
    path("plans/<int:pk>/discard/", plan_views.plan_discard, name="plan_discard"),
    path("plans/<int:pk>/compare/", plan_views.plan_compare, name="plan_compare"),
    path("plans/<int:pk>/print/", plan_views.plan_print, name="plan_print"),
    path("plans/<int:pk>/docx/", plan_views.plan_docx, name="plan_docx"),
    path("plans/<int:pk>/items/new/", plan_views.plan_item_new, name="plan_item_new"),
    path("plans/items/<int:pk>/", plan_views.plan_item, name="plan_item"),
    path(
        "plans/items/<int:pk>/edit/", plan_views.plan_item_edit, name="plan_item_edit"
    ),
    path(
        "plans/items/<int:pk>/start/",
        plan_views.plan_item_start,
        name="plan_item_start",
    ),
    path(
        "plans/items/<int:pk>/report/",
        plan_views.plan_item_report,
        name="plan_item_report",
    ),
    path(
        "plans/items/<int:pk>/extend/",
        plan_views.plan_item_extend,
        name="plan_item_extend",
    ),
    path(
        "plans/items/<int:pk>/finish/",
        plan_views.plan_item_finish,
        name="plan_item_finish",
    ),
    path(
        "plans/items/<int:pk>/cancel/",
        plan_views.plan_item_cancel,
        name="plan_item_cancel",
    ),
    path("stations/", station_views.station_list, name="station_list"),
    path("stations/new/", station_views.station_new, name="station_new"),
    path("stations/<int:pk>/", station_views.station_detail, name="station_detail"),
    path("stations/<int:pk>/edit/", station_views.station_edit, name="station_edit"),
    path("stations/<int:pk>/close/", station_views.station_close, name="station_close"),
    path(
        "stations/<int:pk>/reopen/", station_views.station_reopen, name="station_reopen"
    ),
    path("stations/<int:pk>/hours/", station_views.hours_edit, name="hours_edit"),
    path(
        "stations/<int:pk>/functions/new/",
        station_views.function_add,
        name="function_add",
    ),
    path(
        "stations/functions/<int:pk>/end/",
        station_views.function_end,
        name="function_end",
    ),
    path("stations/<int:pk>/rooms/new/", station_views.room_new, name="room_new"),
    path("stations/rooms/<int:pk>/edit/", station_views.room_edit, name="room_edit"),
    path("stations/rooms/<int:pk>/close/", station_views.room_close, name="room_close"),
    path("stations/<int:pk>/book/", station_views.booking_new, name="booking_new"),
    path(
        "stations/bookings/<int:pk>/move/",
        station_views.booking_move,
        name="booking_move",
    ),
    path(
        "stations/bookings/<int:pk>/cancel/",
        station_views.booking_cancel,
        name="booking_cancel",
    ),
]
