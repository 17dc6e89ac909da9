"""What the ledgers of issues, matters and measures show."""

from django.db.models import DateField, Value
from django.utils.html import format_html

from issues.filters import IssueFilter, MatterFilter, MeasureFilter, PartFilter
from issues.models import Issue, Matter, Measure, MeasurePart
from tianshan.ledgers.ledger import Column, Ledger
from tianshan.ledgers.ledger import register as add
from tianshan.web.templatetags.portal import lamp, tag

# How each state is drawn: kind of tag, icon.
ISSUE_STATES = {
    Issue.State.PROPOSED: ("warn", "clock-hour-4"),
    Issue.State.DELIBERATING: ("warn", "messages"),
    Issue.State.DECIDED: ("info", "clipboard-check"),
    Issue.State.IN_PROGRESS: ("info", "progress-check"),
    Issue.State.FEEDBACK: ("gold", "message-2"),
    Issue.State.SUSPENDED: ("mute", "player-pause"),
    Issue.State.CLOSED: ("ok", "circle-check"),
    Issue.State.WITHDRAWN: ("mute", "arrow-back-up"),
}
MATTER_STATES = {
    Matter.State.OPEN: ("info", "progress-check"),
    Matter.State.ENDED: ("ok", "circle-check"),
    Matter.State.WITHDRAWN: ("mute", "arrow-back-up"),
    Matter.State.MERGED: ("mute", "git-merge"),
}
PART_STATES = {
    MeasurePart.State.WAITING: ("warn", "clock-hour-4"),
    MeasurePart.State.STUDYING: ("warn", "zoom-question"),
    MeasurePart.State.CONFIRMED: ("info", "progress-check"),
    MeasurePart.State.REFUSED: ("bad", "arrow-back-up"),
    MeasurePart.State.DONE: ("ok", "circle-check"),
    MeasurePart.State.EXCUSED: ("mute", "circle-off"),
}


def as_of(queryset, *, user, day):
    """The day on which the rows' lights are read."""
    return queryset.annotate(as_of=Value(day, DateField()))


def _issue_light(row):
    light = row.light(row.as_of)
    return light.words if light else ""


def _draw_issue_light(row):
    light = row.light(row.as_of)
    return lamp(light.colour, light.words) if light else "—"


def _measure_light(row):
    light = row.light(row.as_of)
    return light.words if light else f"{row.done_on.isoformat()} 完成"


def _draw_measure_light(row):
    light = row.light(row.as_of)
    if light:
        return lamp(light.colour, light.words)
    return tag("ok", _measure_light(row), "circle-check")


def _named(row):
    return f"{row.title}（{row.brand}）" if row.brand else row.title


def _draw_matter(row):
    if not row.is_common:
        return row.title
    return format_html("{} {}", row.title, tag("gold", "共性诉求", "users-group"))


def marked(words):
    """A row's words, and beside them that a leader's 督办 of it waits for its answer."""

    def draw(row):
        if not row.supervised:
            return words(row)
        return format_html("{} {}", words(row), tag("bad", "督办", "speakerphone"))

    return draw


def _content(row):
    return row.content


def _supervised(row):
    return row.supervised


ISSUES = Ledger(
    key="issues",
    title="议题",
    unit="个",
    page="issues:issue_list",
    rows=lambda user: Issue.objects.visible_to(user).for_list(),
    filters=IssueFilter,
    hint="议题、品牌名称、拼音首字母",
    empty="还没有议题。在一件诉求的页面上可以提出议题。",
    columns=[
        Column("title", "议题", _named, draw=marked(_named), link=True),
        Column("level", "层级", lambda row: row.get_level_display(), sort=("level",)),
        Column("body", "议事主体", lambda row: row.body.name, sort=("body__name",)),
        Column(
            "state",
            "状态",
            lambda row: row.get_state_display(),
            draw=lambda row: tag(
                ISSUE_STATES[row.state][0],
                row.get_state_display(),
                ISSUE_STATES[row.state][1],
            ),
            sort=("state",),
        ),
        Column("light", "红黄灯", _issue_light, draw=_draw_issue_light, annotate=as_of),
        Column(
            "askers", "提出户数", lambda row: row.askers, number=True, sort=("askers",)
        ),
        Column(
            "building",
            "楼宇",
            lambda row: row.building.name if row.building else "",
            sort=("building__pinyin",),
        ),
        Column("grid", "网格", lambda row: row.grid.name, shown=False),
        Column("supervised", "督办中", _supervised, shown=False),
        Column("raised", "提出日期", lambda row: row.raised_on, sort=("raised_on",)),
        Column("closed", "办结日期", lambda row: row.closed_on, sort=("closed_on",)),
    ],
)

