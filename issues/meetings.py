"""What can happen to a meeting, from its first agenda until all has been talked of."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import User
from accounts.rights import Right
from issues import actions, agenda, cadence, fixing, ladder
from issues.models import (
    AgendaItem,
    Attendance,
    DeliberationBody,
    Issue,
    ItemMeasure,
    Matter,
    Meeting,
    Opinion,
    Slot,
)
from issues.models.rules import Step
from issues.taking import FURTHEST, Refused, said
from party.models import OrganizationOfficer, UnitOfficer
from tianshan.audit import record
from tianshan.notices import notify as send_notices

Outcome = AgendaItem.Outcome
TOLD = Matter._meta.get_field("after").max_length  # as it goes to the askers
OF_DEMANDS = (Outcome.HEARD, Outcome.CARRIED)
FIGURES = "本月诉求、议题、措施情况"


class Stale(Refused):
    """Somebody else wrote on the item since the page was opened; `item` is as it is."""

    def __init__(self, item):
        super().__init__(
            "别人刚刚改过这一项。已存的内容列在下面，您写的还在框里，请合在一起再保存。"
        )
        self.item = item


def lock(meeting):
    return (
        Meeting.objects.select_for_update(of=["self"])
        .select_related("body__grid")
        .get(pk=meeting.pk)
    )


def take(meeting, step, *, by):
    """Lock the meeting, then ask whether this step, by this person, is open."""
    meeting = lock(meeting)
    if not Meeting.objects.kept_by(by).filter(pk=meeting.pk).exists():
        raise PermissionDenied
    if step not in meeting.open_steps:
        raise Refused(
            f"会议现在是“{meeting.get_state_display()}”，不能办这一步，请刷新后看。"
        )
    return meeting


def _take_item(item, step, *, by, version=None):
    meeting = take(item.meeting, step, by=by)
    item = (
        AgendaItem.objects.select_for_update(of=["self"])
        .select_related("issue__body", "measure", "demand")
        .get(pk=item.pk)
    )
    if version is not None and version != item.version:
        raise Stale(item)
    if item.dropped_at:
        raise Refused("这一项已经移出议程。")
    item.meeting = meeting
    return item


# --- before it -----------------------------------------------------------------------


@transaction.atomic
def arrange(body, *, kind, on, at_time, place, by, at, title="", papers=""):
    """Set a day for a meeting; the rules fill its agenda."""
    if not DeliberationBody.objects.spoken_for_by(by, Right.KEEP_MEETINGS).filter(
        pk=body.pk
    ):
        raise PermissionDenied
    meeting = _make(
        body,
        kind=kind,
        on=on,
        at_time=at_time,
        place=said(place, "请写地点。"),
        title=title,
        papers=papers,
        by=by,
        at=at,
    )
    _fill(meeting)
    return meeting


def _make(body, *, kind, on, at_time, place, by, at, title="", **facts):
    body = DeliberationBody.objects.select_for_update(no_key=True).get(pk=body.pk)
    today = timezone.localdate(at)
    _within_reach(on, today)
    slot = None
    if kind in Slot.Cadence.values:
        if kind not in cadence.owed_by(body):
            raise Refused(
                f"“{body}”没有排{Meeting.Kind(kind).label}，请先在议事主体里设。"
            )
        if on > today + cadence.AHEAD:
            raise Refused("例行会议只排到一年以后，请看一下年份。")
        cadence.keep(body, today=today)
        slot = cadence.slot_for(body, kind, on)
        if slot is None:
            raise Refused("这一期已经有会议了。")
    named = slot.named if slot else _dated(on)
    meeting = Meeting.objects.create(
        body=body,
        kind=kind,
        slot=slot,
        title=title.strip() or f"{named}{Meeting.Kind(kind).label}",
        on=on,
        at=at_time,
        place=place,
        chair_title=body.chair_title,
        clerk_title=body.clerk_title,
        made_by=by,
        **facts,
    )
    record("meeting.arranged", meeting, by=by, at=at, on=on.isoformat())
    return meeting


def _within_reach(on, today):
    if on > today + FURTHEST:
        raise Refused("会议最远排到两年以后，请看一下年份。")
    if on < today - FURTHEST:
        raise Refused("补记会议最早到两年以前，请看一下年份。")


def _dated(on):
    return f"{on.month}月{on.day}日"


def _fill(meeting):
    """Put what waits on the agenda; what is on it, or was dropped, stays as it is."""
    known = {
        (item.issue_id, item.measure_id, item.demand_id)
        for item in meeting.items.exclude(issue=None, measure=None, demand=None)
    }
    place = meeting.items.aggregate(last=Max("position"))["last"] or 0
    fresh = [
        entry
        for entry in agenda.for_meeting(meeting.body, meeting.kind, meeting.on)
        if entry.key not in known
    ]
    items = [
        AgendaItem(
            meeting=meeting,
            position=place + number,
            title=entry.title,
            reason=entry.reason[:200],
            issue=entry.issue,
            measure=entry.measure,
            demand=entry.demand,
        )
        for number, entry in enumerate(fresh, start=1)
    ]
    if meeting.kind == Meeting.Kind.MONTH and not meeting.items.filter(title=FIGURES):
        items.append(
            AgendaItem(
                meeting=meeting,
                position=place + len(items) + 1,
                title=FIGURES,
                reason="月调度",
            )
        )
    AgendaItem.objects.bulk_create(items)
    return len(items)


@transaction.atomic
def refresh(meeting, *, by, at):
    """Take up what has come to wait since; answers how many items that were."""
    meeting = take(meeting, "set_agenda", by=by)
    found = _fill(meeting)
    if meeting.state == Meeting.State.NOTIFIED:
        _put_on_table(meeting, by=by, at=at)
    record("meeting.agenda_refreshed", meeting, by=by, at=at, items=found)
    return found


@transaction.atomic
def change(meeting, *, on, at_time, place, papers, by, at):
    """Another day, hour or place, or papers; who was told is told again."""
    meeting = take(meeting, "change", by=by)
    if on != meeting.on:
        _may_move(meeting, on, today=timezone.localdate(at))
        if meeting.slot is None and meeting.title.startswith(_dated(meeting.on)):
            rest = meeting.title.removeprefix(_dated(meeting.on))
            meeting.title = f"{_dated(on)}{rest}"
    place, papers = said(place, "请写地点。"), papers.strip()
    before = (meeting.on, meeting.at, meeting.place, meeting.papers)
    if before == (on, at_time, place, papers):
        return meeting
    meeting.on, meeting.at = on, at_time
    meeting.place, meeting.papers = place, papers
    meeting.save(update_fields=["title", "on", "at", "place", "papers"])
    record("meeting.changed", meeting, by=by, at=at, on=on.isoformat())
    if meeting.state == Meeting.State.NOTIFIED:
        # A key of its own: moved back to its first day, it is told as well.
        _tell_invited(
            meeting, key=f"changed-{at.isoformat()}", what="会议有变动", at=at
        )
    return meeting


def _may_move(meeting, on, *, today):
    """Not before its notice went out, nor before the period that it stands for."""
    _within_reach(on, today)
    told = meeting.notified_at and timezone.localdate(meeting.notified_at)
    if told and on < told:
        raise Refused(f"通知是{_dated(told)}发的，会议不能早于这一天。")
    if meeting.slot and on < meeting.slot.starts_on:
        start = _dated(meeting.slot.starts_on)
        raise Refused(f"{meeting.slot.named}从{start}算起，会议不能早于这一天。")


@transaction.atomic
def add_item(meeting, *, reason, by, at, title="", issue=None):
    """Put something on the agenda that no rule has put there."""
    meeting = take(meeting, "set_agenda", by=by)
    if issue is not None:
        if not Issue.objects.visible_to(by).filter(pk=issue.pk).exists():
            raise PermissionDenied
        on_it = meeting.items.on_the_table().filter(issue=issue, measure=None)
        if on_it.exists():
            raise Refused("这个议题已经在议程上。")
    place = meeting.items.aggregate(last=Max("position"))["last"] or 0
    item = AgendaItem.objects.create(
        meeting=meeting,
        position=place + 1,
        title=issue.title if issue else said(title, "请写议什么。"),
        issue=issue,
        reason=said(reason, "请写为什么加进来。"),
        added_by=by,
    )
    record("meeting.item_added", meeting, by=by, at=at, item=item.pk)
    if meeting.state == Meeting.State.NOTIFIED:
        _put_on_table(meeting, by=by, at=at)
    return item


@transaction.atomic
def drop_item(item, *, reason, by, at):
    """Take an item off the agenda; what waited waits for the next meeting."""
    item = _take_item(item, "set_agenda", by=by)
    if item.outcome:
        raise Refused("这一项已经有结果，不能移出。")
    reason = said(reason, "请写为什么移出。")
    item.dropped_at, item.dropped_by, item.dropped_why = at, by, reason
    item.save(update_fields=["dropped_at", "dropped_by", "dropped_why"])
    record("meeting.item_dropped", item.meeting, by=by, at=at, reason=reason)
    if _is_ours(item) and Step.CARRY_OVER in item.issue.open_steps:
        ladder.carry_over(
            item.issue,
            reason=f"移出议程：{reason}",
            meeting=item.meeting,
            by=by,
            at=at,
        )
    return item


@transaction.atomic
def move_item(item, *, up, by, at):
    """One place up or down among those on the table."""
    item = _take_item(item, "set_agenda", by=by)
    items = list(item.meeting.items.on_the_table().order_by("position", "pk"))
    here = items.index(item)
    there = here - 1 if up else here + 1
    if not 0 <= there < len(items):
        return item
    items[here], items[there] = items[there], items[here]
    for place, each in enumerate(items, start=1):
        each.position = place
    AgendaItem.objects.bulk_update(items, ["position"])
    record("meeting.items_ordered", item.meeting, by=by, at=at)
    return item


@transaction.atomic
def notify(meeting, *, by, at):
    """Send the agenda out: members are invited, issues are on the table from now on."""
    meeting = take(meeting, "notify", by=by)
    if not meeting.items.on_the_table().exists():
        raise Refused("议程是空的，无事不开。")
    meeting.state, meeting.notified_at = Meeting.State.NOTIFIED, at
    meeting.save(update_fields=["state", "notified_at"])
    members = meeting.body.members.in_force(meeting.on)
    Attendance.objects.bulk_create(
        [
            Attendance(
                meeting=meeting,
                title=member.title,
                member=member,
                unit=member.unit,
                organization=member.organization,
                position=place,
            )
            for place, member in enumerate(members, start=1)
        ]
    )
    _put_on_table(meeting, by=by, at=at)
    record("meeting.notified", meeting, by=by, at=at, on=meeting.on.isoformat())
    key = f"{meeting.on.isoformat()}-{meeting.at:%H%M}"
    _tell_invited(meeting, key=key, what="开会通知", at=at)
    return meeting


def _put_on_table(meeting, *, by, at):
    items = meeting.items.on_the_table().filter(
        issue__body=meeting.body, issue__state=Issue.State.PROPOSED, measure=None
    )
    for item in items.select_related("issue").order_by("issue"):
        ladder.put_on_table(item.issue, meeting=meeting, by=by, at=at)


def _tell_invited(meeting, *, key, what, at):
    """In the portal, those invited who have an account."""
    when = f"{_dated(meeting.on)} {meeting.at:%H:%M}"
    units = UnitOfficer.objects.filter(unit__attendances__meeting=meeting)
    organizations = OrganizationOfficer.objects.filter(
        organization__attendances__meeting=meeting
    )
    posts = {office.post_id for office in [*units, *organizations]}
    posts |= {meeting.body.chair_id, meeting.body.clerk_id} - {None}
    send_notices(
        User.objects.filter(posts__in=posts).distinct(),
        key=f"meeting-{meeting.pk}-{key}",
        words=f"{what}：{when}，{meeting.place}，{meeting.title}",
        url=meeting.get_absolute_url(),
        at=at,
    )


@transaction.atomic
def cancel(meeting, *, reason, by, at):
    """It does not take place: its issues wait again, its slot is free again."""
    meeting = take(meeting, "cancel", by=by)
    if meeting.items.exclude(outcome="").exists():
        raise Refused("已经有议定的事，不能取消，请散会登记。")
    reason = said(reason, "请写取消的原因。")
    items = meeting.items.on_the_table().select_related("issue__body")
    for item in items.order_by("issue"):  # as notifying locks them
        item.meeting = meeting
        if _is_ours(item) and Step.CARRY_OVER in item.issue.open_steps:
            ladder.carry_over(
                item.issue,
                reason=f"会议取消：{reason}",
                meeting=meeting,
                by=by,
                at=at,
            )
    was_told = meeting.state == Meeting.State.NOTIFIED
    meeting.state, meeting.cancelled_why, meeting.slot = (
        Meeting.State.CANCELLED,
        reason,
        None,
    )
    meeting.save(update_fields=["state", "cancelled_why", "slot"])
    record("meeting.cancelled", meeting, by=by, at=at, reason=reason)
    if was_told:
        _tell_invited(meeting, key="cancelled", what="会议取消", at=at)
    return meeting


def _is_ours(item):
    """Is it an issue, not a measure of one, that the meeting's body owns now?"""
    return (
        item.issue is not None
        and item.measure_id is None
        and item.issue.body_id == item.meeting.body_id
    )


