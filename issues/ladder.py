"""The ladder of an issue: on the table, up, back, aside, and what a leader may do.

Each function is a step of the table in `issues.models.rules`. Deciding, ending and
closing are in `issues.actions`, measures in `issues.fixing`.
"""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from issues import fixing
from issues.actions import come_to_end, let_go, link_up, take_up
from issues.models import Issue, Matter, Supervision
from issues.models.rules import TALKED, Level, Step
from issues.place import askers_of_issue, body_of, named, next_body, settle_place
from issues.taking import (
    FURTHEST,
    Refused,
    acting_in,
    lock_issue,
    lock_matter,
    move,
    overtaken,
    said,
    take_step,
)
from tianshan.audit import record
from visits.models import Demand

WHY = "请写明原因。"


@transaction.atomic
def put_on_table(issue, *, by, at, meeting=None):
    """The agenda of a meeting of its body was notified, and the issue is on it."""
    issue = take_step(issue, Step.PUT_ON_TABLE, by=by)
    move(
        issue,
        Step.PUT_ON_TABLE,
        to=Issue.State.DELIBERATING,
        meeting=meeting,
        by=by,
        at=at,
    )
    record("issue.put_on_table", issue, by=by, at=at, level=issue.level)
    return issue


@transaction.atomic
def carry_over(issue, *, reason, by, at, meeting=None):
    """Talked about without a result: it waits for the body's next meeting."""
    issue = take_step(issue, Step.CARRY_OVER, by=by)
    reason = said(reason, WHY)
    move(
        issue,
        Step.CARRY_OVER,
        to=Issue.State.PROPOSED,
        reason=reason,
        meeting=meeting,
        by=by,
        at=at,
    )
    record("issue.carried_over", issue, by=by, at=at, reason=reason)
    return issue


@transaction.atomic
def escalate(issue, *, reason, tried, by, at, how="", meeting=None):
    """One level up, or over a level that has no body: why, and what was tried here."""
    issue = take_step(issue, Step.ESCALATE, by=by)
    reason = said(reason, WHY)
    tried = said(tried, "请写明本级已经做过什么。")
    body, passed = next_body(issue, up=True)
    if body is None:
        raise Refused("上面没有议事主体了，本级办不了的请“上报区级”。")
    move(
        issue,
        Step.ESCALATE,
        to=Issue.State.PROPOSED,
        body=body,
        reason=reason,
        tried=tried,
        how=how,
        meeting=meeting,
        skipped=named(passed),
        by=by,
        at=at,
    )
    record("issue.escalated", issue, by=by, at=at, to_level=body.level, reason=reason)
    _owe_anew(issue, by=by, at=at)
    return issue


@transaction.atomic
def send_back(issue, *, reason, by, at, how="", meeting=None):
    """One level down, to the body of its place there."""
    issue = take_step(issue, Step.SEND_BACK, by=by)
    reason = said(reason, WHY)
    body, passed = next_body(issue, up=False)
    if body is None:
        raise Refused("下面没有议事主体，不能退回，请在本级研商。")
    move(
        issue,
        Step.SEND_BACK,
        to=Issue.State.PROPOSED,
        body=body,
        reason=reason,
        how=how,
        meeting=meeting,
        skipped=named(passed),
        by=by,
        at=at,
    )
    record("issue.sent_back", issue, by=by, at=at, to_level=body.level, reason=reason)
    _owe_anew(issue, by=by, at=at)
    return issue


def _owe_anew(issue, *, by, at):
    """Another body has the issue now: where no measure runs, it owes."""
    for matter in issue.matters.open().order_by("pk"):
        fixing.owe_by_measures(matter, by=by, at=at)


@transaction.atomic
def pass_up(issue, *, to_whom, reason, by, at, how=""):
    """Beyond what the street can settle: its open matters end as passed up.

    `reason` is told to the askers as it stands, `to_whom` names who has it from now on.
    """
    issue = take_step(issue, Step.PASS_UP, by=by)
    reason, to_whom = said(reason, WHY), said(to_whom, "请写明上报给谁。")
    above, _ = next_body(issue, up=True)
    if above is not None:
        raise Refused(f"上面还有“{above}”，请先提级。")
    matters = [lock_matter(one) for one in issue.matters.open().order_by("pk")]
    if any(matter.measures.open().exists() for matter in matters):
        raise Refused("还有措施没有完成，完成后才能上报。")
    move(
        issue,
        Step.PASS_UP,
        to=Issue.State.FEEDBACK,
        reason=reason,
        to_whom=to_whom,
        how=how,
        by=by,
        at=at,
    )
    for matter in matters:
        matter.after, matter.passed_to = reason[:200], to_whom
        come_to_end(matter, Matter.Ending.PASSED_UP, by=by, at=at)
    record("issue.passed_up", issue, by=by, at=at, reason=reason)
    return issue


