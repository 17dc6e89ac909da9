from django.urls import path

from services import (
    activity_views,
    door_views,
    menu_views,
    order_views,
    resource_views,
    signup_views,
)
from services.order_views import PAGES, step_view

app_name = "services"
urlpatterns = [
    path("activities/", activity_views.activity_list, name="activity_list"),
    path(
        "activities/calendar/",
        activity_views.activity_calendar,
        name="activity_calendar",
    ),
    path("activities/new/", activity_views.activity_new, name="activity_new"),
    path("activities/series/new/", activity_views.series_new, name="series_new"),
    path(
        "activities/series/<int:pk>/end/", activity_views.series_end, name="series_end"
    ),
    path(
        "activities/<int:pk>/room/", activity_views.activity_room, name="activity_room"
    ),
    path(
        "activities/<int:pk>/", activity_views.activity_detail, name="activity_detail"
    ),
    path(
        "activities/<int:pk>/edit/", activity_views.activity_edit, name="activity_edit"
    ),
    path(
        "activities/<int:pk>/again/",
        activity_views.activity_clone,
        name="activity_clone",
    ),
    path(
        "activities/<int:pk>/rule/",
        activity_views.activity_confirm_rule,
        name="activity_confirm_rule",
    ),
    path(
        "activities/<int:pk>/announce/",
        activity_views.activity_announce,
        name="activity_announce",
    ),
    path(
        "activities/<int:pk>/hold/", activity_views.activity_hold, name="activity_hold"
    ),
    path(
        "activities/<int:pk>/cancel/",
        activity_views.activity_cancel,
        name="activity_cancel",
    ),
    path(
        "activities/<int:pk>/heads/",
        activity_views.activity_count_heads,
        name="activity_count_heads",
    ),
    path(
        "activities/<int:pk>/rule/check/",
        activity_views.activity_check_rule,
        name="activity_check_rule",
    ),
    path(
        "activities/<int:pk>/feedback/",
        activity_views.activity_feedback,
        name="activity_feedback",
    ),
    path(
        "activities/<int:pk>/signups/new/", signup_views.signup_new, name="signup_new"
    ),
    path(
        "activities/<int:pk>/signups/sheet/",
        signup_views.signup_sheet,
        name="signup_sheet",
    ),
    path(
        "activities/signups/<int:pk>/withdraw/",
        signup_views.signup_withdraw,
        name="signup_withdraw",
    ),
    path(
        "activities/signups/<int:pk>/accept/",
        signup_views.signup_accept,
        name="signup_accept",
    ),
    path(
        "activities/signups/<int:pk>/told/",
        signup_views.signup_told,
        name="signup_told",
    ),
    path("activities/<int:pk>/door/", door_views.door, name="door"),
    path("activities/<int:pk>/door/sync/", door_views.door_sync, name="door_sync"),
    path(
        "activities/<int:pk>/attendance/",
        signup_views.attendance_tick,
        name="attendance_tick",
    ),
    path(
        "activities/<int:pk>/attendance/new/",
        signup_views.attendance_walk_in,
        name="attendance_walk_in",
    ),
    path(
        "activities/<int:pk>/attendance/sheet/",
        signup_views.attendance_sheet,
        name="attendance_sheet",
    ),
    path(
        "activities/attendance/<int:pk>/untick/",
        signup_views.attendance_untick,
        name="attendance_untick",
    ),
    path(
        "businesses/<int:pk>/activities/",
        signup_views.activities_of_business,
        name="activities_of_business",
    ),
    path("resources/", resource_views.need_list, name="need_list"),
    path("resources/new/", resource_views.need_new, name="need_new"),
    path("resources/<int:pk>/", resource_views.need_detail, name="need_detail"),
    path("resources/<int:pk>/askers/", resource_views.asker_add, name="asker_add"),
    path("resources/<int:pk>/offers/", resource_views.offer_new, name="offer_new"),
    path(
        "resources/<int:pk>/again/",
        resource_views.need_seek_again,
        name="need_seek_again",
    ),
    path(
        "resources/<int:pk>/turn-back/",
        resource_views.need_turn_back,
        name="need_turn_back",
    ),
    path(
        "demands/<int:pk>/need/",
        resource_views.need_from_demand,
        name="need_from_demand",
    ),
    *(
        path(
            f"resources/<int:pk>/{step}/",
            resource_views.need_step,
            {"step": step},
            name=f"need_{step}",
        )
        for step in resource_views.STEPS
    ),
    path(
        "resources/offers/<int:pk>/withdraw/",
        resource_views.offer_withdraw,
        name="offer_withdraw",
    ),
    path(
        "resources/askers/<int:pk>/<int:offer>/",
        resource_views.need_choose,
        name="need_choose",
    ),
    path("resources/own/", resource_views.own_business, name="own_business"),
    path("resources/providers/", resource_views.provider_list, name="provider_list"),
    path("resources/providers/new/", resource_views.provider_new, name="provider_new"),
    path(
        "resources/providers/<int:pk>/",
        resource_views.provider_detail,
        name="provider_detail",
    ),
    path(
        "resources/providers/<int:pk>/phone/",
        resource_views.provider_phone,
        name="provider_phone",
    ),
    path(
        "resources/providers/<int:pk>/edit/",
        resource_views.provider_edit,
        name="provider_edit",
    ),
    path(
        "resources/providers/<int:pk>/end/",
        resource_views.provider_end,
        name="provider_end",
    ),
    path(
        "resources/providers/<int:pk>/contacts/",
        resource_views.contact_new,
        name="contact_new",
    ),
    path("values/menu/", menu_views.menu_list, name="menu_list"),
    path("values/menu/brands/new/", menu_views.brand_new, name="brand_new"),
    path("values/menu/brands/<int:pk>/", menu_views.brand_edit, name="brand_edit"),
    path("values/menu/new/", menu_views.item_new, name="item_new"),
    path("values/menu/<int:pk>/", menu_views.item_edit, name="item_edit"),
    path("orders/", order_views.order_list, name="order_list"),
    path("orders/board/", order_views.order_board, name="order_board"),
    path("orders/new/", order_views.order_new, name="order_new"),
    path("orders/<int:pk>/", order_views.order_detail, name="order_detail"),
    path("orders/<int:pk>/phone/", order_views.order_phone, name="order_phone"),
    path(
        "orders/<int:pk>/turn-back/",
        order_views.order_turn_back,
        name="order_turn_back",
    ),
    *(
        path(
            f"orders/<int:pk>/{step.replace('_', '-')}/",
            step_view(step),
            name=f"order_{step}",
        )
        for step in PAGES
    ),
    path(
        "orders/dispatches/<int:pk>/accept/",
        order_views.dispatch_accept,
        name="dispatch_accept",
    ),
    path(
        "orders/dispatches/<int:pk>/refuse/",
        order_views.dispatch_refuse,
        name="dispatch_refuse",
    ),
    path(
        "businesses/<int:pk>/orders/",
        order_views.orders_for_business,
        name="orders_for_business",
    ),
    path(
        "stations/<int:pk>/orders/",
        order_views.orders_for_station,
        name="orders_for_station",
    ),
    path(
        "stations/<int:pk>/activities/",
        signup_views.activities_at_station,
        name="activities_at_station",
    ),
    path(
        "demands/<int:pk>/orders/",
        order_views.orders_for_demand,
        name="orders_for_demand",
    ),
    path(
        "demands/<int:pk>/order/",
        order_views.order_from_demand,
        name="order_from_demand",
    ),
]
