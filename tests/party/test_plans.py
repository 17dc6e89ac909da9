"""Editions of a building's plan, and the steps of its items."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from party import plan_comparison, plan_figures, plans
from party.models import BuildingPlan, PlanItem, PlanNote
from tests.factories import (
    NOON,
    TODAY,
    OrganizationFactory,
    PlanFactory,
    PlanItemFactory,
    UnitFactory,
)
from tianshan.audit.models import Entry

pytestmark = pytest.mark.django_db
State = PlanItem.State


@pytest.fixture
def keep(building_secretary):
    """By whom and when: what every act is told."""
    return {"by": building_secretary, "at": NOON}


@pytest.fixture
def draft(tower):
    return PlanFactory(building=tower)


@pytest.fixture
def in_force(draft, keep):
    PlanItemFactory(plan=draft, content="电梯分流")
    return plans.confirm_plan(draft, **keep)


@pytest.fixture
def item(in_force):
    return in_force.items.get()


def put(plan, state):
    """Force a plan into a state, as the database allows it."""
    open_ended = {BuildingPlan.State.DRAFT, BuildingPlan.State.DISCARDED}
    when = None if state in open_ended else TODAY
    who = None if when is None else plan.drafted_by
    BuildingPlan.objects.filter(pk=plan.pk).update(
        state=state,
        confirmed_on=when,
        confirmed_by=who,
        discard_reason="不办了" if state == BuildingPlan.State.DISCARDED else "",
    )


# --- editions ----------------------------------------------------------------------


def test_the_first_draft_is_empty_and_belongs_to_its_year(tower, keep):
    plan = plans.draft_plan(tower, year=2026, **keep)
    assert (plan.edition, plan.situation, plan.previous) == ("2026 版", "", None)
    assert Entry.objects.filter(verb="plan.drafted").count() == 1


def test_confirming_locks_the_plan_with_its_figures(draft, keep, monkeypatch):
    PlanItemFactory(plan=draft)
    figures = [{"key": "operating", "label": "在营", "value": 3, "unit": "家"}]
    monkeypatch.setattr(plan_figures, "_reader", lambda building, day: figures)

    plan = plans.confirm_plan(draft, **keep)

    plan.refresh_from_db()
    assert plan.state == BuildingPlan.State.CONFIRMED
    assert (plan.confirmed_by, plan.confirmed_on) == (keep["by"], TODAY)
    assert plan.figures == figures
    assert Entry.objects.filter(verb="plan.confirmed").count() == 1
    with pytest.raises(plans.Refused):
        plans.edit_plan(plan, changes={}, seen={}, **keep)


@pytest.mark.parametrize("missing", ["situation", "setup", "goals"])
def test_an_unwritten_part_stands_in_the_way_of_confirming(tower, keep, missing):
    plan = PlanFactory(building=tower, **{missing: " "})
    PlanItemFactory(plan=plan)
    with pytest.raises(plans.Refused, match="还没有写"):
        plans.confirm_plan(plan, **keep)


def test_a_plan_without_anything_to_do_is_not_confirmed(draft, keep):
    PlanItemFactory(plan=draft, state=State.CANCELLED, cancel_reason="不做了")
    with pytest.raises(plans.Refused, match="还没有事项"):
        plans.confirm_plan(draft, **keep)


def test_the_next_edition_carries_over_what_is_unfinished(in_force, item, keep):
    plans.report_item(item, words="方案已定", **keep)
    done = PlanItemFactory(plan=in_force, state=State.DONE, done_on=TODAY)

    plan = plans.draft_plan(in_force.building, year=2027, **keep)

    assert (plan.previous, plan.goals) == (in_force, in_force.goals)
    carried = plan.items.get()
    assert (carried.carried_from, carried.state) == (item, State.RUNNING)
    assert (carried.since, carried.due_on) == (item.since, item.due_on)
    assert carried.notes.get().words == "由 2026 版 转入"
    assert not PlanItem.objects.filter(carried_from=done).exists()


def test_a_second_edition_in_the_same_year_is_a_revision(in_force, keep):
    plan = plans.draft_plan(in_force.building, year=2026, **keep)
    assert plan.edition == "2026 版修订 1"


def test_the_new_edition_takes_the_place_of_the_last_one(in_force, item, keep):
    plan = plans.draft_plan(in_force.building, year=2027, **keep)
    plans.finish_item(item, result="已分流", **keep)

    plans.confirm_plan(plan, **keep)

    in_force.refresh_from_db()
    assert in_force.state == BuildingPlan.State.SUPERSEDED
    carried = plan.items.get()
    assert (carried.state, carried.result) == (State.DONE, "已分流")
    assert list(PlanItem.objects.current()) == [carried]


def test_two_drafts_at_once_and_earlier_years_are_refused(in_force, keep):
    with pytest.raises(plans.Refused, match="更早"):
        plans.draft_plan(in_force.building, year=2025, **keep)
    plans.draft_plan(in_force.building, year=2026, **keep)
    with pytest.raises(plans.Refused, match="草稿"):
        plans.draft_plan(in_force.building, year=2027, **keep)


def test_the_database_holds_one_plan_in_force(in_force):
    other = PlanFactory(building=in_force.building, year=2027)
    with pytest.raises(IntegrityError), transaction.atomic():
        put(other, BuildingPlan.State.CONFIRMED)


ACTS_ON_PLANS = {
    "edit": lambda plan, **keep: plans.edit_plan(plan, changes={}, seen={}, **keep),
    "add_item": lambda plan, **keep: plans.add_item(
        plan, content="事项", title="楼长", due_on=TODAY, **keep
    ),
    "confirm": plans.confirm_plan,
}


@pytest.mark.parametrize("step", ACTS_ON_PLANS)
@pytest.mark.parametrize("state", list(BuildingPlan.State))
def test_steps_of_a_plan_are_refused_from_any_other_state(draft, keep, step, state):
    put(draft, state)
    if state in BuildingPlan.STEPS[step]:
        assert step in BuildingPlan.objects.get(pk=draft.pk).open_steps
        return
    with pytest.raises(plans.Refused):
        ACTS_ON_PLANS[step](draft, **keep)


@pytest.mark.parametrize("who", ["staff", "leader", "secretary", "stranger"])
@pytest.mark.parametrize("step", ACTS_ON_PLANS)
def test_steps_of_a_plan_belong_to_who_keeps_it(request, draft, step, who):
    with pytest.raises(PermissionDenied):
        ACTS_ON_PLANS[step](draft, by=request.getfixturevalue(who), at=NOON)


@pytest.mark.parametrize("who", ["clerk", "chief", "building_secretary"])
def test_clerk_chief_and_the_buildings_secretary_keep_it(request, draft, who):
    by = request.getfixturevalue(who)
    plans.add_item(draft, content="事项", title="楼长", due_on=TODAY, by=by, at=NOON)
    assert draft.items.count() == 1


def test_what_two_people_wrote_in_different_parts_merges(draft, keep):
    seen = {name: getattr(draft, name) for name in plans.TEXTS}
    plans.edit_plan(draft, changes=seen | {"goals": "甲"}, seen=seen, **keep)
    plans.edit_plan(draft, changes=seen | {"setup": "乙"}, seen=seen, **keep)
    draft.refresh_from_db()
    assert (draft.goals, draft.setup) == ("甲", "乙")
    with pytest.raises(plans.Conflict, match="目标"):
        plans.edit_plan(draft, changes=seen | {"goals": "丙"}, seen=seen, **keep)


def test_a_draft_is_discarded_for_a_reason_and_its_edition_is_free(in_force, keep):
    item = in_force.items.get()
    draft = plans.draft_plan(in_force.building, year=in_force.year, **keep)
    with pytest.raises(plans.Refused, match="为什么放弃"):
        plans.discard_plan(draft, reason=" ", **keep)
    plans.discard_plan(draft, reason="改到明年再定", **keep)
    draft.refresh_from_db()
    assert (draft.state, draft.discard_reason) == ("discarded", "改到明年再定")
    assert Entry.objects.filter(verb="plan.discarded").count() == 1
    assert list(PlanItem.objects.current()) == [item], "and nothing of the draft"

    again = plans.draft_plan(in_force.building, year=in_force.year, **keep)
    assert (again.edition, again.previous) == (draft.edition, in_force)
    assert again.items.get().carried_from == item


@pytest.mark.parametrize(
    "state", sorted(set(BuildingPlan.State) - BuildingPlan.STEPS["discard"])
)
def test_only_a_draft_is_discarded(draft, keep, state):
    put(draft, state)
    with pytest.raises(plans.Refused):
        plans.discard_plan(draft, reason="不办了", **keep)


def test_discarding_belongs_to_who_keeps_plans(draft, staff):
    with pytest.raises(PermissionDenied):
        plans.discard_plan(draft, reason="不办了", by=staff, at=NOON)


# --- items -------------------------------------------------------------------------


def test_an_item_has_exactly_one_owner(draft):
    unit, organization = UnitFactory(), OrganizationFactory()
    for owner in (
        {"owner_title": ""},
        {"unit": unit},
        {"owner_title": "", "unit": unit, "organization": organization},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            PlanItemFactory(plan=draft, **owner)
    assert PlanItemFactory(plan=draft, owner_title="", unit=unit).owner == unit.name


def test_an_item_goes_from_waiting_to_done_and_leaves_its_notes(item, keep):
    plans.start_item(item, **keep)
    plans.report_item(item, words="物业已出方案", **keep)
    later = item.due_on + dt.timedelta(14)
    plans.extend_item(item, due_on=later, reason="等设备", **keep)
    plans.finish_item(item, result="等梯 8 分钟", **keep)

    item.refresh_from_db()
    assert (item.state, item.done_on, item.due_on) == (State.DONE, TODAY, later)
    assert item.light(TODAY) is None
    kinds = [note.kind for note in item.notes.order_by("pk")]
    assert kinds == ["started", "progress", "extended", "finished"]
    assert "等设备" in item.notes.get(kind=PlanNote.Kind.EXTENDED).words
    verbs = Entry.objects.filter(verb__startswith="plan.item_").values_list("verb")
    assert {verb for (verb,) in verbs} == {f"plan.item_{kind}" for kind in kinds}


ACTS_ON_ITEMS = {
    "edit": lambda item, **keep: plans.edit_item(
        item, content="改", title="楼长", due_on=item.due_on, **keep
    ),
    "start": plans.start_item,
    "report": lambda item, **keep: plans.report_item(item, words="好", **keep),
    "extend": lambda item, **keep: plans.extend_item(
        item, due_on=item.due_on + dt.timedelta(7), reason="等", **keep
    ),
    "finish": lambda item, **keep: plans.finish_item(item, result="好", **keep),
    "cancel": lambda item, **keep: plans.cancel_item(item, reason="不做", **keep),
}


@pytest.mark.parametrize("step", ACTS_ON_ITEMS)
@pytest.mark.parametrize("of_plan", list(BuildingPlan.State))
@pytest.mark.parametrize("state", list(State))
def test_steps_of_an_item_hold_in_their_states_alone(draft, keep, step, state, of_plan):
    facts = {
        State.DONE: {"done_on": TODAY},
        State.CANCELLED: {"cancel_reason": "不做了"},
    }
    item = PlanItemFactory(plan=draft, state=state, **facts.get(state, {}))
    put(draft, of_plan)

    open_now = state in PlanItem.STEPS[step] and of_plan in PlanItem.PLAN_STATES[step]
    stored = PlanItem.objects.select_related("plan").get(pk=item.pk)
    assert (step in stored.open_steps) == open_now
    if open_now:
        ACTS_ON_ITEMS[step](item, **keep)
    else:
        with pytest.raises(plans.Refused):
            ACTS_ON_ITEMS[step](item, **keep)


@pytest.mark.parametrize("who", ["staff", "leader", "secretary", "stranger"])
@pytest.mark.parametrize("step", ACTS_ON_ITEMS)
def test_steps_of_an_item_belong_to_who_keeps_the_plan(request, item, step, who):
    with pytest.raises(PermissionDenied):
        ACTS_ON_ITEMS[step](item, by=request.getfixturevalue(who), at=NOON)


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda item, **k: plans.report_item(item, words=" ", **k), "进展"),
        (lambda item, **k: plans.finish_item(item, result="", **k), "完成情况"),
        (lambda item, **k: plans.cancel_item(item, reason=" ", **k), "取消原因"),
        (
            lambda item, **k: plans.extend_item(
                item, due_on=item.due_on, reason="等", **k
            ),
            "晚于",
        ),
    ],
)
def test_steps_ask_for_words_and_for_days_that_can_be(item, keep, act, words):
    with pytest.raises(plans.Refused, match=words):
        act(item, **keep)


@pytest.mark.parametrize(
    ("days", "colour"), [(0, "green"), (25, "yellow"), (28, "yellow"), (29, "red")]
)
def test_the_light_of_an_item(item, days, colour):
    day = TODAY + dt.timedelta(days)
    assert item.light(day).colour == colour
    assert list(PlanItem.objects.lit(colour, day)) == [item]


# --- comparison --------------------------------------------------------------------


def test_an_edition_says_what_it_changed(in_force, item, keep):
    PlanItemFactory(plan=in_force, content="健身", state=State.DONE, done_on=TODAY)
    plan = plans.draft_plan(in_force.building, year=2027, **keep)
    carried = plan.items.get()
    later = carried.due_on + dt.timedelta(30)
    plans.edit_item(carried, content="电梯分流", title="楼长", due_on=later, **keep)
    plans.add_item(plan, content="共享车位", title="楼长", due_on=later, **keep)

    lines = plan_comparison.lines(BuildingPlan.objects.get(pk=plan.pk))

    said = {(line.before or line.after).content: line.words for line in lines}
    assert said["健身"] == "已完成"
    assert said["共享车位"] == "新列入"
    assert said["电梯分流"] == (f"转入，改由楼长负责，期限 {item.due_on} → {later}")
