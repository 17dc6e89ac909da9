"""The bodies with their chairs, the meetings behind the story, and those to come."""

import datetime as dt

from grids.models import Post
from issues import cadence, meetings, minutes
from issues.models import (
    AgendaItem,
    Attendance,
    BodyMember,
    Level,
    Meeting,
    Slot,
)
from tianshan.workdays import Calendar

Outcome = AgendaItem.Outcome
# name of a body -> account of its chair, title, who sits there: (title, unit or not)
SEATS = {
    "天山茶市党支部会议": (
        "branch_secretary",
        "天山茶市党支部书记",
        [
            ("支部组织委员", ""),
            ("天山茶城业主方代表", "天山茶城业主方"),
            ("商户代表", ""),
        ],
    ),
    "芙蓉江街区临时党支部会议": (
        "quarter_secretary",
        "芙蓉江街区临时党支部书记",
        [
            ("街区管理方代表", "芙蓉江街区管理方"),
            ("综合行政执法队代表", "街道综合行政执法队"),
        ],
    ),
    "金虹桥楼宇党委例会": (
        "building_secretary",
        "金虹桥楼宇党委书记",
        [
            ("物业服务中心代表", "金虹桥物业服务中心"),
            ("党群服务中心代表", "街道党群服务中心"),
            ("楼宇企业代表", ""),
        ],
    ),
    "天山茶城治理委员会": (
        "grid_chief",
        "第三综合网格长",
        [
            ("业主方代表", "天山茶城业主方"),
            ("市容管理所代表", "市容管理所"),
            ("茶市党支部书记", ""),
            ("商户代表", ""),
        ],
    ),
    "第三网格党建联席会": (
        "grid_chief",
        "第三综合网格长",
        [
            ("城运中心负责人", "街道城运中心"),
            ("市场监督管理所负责人", "天山路市场监督管理所"),
            ("综合行政执法队负责人", "街道综合行政执法队"),
            ("派出所负责人", "天山路派出所"),
            ("市容管理所负责人", "市容管理所"),
            ("党群服务中心负责人", "街道党群服务中心"),
        ],
    ),
}
PLACES = {Level.BRANCH: "党支部活动室", Level.COMMITTEE: "二楼会议室"}
HALL = "党群服务中心议事厅"
HEARD_DEMAND = "已过一遍，由责任方答复。"
FROM = dt.timedelta(days=20)  # how long, at least, the conference has its cadence


def seat(world):
    """Chairs, clerks and members; the conference meets by week, ten days and month."""
    accounts, today = world["accounts"], world["today"]
    clerk = Post.objects.get(user=accounts["grid_clerk"])
    for body in world["bodies"]:
        account, title, seats = SEATS[body.name]
        body.chair = Post.objects.get(user=accounts[account])
        body.chair_title = title
        body.clerk, body.clerk_title = clerk, "台账员"
        if body.level == Level.CONFERENCE:
            body.weekly = body.ten_daily = body.monthly = True
            body.cadence_from = (today - FROM).replace(day=1)
            body.numbered, body.mark = True, "第三网格党建联席会纪要"
        body.save()
        BodyMember.objects.bulk_create(
            BodyMember(
                body=body,
                title=held_by,
                unit=world["units"].get(unit),
                position=place,
                since=body.grid.live_on,
            )
            for place, (held_by, unit) in enumerate(seats, start=1)
        )
        cadence.keep(body, today=today)


def deliberate(issue, measures, *, on, by, noon):
    """The meeting at which an issue of the story was decided, with its minutes."""
    meeting = _notified(issue.body, Meeting.Kind.REGULAR, on, by, noon)
    item = meeting.items.get(issue=issue, measure=None)
    told = {"by": by, "at": noon(on, 16)}
    first, *others = measures
    meetings.conclude(
        item,
        outcome=Outcome.DECIDED,
        resolution="各方同意按下列措施办理。",
        discussion="各单位逐项说了能做什么、几时做完，业主方和商户代表当场认可。",
        version=item.version,
        **first,
        **told,
    )
    for measure in others:
        meetings.add_measure(item, **measure, **told)
    _end(meeting, on, by, noon)


