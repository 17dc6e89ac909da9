"""What can happen to a building's plan and to the items in it.

Every act locks the building first, so that two people never draft, confirm or carry
out the same plan at once.
"""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.rights import Right
from grids.models import Building
from party import plan_figures
from party.models import BuildingPlan, PlanItem, PlanNote
from tianshan.audit import record

TEXTS = ("situation", "setup", "goals")
FACTS = ("content", "organization", "unit", "owner_title", "due_on")
Kind = PlanNote.Kind
State = PlanItem.State


class Refused(Exception):
    """An act that cannot be now; the message is for the user."""


class Conflict(Refused):
    """Somebody wrote the same part in the meantime: `texts` {name: stored text}."""

    def __init__(self, texts):
        labels = "、".join(
            str(BuildingPlan._meta.get_field(name).verbose_name) for name in texts
        )
        super().__init__(f"您打开之后，别人改过：{labels}。请核对后再保存。")
        self.texts = texts


def may_keep(user, building):
    kept = Building.objects.visible_to(user, Right.KEEP_PLANS)
    return kept.filter(pk=building.pk).exists()


def _lock(building, *, by):
    building = Building.objects.select_for_update(of=["self"]).get(pk=building.pk)
    if not may_keep(by, building):
        raise PermissionDenied
    return building


def _take(plan, step, *, by):
    """Lock, then ask whether this step is open and this person's to take."""
    _lock(plan.building, by=by)
    plan = BuildingPlan.objects.select_related("building").get(pk=plan.pk)
    if step not in plan.open_steps:
        raise Refused(f"方案现在是“{plan.get_state_display()}”，不能这样办。")
    return plan


def may_report(user, item):
    """Who keeps the plan notes progress, and who answers for the item."""
    owned = PlanItem.objects.owned_by(user).filter(pk=item.pk)
    return may_keep(user, item.plan.building) or owned.exists()


def _take_item(item, step, *, by):
    if step == "report" and may_report(by, item):
        Building.objects.select_for_update().get(pk=item.plan.building_id)
    else:
        _lock(item.plan.building, by=by)
    item = PlanItem.objects.select_related("plan__building").get(pk=item.pk)
    if item.plan.state not in PlanItem.PLAN_STATES[step]:
        now = item.plan.get_state_display()
        raise Refused(f"方案现在是“{now}”，这一项不能这样办。")
    if step not in item.open_steps:
        raise Refused(f"这一项已经是“{item.get_state_display()}”。")
    return item


def _said(words, otherwise):
    words = words.strip()
    if not words:
        raise Refused(otherwise)
    return words


# --- editions ----------------------------------------------------------------------


@transaction.atomic
def draft_plan(building, *, year, by, at):
    """Begin the next edition: from the one in force, with what it left unfinished."""
    building = _lock(building, by=by)
    if building.plans.filter(state=BuildingPlan.State.DRAFT).exists():
        raise Refused("这处楼宇已有一份草稿，请在草稿上改。")
    latest = building.plans.exclude(state=BuildingPlan.State.DISCARDED).first()
    if latest and year < latest.year:
        raise Refused(f"已有 {latest.edition}，不能再起草更早年度的。")
    last = building.plans.in_force().first()
    same_year = latest is not None and latest.year == year
    plan = BuildingPlan.objects.create(
        building=building,
        year=year,
        revision=latest.revision + 1 if same_year else 0,
        previous=last,
        drafted_by=by,
        drafted_on=timezone.localdate(at),
        **{name: getattr(last, name) if last else "" for name in TEXTS},
    )
    carried = list(last.items.open()) if last else []
    for position, item in enumerate(carried, start=1):
        _carry_over(item, plan, position, by=by, on=plan.drafted_on)
    record("plan.drafted", plan, by=by, at=at, carried_over=len(carried))
    return plan


def _carry_over(item, plan, position, *, by, on):
    copy = PlanItem.objects.create(
        plan=plan,
        position=position,
        carried_from=item,
        since=item.since,
        state=item.state,
        **{name: getattr(item, name) for name in FACTS},
    )
    copy.notes.create(
        kind=Kind.CARRIED, words=f"由 {item.plan.edition} 转入", on=on, by=by
    )


@transaction.atomic
def edit_plan(plan, *, changes, seen, by, at):
    """Write the parts of a draft; what two people wrote in different parts merges."""
    plan = _take(plan, "edit", by=by)
    wanted = {
        name: changes[name].strip()
        for name in TEXTS
        if changes[name].strip() != seen[name].strip()
    }
    clashes = {
        name: getattr(plan, name)
        for name, text in wanted.items()
        if getattr(plan, name) not in (seen[name], text)
    }
    if clashes:
        raise Conflict(clashes)
    for name, text in wanted.items():
        setattr(plan, name, text)
    if wanted:
        plan.save(update_fields=[*wanted])
        record("plan.edited", plan, by=by, at=at, fields=sorted(wanted))
    return plan


