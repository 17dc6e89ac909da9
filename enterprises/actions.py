"""What can happen to a business: its facts, its state, its place.

Who answers for it changes by the acts in `coverage`."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.rights import Right
from enterprises import twins
from enterprises.models import (
    Business,
    JournalEntry,
    Occupancy,
    Operation,
    Ownership,
)
from grids.models import Grid, governed
from tianshan.audit import record
from tianshan.files.cells import text_of
from tianshan.ledgers import touched
from tianshan.values.actions import put

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


class LikelyTwins(Refused):
    """What is to be new may be known: `twins` [(business, [why])]."""

    def __init__(self, found):
        super().__init__("台账里有相近的，请先看是不是同一家。")
        self.twins = found


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
    # Whoever governs its grid may, whatever else is asked of the others.
    if by is not None and business.grid_id not in governed(by, having):
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
def set_state(business, *, state, since, by, at, having=Right.EDIT_BUSINESSES, **why):
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
        "business.state_set",
        business,
        by=by,
        at=at,
        before=business.state,
        after=state,
        **why,
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
        for place in _left_on(business, since):
            place.until = None
            place.save(update_fields=["until"])
    elif before in Business.LEFT:
        business.occupancies.filter(until=None, since=since).update(until=since)
    business.state = before
    return True


def _left_on(business, day):
    """The places that it left on the day, not the main one that a move ended then."""
    rows = list(business.occupancies.filter(until=day).order_by("-since", "-pk"))
    last = next((row for row in rows if row.main), None)
    return [row for row in rows if row is last or not row.main]


MEND_FIRST = "那个日期填错了的，请台账员先在这一家的“更正日期”里改。"


@transaction.atomic
def redate_state(business, *, state, since, to, reason, by, at, having):
    """Move the day on which a state began, with what it ended and the places it moved.

    Refused where another state or place stands in the way. A state that is no more,
    for it was taken back, has no day to move: returns whether there was one.
    """
    business = locked(business, by=by, having=having)
    rows = business.operations.order_by("-since", "-pk")
    row = rows.filter(state=state, since=since).first()
    if row is None:
        return False
    earlier = rows.filter(until=since).exclude(pk=row.pk).first()
    if earlier and to < earlier.since:
        raise Refused(
            f"{earlier.since} 起才是“{earlier.get_state_display()}”，日期不能更早。{MEND_FIRST}"
        )
    if row.until and to > row.until:
        raise Refused(
            f"{row.until} 起已不再是“{row.get_state_display()}”，日期不能更晚。{MEND_FIRST}"
        )
    if state in Business.LEFT:
        for place in _left_on(business, since):
            if to < place.since:
                raise Refused(f"{place.since} 才搬进现址，日期不能更早。{MEND_FIRST}")
            place.until = to
            place.save(update_fields=["until"])
    elif earlier and earlier.state in Business.LEFT:
        for place in business.occupancies.filter(since=since, main=True):
            if place.until and to > place.until:
                raise Refused(f"{place.until} 又搬了地方，日期不能更晚。{MEND_FIRST}")
            place.since = to
            place.save(update_fields=["since"])
    row.since = to
    row.save(update_fields=["since"])
    if earlier:
        earlier.until = to
        earlier.save(update_fields=["until"])
    record("business.dates_corrected", business, by=by, at=at, reason=reason)
    touched([business.pk])
    return True


@transaction.atomic
def move(
    business,
    *,
    grid,
    building,
    room,
    since,
    by,
    at,
    having=Right.EDIT_BUSINESSES,
    **why,
):
    """Move a business's main place; the old place keeps its dates."""
    business = locked(business, by=by, having=having)
    if business.state in Business.LEFT:
        raise Refused(f"现在是“{business.get_state_display()}”，请先恢复经营。")
    if by is not None and not Grid.objects.governed_by(by, having).filter(pk=grid.pk):
        raise PermissionDenied
    _not_later(since, at)
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
    record("business.moved", business, by=by, at=at, since=since.isoformat(), **why)
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


# --- named steps of a business's life --------------------------------------------------


@transaction.atomic
def take_step(business, step, *, since, reason, by, at):
    """Suspend, reopen, close a business, or have it leave, from a day on."""
    business = locked(business, by=by, having=Right.EDIT_BUSINESSES)
    if step not in business.open_steps:
        now = business.get_state_display()
        raise Refused(f"现在是“{now}”，不能这样办，请刷新后再看。")
    _not_later(since, at)
    return set_state(
        business,
        state=Business.LEADS_TO[step],
        since=since,
        by=by,
        at=at,
        reason=reason,
    )


