"""What was seen at doors: reported by whoever stood there, confirmed by a clerk."""

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.rights import Right
from enterprises import actions as enterprises
from enterprises.models import Business
from grids.models import Building, Grid
from tianshan.audit import record
from visits.actions import CLOCK_SLACK, OLDEST_CLAIM, KeyReused, Refused, digest_of
from visits.models import DoorReport

Kind = DoorReport.Kind
ANSWERED = {
    "known": "台账里已经有这一家",
    "opened": "已登记新的一家",
    "new_owner": "已记换了经营者",
    "another": "已记老店关了、新店另开",
    "leave": "已记迁出",
    "close": "已记注销关店",
}


def report(
    *,
    kind,
    client_key,
    seen_on,
    filled_at,
    by,
    at,
    business=None,
    grid=None,
    building=None,
    room="",
    name="",
    contact_name="",
    contact_phone="",
    words="",
    digest=None,
):
    """Write down what is seen at a door; `(report, created)`.

    The same `client_key` of the same person with the same content is one report; other
    content under it raises KeyReused. From a page, where no `digest` comes along, the
    same content that nobody has checked yet is one report, whatever its key. A new shop names its place, the other kinds their
    business. Nothing in the ledgers changes before somebody has checked it.
    """
    plain = digest is None
    digest = digest or digest_of(
        kind=kind,
        business=business.pk if business else None,
        building=building.pk if building else None,
        room=room,
        name=name,
        contact=[contact_name, contact_phone],
        words=words,
        seen_on=seen_on,
    )
    if known := known_report(by, client_key, digest):
        return known, False
    if plain:
        # A page opened anew has another key: the same words tell that it is the same.
        same = DoorReport.objects.waiting().filter(by=by, digest=digest)
        if known := same.first():
            return known, False
    if seen_on > timezone.localdate(at) or filled_at > at + CLOCK_SLACK:
        raise Refused("看到的时间在将来，请核对日期和手机的时钟。")
    if filled_at < at - OLDEST_CLAIM:
        raise Refused("填写时间在一年以前，请核对手机的时钟，再重新打开这一页。")
    if (kind == Kind.OPENED) != (business is None):
        raise Refused("新开一家写地点，换人和搬走选是哪一家。")
    if kind == Kind.OPENED and not (name.strip() or words.strip()):
        raise Refused("请写招牌上的名称；看不到招牌，写下看到的情况。")
    grid, building, room = _place(business, grid, building, room, by=by)
    try:
        with transaction.atomic():
            made = DoorReport.objects.create(
                kind=kind,
                business=business,
                grid=grid,
                building=building,
                room=room,
                name=name,
                contact_name=contact_name,
                contact_phone=contact_phone,
                words=words,
                seen_on=seen_on,
                by=by,
                filled_at=filled_at,
                arrived_at=at,
                client_key=client_key,
                digest=digest,
            )
            record("door.reported", made, by=by, at=at, kind=kind)
            return made, True
    except IntegrityError:
        # The same report on two connections at once: the other one won.
        if known := known_report(by, client_key, digest):
            return known, False
        raise


def known_report(by, client_key, digest):
    """The report that came under the key before, None if none did."""
    known = DoorReport.objects.filter(by=by, client_key=client_key).first()
    if known and known.digest != digest:
        raise KeyReused("这条门口情况已经存过，内容和这次不同。", known)
    return known


def _place(business, grid, building, room, *, by):
    """Where it was seen; only who visits there goes on."""
    if business is not None:
        mine = Business.objects.visible_to(by, Right.LOG_VISITS)
        if not mine.filter(pk=business.pk).exists():
            raise PermissionDenied
        return business.grid, business.building, business.room
    if building is not None:
        if not may_report_in(by).filter(pk=building.pk).exists():
            raise PermissionDenied
        return building.grid, building, room
    if grid is None:
        raise Refused("请选楼宇，不在楼里的选网格。")
    if not Grid.objects.governed_by(by, Right.LOG_VISITS).filter(pk=grid.pk).exists():
        raise PermissionDenied
    return grid, None, room


