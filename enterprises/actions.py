"""What can happen to a business: its facts, its state, its place.

Who answers for it changes by the acts in `coverage`."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.rights import Right
from enterprises.models import Business, Occupancy, Operation
from tianshan.audit import record
from tianshan.files.cells import text_of
from tianshan.ledgers import touched

FACTS = (
    "name",
    "trade",
    "staff_count",
    "members_count",
    "contact_name",
    "contact_phone",
    "founded_on",
    "founded_precision",
    "uncovered_reason",
    "cover_planned_on",
    "note",
)


class Refused(Exception):
    """An act that cannot be now; the message is for the user."""


class Conflict(Refused):
    """Somebody saved the same facts in the meantime: `fields` {name: stored value}."""

    def __init__(self, business, fields, model=Business):
        labels = "、".join(
            str(model._meta.get_field(name).verbose_name) for name in fields
        )
        super().__init__(f"您打开之后，别人改过：{labels}。请核对后再保存。")
        self.business = business
        self.fields = fields


def locked(business, *, by, having):
    """Lock the row, then ask whether this person may do this to it."""
    business = Business.objects.select_for_update().get(pk=business.pk)
    if business.gone_at is not None:
        raise Refused("这一家已移出台账，请刷新后再看。")
    if by is not None:
        visible = Business.objects.visible_to(by, having)
        if not visible.filter(pk=business.pk).exists():
            raise PermissionDenied
    return business


def tidy(value):
    """Text as the importer reads it from a cell (NFKC, single blanks), so that what is
    typed here, exported and imported again is the same."""
    return text_of(value) if isinstance(value, str) else value


def differing(business, changes):
    """Of `{field: value}`, those that differ from the business, as [before, after]."""
    return {
        name: [getattr(business, name), value]
        for name, value in changes.items()
        if getattr(business, name) != value
    }


@transaction.atomic
def edit(business, *, changes, seen, by, at, having=Right.EDIT_BUSINESSES):
    """Correct facts of a business; facts that nobody touched meanwhile merge.

    `changes` is `{field: new value}`, `seen` `{field: value when the form was drawn}`.
    Raises Conflict when a field to be changed now holds neither of the two.
    Returns `{field: [before, after]}`, empty when nothing differed.
    """
    business = locked(business, by=by, having=having)
    wanted = {n: tidy(value) for n, value in changes.items() if n in FACTS}
    seen = {name: tidy(value) for name, value in seen.items()}
    wanted = {n: v for n, v in wanted.items() if n not in seen or v != seen[n]}
    clashes = {
        name: getattr(business, name)
        for name, value in wanted.items()
        if name in seen and getattr(business, name) not in (seen[name], value)
    }
    if clashes:
        raise Conflict(business, clashes)

    changed = differing(business, wanted)
    if changed:
        for name, (_, after) in changed.items():
            setattr(business, name, after)
        business.version += 1
        business.updated_at = at
        business.save(update_fields=[*changed, "version", "updated_at"])
        record("business.edited", business, by=by, at=at, fields=sorted(changed))
    return changed


@transaction.atomic
def set_state(business, *, state, since, by, at, having=Right.EDIT_BUSINESSES):
    """Record that a business operates, rests, moved away or closed, from a day on.

    Whoever moves away or closes leaves the place on that day; whoever comes back is in
    the last place again, until a move says otherwise.
    """
    business = locked(business, by=by, having=having)
    if business.state == state:
        return business
    current = business.operations.filter(until=None).first()
    if current and since < current.since:
        raise Refused(
            f"{current.since} 起已是“{current.get_state_display()}”，日期不能更早。"
        )
    business.operations.filter(until=None).update(until=since)
    Operation.objects.create(business=business, state=state, since=since)
    places = business.occupancies.filter(until=None)
    if state in Business.LEFT:
        places.filter(since__lte=since).update(until=since)
    elif business.state in Business.LEFT and not places.filter(main=True).exists():
        Occupancy.objects.create(
            business=business,
            grid=business.grid,
            building=business.building,
            room=business.room,
            since=since,
        )
    record(
        "business.state_set", business, by=by, at=at, before=business.state, after=state
    )
    business.state = state
    business.version += 1
    business.updated_at = at
    business.save(update_fields=["state", "version", "updated_at"])
    touched([business.pk])
    return business


@transaction.atomic
def put_back(business, *, changes, since, by, at, having=Right.EDIT_BUSINESSES):
    """Undo corrections that a visit made, `{field: [before, after]}`, where they stand.

    A state set on the day `since` goes together with what it ended. What somebody has
    changed since is left; returns the labels of what was left.
    """
    business = locked(business, by=by, having=having)
    left, facts = [], dict(changes)
    before, after = facts.pop("state", (None, None))
    for name, (was, now) in facts.items():
        field = Business._meta.get_field(name)
        if getattr(business, name) == field.to_python(now):
            setattr(business, name, field.to_python(was))
        else:
            left.append(str(field.verbose_name))
    if after and not _take_back_state(business, before, after, since):
        left.append("经营状态")
    business.version += 1
    business.updated_at = at
    business.save(update_fields=[*facts, "state", "version", "updated_at"])
    if changes:
        record("business.put_back", business, by=by, at=at, fields=sorted(changes))
    touched([business.pk])
    return left


def _take_back_state(business, before, after, since):
    """Remove the state that began on a day, if it is still the one in force."""
    row = business.operations.filter(until=None, state=after, since=since).first()
    if business.state != after or row is None:
        return False
    row.delete()  # its history stays
    earlier = business.operations.filter(until=since).order_by("-since", "-pk").first()
    if earlier:
        earlier.until = None
        earlier.save(update_fields=["until"])
    if after in Business.LEFT:
        business.occupancies.filter(until=since).update(until=None)
    elif before in Business.LEFT:
        business.occupancies.filter(until=None, since=since).update(until=since)
    business.state = before
    return True


@transaction.atomic
def move(
    business, *, grid, building, room, since, by, at, having=Right.EDIT_BUSINESSES
):
    """Move a business's main place; the old place keeps its dates."""
    business = locked(business, by=by, having=having)
    current = business.occupancies.filter(until=None, main=True).first()
    if current and since < current.since:
        raise Refused(f"现址自 {current.since} 起，搬入日期不能更早。")
    business.occupancies.filter(until=None, main=True).update(until=since)
    Occupancy.objects.create(
        business=business, grid=grid, building=building, room=room, since=since
    )
    business.grid, business.building, business.room = grid, building, room
    business.version += 1
    business.updated_at = at
    business.save(update_fields=["grid", "building", "room", "version", "updated_at"])
    record("business.moved", business, by=by, at=at, since=since.isoformat())
    touched([business.pk])
    return business