# --- aside, and back -----------------------------------------------------------------


@transaction.atomic
def suspend(issue, *, until, reason, by, at, how=""):
    """Put it aside until a day; nothing of it is lost."""
    issue = take_step(issue, Step.SUSPEND, by=by)
    reason = said(reason, WHY)
    today = timezone.localdate(at)
    if until <= today:
        raise Refused("暂缓到哪一天，要在今天以后。")
    if until > today + FURTHEST:
        raise Refused("暂缓不能超过两年。")
    move(
        issue,
        Step.SUSPEND,
        to=Issue.State.SUSPENDED,
        until=until,
        reason=reason,
        how=how,
        by=by,
        at=at,
    )
    record("issue.suspended", issue, by=by, at=at, until=until.isoformat())
    return issue


@transaction.atomic
def resume(issue, *, by, at, reason="", how=""):
    """Take it up where it was put aside; what was on a table waits for the next one."""
    issue = take_step(issue, Step.RESUME, by=by)
    before = issue.steps.filter(step=Step.SUSPEND).last().from_state
    if before == Issue.State.DELIBERATING:
        before = Issue.State.PROPOSED
    move(issue, Step.RESUME, to=before, reason=reason.strip(), how=how, by=by, at=at)
    record("issue.resumed", issue, by=by, at=at)
    return issue


@transaction.atomic
def withdraw(issue, *, reason, by, at, how=""):
    """Take back a proposal before anything was decided; its demands wait again."""
    issue = take_step(issue, Step.WITHDRAW, by=by)
    reason = said(reason, WHY)
    matters = [lock_matter(one) for one in issue.matters.open().order_by("pk")]
    if issue.measures.open().exists():
        raise Refused("还有措施没有完成，不能撤回。")
    if issue.matters.filter(state=Matter.State.ENDED).exists():
        raise Refused("已经有事项办结，不能撤回，请逐项办结。")
    move(
        issue,
        Step.WITHDRAW,
        to=Issue.State.WITHDRAWN,
        reason=reason,
        how=how,
        by=by,
        at=at,
    )
    for matter in matters:
        for link in fixing.links_of(matter):
            let_go(matter, link, having=None, by=by, at=at)
        matter.state = Matter.State.WITHDRAWN
        matter.save(update_fields=["state"])
    record("issue.withdrawn", issue, by=by, at=at, reason=reason)
    return issue


@transaction.atomic
def reopen(issue, *, reason, by, at, how=""):
    """Take up again what was ended or withdrawn, at the level where it was.

    Ended matters keep their first outcome until there is a second, which is told anew.
    Withdrawn ones get those demands back that still wait.
    """
    issue = take_step(issue, Step.REOPEN, by=by)
    reason = said(reason, WHY)
    withdrawn = issue.state == Issue.State.WITHDRAWN
    left_at = issue.steps.last().at
    move(
        issue,
        Step.REOPEN,
        to=Issue.State.PROPOSED,
        reason=reason,
        how=how,
        by=by,
        at=at,
    )
    own = issue.matters.exclude(state=Matter.State.MERGED).order_by("pk")
    matters = [lock_matter(one) for one in own]
    again = [
        matter
        for matter in matters
        if not withdrawn or _rejoin(matter, left_at, by=by, at=at)
    ]
    if not again:
        raise Refused("原来的诉求都已另外处理，请从新的诉求提议题。")
    for matter in again:
        matter.state, matter.ending, matter.ended_on = Matter.State.OPEN, "", None
        matter.passed_to = ""
        matter.save(update_fields=["state", "ending", "ended_on", "passed_to"])
        record("matter.reopened", matter, by=by, at=at)
        settle_place(matter)
        fixing.owe_by_measures(matter, by=by, at=at)
    record("issue.reopened", issue, by=by, at=at, reason=reason)
    issue.refresh_from_db()
    return issue