def _notified(body, kind, on, by, noon):
    told = {"by": by, "at": noon(on, 9)}
    meeting = meetings.arrange(
        body,
        kind=kind,
        on=on,
        at_time=dt.time(14, 0),
        place=PLACES.get(body.level, HALL),
        **told,
    )
    return meetings.notify(meeting, **told)


def _end(meeting, on, by, noon, *, confirm=True):
    """The rest of the table is heard, all but one came, the chair confirms."""
    told = {"by": by, "at": noon(on, 17)}
    for item in meeting.items.on_the_table().filter(outcome="").select_related("issue"):
        offered = meetings.outcomes_of(item, meeting)
        heard = Outcome.HEARD in offered
        words = "先补一次实地勘察，下次再议。"
        if heard:
            words = HEARD_DEMAND if item.demand_id else "听取进展，请责任方抓紧。"
        meetings.conclude(
            item,
            outcome=Outcome.HEARD if heard else Outcome.CARRIED,
            resolution=words,
            version=item.version,
            **told,
        )
    rows = list(meeting.attendances.order_by("position"))
    states = {row.pk: (Attendance.State.PRESENT, "") for row in rows}
    if len(rows) > 2:
        states[rows[-1].pk] = (Attendance.State.LEAVE, "书面意见")
    meetings.mark(meeting, states=states, **told)
    meetings.hold(meeting, **told)
    if confirm:
        chair = meeting.body.chair.user
        made = minutes.confirm(meeting, by=chair, at=noon(on, 18))
        minutes.issue(made, on=on, title=meeting.chair_title, by=by, at=noon(on, 18))


def lately(world):
    """What the conference owed lately it held, but for one week; the last waits for its chair."""
    conference = _conference(world)
    gone = conference.slots.filter(planned_on__lt=world["today"])
    slots = list(gone.order_by("planned_on", "pk"))
    weeks = [slot for slot in slots if slot.cadence == Slot.Cadence.WEEK]
    left_out = weeks[-2:-1]
    for slot in slots:
        if slot not in left_out:
            _by_cadence(world, conference, slot, confirm=slot != slots[-1])


def _conference(world):
    return next(body for body in world["bodies"] if body.level == Level.CONFERENCE)


def _by_cadence(world, body, slot, *, confirm):
    on, noon, by = slot.planned_on, world["noon"], world["accounts"]["grid_chief"]
    told = {"by": by, "at": noon(on, 9)}
    meeting = meetings.arrange(
        body,
        kind=slot.cadence,
        on=on,
        at_time=dt.time(14, 0),
        place=HALL,
        **told,
    )
    if not meeting.items.exists():
        meetings.cancel(meeting, reason="无事不开", **told)
        return
    meetings.notify(meeting, **told)
    _end(meeting, on, by, noon, confirm=confirm)


def coming(world):
    """A ten-day meeting that was notified, and a review that is being prepared."""
    today, noon = world["today"], world["noon"]
    conference = _conference(world)
    told = {"by": world["accounts"]["grid_chief"], "at": noon(today)}
    slots = conference.slots.filter(meeting=None, planned_on__gt=today)
    soon = slots.filter(cadence="ten_day").order_by("planned_on").first()
    meeting = meetings.arrange(
        conference,
        kind="ten_day",
        on=soon.planned_on,
        at_time=dt.time(14, 0),
        place=HALL,
        papers="茅台路沿街排烟点位图（街道综合行政执法队准备）",
        **told,
    )
    if meeting.items.exists():
        meetings.notify(meeting, **told)
    calendar = Calendar.load()
    committee = next(b for b in world["bodies"] if b.name == "天山茶城治理委员会")
    meeting = meetings.arrange(
        committee,
        kind=Meeting.Kind.REVIEW,
        on=calendar.add(today, 5),
        at_time=dt.time(9, 30),
        place=PLACES[Level.COMMITTEE],
        **told,
    )
    meetings.add_item(
        meeting,
        title="评议：租金分次缴和清运改时办得怎样",
        reason="办结以后，请商户代表来评",
        **told,
    )
