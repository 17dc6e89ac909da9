"""How a step is taken: what is locked, who may, whether it may be now; how it is refused.

`take_step` begins a step, `move` writes it down and moves the issue.
"""

import datetime as dt
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.rights import Right, Role, posts_with
from issues.models import DeliberationBody, Issue, IssueStep, Matter, Measure
from issues.models.rules import CLERKS, DECIDES, LEADER, Level, Step, Who, rules_of
from party.models import PartyOrganization
from visits import actions as visits

# A date typed with the wrong century would leave a measure green for ever.
FURTHEST = dt.timedelta(days=2 * 366)


class Refused(Exception):
    """An act that cannot be now; the message is for the user."""


@dataclass(frozen=True)
class Acting:
    """In which role somebody takes a step, and for whom, where it is not his own."""

    role: str = ""
    for_whom: str = ""


# For whom the clerk acts at each level, where the act itself does not say it.
CHAIRS = {
    Level.BRANCH: Role.BRANCH_SECRETARY.label,
    Level.COMMITTEE: Role.BUILDING_SECRETARY.label,
    Level.CONFERENCE: Role.GRID_CHIEF.label,
}


def chair_of(body):
    """By title alone; a committee without an organisation is the grid chief's."""
    if body.chair_title:
        return body.chair_title
    if body.organization_id is None:
        return CHAIRS[Level.CONFERENCE]
    return CHAIRS[body.level]


def acts_for_body(body, user):
    """ "" for who chairs the body, the chair's title for who acts for it; else None.

    None for nobody too: an asker without an account sent something urgent.
    """
    if user is None:
        return None
    here = DeliberationBody.objects.filter(pk=body.pk)
    if here.chaired_by(user, DECIDES[body.level]).exists():
        return ""
    return chair_of(body) if here.acted_for_by(user).exists() else None


def said(text, problem):
    """The text, trimmed; refused where nothing was said."""
    text = text.strip()
    if not text:
        raise Refused(problem)
    return text


def lock_matter(matter):
    return Matter.objects.select_for_update(of=["self"]).get(pk=matter.pk)


def lock_issue(issue):
    return (
        Issue.objects.select_for_update(of=["self"])
        .select_related("body", "grid")
        .get(pk=issue.pk)
    )


def acting_in(issue, step, user, *, measure=None):
    """In which role the user may take this step of this issue; None where he may not."""
    whos = {who for rule in rules_of(step) for who in rule.who}
    if Who.FOLLOWS in whos:
        posts = user.posts_in_force if user else []
        return Acting(posts[0].role if posts else "")
    for who, right in LEADER.items():
        if who in whos:
            seen = Issue.objects.visible_to(user, right).filter(pk=issue.pk)
            return _first(user, right) if seen.exists() else None
    if Who.BODY in whos and issue.is_decided_by(user):
        return _first(user, DECIDES[issue.level])
    if Who.PROPOSER in whos:
        if step == Step.WITHDRAW:
            own = issue.raised_by_id == user.pk
        else:
            seen = Issue.objects.visible_to(user, Right.PROPOSE_ISSUES)
            own = step == Step.PROPOSE or seen.filter(pk=issue.pk).exists()
        acting = _first(user, Right.PROPOSE_ISSUES)
        if own and acting and acting.role in CLERKS:
            return Acting(acting.role, for_whom=chair_of(issue.body))
        if own and acting:
            return acting
    if Who.LEAD in whos and measure is not None and leads(measure, user):
        return Acting(posts_with(user, Right.SEE_ISSUES)[0].role)
    if issue.is_acted_for_by(user):
        role = posts_with(user, Right.ACT_ON_BEHALF)[0].role
        return Acting(role, for_whom=chair_of(issue.body))
    return None


def _first(user, right):
    posts = posts_with(user, right)
    return Acting(posts[0].role) if posts else None


def leads(measure, user):
    """Is the user an officer of the unit or organisation that leads the measure?"""
    units = Measure.objects.filter(
        pk=measure.pk,
        lead_unit__officers__post__in=posts_with(user, Right.SEE_ISSUES),
    )
    own = PartyOrganization.objects.served_by(user, Right.SEE_ISSUES)
    led = Measure.objects.filter(pk=measure.pk, lead_organization__in=own)
    return units.exists() or led.exists()