@transaction.atomic
def call_together(issue, *, body, on, at_time, place, reason, by, at):
    """召集: the leader has the body meet over the issue; the meeting is made from it."""
    issue = ladder.call_together(issue, body=body, on=on, reason=reason, by=by, at=at)
    meeting = _make(
        body,
        kind=Meeting.Kind.REGULAR,
        on=on,
        at_time=at_time,
        place=said(place, "请写地点。"),
        title=f"{_dated(on)}召集会议",
        called_by=str(by),
        called_why=reason.strip(),
        by=by,
        at=at,
    )
    AgendaItem.objects.create(
        meeting=meeting, position=1, title=issue.title, issue=issue, reason="领导召集"
    )
    posts = {body.chair_id, body.clerk_id} - {None}
    send_notices(
        User.objects.filter(posts__in=posts).distinct(),
        key=f"called-{meeting.pk}",
        words=f"{by}召集会议：{meeting.title}，议题“{issue.title}”，请发通知",
        url=meeting.get_absolute_url(),
        at=at,
    )
    return meeting


# --- in it ---------------------------------------------------------------------------


@transaction.atomic
def mark(meeting, *, states, by, at):
    """Who came: `{attendance key: (state, note)}`. Untouched ones stay as they are."""
    meeting = take(meeting, "mark", by=by)
    rows = meeting.attendances.select_for_update().filter(pk__in=states)
    for row in rows:
        row.state, row.note = states[row.pk]
        row.save(update_fields=["state", "note"])
    record("meeting.marked", meeting, by=by, at=at, rows=len(rows))
    return meeting


