"""The acts that change which organisation answers for a business, with their papers.

Every row of Coverage is begun by an act (or an import) and ended by one. An act made by
mistake is voided with a reason: what it began was then never in force, what it ended is
open again; only what later acts touched stays as they left it.
"""

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q

from accounts.rights import Right
from enterprises.models import (
    Adviser,
    AdviserAssignment,
    Business,
    Coverage,
    CoverageAct,
    Occupancy,
)
from grids.models import Building, Grid
from party import actions as party
from party.actions import Refused
from party.checks import FEWEST_FOR_OWN
from party.models import PartyOrganization
from tianshan.audit import record
from tianshan.ledgers import touched

Kind = PartyOrganization.Kind
MOST_IN_A_JOINT_BRANCH = 5

# Which kinds of organisation may cover by which act.
MAY_COVER = {
    CoverageAct.Kind.SET_UP: {Kind.BRANCH},
    CoverageAct.Kind.JOIN: {Kind.JOINT_BRANCH},
    CoverageAct.Kind.TAKE_IN: PartyOrganization.TAKES_IN,
    CoverageAct.Kind.BACKSTOP: {Kind.REGIONAL, Kind.GRID, Kind.STREET_COMMITTEE},
}

__all__ = ["MAY_COVER", "MOST_IN_A_JOINT_BRANCH", "Refused"]


def operating_in(place, *, by):
    """The businesses that count and operate in a building, or in a grid's subtree."""
    rows = Business.objects.visible_to(by, Right.MANAGE_COVERAGE).counted().operating()
    if isinstance(place, Grid):
        return rows.filter(grid__path__startswith=place.path)
    return rows.filter(building=place)


def not_yet_covered(businesses, *, organization, mode, on):
    """Those that the organisation does not cover by this mode on the day or later."""
    rows = Coverage.objects.filter(organization=organization, mode=mode)
    rows = rows.filter(Q(until=None) | Q(since__lte=on, until__gt=on))
    return businesses.exclude(pk__in=rows.values("business"))


def under_none(businesses, *, on):
    """Those for which no organisation answers on the day."""
    return businesses.exclude(pk__in=Coverage.objects.in_force(on).values("business"))


def to_take_in(organization, building, *, on, by):
    """Whom `take_in` would cover."""
    return not_yet_covered(
        operating_in(building, by=by),
        organization=organization,
        mode=Coverage.Mode.PLACE,
        on=on,
    )


def to_backstop(organization, place, *, on, by, everyone):
    """Whom `backstop` would cover: those under none, or everyone as a last resort."""
    rows = not_yet_covered(
        operating_in(place, by=by),
        organization=organization,
        mode=Coverage.Mode.REGIONAL,
        on=on,
    )
    return rows if everyone else under_none(rows, on=on)


def _organization(organization, kind, *, on, by, at):
    """Lock the organisation and ask whether it may cover so, by this person, then."""
    organization = party.locked(organization, by=by, having=Right.MANAGE_COVERAGE)
    party.not_dissolved(organization)
    party.not_ahead(on, at)
    if organization.founded_on and on < organization.founded_on:
        raise Refused(
            f"{organization.name}成立于 {organization.founded_on}，覆盖不能更早。"
        )
    if kind in MAY_COVER and organization.kind not in MAY_COVER[kind]:
        label = CoverageAct.Kind(kind).label
        raise Refused(
            f"“{label}”不能由{organization.get_kind_display()}办，请另选党组织。"
        )
    return organization


def _begin(act, businesses):
    """Write the rows of an act; no earlier than a business was known, or moved in."""
    businesses = list(businesses.order_by("pk"))
    came = {}
    if act.building_id:
        stays = Occupancy.objects.filter(until=None, main=True, business__in=businesses)
        came = dict(stays.values_list("business", "since"))
    Coverage.objects.bulk_create(
        [
            Coverage(
                business=business,
                organization=act.organization,
                mode=act.mode,
                rank=Coverage.RANK[act.mode],
                since=max(
                    act.on, business.discovered_on, came.get(business.pk, act.on)
                ),
                basis=act.get_kind_display(),
                contact=act.contact,
                act=act,
            )
            for business in businesses
        ]
    )
    _told(act, [business.pk for business in businesses])
    return act


