from django.urls import path

from enterprises import (
    act_views,
    coverage_views,
    extra_views,
    import_views,
    trade_views,
    twin_views,
    views,
)
from enterprises.district_urls import urlpatterns as with_the_district

app_name = "enterprises"
urlpatterns = [
    path("businesses/", views.business_list, name="business_list"),
    path("enterprises/", views.enterprise_list, name="enterprise_list"),
    path("merchants/", views.merchant_list, name="merchant_list"),
    path("businesses/<int:pk>/", views.business_detail, name="business_detail"),
    path("businesses/<int:pk>/edit/", views.business_edit, name="business_edit"),
    path("businesses/<int:pk>/phone/", views.business_phone, name="business_phone"),
    path(
        "businesses/<int:pk>/coverage/",
        coverage_views.coverage_chain,
        name="coverage_chain",
    ),
    path(
        "businesses/<int:pk>/set-up/",
        coverage_views.coverage_set_up,
        name="coverage_set_up",
    ),
    path(
        "businesses/<int:pk>/advise/",
        coverage_views.business_advise,
        name="business_advise",
    ),
    path(
        "party/<int:pk>/businesses/",
        coverage_views.for_organization,
        name="for_organization",
    ),
    path("party/<int:pk>/join/", coverage_views.coverage_join, name="coverage_join"),
    path(
        "party/<int:pk>/take-in/",
        coverage_views.coverage_take_in,
        name="coverage_take_in",
    ),
    path(
        "party/<int:pk>/backstop/",
        coverage_views.coverage_backstop,
        name="coverage_backstop",
    ),
    path(
        "party/<int:pk>/dissolve/",
        coverage_views.coverage_dissolve,
        name="coverage_dissolve",
    ),
    path("buildings/<int:pk>/caretakers/", views.for_building, name="for_building"),
    path(
        "buildings/<int:pk>/coverage/",
        coverage_views.building_coverage,
        name="building_coverage",
    ),
    path(
        "buildings/<int:pk>/advise/",
        coverage_views.building_advise,
        name="building_advise",
    ),
    path("coverage/", coverage_views.coverage_work, name="coverage_work"),
    path("coverage/<int:pk>/end/", coverage_views.coverage_end, name="coverage_end"),
    path("coverage/acts/<int:pk>/", coverage_views.coverage_act, name="coverage_act"),
    path(
        "coverage/acts/<int:pk>/void/",
        coverage_views.coverage_void,
        name="coverage_void",
    ),
    path("advisers/", coverage_views.adviser_list, name="adviser_list"),
    path("advisers/new/", coverage_views.adviser_new, name="adviser_new"),
    path(
        "advisers/assignments/<int:pk>/end/",
        coverage_views.adviser_end,
        name="adviser_end",
    ),
    path(
        "businesses/<int:pk>/timeline/",
        views.business_timeline,
        name="business_timeline",
    ),
    path(
        "businesses/<int:pk>/history/", views.business_history, name="business_history"
    ),
    path(
        "businesses/<int:pk>/journal/",
        act_views.business_journal,
        name="business_journal",
    ),
    path("notes/<int:pk>/correct/", act_views.note_correct, name="note_correct"),
    path("notes/<int:pk>/void/", act_views.note_void, name="note_void"),
    path("businesses/new/", act_views.business_new, name="business_new"),
    path("businesses/likely/", act_views.business_likely, name="business_likely"),
    path("businesses/<int:pk>/move/", act_views.business_move, name="business_move"),
    path("businesses/<int:pk>/owner/", act_views.business_owner, name="business_owner"),
    path(
        "businesses/<int:pk>/priority/",
        act_views.business_priority,
        name="business_priority",
    ),
    path(
        "businesses/<int:pk>/caretaker/",
        act_views.business_caretaker,
        name="business_caretaker",
    ),
    path("businesses/<int:pk>/dates/", act_views.business_dates, name="business_dates"),
    path(
        "businesses/<int:pk>/step/<slug:step>/",
        act_views.business_step,
        name="business_step",
    ),
    path("businesses/twins/", twin_views.twin_list, name="twin_list"),
    path(
        "businesses/<int:pk>/merge/<int:other>/",
        twin_views.business_merge,
        name="business_merge",
    ),
    path(
        "businesses/<int:pk>/apart/<int:other>/",
        twin_views.twins_apart,
        name="twins_apart",
    ),
    path("merges/<int:pk>/", twin_views.merge_detail, name="merge_detail"),
    path("merges/<int:pk>/undo/", twin_views.merge_undo, name="merge_undo"),
    path("imports/", import_views.import_list, name="import_list"),
    path("imports/new/", import_views.import_new, name="import_new"),
    path("imports/template/", import_views.import_template, name="import_template"),
    path("imports/<int:pk>/", import_views.import_detail, name="import_detail"),
    path("imports/<int:pk>/apply/", import_views.import_apply, name="import_apply"),
    path("imports/<int:pk>/map/", import_views.import_map, name="import_map"),
    path(
        "imports/<int:pk>/rows/<int:row>/", import_views.import_row, name="import_row"
    ),
    path("imports/<int:pk>/undo/", import_views.import_undo, name="import_undo"),
    path(
        "imports/<int:pk>/recover/", import_views.import_recover, name="import_recover"
    ),
    path("imports/<int:pk>/drop/", import_views.import_drop, name="import_drop"),
    path("imports/<int:pk>/wrong/", import_views.import_wrong, name="import_wrong"),
    path(
        "businesses/<int:pk>/extra/",
        extra_views.business_extra_edit,
        name="business_extra_edit",
    ),
    path(
        "businesses/<int:pk>/extra/<str:key>/",
        extra_views.business_extra_shown,
        name="business_extra_shown",
    ),
    path("values/trades/", trade_views.trade_list, name="trade_list"),
    path("values/trades/assign/", trade_views.trade_assign, name="trade_assign"),
    path("values/trades/<int:pk>/", trade_views.trade_edit, name="trade_edit"),
    path("values/trades/<int:pk>/words/", trade_views.word_add, name="word_add"),
    path("values/trades/<int:pk>/move/", trade_views.trade_move, name="trade_move"),
    path(
        "values/trades/<int:pk>/delete/",
        trade_views.trade_delete,
        name="trade_delete",
    ),
    path(
        "values/trades/words/<int:pk>/release/",
        trade_views.word_release,
        name="word_release",
    ),
    *with_the_district,
]