@transaction.atomic
def invite(meeting, *, title, by, at, state=Attendance.State.OBSERVER, unit=None):
    """Somebody more: an observer, or who came in another's place."""
    meeting = take(meeting, "mark", by=by)
    title = said(title, "请写职务。")
    if meeting.attendances.filter(title=title).exists():
        raise Refused("名单上已经有这个职务。")
    last = meeting.attendances.aggregate(last=Max("position"))["last"] or 0
    row = Attendance.objects.create(
        meeting=meeting, title=title, unit=unit, state=state, position=last + 1
    )
    record("meeting.invited", meeting, by=by, at=at, row=row.pk)
    return row


@transaction.atomic
def note(item, *, discussion, version, by, at):
    """What was said on an item; `version` is the one that the writer has read."""
    item = _take_item(item, "note", by=by, version=version)
    item.discussion = discussion.strip()
    item.version += 1
    item.save(update_fields=["discussion", "version"])
    record("meeting.noted", item.meeting, by=by, at=at, item=item.pk)
    return item


@transaction.atomic
def add_opinion(item, *, who, words, by, at):
    """Somebody's own words, by title; two clerks may add at once."""
    item = _take_item(item, "note", by=by)
    opinion = Opinion.objects.create(
        item=item,
        who=said(who, "请写是谁的意见。"),
        words=said(words, "请写意见。"),
        by=by,
        at=at,
    )
    record("meeting.opinion_added", item.meeting, by=by, at=at, item=item.pk)
    return opinion