MATTERS = Ledger(
    key="matters",
    title="事项台账",
    unit="条",
    page="issues:matter_list",
    rows=lambda user: Matter.objects.visible_to(user).for_list(),
    filters=MatterFilter,
    hint="事项、拼音首字母",
    empty="还没有事项。把一件诉求提为议题，或并入别人也提过的，就有了事项。",
    columns=[
        Column("title", "事项", lambda row: row.title, draw=_draw_matter, link=True),
        Column(
            "askers", "提出户数", lambda row: row.askers, number=True, sort=("askers",)
        ),
        Column("common", "共性诉求", lambda row: row.is_common, shown=False),
        Column(
            "state",
            "状态",
            lambda row: row.get_state_display(),
            draw=lambda row: tag(
                MATTER_STATES[row.state][0],
                row.get_state_display(),
                MATTER_STATES[row.state][1],
            ),
            sort=("state",),
        ),
        Column(
            "issue", "议题", lambda row: row.issue.title if row.issue else "直接办理"
        ),
        Column(
            "ending",
            "办结方式",
            lambda row: row.get_ending_display(),
            sort=("ending",),
        ),
        Column("before", "变化前", lambda row: row.before),
        Column("after", "变化后", lambda row: row.after),
        Column(
            "benefited", "受益户数", lambda row: row.benefited, number=True, shown=False
        ),
        Column(
            "building", "楼宇", lambda row: row.building.name if row.building else ""
        ),
        Column("raised", "提出日期", lambda row: row.raised_on, sort=("raised_on",)),
    ],
)

MEASURES = Ledger(
    key="measures",
    title="措施台账",
    unit="项",
    page="issues:measure_list",
    rows=lambda user: Measure.objects.on_the_list_of(user).for_list(),
    filters=MeasureFilter,
    hint="措施、议题",
    empty="还没有措施。议题研商后定下的措施会列在这里。",
    columns=[
        Column("content", "措施", _content, draw=marked(_content), link=True),
        Column("lead", "主办", lambda row: str(row.lead)),
        Column("due", "期限", lambda row: row.due_on, sort=("due_on",)),
        Column(
            "light", "红黄灯", _measure_light, draw=_draw_measure_light, annotate=as_of
        ),
        Column(
            "issue", "议题", lambda row: row.issue.title if row.issue else "直接办理"
        ),
        Column("matter", "事项", lambda row: row.matter.title, shown=False),
        Column(
            "state",
            "状态",
            lambda row: row.get_state_display(),
            sort=("state",),
            shown=False,
        ),
        Column("result", "完成情况", lambda row: row.result),
        Column("supervised", "督办中", _supervised, shown=False),
        Column("decided", "议定日期", lambda row: row.decided_on, sort=("decided_on",)),
    ],
)


def _part_light(row):
    light = row.light(row.as_of)
    return light.words if light else f"{row.ended_on.isoformat()} 结束"


def _draw_part_light(row):
    light = row.light(row.as_of)
    return lamp(light.colour, light.words) if light else "—"


PARTS = Ledger(
    key="parts",
    title="措施分工",
    unit="项",
    page="issues:part_list",
    rows=lambda user: MeasurePart.objects.on_the_list_of(user).for_list(),
    filters=PartFilter,
    hint="分工、措施、议题",
    empty="还没有分工。定措施时写上主办和协办，各自的分工会列在这里。",
    columns=[
        Column("content", "分工", _content, draw=marked(_content), link=True),
        Column("holder", "由谁办", lambda row: str(row.holder)),
        Column("role", "主协办", lambda row: row.role, sort=("-lead",)),
        Column(
            "state",
            "状态",
            lambda row: row.get_state_display(),
            draw=lambda row: tag(
                PART_STATES[row.state][0],
                row.get_state_display(),
                PART_STATES[row.state][1],
            ),
            sort=("state",),
        ),
        Column("due", "期限", lambda row: row.due_on, sort=("due_on",)),
        Column("light", "红黄灯", _part_light, draw=_draw_part_light, annotate=as_of),
        Column("measure", "措施", lambda row: row.measure.content),
        Column(
            "issue",
            "议题",
            lambda row: row.measure.issue.title if row.measure.issue else "直接办理",
            shown=False,
        ),
        Column("matter", "事项", lambda row: row.measure.matter.title, shown=False),
        Column("assigned", "分工日期", lambda row: row.assigned_on, shown=False),
        Column("result", "完成情况", lambda row: row.result, shown=False),
    ],
)


def register():
    add(PARTS)
    add(ISSUES)
    add(MATTERS)
    add(MEASURES)
