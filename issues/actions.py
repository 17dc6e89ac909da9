"""What can happen to issues, matters and measures."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.rights import BY_GRID, Right, posts_with
from issues.fixing import fix, links_of, owe_by_measures
from issues.models import (
    Deliberation,
    DeliberationBody,
    Issue,
    Level,
    Matter,
    MatterDemand,
)
from issues.models.rules import Step
from issues.place import body_for, building_of, first_body, grid_of, named, settle_place
from issues.taking import (
    Refused,
    acts_for_body,
    begin,
    lock_issue,
    lock_matter,
    move,
    of_visits,
    overtaken,
    said,
    take_matter,
    take_step,
)
from tianshan.audit import record
from visits import actions as visits
from visits.models import Demand


def levels_for(business, user):
    """`[(level, body)]` at which the user may decide and for which there is a body."""
    found = []
    for level, right in Issue.DECIDES.items():
        body = body_for(business, level)
        mine = DeliberationBody.objects.chaired_by(user, right)
        if body and mine.filter(pk=body.pk).exists():
            found.append((level, body))
    return found


def levels_to_start(business, user):
    """`[(level, body)]` at which an issue may start when the user sorts.

    Over a grid one sorts for all its bodies; a secretary for his own.
    """
    if posts_with(user, Right.SORT_DEMANDS, among=BY_GRID):
        bodies = [(level, body_for(business, level)) for level in Level]
        return [(level, body) for level, body in bodies if body]
    return levels_for(business, user)


def take_up(demands, *, having, by, at):
    """The demands, no longer waiting, as links that `link_up` puts into a matter.

    Each link keeps what it was like before.
    """
    if not demands:
        raise Refused("请先选诉求。")
    links = []
    # In the order of businesses, in which all acts lock them.
    for demand in sorted(demands, key=lambda row: (row.business_id, row.pk)):
        before = Demand.objects.select_for_update(of=["self"]).get(pk=demand.pk)
        earlier = before.links.in_force().select_related("matter").first()
        if earlier and earlier.matter.state == Matter.State.OPEN:
            raise Refused("选的诉求里有已经在事项里的，请刷新后再办理。")
        due = before.dues.last()
        demand = of_visits(visits.join, demand, having=having, by=by, at=at)
        if earlier:  # that ending did not satisfy; it goes on in another matter
            earlier.left_at = at
            earlier.save(update_fields=["left_at"])
        links.append(
            MatterDemand(
                demand=demand,
                joined_at=at,
                due=due,
                first_word_on=before.first_word_on,
                earlier=earlier,
            )
        )
    return links


def link_up(matter, links, *, by, at):
    for link in links:
        link.matter = matter
        link.save()
        record("matter.joined", matter, by=by, at=at, demand=link.demand_id)
    settle_place(matter)
    owe_by_measures(matter, by=by, at=at)


@transaction.atomic
def propose(demand, *, title, wish, by, at, brand="", level=Level.BRANCH, others=()):
    """Propose an issue from demands: a new matter, carried to the body of its place.

    `title` names the issue, `wish` the matter (what is asked for); `others` ask for the
    same as `demand`. It begins at `level`, or at the next above for which the place of
    all of them has a body.
    """
    links = take_up([demand, *others], having=Right.PROPOSE_ISSUES, by=by, at=at)
    issue = _new_issue(
        [link.demand.business for link in links],
        title=title,
        brand=brand,
        level=level,
        by=by,
        at=at,
    )
    matter = Matter.objects.create(
        title=said(wish, "请写要解决什么。"),
        issue=issue,
        grid=issue.grid,
        building=issue.building,
        raised_on=issue.raised_on,
    )
    link_up(matter, links, by=by, at=at)
    return issue


def _new_issue(businesses, *, title, brand, level, by, at):
    """An issue before the body of that level, or the next above, of their place."""
    body, skipped = first_body(businesses, level)
    grid = grid_of(businesses) or businesses[0].grid
    building = building_of(businesses)
    if body is None:
        raise Refused(
            f"{building or grid}还没有“{Level(level).label}”或以上的议事主体，"
            "请联系网格长设立。"
        )
    issue = Issue.objects.create(
        title=said(title, "请写议题标题。"),
        brand=brand.strip(),
        level=body.level,
        state=Issue.State.PROPOSED,
        body=body,
        grid=grid,
        building=building,
        raised_on=timezone.localdate(at),
        raised_by=by,
    )
    begin(issue, by=by, at=at, skipped=named(skipped))
    record("issue.proposed", issue, by=by, at=at, level=body.level)
    return issue


@transaction.atomic
def carry(matter, *, title, by, at, brand="", level=Level.BRANCH):
    """Carry a matter that was dealt with directly into an issue: it needs deliberation.

    Its measures go with it; what was promised by them still holds.
    """
    if matter.issue:
        raise Refused("这个事项已经列入议题。")
    _, matter = take_matter(matter, "carry", by=by)
    links = links_of(matter).select_related("demand__business__grid")
    issue = _new_issue(
        [link.demand.business for link in links],
        title=title,
        brand=brand,
        level=level,
        by=by,
        at=at,
    )
    matter.issue, matter.body = issue, None
    matter.save(update_fields=["issue", "body"])
    matter.measures.update(issue=issue)
    record(
        "matter.carried",
        matter,
        by=by,
        at=at,
        on_behalf_of=matter.acted_for,
        issue=issue.pk,
    )
    owe_by_measures(matter, by=by, at=at)
    return issue


@transaction.atomic
def add_matter(issue, demand, *, wish, by, at, others=()):
    """Gather one more matter into an issue that has not been decided yet.

    `others` ask for the same as `demand`.
    """
    issue = lock_issue(issue)
    seen = Issue.objects.visible_to(by, Right.PROPOSE_ISSUES).filter(pk=issue.pk)
    if not seen.exists():
        raise PermissionDenied
    if Step.ADD_MATTER not in issue.open_steps:
        raise Refused(f"{overtaken(issue)}新的事项请另提议题。")
    links = take_up([demand, *others], having=Right.PROPOSE_ISSUES, by=by, at=at)
    businesses = [link.demand.business for link in links]
    matter = Matter.objects.create(
        title=said(wish, "请写要解决什么。"),
        issue=issue,
        grid=grid_of(businesses) or issue.grid,
        building=building_of(businesses),
        raised_on=timezone.localdate(at),
    )
    move(issue, Step.ADD_MATTER, by=by, at=at)
    record("matter.added", matter, by=by, at=at, issue=issue.pk)
    link_up(matter, links, by=by, at=at)
    return matter


@transaction.atomic
def join(matter, demand, *, by, at, others=()):
    """Put a demand, and `others`, into an open matter that asks for the same."""
    matter = lock_matter(matter)
    seen = Matter.objects.visible_to(by, Right.PROPOSE_ISSUES).filter(pk=matter.pk)
    if not seen.exists():
        raise PermissionDenied
    if "join" not in matter.open_steps:
        raise Refused("这个事项已经办结，不能再并入，请另提议题。")
    links = take_up([demand, *others], having=Right.PROPOSE_ISSUES, by=by, at=at)
    link_up(matter, links, by=by, at=at)
    return links[0].demand


@transaction.atomic
def deal_directly(demands, *, wish, by, at):
    """Make a new matter of demands that need no deliberation (直接办理).

    The nearest body of their place deals with it, and owes them.
    """
    links = take_up(demands, having=Right.SORT_DEMANDS, by=by, at=at)
    return directly(links, wish=wish, by=by, at=at)


def directly(links, *, wish, by, at):
    """A new matter of what `take_up` took; the nearest body of their place deals with it."""
    businesses = [link.demand.business for link in links]
    body, _ = first_body(businesses, Level.BRANCH)
    grid = grid_of(businesses) or businesses[0].grid
    building = building_of(businesses)
    if body is None:
        raise Refused(f"{building or grid}还没有议事主体，请联系网格长设立。")
    matter = Matter.objects.create(
        title=said(wish, "请写要解决什么。"),
        body=body,
        grid=grid,
        building=building,
        raised_on=timezone.localdate(at),
    )
    record("matter.dealt_with", matter, by=by, at=at, body=body.name)
    link_up(matter, links, by=by, at=at)
    return matter


@transaction.atomic
def take_out(demand, *, by, at):
    """Take a demand out of its matter; words, asker and dates are as before."""
    link = demand.links.filter(left_at=None).select_related("matter").first()
    if link is None:
        raise Refused("这件诉求不在任何事项里。")
    matter = lock_matter(link.matter)
    if not matter.links.in_force().exclude(demand=demand).exists():
        raise Refused("事项里只剩这一件诉求，不能移出。")
    return let_go(matter, link, by=by, at=at)


def let_go(matter, link, *, by, at, having=Right.PROPOSE_ISSUES):
    """The demand leaves the matter, which is locked, and is as it was before."""
    demand = of_visits(
        visits.take_out,
        link.demand,
        having=having,
        due=link.due,
        first_word_on=link.first_word_on,
        by=by,
        at=at,
    )
    left = matter.links.in_force().filter(pk=link.pk).update(left_at=at)
    if not left:
        raise Refused("这件诉求刚刚换了事项，请刷新后再办理。")
    settle_place(matter)
    record("matter.left", matter, by=by, at=at, demand=demand.pk)
    if link.earlier:
        link.earlier.left_at = None
        link.earlier.save(update_fields=["left_at"])
    return demand


@transaction.atomic
def withdraw_matter(matter, *, reason, by, at):
    """Take back a matter that should not have been made: its demands wait again.

    Not once anything was decided of it, and not the last of an issue, which is withdrawn
    itself. The row stays with its reason.
    """
    if matter.issue_id:
        issue = lock_issue(matter.issue)
        if Step.ADD_MATTER not in issue.open_steps:
            raise Refused(overtaken(issue))
        if not issue.matters.open().exclude(pk=matter.pk).exists():
            raise Refused("议题里只剩这一个事项，请撤回议题。")
    matter = lock_matter(matter)
    if "withdraw" not in matter.open_steps:
        raise Refused(f"事项现在是“{matter.get_state_display()}”，不能撤销。")
    if matter.measures.exists():
        raise Refused("这个事项已经定了措施，不能撤销，请办结。")
    reason = said(reason, "请写明原因。")
    for link in links_of(matter):
        let_go(matter, link, by=by, at=at)
    matter.state = Matter.State.WITHDRAWN
    matter.save(update_fields=["state"])
    record("matter.withdrawn", matter, by=by, at=at, reason=reason)
    return matter


@transaction.atomic
def decide(
    issue,
    *,
    opinion,
    matter,
    content,
    lead,
    due_on,
    by,
    at,
    supporting=(),
    meeting=None,
):
    """Decide an issue at its level: what the body said, and a first measure.

    `lead` is a MemberUnit or a PartyOrganization; exactly one leads. Who supports it:
    as in `fixing.fix`.
    """
    issue = take_step(issue, Step.DECIDE, by=by)
    today = timezone.localdate(at)
    Deliberation.objects.create(
        issue=issue,
        level=issue.level,
        body=issue.body,
        opinion=said(opinion, "请写研商意见。"),
        held_on=today,
        by=by,
    )
    move(issue, Step.DECIDE, to=Issue.State.DECIDED, meeting=meeting, by=by, at=at)
    record("issue.decided", issue, by=by, at=at, level=issue.level)
    fix(
        issue,
        matter,
        content=content,
        lead=lead,
        due_on=due_on,
        supporting=supporting,
        by=by,
        at=at,
    )
    return issue


@transaction.atomic
def end_matter(
    matter,
    *,
    ending,
    before,
    after,
    benefited,
    by,
    at,
    passed_to="",
    outside_system="",
    outside_number="",
    meeting=None,
):
    """End a matter honestly: how, and what is different now (before > after).

    Passed up, it names to whom; handed over to enforcement, the outside case's number.

    Every demand in it gets the outcome and waits for its asker to be told. Open
    measures stand in the way: nobody closes over an unfinished part.
    """
    issue, matter = take_matter(matter, "end", issue_step=Step.END_MATTER, by=by)
    if "end" not in matter.open_steps:
        raise Refused("这个事项已经办结。")
    if matter.measures.open().exists():
        raise Refused("还有措施没有完成，完成后才能办结。")
    before, after = before.strip(), after.strip()
    changes = ending in (Matter.Ending.SOLVED, Matter.Ending.PARTLY)
    if changes and not (before and after):
        raise Refused("解决了的事项，请写清变化前和变化后。")
    if not changes and not after:
        raise Refused("没有解决的，请写明原因，会原样告诉提出的人。")

    matter.before, matter.after, matter.benefited = before, after, benefited
    if ending == Matter.Ending.PASSED_UP:
        matter.passed_to = said(passed_to, "请写明上报给谁。")
    if outside_number.strip():
        matter.outside_system = outside_system or Matter.System.ENFORCEMENT
        matter.outside_number = outside_number.strip()
    if ending == Matter.Ending.ENFORCEMENT and not matter.outside_number:
        raise Refused("移交执法要写明外部系统的案号。")
    come_to_end(matter, ending, for_whom=matter.acted_for, by=by, at=at)
    if issue:
        to = _after_an_ending(issue)
        move(issue, Step.END_MATTER, to=to, meeting=meeting, by=by, at=at)
    return matter


def _after_an_ending(issue):
    """Once nothing is open all wait to be told; else it goes on, or is still talked of."""
    if not issue.matters.open().exists():
        return Issue.State.FEEDBACK
    if issue.state == Issue.State.DELIBERATING:
        return None
    return Issue.State.IN_PROGRESS


def come_to_end(matter, ending, *, by, at, for_whom=""):
    """Write the ending down; each demand gets it as its outcome. The issue is locked."""
    before, after = matter.before, matter.after
    matter.state, matter.ending = Matter.State.ENDED, ending
    matter.ended_on = timezone.localdate(at)
    matter.save(
        update_fields=[
            "state",
            "ending",
            "before",
            "after",
            "benefited",
            "passed_to",
            "outside_system",
            "outside_number",
            "ended_on",
        ]
    )
    record("matter.ended", matter, by=by, at=at, on_behalf_of=for_whom, ending=ending)
    changes = ending in (Matter.Ending.SOLVED, Matter.Ending.PARTLY)
    outcome = matter.get_ending_display()
    if before or after:
        outcome += f"：{' → '.join(filter(None, [before, after]))}"
    for link in links_of(matter):
        if link.demand.state in Demand.DROPPED:
            continue  # of a matter taken up again: this asker has left it meanwhile
        of_visits(
            visits.end,
            link.demand,
            outcome=outcome,
            resolved=changes,
            having=None,
            by=by,
            at=at,
        )


def untold(issue):
    """Demands of the issue whose askers wait to be told what came of them.

    Not those who were sought in vain twice, which is a result too.
    """
    return Demand.objects.filter(
        pk__in=MatterDemand.objects.in_force()
        .filter(matter__issue=issue)
        .values("demand"),
        state__in=Demand.WAITING,
        unreached_on=None,
    )


@transaction.atomic
def tell(matter, demands, *, how, on, by, at):
    """Record that askers of an ended matter have been told; the last one closes it.

    Whoever decides the issue tells all of them, with one notice if need be; others
    tell those askers whose demands are theirs to answer.
    """
    if matter.issue:
        lock_issue(matter.issue)
    matter = lock_matter(matter)
    inside = {link.demand_id for link in links_of(matter)}
    if not demands or not inside.issuperset(demand.pk for demand in demands):
        raise Refused("请选这个事项里还没有回告的诉求。")
    having = None if matter.may_be_decided_by(by) else Right.ANSWER_DEMANDS
    for demand in sorted(demands, key=lambda demand: (demand.business_id, demand.pk)):
        of_visits(visits.tell, demand, how=how, on=on, having=having, by=by, at=at)
    for_whom = acts_for_body(matter.owner, by) or ""
    record(
        "matter.told",
        matter,
        by=by,
        at=at,
        on_behalf_of=for_whom,
        demands=len(demands),
        how=how,
    )
    return len(demands)


def leave(demand, *, by, at):
    """Before a demand is withdrawn or found to be recorded by mistake: out of its matter.

    What has ended keeps its askers. Raises visits' Refused for the last one of a matter.
    """
    link = demand.links.in_force().select_related("matter").first()
    if link is None or link.matter.state != Matter.State.OPEN:
        return
    matter = lock_matter(link.matter)
    if not matter.links.in_force().exclude(demand=demand).exists():
        raise visits.Refused(
            f"它是事项“{matter.title}”里唯一的诉求，请先在事项里办结。"
        )
    link.left_at = at
    link.save(update_fields=["left_at"])
    settle_place(matter)
    record("matter.left", matter, by=by, at=at, demand=demand.pk)


def not_while_inside(demand):
    """Steps that are not offered while a demand is in a matter, whatever its state."""
    inside = demand.state in Demand.UNSATISFIED and demand.links.in_open().exists()
    return {"join", "answer", "explain"} if inside else set()


def _issues_of(demand_ids):
    links = MatterDemand.objects.in_force().filter(demand__in=demand_ids)
    return Issue.objects.filter(matters__in=links.values("matter"))


def lock_issues_of(demand_ids):
    """Before demands are told: issues are locked first, wherever the telling began."""
    list(
        Issue.objects.select_for_update()
        .filter(pk__in=_issues_of(demand_ids).values("pk"))
        .order_by("pk")
    )


def settle(demand, *, by, at):
    """Close the issue of a demand once its last asker is told, wherever that was; open
    it again when a telling was taken back. The issue is locked already."""
    for issue in _issues_of([demand.pk]).distinct():
        left = untold(issue).exists()
        if Step.SETTLE in issue.open_steps and not left:
            _close(issue, Step.SETTLE, by=by, at=at)
        elif Step.UNSETTLE in issue.open_steps and left:
            move(issue, Step.UNSETTLE, to=Issue.State.FEEDBACK, by=by, at=at)
            record("issue.unsettled", issue, by=by, at=at)


@transaction.atomic
def close(issue, *, by, at, meeting=None):
    """Close an issue: all its matters have ended and every asker has been told."""
    issue = take_step(issue, Step.CLOSE, by=by)
    left = untold(issue).count()
    if left:
        raise Refused(f"还有 {left} 件诉求没有回告，回告后才能办结。")
    return _close(issue, Step.CLOSE, meeting=meeting, by=by, at=at)


def _close(issue, step, *, by, at, meeting=None):
    move(issue, step, to=Issue.State.CLOSED, meeting=meeting, by=by, at=at)
    record("issue.closed", issue, by=by, at=at)
    return issue