@transaction.atomic
def void_opinion(opinion, *, by, at):
    """Strike out what was written down wrongly; the row stays."""
    item = _take_item(opinion.item, "note", by=by)
    opinion.voided_at = at
    opinion.save(update_fields=["voided_at"])
    record("meeting.opinion_voided", item.meeting, by=by, at=at, item=item.pk)
    return opinion


@transaction.atomic
def vote(item, *, in_favour, against, abstained, by, at):
    """How many hands were for it, against it, and neither; again, to put it right."""
    item = _take_item(item, "note", by=by)
    cast = in_favour + against + abstained
    if not cast:
        raise Refused("没有人表决，不用登记。")
    present = Attendance.State.PRESENT
    came = item.meeting.attendances.filter(state=present).count()
    if cast > came:
        raise Refused(f"登记出席 {came} 人，票数合计 {cast}，请核对。")
    item.votes_for, item.votes_against = in_favour, against
    item.votes_abstained = abstained
    item.save(update_fields=["votes_for", "votes_against", "votes_abstained"])
    record("meeting.voted", item.meeting, by=by, at=at, item=item.pk, cast=cast)
    return item


# --- what comes of an item -----------------------------------------------------------


def outcomes_of(item, meeting):
    """The outcomes that an item can have, as its form offers them."""
    if not item.issue_id:
        return list(OF_DEMANDS)
    if item.measure_id:
        return [Outcome.HEARD, Outcome.DECIDED, Outcome.CARRIED]
    if item.issue.body_id != meeting.body_id:
        return [Outcome.HEARD, Outcome.CARRIED]
    steps = item.issue.open_steps
    needs = {
        Outcome.DECIDED: {Step.DECIDE, Step.ADD_MEASURE},
        Outcome.CARRIED: {Step.CARRY_OVER},
        Outcome.ESCALATED: {Step.ESCALATE},
        Outcome.RETURNED: {Step.SEND_BACK},
        Outcome.EXPLAINED: {Step.END_MATTER},
        Outcome.ENFORCEMENT: {Step.END_MATTER},
        Outcome.CLOSED: {Step.CLOSE},
    }
    found = [outcome for outcome, any_of in needs.items() if steps & any_of]
    # What is on the table needs a word; what only runs may also just be heard.
    return found if Step.CARRY_OVER in steps else [*found, Outcome.HEARD]


