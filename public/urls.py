from django.urls import path

from public import (
    activity_views,
    need_views,
    order_views,
    part_views,
    staff_views,
    views,
)

app_name = "public"
urlpatterns = [
    path("robots.txt", views.robots, name="robots"),
    path("q/<str:token>/", views.card, name="card"),
    path("q/<str:token>/staff/", views.card_staff, name="card_staff"),
    path(
        "q/<str:token>/activities/",
        activity_views.card_activities,
        name="card_activities",
    ),
    path(
        "q/<str:token>/activities/<int:pk>/",
        activity_views.card_signup,
        name="card_signup",
    ),
    path("q/s/<str:token>/", activity_views.signup, name="signup"),
    path("q/s/<str:token>/step/", activity_views.signup_step, name="signup_step"),
    path("q/a/<str:token>/", activity_views.poster, name="poster"),
    path(
        "q/a/<str:token>/feedback/",
        activity_views.poster_feedback,
        name="poster_feedback",
    ),
    path(
        "activities/<int:pk>/poster/",
        activity_views.poster_print,
        name="poster_print",
    ),
    path("q/d/<str:token>/", views.demand, name="demand"),
    path("q/d/<str:token>/rate/", views.demand_rate, name="demand_rate"),
    path("q/<str:token>/order/", order_views.card_order, name="card_order"),
    path("q/o/<str:token>/", order_views.order, name="order"),
    path("q/o/<str:token>/rate/", order_views.order_rate, name="order_rate"),
    path(
        "q/o/<str:token>/withdraw/", order_views.order_withdraw, name="order_withdraw"
    ),
    path("orders/<int:pk>/links/", order_views.for_order, name="for_order"),
    path("orders/<int:pk>/link/", order_views.order_link_give, name="order_link_give"),
    path(
        "orders/<int:pk>/link/revoke/",
        order_views.order_link_revoke,
        name="order_link_revoke",
    ),
    path("q/n/<str:token>/", need_views.need, name="need"),
    path("resources/<int:pk>/links/", need_views.for_need, name="for_need"),
    path(
        "resources/askers/<int:pk>/link/",
        need_views.need_link_give,
        name="need_link_give",
    ),
    path(
        "resources/askers/<int:pk>/link/revoke/",
        need_views.need_link_revoke,
        name="need_link_revoke",
    ),
    path("q/m/<str:token>/", part_views.part, name="part"),
    path("measures/parts/<int:pk>/links/", part_views.for_part, name="for_part"),
    path(
        "measures/parts/<int:pk>/link/",
        part_views.part_link_give,
        name="part_link_give",
    ),
    path(
        "measures/parts/<int:pk>/link/revoke/",
        part_views.part_link_revoke,
        name="part_link_revoke",
    ),
    path("cards/print/", staff_views.card_print, name="card_print"),
    path(
        "cards/print/merchants/",
        staff_views.card_print,
        {"key": "merchants"},
        name="card_print_merchants",
    ),
    path(
        "cards/print/enterprises/",
        staff_views.card_print,
        {"key": "enterprises"},
        name="card_print_enterprises",
    ),
    path("businesses/<int:pk>/cards/", staff_views.for_business, name="for_business"),
    path("cards/<int:pk>/revoke/", staff_views.card_revoke, name="card_revoke"),
    path("demands/<int:pk>/sender/", staff_views.for_demand, name="for_demand"),
    path("demands/<int:pk>/sender/phone/", staff_views.phone, name="phone"),
    path("sent/photos/<int:pk>/", staff_views.photo, name="photo"),
    path("demands/<int:pk>/link/", staff_views.link_give, name="link_give"),
    path("demands/<int:pk>/link/revoke/", staff_views.link_revoke, name="link_revoke"),
]