def _end(act, rows):
    """End rows on the act's day; one that began later was then never in force."""
    rows = list(rows.select_for_update().order_by("pk"))
    for row in rows:
        act.wrote.setdefault("untils", {})[str(row.pk)] = (
            row.until and row.until.isoformat()
        )
        row.until, row.ended_by = max(act.on, row.since), act
        row.save(update_fields=["until", "ended_by"])
    _told(act, [row.business_id for row in rows])
    return act


def _told(act, business_ids):
    act.businesses = len(business_ids)
    act.save(update_fields=["businesses", "wrote"])
    record(
        f"coverage.{act.kind}",
        act.organization,
        by=act.by,
        at=act.at,
        act=act.pk,
        on=act.on.isoformat(),
        businesses=act.businesses,
    )
    touched(business_ids)


def _may(businesses, by):
    """Every one of these businesses is the person's to cover."""
    wanted = {business.pk for business in businesses}
    visible = Business.objects.visible_to(by, Right.MANAGE_COVERAGE)
    if wanted - set(visible.filter(pk__in=wanted).values_list("pk", flat=True)):
        raise PermissionDenied
    return Business.objects.filter(pk__in=wanted)


# --- begin ---------------------------------------------------------------------------


@transaction.atomic
def set_up(
    business, *, name, members_full, on, by, at, parent=None, reason="", **facts
):
    """单独组建: found an enterprise's own organisation, which covers it from that day.

    With fewer than three full members it needs a reason: the rules ask for a joint
    branch then.
    """
    _may([business], by)
    business = Business.objects.select_for_update().get(pk=business.pk)
    own = business.coverages.filter(mode=Coverage.Mode.OWN, until=None).first()
    if own:
        raise Refused(f"已由{own.organization.name}单独组建，不能再组建一个。")
    if members_full < FEWEST_FOR_OWN and not reason:
        raise Refused("正式党员不足 3 名，一般组建联合党支部。要单独组建，请写明理由。")
    organization = party.found(
        name=name,
        kind=Kind.BRANCH,
        grid=business.grid,
        parent=parent,
        members_full=members_full,
        founded_on=on,
        by=by,
        at=at,
        **facts,
    )
    act = CoverageAct.objects.create(
        kind=CoverageAct.Kind.SET_UP,
        organization=organization,
        on=on,
        paper_by=organization.approved_by,
        paper_number=organization.approval_number,
        paper_on=organization.approved_on,
        reason=reason,
        by=by,
        at=at,
    )
    return _begin(act, Business.objects.filter(pk=business.pk))


@transaction.atomic
def join(organization, businesses, *, on, by, at, reason="", **paper):
    """联合组建: put several businesses under a joint branch, five in all as a rule."""
    kind = CoverageAct.Kind.JOIN
    organization = _organization(organization, kind, on=on, by=by, at=at)
    fresh = not_yet_covered(
        _may(businesses, by),
        organization=organization,
        mode=Coverage.Mode.JOINT,
        on=on,
    )
    if not fresh.exists():
        raise Refused("这几家已经在这个联合支部里了。")
    members = organization.coverages.filter(mode=Coverage.Mode.JOINT, until=None)
    total = members.count() + fresh.count()
    if total > MOST_IN_A_JOINT_BRANCH and not reason:
        raise Refused(
            f"加上这几家共 {total} 家。联合党支部一般不超过 5 家，"
            "确实需要的，请写明理由。"
        )
    act = CoverageAct.objects.create(
        kind=kind,
        organization=organization,
        on=on,
        reason=reason,
        by=by,
        at=at,
        **paper,
    )
    return _begin(act, fresh)