@transaction.atomic
def open_business(
    *,
    kind,
    name,
    grid,
    building,
    room,
    since,
    by,
    at,
    code="",
    anyway="",
    extra=None,
    **facts,
):
    """Write down a business that is new here, with its place and its state.

    `extra` holds the answers to extra fields, by their keys, as they are stored.
    Raises LikelyTwins when it may be one that is known, unless `anyway` says why not.
    Two people who enter the same shop at once wait for each other at its grid.
    """
    grid = Grid.objects.select_for_update().get(
        pk=building.grid_id if building else grid.pk
    )
    governed = Grid.objects.governed_by(by, Right.EDIT_BUSINESSES)
    if not governed.filter(pk=grid.pk).exists():
        raise PermissionDenied
    _not_later(since, at)
    _free(code)
    likely = twins.likely(
        Business.objects.visible_to(by),
        name=name,
        code=code,
        building=building,
        room=room,
        phone=facts.get("contact_phone", ""),
    )
    if likely and not anyway:
        raise LikelyTwins(likely)
    business = _placed(
        Business(
            kind=kind,
            name=name,
            code=code or None,
            grid=grid,
            building=building,
            room=room,
            discovered_on=since,
            updated_at=at,
            extra=extra or {},
            **{fact: value for fact, value in facts.items() if fact in FACTS},
        )
    )
    record(
        "business.opened",
        business,
        by=by,
        at=at,
        reason=anyway,
        alike=[twin.pk for twin, _ in likely],
    )
    touched([business.pk])
    return business


def _placed(business):
    """Save a new business with its first place and state, from its discovery on."""
    business.save()
    business.occupancies.create(
        grid=business.grid,
        building=business.building,
        room=business.room,
        since=business.discovered_on,
    )
    business.operations.create(state=business.state, since=business.discovered_on)
    return business


def _free(code, *, but=None):
    taken = Business.objects.in_ledgers().filter(code=code) if code else None
    if taken is not None and taken.exclude(pk=but).exists():
        raise Refused("这个统一代码已登记在另一家名下。找不到那一家，请问台账员。")


@transaction.atomic
def change_owner(business, *, owner, phone, code, since, reason, by, at):
    """The shop stays what it is, somebody else runs it from a day on."""
    business = locked(business, by=by, having=Right.EDIT_BUSINESSES)
    if business.state in Business.LEFT:
        raise Refused(f"现在是“{business.get_state_display()}”，不能换经营者。")
    _not_later(since, at)
    _free(code, but=business.pk)
    current = business.ownerships.filter(until=None).first()
    begun = current.since if current else business.discovered_on
    if since < begun:
        raise Refused(f"现在的经营者自 {begun} 起，日期不能更早。")
    if current is None:
        current = Ownership(
            business=business,
            owner=business.contact_name,
            phone=business.contact_phone,
            code=business.code or "",
            since=begun,
        )
    current.until = since
    current.save()
    business.ownerships.create(owner=owner, phone=phone, code=code, since=since)
    business.contact_name, business.contact_phone = owner, phone
    business.code = code or business.code
    business.version += 1
    business.updated_at = at
    business.save(
        update_fields=["contact_name", "contact_phone", "code", "version", "updated_at"]
    )
    record(
        "business.owner_changed",
        business,
        by=by,
        at=at,
        since=since.isoformat(),
        reason=reason,
    )
    touched([business.pk])
    return business


@transaction.atomic
def succeed(business, *, name, code, owner, phone, since, reason, by, at):
    """The old shop closes, another opens at the same place; returns the new one.

    Nothing passes over but the place: visits, demands and coverage stay with the old.
    """
    business = locked(business, by=by, having=Right.EDIT_BUSINESSES)
    if "close" not in business.open_steps:
        raise Refused(f"现在是“{business.get_state_display()}”，不能由别家接手。")
    _not_later(since, at)
    if code and code == business.code:
        raise Refused("新店的统一代码与老店相同。执照没换的，请选“还是这家店”。")
    _free(code)
    set_state(
        business,
        state=Business.State.CLOSED,
        since=since,
        by=by,
        at=at,
        reason=reason,
    )
    successor = _placed(
        Business(
            kind=business.kind,
            name=name,
            code=code or None,
            trade=business.trade,
            contact_name=owner,
            contact_phone=phone,
            grid=business.grid,
            building=business.building,
            room=business.room,
            discovered_on=since,
            updated_at=at,
            succeeds=business,
        )
    )
    for subject, other in ((business, successor), (successor, business)):
        record(
            "business.succeeded", subject, by=by, at=at, other=other.pk, reason=reason
        )
    touched([business.pk, successor.pk])
    return successor


