"""Sorting what was asked for (周梳理): one press for several demands, and taking it back."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.rights import Right, Role, posts_with
from issues import actions, ladder
from issues.models import Level, MatterDemand, SortedDemand, Sorting
from issues.taking import Refused, of_visits
from tianshan.audit import record
from visits import actions as visits
from visits.models import Demand

Kind = Sorting.Kind
MOST = 50  # demands in one press


def to_sort(user):
    """What waits to be sorted: the new ones, and those that an answer did not satisfy.

    Those are in no open matter; danger to people first, then by deadline.
    """
    inside = MatterDemand.objects.in_open().filter(demand=OuterRef("pk"))
    return (
        Demand.objects.visible_to(user, Right.SORT_DEMANDS)
        .filter(state__in=Demand.STEPS["join"])
        .exclude(Exists(inside))
        .for_list()
        .urgent_first()
    )


def acting_for(user):
    """Who sorts through the user: the chief, where only a clerk's post says so."""
    roles = {post.role for post in posts_with(user, Right.SORT_DEMANDS)}
    return Role.GRID_CHIEF.label if roles == {Role.GRID_CLERK} else ""


def _chosen(demands, by):
    """The demands, if all of them are the user's to sort together."""
    if not demands:
        raise Refused("请先选诉求。")
    if len(demands) > MOST:
        raise Refused(f"一次最多梳理 {MOST} 件，请分几次办。")
    keys = [demand.pk for demand in demands]
    mine = Demand.objects.visible_to(by, Right.SORT_DEMANDS).filter(pk__in=keys)
    if mine.count() < len(keys):
        raise PermissionDenied
    if any(demand.confidential for demand in demands):
        raise Refused("保密诉求由经办人在它自己的页面上办，请先去掉勾选。")
    return sorted(demands, key=lambda row: (row.business_id, row.pk))


def _keep(kind, demands, *, by, at, matter=None, before=None):
    sorting = Sorting.objects.create(
        kind=kind, matter=matter, by=by, at=at, for_whom=acting_for(by)
    )
    SortedDemand.objects.bulk_create(
        SortedDemand(
            sorting=sorting, demand=demand, before=(before or {}).get(demand.pk, {})
        )
        for demand in demands
    )
    record(
        "sorting.done",
        sorting,
        by=by,
        at=at,
        how=kind,
        demands=len(demands),
        for_whom=sorting.for_whom,
    )
    return sorting


def _each(kind, demands, act, *, by, at):
    """The same outcome for each; what it overwrites is kept."""
    demands, before = _chosen(demands, by), {}
    visits.lock_above([demand.pk for demand in demands])
    for demand in demands:
        locked = Demand.objects.select_for_update(of=["self"]).get(pk=demand.pk)
        before[demand.pk] = visits.answer_of(locked)
        of_visits(act, demand, by=by, at=at)
    return _keep(kind, demands, by=by, at=at, before=before)


@transaction.atomic
def answer(demands, *, words, by, at, resolved=True):
    """Answer all of them at once, in the same words."""

    def act(demand, **how):
        return visits.answer(demand, words=words, resolved=resolved, **how)

    return _each(Kind.ANSWER, demands, act, by=by, at=at)


@transaction.atomic
def decline(demands, *, reason, by, at):
    """Decline all of them for the same reason, which goes to each asker."""

    def act(demand, **how):
        return visits.decline(demand, reason=reason, **how)

    return _each(Kind.DECLINE, demands, act, by=by, at=at)


@transaction.atomic
def join(demands, *, matter, by, at):
    """Put all of them into an open matter."""
    demands = _chosen(demands, by)
    actions.join(matter, demands[0], others=demands[1:], by=by, at=at)
    return _keep(Kind.JOIN, demands, by=by, at=at, matter=matter)


@transaction.atomic
def deal_directly(demands, *, wish, by, at):
    """Make one matter of them that needs no deliberation."""
    demands = _chosen(demands, by)
    matter = actions.deal_directly(demands, wish=wish, by=by, at=at)
    return _keep(Kind.DIRECT, demands, by=by, at=at, matter=matter)


@transaction.atomic
def propose(
    demands, *, wish, by, at, title="", level=Level.BRANCH, brand="", issue=None
):
    """Make one matter of them: in a new issue, deliberated from that level on, or in
    one that is not decided yet."""
    demands = _chosen(demands, by)
    if issue:
        matter = actions.add_matter(
            issue, demands[0], others=demands[1:], wish=wish, by=by, at=at
        )
        return _keep(Kind.ISSUE, demands, by=by, at=at, matter=matter)
    issue = actions.propose(
        demands[0],
        others=demands[1:],
        title=title,
        wish=wish,
        brand=brand,
        level=level,
        by=by,
        at=at,
    )
    matter = issue.matters.get()
    return _keep(Kind.ISSUE, demands, by=by, at=at, matter=matter)


@transaction.atomic
def mark_urgent(demands, *, by, at):
    """There is danger to people: each is handed over at once."""
    demands = _chosen(demands, by)
    for demand in demands:
        of_visits(visits.mark_urgent, demand, by=by, at=at)
    return _keep(Kind.URGENT, demands, by=by, at=at)


# --- taking it back ------------------------------------------------------------------


@transaction.atomic
def undo(sorting, *, by, at):
    """Take a sorting back: each demand is as it was before, and waits again.

    Returns the demands that stayed, since something has come of them meanwhile. What
    made a matter goes back as a whole, or is refused.
    """
    sorting = Sorting.objects.select_for_update(of=["self"]).get(pk=sorting.pk)
    rows = list(
        sorting.rows.select_related("demand").order_by("demand__business", "demand")
    )
    keys = [row.demand_id for row in rows]
    mine = Demand.objects.visible_to(by, Right.SORT_DEMANDS).filter(pk__in=keys)
    if mine.count() < len(keys):
        raise PermissionDenied
    if sorting.undone_at:
        raise Refused("这次梳理已经撤销过了。")
    if not sorting.may_be_undone:
        raise Refused("已经交办的紧急安全诉求不能撤销，请由议事主体办结。")
    visits.lock_above(keys)
    left = _taken_back(sorting, rows, by=by, at=at)
    sorting.undone_at, sorting.undone_by = at, by
    sorting.save(update_fields=["undone_at", "undone_by"])
    record("sorting.undone", sorting, by=by, at=at, left=len(left))
    return left


def _taken_back(sorting, rows, *, by, at):
    if sorting.kind in (Kind.DIRECT, Kind.ISSUE):
        matter = sorting.matter
        others = matter.issue and matter.issue.matters.standing()
        inside = set(matter.links.in_force().values_list("demand", flat=True))
        if inside - {row.demand_id for row in rows}:
            raise Refused(f"“{matter}”里已经并入别的诉求，请在事项里逐件移出。")
        if matter.issue and not others.exclude(pk=matter.pk).exists():
            ladder.withdraw(matter.issue, reason="撤销梳理", by=by, at=at)
        else:
            actions.withdraw_matter(matter, reason="撤销梳理", by=by, at=at)
        return []
    left = []
    for row in rows:
        try:
            with transaction.atomic():
                if sorting.kind == Kind.JOIN:
                    if not row.demand.links.in_force().filter(matter=sorting.matter):
                        raise Refused("已经不在这个事项里。")
                    actions.take_out(row.demand, by=by, at=at)
                else:
                    of_visits(
                        visits.take_back, row.demand, before=row.before, by=by, at=at
                    )
        except Refused:
            left.append(row.demand)
    if len(left) == len(rows):
        raise Refused("这次梳理之后又有人办过，不能撤销了，请到诉求的页面上看。")
    return left