@transaction.atomic
def conclude(
    item,
    *,
    outcome,
    resolution,
    version,
    by,
    at,
    discussion="",
    tried="",
    outside_number="",
    **measure,
):
    """Write down what came of an item, and take the step that goes with it.

    `measure` (matter, content, lead, due_on, supporting) for what was decided; `matter`
    for what ends here, with the outside case's number where it goes to enforcement.
    Each step asks again whether it is open to whoever writes it down.
    """
    item = _take_item(item, "conclude", by=by, version=version)
    _not_before(item.meeting, at)
    if item.outcome:
        raise Refused("这一项已经有结果。")
    if outcome not in outcomes_of(item, item.meeting):
        raise Refused("这一项现在不能这样办，请刷新后看。")
    resolution = said(resolution, "请写议定的话。")
    told = {"by": by, "at": at, "meeting": item.meeting}
    match outcome:
        case Outcome.DECIDED:
            _decide(item, resolution, measure, told)
        case Outcome.CARRIED if _is_ours(item):
            ladder.carry_over(item.issue, reason=resolution, **told)
        case Outcome.ESCALATED:
            ladder.escalate(item.issue, reason=resolution, tried=tried, **told)
        case Outcome.RETURNED:
            ladder.send_back(item.issue, reason=resolution, **told)
        case Outcome.EXPLAINED | Outcome.ENFORCEMENT:
            matter, number = measure.get("matter"), outside_number
            _end(item, outcome, resolution, matter, number, told)
        case Outcome.CLOSED:
            actions.close(item.issue, **told)
    item.discussion = discussion.strip() or item.discussion
    return _concluded(item, outcome, resolution, by=by, at=at)


def _not_before(meeting, at):
    """What comes of an item binds others, so nobody writes it before the meeting."""
    if meeting.on > timezone.localdate(at):
        raise Refused("会议还没到日子，不能登记结果；提前开的，请先改会议日期。")