@transaction.atomic
def take_in(organization, building, *, on, by, at, reason="", **paper):
    """楼宇·市场·街区纳入: all who operate in a building, under its committee or branch.

    The organisation holds the building from then on. Shops that come later are
    proposed, not assumed: the same act takes them in.
    """
    kind = CoverageAct.Kind.TAKE_IN
    organization = _organization(organization, kind, on=on, by=by, at=at)
    if not Building.objects.visible_to(by).filter(pk=building.pk).exists():
        raise PermissionDenied
    fresh = to_take_in(organization, building, on=on, by=by)
    if not fresh.exists():
        raise Refused(f"{building.name}里在营的都已经纳入了。")
    holding = party.hold(organization, building, since=on)
    act = CoverageAct.objects.create(
        kind=kind,
        organization=organization,
        building=building,
        on=on,
        reason=reason,
        wrote={"took_over": [holding.pk]} if holding else {},
        by=by,
        at=at,
        **paper,
    )
    return _begin(act, fresh)


@transaction.atomic
def backstop(
    organization, place, *, on, contact, by, at, everyone=False, reason="", **paper
):
    """区域性兜底: the regional organisation answers for a building or a grid at once.

    `contact` is whom businesses may turn to. By default it takes those for whom nobody
    answers; with `everyone` also the others, as a last resort behind what they have.
    """
    kind = CoverageAct.Kind.BACKSTOP
    organization = _organization(organization, kind, on=on, by=by, at=at)
    if not contact:
        raise Refused("兜底覆盖要写明联系人，企业商户才知道找谁。")
    fresh = to_backstop(organization, place, on=on, by=by, everyone=everyone)
    if not fresh.exists():
        raise Refused(f"{place.name}里没有要兜底的。")
    act = CoverageAct.objects.create(
        kind=kind,
        organization=organization,
        **{"grid" if isinstance(place, Grid) else "building": place},
        on=on,
        contact=contact,
        reason=reason,
        by=by,
        at=at,
        **paper,
    )
    return _begin(act, fresh)


# --- end -----------------------------------------------------------------------------


@transaction.atomic
def end(coverage, *, on, reason, by, at):
    """End one coverage on a day; what remains in force below it answers from then on."""
    organization = party.locked(
        coverage.organization, by=by, having=Right.MANAGE_COVERAGE
    )
    _may([coverage.business], by)
    coverage.refresh_from_db()
    if coverage.until:
        raise Refused(f"这一覆盖已于 {coverage.until} 结束。")
    party.not_ahead(on, at)
    if on < coverage.since:
        raise Refused(f"这一覆盖自 {coverage.since} 起，结束不能更早。")
    act = CoverageAct.objects.create(
        kind=CoverageAct.Kind.END,
        organization=organization,
        on=on,
        reason=reason,
        by=by,
        at=at,
    )
    return _end(act, Coverage.objects.filter(pk=coverage.pk))


def in_its_charge(organization, on):
    """The coverages of an organisation that a dissolution on the day would end."""
    return Coverage.objects.filter(organization=organization).filter(
        Q(until=None) | Q(until__gt=on)
    )


@transaction.atomic
def dissolve(organization, *, on, reason, number, by, at, hand_to=None, **paper):
    """撤销: all that an organisation covers ends on that day, and it with it.

    Whoever it covered falls to the next mode in force. `hand_to` takes over its
    buildings; without it they are held by nobody from then on.
    """
    wrote = party.dissolve(
        organization, on=on, why=reason, number=number, hand_to=hand_to, by=by, at=at
    )
    act = CoverageAct.objects.create(
        kind=CoverageAct.Kind.DISSOLVE,
        organization=organization,
        on=on,
        reason=reason,
        paper_number=number,
        wrote=wrote,
        by=by,
        at=at,
        **paper,
    )
    return _end(act, in_its_charge(organization, on))


# --- undo ----------------------------------------------------------------------------


def kept_by_later_acts(act):
    """Of the rows that an act wrote, those that voiding it would leave as they are."""
    begun = act.begun.exclude(ended_by=None)
    ended = [
        row.pk
        for row in act.ended.all()
        if Coverage.objects.filter(
            business=row.business_id,
            organization=row.organization_id,
            mode=row.mode,
            until=None,
        ).exists()
    ]
    return Coverage.objects.filter(
        Q(pk__in=begun.values("pk")) | Q(pk__in=ended)
    ).select_related("business", "organization")


