"""What can happen to an organisation: set up, corrected, given buildings and posts,
dissolved. What it covers changes by the acts of a higher room (`enterprises.coverage`).
"""

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.rights import Right
from grids.models import Grid
from party.models import OrganizationBuilding, PartyOrganization, PioneerPost
from tianshan.audit import record
from tianshan.values.actions import put

# What its own secretary keeps up to date; the rest is the grid's to write.
KEPT = (
    "secretary",
    "members_full",
    "members_probationary",
    "members_on",
    "committee_size",
)
FACTS = (
    "name",
    "kind",
    "establishment",
    "parent",
    *KEPT,
    "approved_by",
    "approved_to",
    "approved_on",
    "approval_number",
    "approval_paper",
    "founded_on",
    "elected_on",
    "term_years",
    "term_ends_on",
)
DAY = dt.timedelta(days=1)


class Refused(Exception):
    """An act that cannot be now; the message is for the user."""


class Conflict(Refused):
    """Somebody saved the same facts in the meantime: `fields` {name: stored value}."""

    def __init__(self, organization, fields):
        labels = "、".join(
            str(PartyOrganization._meta.get_field(name).verbose_name) for name in fields
        )
        super().__init__(f"您打开之后，别人改过：{labels}。请核对后再保存。")
        self.organization = organization
        self.fields = fields


def locked(organization, *, by, having):
    """Lock the organisation, then ask whether this person may do this to it."""
    organization = (
        PartyOrganization.objects.select_for_update(of=["self"])
        .select_related("grid")
        .get(pk=organization.pk)
    )
    visible = PartyOrganization.objects.visible_to(by, having)
    if not visible.filter(pk=organization.pk).exists():
        raise PermissionDenied
    return organization


def not_dissolved(organization):
    if organization.dissolved_on:
        raise Refused(f"{organization.name}已于 {organization.dissolved_on} 撤销。")


def not_ahead(day, at):
    if day > timezone.localdate(at):
        raise Refused("日期不能在将来。")


def term_end(elected_on, years):
    """The last day of a term that began on the day."""
    try:
        return elected_on.replace(year=elected_on.year + years) - DAY
    except ValueError:  # elected on a 29th of February
        return elected_on.replace(year=elected_on.year + years, day=28)


def usual_term(kind):
    """Years of a term: five in a community, three elsewhere."""
    return 5 if kind == PartyOrganization.Kind.STREET_COMMITTEE else 3


# --- the organisation itself ---------------------------------------------------------


def _settle(organization):
    """Fill in what follows from other facts, and refuse what the rules exclude."""
    kind = PartyOrganization.Kind(organization.kind)
    if not organization.establishment:
        organization.establishment = PartyOrganization.ESTABLISHED_AS.get(kind, "")
    if organization.is_temporary and (
        organization.elected_on or organization.term_ends_on
    ):
        raise Refused("临时党支部不换届，请不要填选举日期和任期。")
    if organization.elected_on and not organization.term_ends_on:
        organization.term_years = organization.term_years or usual_term(kind)
        organization.term_ends_on = term_end(
            organization.elected_on, organization.term_years
        )
    _has_free_name(organization)
    _hangs_well(organization)


def _has_free_name(organization):
    others = PartyOrganization.objects.filter(
        name=organization.name, dissolved_on=None
    ).exclude(pk=organization.pk)
    if others.exists():
        raise Refused(f"已经有“{organization.name}”，名称不能重复。")


def _hangs_well(organization):
    """No organisation is above itself, and none is below a dissolved one."""
    parent = organization.parent
    if parent and parent.dissolved_on:
        raise Refused(f"上级“{parent.name}”已撤销，请另选上级。")
    while parent:
        if parent.pk == organization.pk:
            raise Refused("上级不能是它自己，也不能是它的下级。")
        parent = parent.parent