def _rejoin(matter, left_at, *, by, at):
    """Those that left with the withdrawal and still wait; how many there are."""
    links = matter.links.filter(left_at=left_at, demand__state=Demand.State.NEW)
    back = [link.demand for link in links.select_related("demand")]
    if back:
        link_up(matter, take_up(back, having=None, by=by, at=at), by=by, at=at)
    return len(back)


# --- what a leader may do ------------------------------------------------------------


@transaction.atomic
def call_together(issue, *, body, on, reason, by, at):
    """召集: a body meets over the issue on a day, and owns it from now on.

    Another body than the present one only while nothing is decided, and only one that
    answers for the place.
    """
    issue = take_step(issue, Step.CALL_TOGETHER, by=by)
    reason = said(reason, WHY)
    if on < timezone.localdate(at):
        raise Refused("开会的日子不能早于今天。")
    to = None
    if body.pk != issue.body_id:
        if body not in bodies_for(issue):
            raise Refused(f"“{body}”管不到提出的人所在的地方。")
        if issue.state not in TALKED:
            raise Refused("已经定了措施，只能召集现在负责的议事主体。")
        to = Issue.State.PROPOSED
    move(
        issue,
        Step.CALL_TOGETHER,
        to=to,
        body=body,
        until=on,
        reason=reason,
        by=by,
        at=at,
    )
    record(
        "issue.called_together",
        issue,
        by=by,
        at=at,
        level=body.level,
        date=on.isoformat(),
    )
    if to:
        _owe_anew(issue, by=by, at=at)
    return issue


def bodies_for(issue):
    """The bodies that may own the issue: one of each level that its place has."""
    askers = askers_of_issue(issue)
    found = [body_of(askers, level) for level in Level] if askers else []
    return [body for body in found if body] or [issue.body]


@transaction.atomic
def hand_out(issue, *, matter, content, lead, due_on, by, at):
    """交办: a measure straight to a unit or organisation, by a leader's word."""
    issue = take_step(issue, Step.HAND_OUT, by=by)
    to = Issue.State.DECIDED if issue.state in TALKED else None
    move(issue, Step.HAND_OUT, to=to, by=by, at=at)
    measure = fixing.fix(
        issue, matter, content=content, lead=lead, due_on=due_on, by=by, at=at
    )
    record("issue.handed_out", issue, by=by, at=at, due_on=due_on.isoformat())
    return measure


@transaction.atomic
def supervise(subject, *, words, by, at):
    """督办 an issue, or one of its measures: it leads every list until answered."""
    issue, measure = _issue_and_measure(subject)
    issue = take_step(issue, Step.SUPERVISE, by=by)
    words = said(words, "请写督办意见。")
    if issue.supervisions.waiting().filter(measure=measure).exists():
        raise Refused("上一次督办还没有答复。")
    if measure is not None and measure.done_on:
        raise Refused("这项措施已经完成。")
    move(issue, Step.SUPERVISE, reason=words, by=by, at=at)
    made = Supervision.objects.create(
        issue=issue, measure=measure, words=words, by=by, at=at
    )
    record("issue.supervised", issue, by=by, at=at)
    return made


@transaction.atomic
def answer_supervision(supervision, *, answer, by, at):
    """What was done about it, by the body, or by the lead of the measure."""
    measure = supervision.measure
    issue = lock_issue(supervision.issue)
    acting = acting_in(issue, Step.ANSWER_SUPERVISION, by, measure=measure)
    if acting is None:
        raise PermissionDenied
    supervision = Supervision.objects.select_for_update(of=["self"]).get(
        pk=supervision.pk
    )
    if supervision.answered_at:
        raise Refused("这条督办已经有了答复，请刷新后看。")
    if Step.ANSWER_SUPERVISION not in issue.open_steps:
        raise Refused(overtaken(issue))
    answer = said(answer, "请写明办得怎样。")
    move(issue, Step.ANSWER_SUPERVISION, reason=answer, acting=acting, by=by, at=at)
    supervision.answer, supervision.answered_by = answer, by
    supervision.answered_for, supervision.answered_at = acting.for_whom, at
    supervision.save(
        update_fields=["answer", "answered_by", "answered_for", "answered_at"]
    )
    record("issue.supervision_answered", issue, by=by, at=at)
    return supervision


def _issue_and_measure(subject):
    if isinstance(subject, Issue):
        return subject, None
    return subject.issue, subject
