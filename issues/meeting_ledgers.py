"""What the ledgers of meetings and of their cadence show."""

import django_filters
from django.db.models import BooleanField, Case, DateField, Value, When
from django.utils import timezone

from accounts.rights import Right
from issues import cadence as regular
from issues.filters import bodies_in_sight
from issues.models import Meeting, Slot
from tianshan.ledgers.ledger import Column, Ledger, LedgerFilter
from tianshan.ledgers.ledger import register as add
from tianshan.web.templatetags.portal import tag

# How each state is drawn: kind of tag, icon.
MEETING_STATES = {
    Meeting.State.DRAFT: ("mute", "circle-dashed"),
    Meeting.State.NOTIFIED: ("info", "bell-ringing"),
    Meeting.State.HELD: ("gold", "file-pencil"),
    Meeting.State.CONFIRMED: ("ok", "circle-check"),
    Meeting.State.CANCELLED: ("mute", "calendar-off"),
}
SLOT_STATES = {
    regular.HELD: ("ok", "circle-check"),
    regular.LATE: ("warn", "clock-hour-4"),
    regular.MISSED: ("bad", "alert-octagon"),
    regular.NOT_NEEDED: ("mute", "circle-minus"),
    regular.COMING: ("line", "calendar-event"),
}


class MeetingFilter(LedgerFilter):
    kind = django_filters.ChoiceFilter(
        label="会议", choices=Meeting.Kind, empty_label="全部"
    )
    state = django_filters.ChoiceFilter(
        label="状态", choices=Meeting.State, empty_label="全部"
    )
    body = django_filters.ModelChoiceFilter(
        label="议事主体", queryset=bodies_in_sight, empty_label="全部"
    )
    on = django_filters.DateFromToRangeFilter(label="日期")

    class Meta:
        model = Meeting
        fields = []

    def find(self, queryset, name, value):
        """In its own name, or its body's."""
        for word in value.split()[:5]:
            queryset = queryset.filter(title__icontains=word) | queryset.filter(
                body__name__icontains=word
            )
        return queryset


class SlotFilter(LedgerFilter):
    cadence = django_filters.ChoiceFilter(
        label="节律", choices=Slot.Cadence, empty_label="全部"
    )
    became = django_filters.ChoiceFilter(
        label="情况", choices=regular.STATES, empty_label="全部", method="by_state"
    )
    body = django_filters.ModelChoiceFilter(
        label="议事主体", queryset=bodies_in_sight, empty_label="全部"
    )

    class Meta:
        model = Slot
        fields = []

    def find(self, queryset, name, value):
        return queryset.filter(body__name__icontains=value.strip())

    def by_state(self, queryset, name, state):
        return regular.in_state(queryset, state, timezone.localdate())


def _state(row):
    return row.get_state_display()


def _as_of(queryset, *, user, day):
    """Which slots went by with nothing waiting, asked once for the page."""
    empty = regular.not_needed(Slot.objects.visible_to(user), timezone.localdate())
    return queryset.annotate(
        as_of=Value(timezone.localdate(), DateField()),
        empty=Case(
            When(pk__in=empty, then=Value(True)),
            default=Value(False),
            output_field=BooleanField(),
        ),
    )


def _became(row):
    return dict(regular.STATES)[_became_key(row)]


def _became_key(row):
    return regular.state_of(row, {row.pk} if row.empty else set(), row.as_of)


def _draw_became(row):
    kind, icon = SLOT_STATES[_became_key(row)]
    return tag(kind, _became(row), icon)


def _meeting(row):
    meeting = getattr(row, "meeting", None)
    return f"{meeting.on.isoformat()} {meeting.get_state_display()}" if meeting else ""


MEETINGS = Ledger(
    key="meetings",
    title="会议",
    unit="次",
    page="issues:meeting_list",
    rows=lambda user: Meeting.objects.visible_to(user).for_list(),
    filters=MeetingFilter,
    hint="会议名称、议事主体",
    empty="还没有会议。",
    actions=[
        ("会议节律", "calendar-event", "issues:slot_list", Right.SEE_ISSUES),
        ("加到日历", "calendar-plus", "issues:calendar", Right.SEE_ISSUES),
        ("拟开会议", "plus", "issues:meeting_new", Right.KEEP_MEETINGS),
    ],
    columns=[
        Column("title", "会议", lambda row: row.title, link=True),
        Column("body", "议事主体", lambda row: row.body.name, sort=("body__name",)),
        Column("kind", "类别", lambda row: row.get_kind_display(), sort=("kind",)),
        Column("on", "日期", lambda row: row.on, sort=("on",)),
        Column("at", "时间", lambda row: f"{row.at:%H:%M}"),
        Column("place", "地点", lambda row: row.place),
        Column("chair", "主持", lambda row: row.chair_title, shown=False),
        Column(
            "state",
            "状态",
            _state,
            draw=lambda row: tag(
                MEETING_STATES[row.state][0], _state(row), MEETING_STATES[row.state][1]
            ),
            sort=("state",),
        ),
    ],
)

SLOTS = Ledger(
    key="slots",
    title="会议节律",
    unit="次",
    page="issues:slot_list",
    rows=lambda user: Slot.objects.visible_to(user).for_list(),
    filters=SlotFilter,
    lead_text="周梳理、旬研商、月调度，提前一年排好；遇节假日顺延到下一个工作日。"
    "到日子没有事等着议的，自动算作无事不开。",
    hint="议事主体",
    empty="还没有排会。在议事主体里设每周、每旬或每月开会后，会提前一年排好。",
    columns=[
        Column("named", "哪一期", lambda row: row.named, link=True),
        Column(
            "cadence", "节律", lambda row: row.get_cadence_display(), sort=("cadence",)
        ),
        Column("body", "议事主体", lambda row: row.body.name, sort=("body__name",)),
        Column("planned", "应开日期", lambda row: row.planned_on, sort=("planned_on",)),
        Column("became", "情况", _became, draw=_draw_became, annotate=_as_of),
        Column("meeting", "会议", _meeting),
    ],
)


def register():
    add(MEETINGS)
    add(SLOTS)