@transaction.atomic
def found(*, name, kind, grid, by, at, parent=None, **facts):
    """Set up an organisation, with the approval that made it."""
    governed = Grid.objects.governed_by(by, Right.MANAGE_PARTY)
    if not governed.filter(pk=grid.pk).exists():
        raise PermissionDenied
    unknown = set(facts) - set(FACTS)
    if unknown:
        raise TypeError(f"no facts of an organisation: {sorted(unknown)}")
    organization = PartyOrganization(
        name=name, kind=kind, grid=grid, parent=parent, **facts
    )
    for day in (organization.founded_on, organization.approved_on):
        if day:
            not_ahead(day, at)
    _settle(organization)
    organization.save()
    record("organization.founded", organization, by=by, at=at, kind=kind)
    return organization


@transaction.atomic
def edit(organization, *, changes, seen, by, at):
    """Correct facts; those that nobody touched meanwhile merge.

    `changes` is `{field: new value}`, `seen` what the form showed. Raises Conflict
    when a field to be changed now holds neither. Returns the names of what changed.
    """
    organization = locked(organization, by=by, having=Right.KEEP_ORGANIZATION)
    not_dissolved(organization)
    whole = PartyOrganization.objects.visible_to(by, Right.MANAGE_PARTY)
    if not set(changes) <= set(KEPT) and not whole.filter(pk=organization.pk).exists():
        raise PermissionDenied
    wanted = {n: v for n, v in changes.items() if n in FACTS and v != seen.get(n)}
    clashes = {
        name: getattr(organization, name)
        for name, value in wanted.items()
        if name in seen and getattr(organization, name) not in (seen[name], value)
    }
    if clashes:
        raise Conflict(organization, clashes)

    before = {name: getattr(organization, name) for name in FACTS}
    for name, value in wanted.items():
        setattr(organization, name, value)
    if {"elected_on", "term_years"} & set(wanted) and "term_ends_on" not in wanted:
        organization.term_ends_on = None  # counted anew from the election
    _settle(organization)
    changed = [n for n in FACTS if getattr(organization, n) != before[n]]
    if changed:
        organization.version += 1
        organization.save(update_fields=[*changed, "version"])
        record("organization.edited", organization, by=by, at=at, fields=changed)
    return changed


@transaction.atomic
def dissolve(organization, *, on, why, number, by, at, hand_to=None):
    """Dissolve an organisation on a day: its buildings and pioneer posts end with it.

    `hand_to` is the organisation that holds the buildings from that day on. Answers
    what was written, `{model: [ids]}`, so that `restore` can put it back.
    """
    organization = locked(organization, by=by, having=Right.MANAGE_PARTY)
    not_dissolved(organization)
    not_ahead(on, at)
    if organization.founded_on and on < organization.founded_on:
        raise Refused(f"成立于 {organization.founded_on}，撤销不能更早。")
    below = organization.children.filter(dissolved_on=None)
    if below.exists():
        names = "、".join(one.name for one in below[:3])
        raise Refused(
            f"还有 {below.count()} 个下级党组织（{names}等），请先改挂或撤销它们。"
        )

    wrote = {"let_go": [], "took_over": [], "pioneers": []}
    for holding in organization.holdings.filter(until=None):
        holding.until = max(on, holding.since)
        holding.save(update_fields=["until"])
        wrote["let_go"].append(holding.pk)
        if hand_to and (taken := hold(hand_to, holding.building, since=on)):
            wrote["took_over"].append(taken.pk)
    for post in organization.pioneers.filter(until=None):
        post.until, post.end_reason = max(on, post.since), "党组织撤销"
        post.save(update_fields=["until", "end_reason"])
        wrote["pioneers"].append(post.pk)

    organization.dissolved_on = on
    organization.dissolved_why, organization.dissolved_number = why, number
    organization.version += 1
    organization.save(
        update_fields=["dissolved_on", "dissolved_why", "dissolved_number", "version"]
    )
    record("organization.dissolved", organization, by=by, at=at, on=on.isoformat())
    return wrote


@transaction.atomic
def restore(organization, *, wrote, by, at):
    """Undo a dissolution made by mistake: all that it wrote is as it was."""
    organization = locked(organization, by=by, having=Right.MANAGE_PARTY)
    organization.dissolved_on = None
    organization.dissolved_why = organization.dissolved_number = ""
    _has_free_name(organization)
    _hangs_well(organization)
    organization.version += 1
    organization.save(
        update_fields=["dissolved_on", "dissolved_why", "dissolved_number", "version"]
    )
    never_held(wrote.get("took_over", []))
    OrganizationBuilding.objects.filter(pk__in=wrote.get("let_go", [])).update(
        until=None
    )
    PioneerPost.objects.filter(pk__in=wrote.get("pioneers", [])).update(
        until=None, end_reason=""
    )
    record("organization.restored", organization, by=by, at=at)
    return organization


