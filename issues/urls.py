from django.urls import path

from issues import (
    body_views,
    ladder_views,
    matter_views,
    meeting_views,
    part_views,
    sorting_views,
    survey_views,
    views,
)

app_name = "issues"
urlpatterns = [
    path("demands/triage/", sorting_views.triage, name="triage"),
    path(
        "demands/triage/<int:pk>/undo/",
        sorting_views.sorting_undo,
        name="sorting_undo",
    ),
    path("issues/", views.issue_list, name="issue_list"),
    path("issues/board/", ladder_views.issue_board, name="issue_board"),
    path("issues/<int:pk>/", views.issue_detail, name="issue_detail"),
    path("issues/<int:pk>/brief/", ladder_views.issue_brief, name="issue_brief"),
    path(
        "issues/<int:pk>/step/<slug:step>/",
        ladder_views.issue_step,
        name="issue_step",
    ),
    path(
        "measures/<int:pk>/supervise/",
        ladder_views.measure_supervise,
        name="measure_supervise",
    ),
    path(
        "supervisions/<int:pk>/answer/",
        ladder_views.supervision_answer,
        name="supervision_answer",
    ),
    path("issues/<int:pk>/decide/", views.issue_decide, name="issue_decide"),
    path("issues/<int:pk>/measures/new/", views.measure_add, name="measure_add"),
    path("issues/<int:pk>/close/", views.issue_close, name="issue_close"),
    path("matters/", views.matter_list, name="matter_list"),
    path("matters/<int:pk>/", views.matter_detail, name="matter_detail"),
    path("matters/<int:pk>/measures/new/", views.matter_fix, name="matter_fix"),
    path("matters/<int:pk>/merge/", matter_views.matter_merge, name="matter_merge"),
    path(
        "matters/merges/<int:pk>/undo/",
        matter_views.matter_unmerge,
        name="matter_unmerge",
    ),
    path(
        "matters/<int:pk>/outside/", matter_views.matter_outside, name="matter_outside"
    ),
    path("matters/<int:pk>/carry/", matter_views.matter_carry, name="matter_carry"),
    path("matters/<int:pk>/end/", views.matter_end, name="matter_end"),
    path("matters/<int:pk>/tell/", views.matter_tell, name="matter_tell"),
    path("measures/", views.measure_list, name="measure_list"),
    path("measures/parts/", part_views.part_list, name="part_list"),
    path("measures/parts/<int:pk>/", part_views.part_detail, name="part_detail"),
    path("measures/parts/photos/<int:pk>/", part_views.evidence, name="evidence"),
    path("measures/<int:pk>/parts/new/", part_views.part_add, name="part_add"),
    *(
        path(
            f"measures/parts/<int:pk>/{step.replace('_', '-')}/",
            part_views.step_view(step),
            name=f"part_{step}",
        )
        for step in part_views.PAGES
    ),
    path("measures/<int:pk>/finish/", views.measure_finish, name="measure_finish"),
    path("demands/<int:pk>/propose/", views.issue_propose, name="issue_propose"),
    path("demands/<int:pk>/join/", views.matter_join, name="matter_join"),
    path("demands/<int:pk>/leave/", views.take_out, name="take_out"),
    path("demands/<int:pk>/matter/", views.for_demand, name="for_demand"),
    path("meetings/", meeting_views.meeting_list, name="meeting_list"),
    path("meetings/new/", meeting_views.meeting_new, name="meeting_new"),
    path("meetings/cadence/", meeting_views.slot_list, name="slot_list"),
    path("meetings/calendar.ics", meeting_views.calendar, name="calendar"),
    path(
        "meetings/<int:pk>/meeting.ics",
        meeting_views.meeting_calendar,
        name="meeting_calendar",
    ),
    path("meetings/bodies/", body_views.body_list, name="body_list"),
    path("meetings/bodies/new/", body_views.body_new, name="body_new"),
    path("meetings/bodies/<int:pk>/", body_views.body_detail, name="body_detail"),
    path("meetings/bodies/<int:pk>/edit/", body_views.body_edit, name="body_edit"),
    path(
        "meetings/bodies/<int:pk>/members/new/",
        body_views.member_add,
        name="member_add",
    ),
    path("meetings/bodies/<int:pk>/month/", body_views.compilation, name="compilation"),
    path("meetings/members/<int:pk>/end/", body_views.member_end, name="member_end"),
    path("meetings/<int:pk>/", meeting_views.meeting_detail, name="meeting_detail"),
    path(
        "meetings/<int:pk>/change/", meeting_views.meeting_change, name="meeting_change"
    ),
    path(
        "meetings/<int:pk>/refresh/",
        meeting_views.meeting_refresh,
        name="meeting_refresh",
    ),
    path(
        "meetings/<int:pk>/notify/", meeting_views.meeting_notify, name="meeting_notify"
    ),
    path(
        "meetings/<int:pk>/cancel/", meeting_views.meeting_cancel, name="meeting_cancel"
    ),
    path("meetings/<int:pk>/hold/", meeting_views.meeting_hold, name="meeting_hold"),
    path(
        "meetings/<int:pk>/demands/",
        meeting_views.meeting_demands,
        name="meeting_demands",
    ),
    path("meetings/<int:pk>/items/new/", meeting_views.item_add, name="item_add"),
    path("meetings/<int:pk>/attendance/", meeting_views.attendance, name="attendance"),
    path(
        "meetings/<int:pk>/notice/", meeting_views.meeting_notice, name="meeting_notice"
    ),
    path(
        "meetings/<int:pk>/sign-in/", meeting_views.sign_in_sheet, name="sign_in_sheet"
    ),
    path("meetings/<int:pk>/pack/", meeting_views.meeting_pack, name="meeting_pack"),
    path(
        "meetings/<int:pk>/minutes/draft/",
        meeting_views.minutes_draft,
        name="minutes_draft",
    ),
    path(
        "meetings/<int:pk>/minutes/confirm/",
        meeting_views.minutes_confirm,
        name="minutes_confirm",
    ),
    path(
        "meetings/<int:pk>/minutes/amend/",
        meeting_views.minutes_amend,
        name="minutes_amend",
    ),
    path(
        "meetings/minutes/<int:pk>/file/",
        meeting_views.minutes_file,
        name="minutes_file",
    ),
    path(
        "meetings/minutes/<int:pk>/issue/",
        meeting_views.minutes_issue,
        name="minutes_issue",
    ),
    path("meetings/items/<int:pk>/", meeting_views.item_detail, name="item_detail"),
    path("meetings/items/<int:pk>/drop/", meeting_views.item_drop, name="item_drop"),
    path("meetings/items/<int:pk>/move/", meeting_views.item_move, name="item_move"),
    path(
        "meetings/items/<int:pk>/opinion/",
        meeting_views.item_opinion,
        name="item_opinion",
    ),
    path("meetings/items/<int:pk>/vote/", meeting_views.item_vote, name="item_vote"),
    path(
        "meetings/items/<int:pk>/measures/new/",
        meeting_views.item_measure,
        name="item_measure",
    ),
    path(
        "meetings/opinions/<int:pk>/void/",
        meeting_views.opinion_void,
        name="opinion_void",
    ),
    path("issues/<int:pk>/meetings/", meeting_views.meetings_of, name="meetings_of"),
    path("issues/<int:pk>/call/", meeting_views.issue_call, name="issue_call"),
    path("issues/<int:pk>/surveys/new/", survey_views.survey_new, name="survey_new"),
    path("surveys/<int:pk>/", survey_views.survey_detail, name="survey_detail"),
    path("surveys/photos/<int:pk>/", survey_views.survey_photo, name="survey_photo"),
]