@transaction.atomic
def confirm_plan(plan, *, by, at):
    """Lock the draft with its figures as of today; it takes the last one's place."""
    plan = _take(plan, "confirm", by=by)
    for name in TEXTS:
        label = BuildingPlan._meta.get_field(name).verbose_name
        _said(getattr(plan, name), f"“{label}”还没有写，写好再确认。")
    if not plan.items.exclude(state=State.CANCELLED).exists():
        raise Refused("方案里还没有事项，至少列一项再确认。")
    _catch_up(plan)
    if plan.previous:
        plan.previous.state = BuildingPlan.State.SUPERSEDED
        plan.previous.save(update_fields=["state"])
        record("plan.superseded", plan.previous, by=by, at=at, by_plan=plan.pk)
    plan.state = BuildingPlan.State.CONFIRMED
    plan.confirmed_by, plan.confirmed_on = by, timezone.localdate(at)
    plan.figures = plan_figures.read(plan.building, plan.confirmed_on)
    plan.save(update_fields=["state", "confirmed_by", "confirmed_on", "figures"])
    record("plan.confirmed", plan, by=by, at=at)
    return plan


@transaction.atomic
def discard_plan(plan, *, reason, by, at):
    """Give a draft up; it stays to be read, and its edition is free again."""
    plan = _take(plan, "discard", by=by)
    plan.discard_reason = _said(reason, "请写明为什么放弃这份草稿。")
    plan.state, plan.previous = BuildingPlan.State.DISCARDED, None
    plan.save(update_fields=["state", "previous", "discard_reason"])
    # What it would have carried over stands in the edition in force alone.
    plan.items.update(carried_from=None)
    record("plan.discarded", plan, by=by, at=at, reason=plan.discard_reason)
    return plan


def _catch_up(plan):
    """What was started, done or dropped in the last edition while this was a draft."""
    for item in plan.items.open().select_related("carried_from"):
        before = item.carried_from
        if before is None or before.state == item.state:
            continue
        item.state, item.done_on, item.result = (
            before.state,
            before.done_on,
            before.result,
        )
        item.cancel_reason = before.cancel_reason
        item.save(update_fields=["state", "done_on", "result", "cancel_reason"])


# --- items -------------------------------------------------------------------------


@transaction.atomic
def add_item(plan, *, content, due_on, by, at, organization=None, unit=None, title=""):
    """Set out one more thing to do, with exactly one who answers for it."""
    plan = _take(plan, "add_item", by=by)
    today = timezone.localdate(at)
    if due_on < today:
        raise Refused("期限不能早于今天。")
    item = PlanItem.objects.create(
        plan=plan,
        position=plan.items.count() + 1,
        content=content,
        organization=organization,
        unit=unit,
        owner_title=title,
        since=today,
        due_on=due_on,
    )
    record("plan.item_added", item, by=by, at=at, plan=plan.pk)
    return item


@transaction.atomic
def edit_item(item, *, content, due_on, by, at, organization=None, unit=None, title=""):
    """Word an item of a draft anew, or give it another owner or date."""
    item = _take_item(item, "edit", by=by)
    if due_on < item.since:
        raise Refused(f"期限不能早于起算日 {item.since}。")
    item.content, item.due_on = content, due_on
    item.organization, item.unit, item.owner_title = organization, unit, title
    item.save(update_fields=[*FACTS])
    record("plan.item_edited", item, by=by, at=at)
    return item


def _note(item, kind, words, *, by, at):
    item.notes.create(kind=kind, words=words, on=timezone.localdate(at), by=by)
    record(f"plan.item_{kind}", item, by=by, at=at)


@transaction.atomic
def start_item(item, *, by, at):
    """Work on it has begun."""
    item = _take_item(item, "start", by=by)
    item.state = State.RUNNING
    item.save(update_fields=["state"])
    _note(item, Kind.STARTED, "", by=by, at=at)
    return item


@transaction.atomic
def report_item(item, *, words, by, at):
    """Note how far it is; what waited is running from then on."""
    item = _take_item(item, "report", by=by)
    words = _said(words, "请写明进展。")
    if item.state == State.WAITING:
        item.state = State.RUNNING
        item.save(update_fields=["state"])
    _note(item, Kind.PROGRESS, words, by=by, at=at)
    return item


@transaction.atomic
def extend_item(item, *, due_on, reason, by, at):
    """Give it more time; the reason shows for good."""
    item = _take_item(item, "extend", by=by)
    reason = _said(reason, "请写明为什么延期。")
    if due_on <= item.due_on:
        raise Refused(f"新期限要晚于现在的 {item.due_on}。")
    words = f"{item.due_on} 延到 {due_on}：{reason}"
    item.due_on = due_on
    item.save(update_fields=["due_on"])
    _note(item, Kind.EXTENDED, words, by=by, at=at)
    return item


@transaction.atomic
def finish_item(item, *, result, by, at):
    """It is done, and what it brought."""
    item = _take_item(item, "finish", by=by)
    item.result = _said(result, "请写明完成情况。")
    item.state, item.done_on = State.DONE, timezone.localdate(at)
    item.save(update_fields=["state", "done_on", "result"])
    _note(item, Kind.FINISHED, item.result, by=by, at=at)
    return item


@transaction.atomic
def cancel_item(item, *, reason, by, at):
    """It will not be done; the reason stays in the plan."""
    item = _take_item(item, "cancel", by=by)
    item.cancel_reason = _said(reason, "请写明取消原因。")
    item.state = State.CANCELLED
    item.save(update_fields=["state", "cancel_reason"])
    _note(item, Kind.CANCELLED, item.cancel_reason, by=by, at=at)
    return item
