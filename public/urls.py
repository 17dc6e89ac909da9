from django.urls import path

from public import staff_views, views

app_name = "public"
urlpatterns = [
    path("robots.txt", views.robots, name="robots"),
    path("q/<str:token>/", views.card, name="card"),
    path("q/<str:token>/staff/", views.card_staff, name="card_staff"),
    path("q/d/<str:token>/", views.demand, name="demand"),
    path("q/d/<str:token>/rate/", views.demand_rate, name="demand_rate"),
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