@transaction.atomic
def conclude_demands(meeting, *, outcome, resolution, by, at):
    """The same outcome for every unsorted demand that has none; how many."""
    meeting = take(meeting, "conclude", by=by)
    _not_before(meeting, at)
    if outcome not in OF_DEMANDS:
        raise Refused("诉求在会上只记听取情况，或留到下次会议。")
    resolution = said(resolution, "请写议定的话。")
    items = meeting.items.on_the_table().filter(outcome="", demand__isnull=False)
    items = items.select_for_update(of=["self"]).order_by("position", "pk")
    items = [item for item in items if agenda.is_unsorted(item)]
    if not items:
        raise Refused("议程上的诉求都有结果了。")
    for item in items:
        item.meeting = meeting
        _concluded(item, outcome, resolution, by=by, at=at)
    return len(items)


def _concluded(item, outcome, resolution, *, by, at):
    item.outcome, item.resolution = outcome, resolution
    item.concluded_by, item.concluded_at = by, at
    item.version += 1
    item.save(
        update_fields=[
            "outcome",
            "resolution",
            "discussion",
            "concluded_by",
            "concluded_at",
            "version",
        ]
    )
    record(
        "meeting.concluded", item.meeting, by=by, at=at, item=item.pk, outcome=outcome
    )
    return item


def _decide(item, resolution, measure, told):
    if not all(measure.get(name) for name in ("matter", "content", "lead", "due_on")):
        raise Refused("定了措施的，请写做什么、由谁主办、哪天完成。")
    if Step.DECIDE in item.issue.open_steps:
        before = set(item.issue.measures.values_list("pk", flat=True))
        actions.decide(item.issue, opinion=resolution, **measure, **told)
        made = item.issue.measures.exclude(pk__in=before).get()
    else:
        made = fixing.add_measure(item.issue, **measure, **told)
    ItemMeasure.objects.create(item=item, measure=made)


def _end(item, outcome, resolution, matter, number, told):
    """The matter ends here; what else is on the table of the issue stays for the next."""
    if matter is None:
        raise Refused("请选是哪个事项。")
    if len(resolution) > TOLD:
        raise Refused(f"议定的话会原样告诉提出的人，请在 {TOLD} 字以内。")
    ending = {
        Outcome.EXPLAINED: Matter.Ending.EXPLAINED,
        Outcome.ENFORCEMENT: Matter.Ending.ENFORCEMENT,
    }[outcome]
    actions.end_matter(
        matter,
        ending=ending,
        before="",
        after=resolution,
        benefited=None,
        outside_number=number if outcome == Outcome.ENFORCEMENT else "",
        **told,
    )
    issue = Issue.objects.get(pk=item.issue_id)
    if Step.CARRY_OVER in issue.open_steps:
        ladder.carry_over(issue, reason="其余事项留到下次会议", **told)


@transaction.atomic
def add_measure(item, *, matter, content, lead, due_on, by, at, supporting=()):
    """One more measure decided under an item, on the spot."""
    item = _take_item(item, "conclude", by=by)
    if item.outcome != Outcome.DECIDED:
        raise Refused("先登记这一项“定了措施”。")
    made = fixing.add_measure(
        item.issue,
        matter=matter,
        content=content,
        lead=lead,
        due_on=due_on,
        supporting=supporting,
        meeting=item.meeting,
        by=by,
        at=at,
    )
    ItemMeasure.objects.create(item=item, measure=made)
    return made


@transaction.atomic
def hold(meeting, *, by, at):
    """It is over: everything on the table has an outcome, everybody is accounted for."""
    meeting = take(meeting, "hold", by=by)
    if meeting.on > timezone.localdate(at):
        raise Refused("会议还没到日子。")
    left = meeting.items.on_the_table().filter(outcome="").count()
    if left:
        raise Refused(f"还有 {left} 项没有结果，请逐项登记；没议到的选“留到下次会议”。")
    if not meeting.items.on_the_table().exists():
        raise Refused("议程是空的，无事不开。")
    unmarked = meeting.attendances.filter(state=Attendance.State.INVITED).count()
    if unmarked:
        raise Refused(f"还有 {unmarked} 人没有登记到会，请登记出席、请假或列席。")
    if not meeting.attendances.filter(state=Attendance.State.PRESENT).exists():
        raise Refused("没有人出席，不能算开过会。")
    meeting.state, meeting.held_at = Meeting.State.HELD, at
    meeting.save(update_fields=["state", "held_at"])
    record("meeting.held", meeting, by=by, at=at, on=meeting.on.isoformat())
    return meeting