@transaction.atomic
def mark_priority(business, *, reason, since, by, at):
    """Have a business visited at the shorter cycle from a day on, and say why."""
    business = locked(business, by=by, having=Right.MARK_PRIORITY)
    if business.priority:
        raise Refused("已经是重点，不用再列。")
    _not_later(since, at)
    last = business.priorities.order_by("-until").first()
    if last and since < last.until:
        raise Refused(f"{last.until} 前已列过重点，日期不能更早。")
    business.priorities.create(reason=reason, since=since)
    business.priority = True
    business.save(update_fields=["priority"])
    record(
        "business.marked_priority",
        business,
        by=by,
        at=at,
        reason=reason,
        since=since.isoformat(),
    )
    touched([business.pk])
    return business


@transaction.atomic
def unmark_priority(business, *, reason, until, by, at):
    """Let a business be visited at the ordinary cycle again, from a day on."""
    business = locked(business, by=by, having=Right.MARK_PRIORITY)
    current = business.priorities.filter(until=None).first()
    if current is None:
        raise Refused("现在不是重点，不用取消。")
    _not_later(until, at)
    if until < current.since:
        raise Refused(f"{current.since} 起列为重点，日期不能更早。")
    current.until, current.end_reason = until, reason
    current.save(update_fields=["until", "end_reason"])
    business.priority = False
    business.save(update_fields=["priority"])
    record(
        "business.unmarked_priority",
        business,
        by=by,
        at=at,
        reason=reason,
        until=until.isoformat(),
    )
    touched([business.pk])
    return business


def _not_later(day, at):
    if day > timezone.localdate(at):
        raise Refused("日期不能在将来。")