def may_report_in(user):
    """The buildings in which the user visits."""
    return Building.objects.visible_to(user, Right.LOG_VISITS)


def grids_to_report_in(user):
    """The grids whose streets, outside any building, the user walks."""
    grids = Grid.objects.governed_by(user, Right.LOG_VISITS)
    return grids.exclude(kind=Grid.Kind.STREET)


# --- checked ---------------------------------------------------------------------------


def _take(seen, step, *, by):
    """Lock the report, then ask whether this step, by this person, is open."""
    seen = DoorReport.objects.select_for_update().get(pk=seen.pk)
    rows = DoorReport.objects.visible_to(by, Right.CHECK_VISITS)
    if not rows.filter(pk=seen.pk).exists():
        raise PermissionDenied
    if step not in seen.open_steps:
        raise Refused(f"这条现在是“{seen.get_state_display()}”，请刷新后再办理。")
    return seen


def _checked(seen, state, *, answer, result=None, by, at):
    seen.state, seen.answer, seen.result = state, answer, result
    seen.checked_by, seen.checked_at = by, at
    seen.save(update_fields=["state", "answer", "result", "checked_by", "checked_at"])
    verb = "door.confirmed" if state == DoorReport.State.CONFIRMED else "door.declined"
    record(verb, seen, by=by, at=at, reason=answer)
    return seen


@transaction.atomic
def confirm_opened(seen, *, by, at, **facts):
    """It is a new one: open it in the ledgers. Raises LikelyTwins as opening does."""
    seen = _take(seen, "confirm", by=by)
    business = enterprises.open_business(**facts, by=by, at=at)
    return _confirmed(seen, "opened", business, by=by, at=at)


@transaction.atomic
def confirm_known(seen, *, business, by, at):
    """The shop that seemed new is one that the ledgers have."""
    seen = _take(seen, "confirm", by=by)
    if not Business.objects.visible_to(by, Right.CHECK_VISITS).filter(pk=business.pk):
        raise PermissionDenied
    return _confirmed(seen, "known", business, by=by, at=at)


@transaction.atomic
def confirm_owner(seen, *, another, name, owner, phone, code, since, reason, by, at):
    """Somebody else runs it: the same shop, or `another` at its place."""
    seen = _take(seen, "confirm", by=by)
    told = {
        "owner": owner,
        "phone": phone,
        "code": code,
        "since": since,
        "reason": reason or "门口所见，已核实",
    }
    if another:
        after = enterprises.succeed(seen.business, name=name, **told, by=by, at=at)
        return _confirmed(seen, "another", after, by=by, at=at)
    after = enterprises.change_owner(seen.business, **told, by=by, at=at)
    return _confirmed(seen, "new_owner", after, by=by, at=at)


@transaction.atomic
def confirm_gone(seen, *, step, since, reason, by, at):
    """It moved away (`leave`) or closed (`close`)."""
    seen = _take(seen, "confirm", by=by)
    if step not in ("leave", "close"):
        raise Refused("请选迁出或注销关店。")
    after = enterprises.take_step(
        seen.business, step, since=since, reason=reason, by=by, at=at
    )
    return _confirmed(seen, step, after, by=by, at=at)


def _confirmed(seen, how, business, *, by, at):
    return _checked(
        seen,
        DoorReport.State.CONFIRMED,
        answer=ANSWERED[how],
        result=business,
        by=by,
        at=at,
    )


@transaction.atomic
def decline(seen, *, reason, by, at):
    """It is not so; whoever reported it reads why."""
    seen = _take(seen, "decline", by=by)
    if not reason.strip():
        raise Refused("请写明为什么不采用，报告的人会看到。")
    return _checked(seen, DoorReport.State.DECLINED, answer=reason, by=by, at=at)
