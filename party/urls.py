from django.urls import path

from party import extra_views, plan_views, views

app_name = "party"
urlpatterns = [
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
]