@transaction.atomic
def void(act, *, reason, by, at):
    """Undo an act made by mistake: all is as it was, save what later acts touched.

    Answers the rows that were left as they are.
    """
    act = CoverageAct.objects.select_for_update(of=["self"]).get(pk=act.pk)
    right = Right.MANAGE_PARTY if act.is_founding else Right.MANAGE_COVERAGE
    organization = party.locked(act.organization, by=by, having=right)
    if act.voided_at:
        raise Refused("这次办理已经作废过了。")
    left = list(kept_by_later_acts(act))
    if act.kind == CoverageAct.Kind.SET_UP:
        _withdraw(act, organization, reason=reason, by=by, at=at, left=left)
    elif act.kind == CoverageAct.Kind.DISSOLVE:
        party.restore(organization, wrote=act.wrote, by=by, at=at)
    elif "took_over" in act.wrote:
        party.never_held(act.wrote["took_over"])

    kept = [row.pk for row in left]
    changed = []
    for row in act.begun.exclude(pk__in=kept):
        row.until = row.since
        row.save(update_fields=["until"])
        changed.append(row.business_id)
    for row in act.ended.exclude(pk__in=kept):
        until = act.wrote.get("untils", {}).get(str(row.pk))
        row.until = until and dt.date.fromisoformat(until)
        row.ended_by = None
        row.save(update_fields=["until", "ended_by"])
        changed.append(row.business_id)

    act.voided_at, act.voided_by, act.void_reason = at, by, reason
    act.save(update_fields=["voided_at", "voided_by", "void_reason"])
    record(
        "coverage.voided",
        organization,
        by=by,
        at=at,
        act=act.pk,
        reason=reason,
        left=len(left),
    )
    touched(changed)
    return left


def _withdraw(act, organization, *, reason, by, at, left):
    later = organization.acts.filter(voided_at=None).exclude(pk=act.pk)
    if left or later.exists():
        raise Refused(f"{organization.name}之后又办过别的，请改用“撤销党组织”。")
    party.withdraw(organization, why=reason, by=by, at=at)


# --- advisers ------------------------------------------------------------------------


@transaction.atomic
def enter_adviser(*, title, employment, level, grid, by, at, unit=""):
    """Put an adviser on record, by title."""
    if not Grid.objects.governed_by(by, Right.MANAGE_COVERAGE).filter(pk=grid.pk):
        raise PermissionDenied
    if Adviser.objects.filter(grid=grid, title=title).exists():
        raise Refused(f"{grid.name}已有称呼是“{title}”的指导员。")
    adviser = Adviser.objects.create(
        title=title, employment=employment, level=level, grid=grid, unit=unit
    )
    record("adviser.entered", adviser, by=by, at=at)
    return adviser


@transaction.atomic
def assign_adviser(adviser, place, *, since, by, at):
    """Give an adviser a business, or a building with all that is and comes into it."""
    adviser = Adviser.objects.select_for_update().get(pk=adviser.pk)
    grids = Grid.objects.governed_by(by, Right.MANAGE_COVERAGE)
    if not grids.filter(pk=place.grid_id).exists():
        raise PermissionDenied
    party.not_ahead(since, at)
    where = {"business" if isinstance(place, Business) else "building": place}
    if adviser.assignments.filter(until=None, **where).exists():
        raise Refused(f"{adviser.title}已经派驻在{place.name}。")
    assignment = AdviserAssignment.objects.create(adviser=adviser, since=since, **where)
    record("adviser.assigned", assignment, by=by, at=at, since=since.isoformat())
    return assignment


@transaction.atomic
def end_adviser(assignment, *, on, reason, by, at):
    """End an assignment on a day."""
    assignment = AdviserAssignment.objects.select_for_update(of=["self"]).get(
        pk=assignment.pk
    )
    grids = Grid.objects.governed_by(by, Right.MANAGE_COVERAGE)
    if not grids.filter(pk=assignment.place.grid_id).exists():
        raise PermissionDenied
    if assignment.until:
        raise Refused(f"这次派驻已于 {assignment.until} 结束。")
    party.not_ahead(on, at)
    if on < assignment.since:
        raise Refused(f"这次派驻自 {assignment.since} 起，结束不能更早。")
    assignment.until, assignment.end_reason = on, reason
    assignment.save(update_fields=["until", "end_reason"])
    record("adviser.ended", assignment, by=by, at=at, reason=reason)
    return assignment