def take_matter(matter, step, *, issue_step=None, by):
    """Lock the matter and its issue, then ask whether this step, by this person, is open.

    In an issue it is a step of the issue (`issue_step`, where that is named otherwise);
    without one it belongs to the body that deals with the matter directly, and
    `matter.acted_for` says for whom the clerk takes it. Returns `(issue or None, matter)`.
    """
    issue = matter.issue and take_step(matter.issue, issue_step or step, by=by)
    matter = lock_matter(matter)
    if matter.issue_id != (issue and issue.pk):
        raise Refused("这个事项刚刚列入了议题，请刷新后再办理。")
    matter.acted_for = ""  # in an issue its step says it
    if issue is None:
        matter.acted_for = acts_for_body(matter.body, by)
        if matter.acted_for is None:
            raise PermissionDenied
        if step not in matter.open_steps:
            raise Refused(f"事项现在是“{matter.get_state_display()}”，请刷新后再办理。")
    return issue, matter


def take_step(issue, step, *, by, measure=None):
    """Lock the issue, then ask whether this step, by this person, is open.

    Locks go from above to below: issue, matter, measure, demands.
    """
    issue = lock_issue(issue)
    if acting_in(issue, step, by, measure=measure) is None:
        raise PermissionDenied
    if step not in issue.open_steps:
        raise Refused(overtaken(issue))
    return issue


def overtaken(issue):
    """What happened to the issue last, for one whose step is no longer open."""
    last = issue.steps.select_related("by").last()
    now = f"“{issue.get_level_display()}·{issue.get_state_display()}”"
    if last is None:
        return f"议题现在是{now}，不能办这一步。"
    who = f"由{last.by}" if last.by else "随提出的人的回话"
    if last.for_whom:
        who += f"代{last.for_whom}"
    when = f"{timezone.localtime(last.at):%m-%d %H:%M}"
    return (
        f"议题状态已变化：{when} {who}办了“{last.get_step_display()}”，现在是{now}。"
        "请看过再办。"
    )


def move(
    issue, step, *, by, at, to=None, body=None, acting=None, measure=None, **said_of_it
):
    """Write the step down and move the issue there; the issue is locked.

    `to`: its state from now on, `body`: who owns it from now on; else both stay. The
    database refuses what the table does not hold. `said_of_it`: reason, how and so on.
    """
    acting = acting or acting_in(issue, step, by, measure=measure)
    if acting is None:
        raise PermissionDenied
    to_state, to_body = to or issue.state, body or issue.body
    said_of_it.setdefault("for_whom", acting.for_whom)
    IssueStep.objects.create(
        issue=issue,
        step=step,
        from_state=issue.state,
        to_state=to_state,
        from_level=issue.level,
        to_level=to_body.level,
        from_body=issue.body,
        to_body=to_body,
        by=by,
        role=acting.role,
        at=at,
        **said_of_it,
    )
    today = timezone.localdate(at)
    issue.state, issue.body, issue.level = to_state, to_body, to_body.level
    issue.closed_on = today if to_state in Issue.FINAL else None
    if to_state == Issue.State.DECIDED and step != Step.RESUME:
        issue.decided_on = today
    issue.save(update_fields=["state", "level", "body", "closed_on", "decided_on"])
    return issue


def begin(issue, *, by, at, skipped=""):
    """The first step of an issue that was just written down."""
    acting = acting_in(issue, Step.PROPOSE, by)
    if acting is None:
        raise PermissionDenied
    return IssueStep.objects.create(
        issue=issue,
        step=Step.PROPOSE,
        to_state=issue.state,
        to_level=issue.level,
        to_body=issue.body,
        by=by,
        role=acting.role,
        for_whom=acting.for_whom,
        at=at,
        skipped=skipped,
    )


def of_visits(act, demand, **how):
    """An act of the room below; what it refuses, this room refuses in the same words."""
    try:
        return act(demand, **how)
    except visits.Refused as refused:
        raise Refused(str(refused)) from refused