@transaction.atomic
def assign_caretaker(business, *, user, since, by, at):
    """From a day on this person owes the visits of the business; None: nobody by name."""
    business = locked(business, by=by, having=Right.ASSIGN_CARETAKERS)
    _not_later(since, at)
    rows = business.caretakers.filter(until=None)
    if any(since < row.since for row in rows):
        raise Refused("现在的责任人比这一天晚开始，日期不能更早。")
    if user is not None and rows.filter(user=user).exists():
        raise Refused(f"{user.display_name}已经是走访责任人。")
    rows.update(until=since)
    if user is not None:
        if not Business.objects.visible_to(user, Right.LOG_VISITS).filter(
            pk=business.pk
        ):
            raise Refused(f"{user.display_name}现在的岗位不走访这一家。")
        business.caretakers.create(user=user, grid=business.grid, since=since)
    record(
        "business.caretaker_assigned",
        business,
        by=by,
        at=at,
        user=user.pk if user else None,
        since=since.isoformat(),
    )
    touched([business.pk])
    return business


@transaction.atomic
def correct_dates(business, *, discovered_on, dates, reason, by, at):
    """Put dates right that were entered wrongly; what each row says stays.

    `dates` is `{row: (since, until)}` of its Occupancy and Operation rows. What is in
    force stays so, what ended stays ended; rows of a kind may not overlap.
    """
    business = locked(business, by=by, having=Right.EDIT_BUSINESSES)
    changed = []
    for row, (since, until) in dates.items():
        row = type(row).objects.select_for_update().get(pk=row.pk, business=business)
        if (row.until is None) != (until is None):
            raise Refused("这里只改日期。结束或恢复请用相应的办理。")
        for day in filter(None, (since, until)):
            _not_later(day, at)
        if until is not None and until < since:
            raise Refused(f"“{row_in_words(row)}”的止日早于起日。")
        if (row.since, row.until) != (since, until):
            row.since, row.until = since, until
            changed.append(row)
    _not_later(discovered_on, at)
    for row in changed:
        row.save(update_fields=["since", "until"])
    for rows in (business.occupancies.filter(main=True), business.operations.all()):
        _one_after_another(rows)
    if business.discovered_on != discovered_on:
        business.discovered_on = discovered_on
        changed.append(business)
    if changed:
        business.version += 1
        business.updated_at = at
        business.save(update_fields=["discovered_on", "version", "updated_at"])
        record("business.dates_corrected", business, by=by, at=at, reason=reason)
        touched([business.pk])
    return changed


def _one_after_another(rows):
    last = None
    for row in rows.order_by("since", "pk"):
        if last and (last.until is None or row.since < last.until):
            raise Refused(f"“{row_in_words(last)}”与“{row_in_words(row)}”的日期重叠。")
        last = row


def row_in_words(row):
    """A dated row as its form names it: 在营, or 天山茶城 B08."""
    if isinstance(row, Operation):
        return row.get_state_display()
    return f"{row.building or row.grid} {row.room}".strip()


# --- notes ---------------------------------------------------------------------------


@transaction.atomic
def note(business, *, kind, words, by, at):
    """Write a note on a business."""
    business = locked(business, by=by, having=Right.LOG_VISITS)
    entry = business.journal.create(kind=kind, words=words, by=by, at=at)
    record("business.noted", business, by=by, at=at, note=entry.pk)
    return entry


def _take_note(entry, step, *, by):
    """Lock the note, then ask whether it may still be touched, and by this person."""
    entry = JournalEntry.objects.select_for_update().get(pk=entry.pk)
    locked(entry.business, by=by, having=Right.LOG_VISITS)
    if step not in entry.open_steps:
        raise Refused("这一条已经作废，请刷新后再看。")
    if entry.by_id != by.pk:
        raise PermissionDenied
    return entry


@transaction.atomic
def correct_note(entry, *, words, by, at):
    """Say it better; what it said before stays in the history."""
    entry = _take_note(entry, "correct", by=by)
    if entry.words != words:
        entry.words, entry.corrected_at = words, at
        entry.save(update_fields=["words", "corrected_at"])
        record("business.note_corrected", entry.business, by=by, at=at, note=entry.pk)
    return entry


@transaction.atomic
def void_note(entry, *, reason, by, at):
    """Take a note back; it stays readable, with the reason."""
    entry = _take_note(entry, "void", by=by)
    entry.voided_at, entry.voided_by, entry.void_reason = at, by, reason
    entry.save(update_fields=["voided_at", "voided_by", "void_reason"])
    record(
        "business.note_voided",
        entry.business,
        by=by,
        at=at,
        note=entry.pk,
        reason=reason,
    )
    return entry


@transaction.atomic
def answer_extra(business, *, fields, answers, unseen, by, at):
    """Put answers to extra fields; returns the labels of those that changed."""
    business = locked(business, by=by, having=Right.EDIT_BUSINESSES)
    changed = put(business, fields=fields, answers=answers, unseen=unseen(business))
    if changed:
        business.version += 1
        business.updated_at = at
        business.save(update_fields=["extra", "version", "updated_at"])
        record("business.answered", business, by=by, at=at, fields=changed)
    return changed