@transaction.atomic
def withdraw(organization, *, why, by, at):
    """Undo the setting up of an organisation that has done nothing since.

    Nothing is deleted: it stays, dissolved on the day on which it was founded.
    """
    organization = locked(organization, by=by, having=Right.MANAGE_PARTY)
    busy = [
        word
        for word, rows in (
            ("下级党组织", organization.children),
            ("所辖楼宇", organization.holdings),
            ("先锋岗位", organization.pioneers),
        )
        if rows.exists()
    ]
    if busy:
        raise Refused(f"{organization.name}已有{'、'.join(busy)}，请改用“撤销党组织”。")
    organization.dissolved_on = organization.founded_on or timezone.localdate(at)
    organization.dissolved_why = f"设立有误：{why}"
    organization.version += 1
    organization.save(update_fields=["dissolved_on", "dissolved_why", "version"])
    record("organization.withdrawn", organization, by=by, at=at, reason=why)
    return organization


# --- buildings -----------------------------------------------------------------------


def hold(organization, building, *, since):
    """Have the organisation hold a building from a day on; None when it does already."""
    open_now = OrganizationBuilding.objects.filter(
        organization=organization, building=building, until=None
    )
    if open_now.exists():
        return None
    return OrganizationBuilding.objects.create(
        organization=organization, building=building, since=since
    )


def never_held(holdings):
    """Take back holdings that began by mistake: they stay, but held on no day."""
    for holding in OrganizationBuilding.objects.filter(pk__in=holdings, until=None):
        holding.until = holding.since
        holding.save(update_fields=["until"])


# --- pioneer posts -------------------------------------------------------------------


@transaction.atomic
def assign_pioneer(
    organization,
    *,
    title,
    duty,
    holder,
    meeting,
    assigned_on,
    since,
    by,
    at,
    holder_name="",
    name_consented_on=None,
):
    """Record that a meeting gave a member a post and its duty."""
    organization = locked(organization, by=by, having=Right.KEEP_ORGANIZATION)
    not_dissolved(organization)
    not_ahead(assigned_on, at)
    if holder_name and not name_consented_on:
        raise Refused("写姓名要先征得本人同意，并记下同意的日期。")
    post = PioneerPost.objects.create(
        organization=organization,
        title=title,
        duty=duty,
        holder=holder,
        holder_name=holder_name,
        name_consented_on=name_consented_on,
        meeting=meeting,
        assigned_on=assigned_on,
        since=since,
    )
    record("pioneer.assigned", post, by=by, at=at, organization=organization.pk)
    return post


@transaction.atomic
def end_pioneer(post, *, on, reason, by, at):
    """End a pioneer post on a day; the name goes, the post stays in the record."""
    locked(post.organization, by=by, having=Right.KEEP_ORGANIZATION)
    post.refresh_from_db()
    if post.until:
        raise Refused(f"这个岗位已于 {post.until} 结束。")
    not_ahead(on, at)
    if on < post.since:
        raise Refused(f"这个岗位自 {post.since} 起，结束不能更早。")
    post.until, post.end_reason = on, reason
    post.holder_name, post.name_consented_on = "", None
    post.save(update_fields=["until", "end_reason", "holder_name", "name_consented_on"])
    record("pioneer.ended", post, by=by, at=at, reason=reason)
    return post


@transaction.atomic
def answer_extra(organization, *, fields, answers, unseen, by, at):
    """Put answers to extra fields; returns the labels of those that changed."""
    organization = locked(organization, by=by, having=Right.KEEP_ORGANIZATION)
    changed = put(
        organization, fields=fields, answers=answers, unseen=unseen(organization)
    )
    if changed:
        organization.version += 1
        organization.save(update_fields=["extra", "version"])
        record("organization.answered", organization, by=by, at=at, fields=changed)
    return changed
