"""What visits and demands do, and refuse to do."""

import datetime as dt
import threading
import uuid

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from accounts.rights import Role
from dashboard.models import Standing
from enterprises import actions as enterprises
from grids.models import GridRules
from tests.factories import (
    NOON,
    TODAY,
    BusinessFactory,
    CategoryFactory,
    CoverageFactory,
    DemandFactory,
    GridFactory,
    PostFactory,
    VisitFactory,
)
from tianshan.audit.models import Entry
from visits import actions
from visits.models import Demand, Visit


def log(business, by, **changes):
    content = {
        "client_key": uuid.uuid4(),
        "outcome": Visit.Outcome.NORMAL,
        "people_met": Visit.Met.OWNER,
        "visited_on": TODAY,
        "filled_at": NOON,
        "at": NOON,
    }
    return actions.log_visit(business, by=by, **{**content, **changes})


@pytest.fixture
def demand(shop):
    return DemandFactory(business=shop)


# --- visits ------------------------------------------------------------------------


def test_the_same_key_and_content_is_one_visit(shop, staff):
    key = uuid.uuid4()
    first, created = log(shop, staff, client_key=key)
    again, created_again = log(shop, staff, client_key=key)
    assert (created, created_again) == (True, False)
    assert first == again
    assert Entry.objects.filter(verb="visit.logged").count() == 1


def test_the_same_key_with_other_content_is_refused(shop, staff):
    key = uuid.uuid4()
    log(shop, staff, client_key=key)
    with pytest.raises(actions.KeyReused, match="已经存过"):
        log(shop, staff, client_key=key, note="别的")
    assert Visit.objects.count() == 1


def test_the_same_key_of_two_visitors_is_two_visits(shop, staff, clerk):
    key = uuid.uuid4()
    log(shop, staff, client_key=key)
    log(shop, clerk, client_key=key)
    assert Visit.objects.count() == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"visited_on": TODAY + dt.timedelta(1)}, "在将来"),
        ({"filled_at": NOON + dt.timedelta(minutes=11)}, "时钟"),
        ({"people_met": ""}, "见到了谁"),
        ({"outcome": Visit.Outcome.DEMAND}, "类别和原话"),
    ],
)
def test_a_visit_that_cannot_be_is_refused(shop, staff, changes, said):
    with pytest.raises(actions.Refused, match=said):
        log(shop, staff, **changes)
    assert not Visit.objects.exists()


def test_a_clock_a_little_ahead_passes(shop, staff):
    visit, _ = log(shop, staff, filled_at=NOON + dt.timedelta(minutes=9))
    assert visit.filled_at > visit.arrived_at


def test_nobody_there_raises_no_demand(shop, staff, category):
    with pytest.raises(actions.Refused, match="没有遇到人"):
        log(
            shop,
            staff,
            outcome=Visit.Outcome.ABSENT,
            demands=[{"category": category, "words": "清运太晚"}],
        )


def test_a_demand_makes_the_outcome_and_names_who_owes(shop, staff, branch, category):
    CoverageFactory(business=shop, organization=branch)
    visit, _ = log(shop, staff, demands=[{"category": category, "words": "清运太晚"}])
    demand = visit.demands.get()
    assert visit.outcome == Visit.Outcome.DEMAND
    assert demand.owed_by == branch.name
    assert demand.source == Demand.Source.VISIT
    assert demand.dues.get().due_on == demand.due_on > TODAY


def test_a_demand_said_on_the_phone_has_not_been_answered_to_the_face(
    shop, staff, category
):
    visit, _ = log(
        shop,
        staff,
        method=Visit.Method.PHONE,
        demands=[{"category": category, "words": "清运太晚"}],
    )
    demand = visit.demands.get()
    assert (demand.source, demand.first_word_on) == (Demand.Source.CALL, None)


def test_facts_corrected_at_the_door_are_saved_and_remembered(shop, staff):
    given = {"staff_count": 6, "state": "suspended"}
    visit, _ = log(
        shop,
        staff,
        facts=given,
        facts_seen={"staff_count": 4, "state": "operating"},
    )
    shop.refresh_from_db()
    assert (shop.staff_count, shop.state) == (6, "suspended")
    assert visit.facts_changed == {
        "staff_count": [4, 6],
        "state": ["operating", "suspended"],
    }
    assert given == {"staff_count": 6, "state": "suspended"}


def test_facts_that_others_changed_elsewhere_merge(shop, staff, clerk):
    enterprises.edit(
        shop, changes={"contact_name": "林先生"}, seen={}, by=clerk, at=NOON
    )
    log(
        shop,
        staff,
        facts={"staff_count": 6},
        facts_seen={"staff_count": 4, "contact_name": "沈女士"},
    )
    shop.refresh_from_db()
    assert (shop.staff_count, shop.contact_name) == (6, "林先生")


@pytest.mark.parametrize(
    ("field", "theirs", "mine"),
    [("staff_count", 5, 6), ("state", "closed", "suspended")],
)
def test_facts_that_others_changed_too_conflict(
    shop, staff, clerk, field, theirs, mine
):
    seen = {field: getattr(shop, field)}
    if field == "state":
        enterprises.set_state(shop, state=theirs, since=TODAY, by=clerk, at=NOON)
    else:
        enterprises.edit(shop, changes={field: theirs}, seen={}, by=clerk, at=NOON)

    with pytest.raises(enterprises.Conflict) as conflict:
        log(shop, staff, facts={field: mine}, facts_seen=seen)

    assert conflict.value.fields == {field: theirs}
    assert not Visit.objects.exists()
    shop.refresh_from_db()
    assert getattr(shop, field) == theirs


def test_a_state_older_than_the_one_that_stands_is_refused_in_words(shop, staff):
    with pytest.raises(actions.Refused, match="日期不能更早"):
        log(
            shop,
            staff,
            visited_on=shop.discovered_on - dt.timedelta(1),
            facts={"state": "closed"},
        )


def test_visits_need_the_right_over_the_business(shop, stranger, leader):
    for somebody in (stranger, leader):
        with pytest.raises(PermissionDenied):
            log(shop, somebody)


@pytest.mark.django_db(transaction=True)
def test_the_same_record_on_two_connections_at_once_is_one_visit():
    grid = GridFactory(code="310105006603")
    staff = PostFactory(role=Role.GRID_STAFF, grid=grid).user
    shop = BusinessFactory(grid=grid, staff_count=4)
    category = CategoryFactory()
    key, answers, together = uuid.uuid4(), [], threading.Barrier(2, timeout=20)

    def send():
        try:
            together.wait()
            answers.append(
                log(
                    shop,
                    staff,
                    client_key=key,
                    facts={"staff_count": 6},
                    facts_seen={"staff_count": 4},
                    demands=[{"category": category, "words": "清运太晚"}],
                )
            )
        except Exception as problem:
            answers.append((problem, None))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(created for _, created in answers) == [False, True]
    assert answers[0][0] == answers[1][0] == Visit.objects.get()
    assert Demand.objects.count() == 1


# --- void --------------------------------------------------------------------------


def test_a_void_visit_stays_with_its_reason(shop, staff):
    visit = VisitFactory(business=shop, visitor=staff)
    actions.void_visit(visit, reason="记错了店", by=staff, at=NOON)
    visit.refresh_from_db()
    assert (visit.void_reason, visit.voided_by, visit.counts) == (
        "记错了店",
        staff,
        False,
    )
    assert not Visit.objects.met().exists()
    with pytest.raises(actions.Refused, match="已经作废"):
        actions.void_visit(visit, reason="再来", by=staff, at=NOON)


def test_a_visit_is_not_voided_without_a_reason_or_over_its_demands(shop, staff):
    visit = VisitFactory(business=shop, visitor=staff)
    with pytest.raises(actions.Refused, match="原因"):
        actions.void_visit(visit, reason=" ", by=staff, at=NOON)
    DemandFactory(business=shop, visit=visit)
    with pytest.raises(actions.Refused, match="诉求"):
        actions.void_visit(visit, reason="记错了店", by=staff, at=NOON)


def test_voiding_undoes_what_the_visit_did(shop, clerk):
    demand = actions.answer(
        DemandFactory(business=shop), words="已经报修", by=clerk, at=NOON
    )
    shop.refresh_from_db()
    before = {"staff_count": shop.staff_count, "state": shop.state}
    visit, _ = log(
        shop,
        clerk,
        told=[demand],
        facts={"staff_count": 77, "state": "closed"},
        facts_seen=before,
    )
    shop.refresh_from_db()
    demand.refresh_from_db()
    assert (shop.staff_count, shop.state, demand.state) == (77, "closed", "told")

    assert actions.void_visit(visit, reason="记错了店", by=clerk, at=NOON) == []

    shop.refresh_from_db()
    demand.refresh_from_db()
    assert {name: getattr(shop, name) for name in before} == before
    assert shop.occupancies.get().until is None
    assert [row.until for row in shop.operations.all()] == [None]
    assert (demand.state, demand.told_on, demand.told_by) == ("answered", None, None)
    standing = Standing.objects.get(business=shop, until=None)
    assert standing.operating
    assert standing.untold_from == demand.tell_by + dt.timedelta(1)


def test_voiding_leaves_what_others_changed_since(shop, staff, clerk):
    visit, _ = log(shop, staff, facts={"staff_count": 77, "contact_name": "方先生"})
    enterprises.edit(shop, changes={"staff_count": 5}, seen={}, by=clerk, at=NOON)

    left = actions.void_visit(visit, reason="记错了店", by=staff, at=NOON)

    shop.refresh_from_db()
    assert left == ["从业人数"]
    assert shop.staff_count == 5
    assert shop.contact_name == "沈女士"


def test_a_claim_from_another_age_is_refused(shop, staff):
    with pytest.raises(actions.Refused, match="时钟"):
        log(shop, staff, filled_at=NOON - dt.timedelta(days=400))
    assert not Visit.objects.exists()


# --- demands -----------------------------------------------------------------------


def test_one_demand_pressed_twice_is_one(shop, staff, category):
    said = {
        "category": category,
        "words": "清运太晚",
        "source": Demand.Source.CALL,
        "raised_on": TODAY,
        "by": staff,
        "at": NOON,
    }
    first, created = actions.take_demand(shop, **said)
    again, created_again = actions.take_demand(shop, **said)
    assert (first, created, created_again) == (again, True, False)

    other, created = actions.take_demand(shop, **{**said, "words": "太早"})
    assert created
    assert other != first


def test_face_to_face_is_a_first_word(shop, staff, category):
    for source in Demand.Source:
        demand = actions.raise_demand(
            shop,
            category=category,
            words="清运太晚",
            source=source,
            raised_on=TODAY,
            by=staff,
            at=NOON,
        )
        face_to_face = source in ("visit", "walk_in", "meeting")
        assert demand.first_word_on == (TODAY if face_to_face else None)


def test_a_hard_demand_has_longer_as_the_grid_says(shop, staff, grid):
    GridRules.objects.create(
        grid=grid, since=TODAY, set_at=NOON, ordinary_within=2, hard_within=4
    )
    due = {}
    for name, hard in (("用工", False), ("租金", True)):
        category = CategoryFactory(name=name)
        category.hard = hard
        category.save()
        demand = actions.raise_demand(
            shop,
            category=category,
            words="请帮忙",
            source=Demand.Source.CALL,
            raised_on=TODAY,
            by=staff,
            at=NOON,
        )
        due[hard] = demand.due_on
    # From a Thursday, over the weekend.
    assert due == {False: dt.date(2026, 10, 19), True: dt.date(2026, 10, 21)}


def test_a_demand_needs_words_and_no_future(shop, staff, category):
    said = {"category": category, "source": "call", "by": staff, "at": NOON}
    with pytest.raises(actions.Refused, match="原话"):
        actions.raise_demand(shop, words=" ", raised_on=TODAY, **said)
    with pytest.raises(actions.Refused, match="将来"):
        actions.raise_demand(
            shop, words="清运", raised_on=TODAY + dt.timedelta(1), **said
        )


def test_an_answer_starts_the_clock_of_telling(demand, clerk):
    actions.answer(demand, words="改到七点半", by=clerk, at=NOON)
    demand.refresh_from_db()
    assert (demand.state, demand.outcome_on) == (Demand.State.ANSWERED, TODAY)
    assert demand.tell_by == dt.date(2026, 10, 20)  # three working days after Thursday
    with pytest.raises(actions.Refused, match="已答复"):
        actions.answer(demand, words="再答", by=clerk, at=NOON)


def test_who_only_visits_answers_nothing(demand, staff):
    with pytest.raises(PermissionDenied):
        actions.answer(demand, words="改到七点半", by=staff, at=NOON)
    demand.refresh_from_db()
    assert demand.state == Demand.State.NEW


def test_declining_without_a_reason_that_says_something_is_refused(demand, clerk):
    for reason in ("不归我们管", "不归我们管，" + " " * 20):
        with pytest.raises(actions.Refused, match="至少 15 个字"):
            actions.decline(demand, reason=reason, by=clerk, at=NOON)
    demand.refresh_from_db()
    assert demand.state == Demand.State.NEW


def test_telling_waits_for_something_to_tell(demand, clerk):
    with pytest.raises(actions.Refused, match="待处理"):
        actions.tell(demand, how="visit", on=TODAY, by=clerk, at=NOON)
    actions.decline(demand, reason="这属于租约双方的事，" * 3, by=clerk, at=NOON)
    for day, said in (
        (TODAY + dt.timedelta(1), "将来"),
        (TODAY - dt.timedelta(1), "不能更早"),
    ):
        with pytest.raises(actions.Refused, match=said):
            actions.tell(demand, how="visit", on=day, by=clerk, at=NOON)
    actions.tell(demand, how="visit", on=TODAY, by=clerk, at=NOON)
    demand.refresh_from_db()
    assert (demand.state, demand.told_by) == (Demand.State.TOLD, clerk)


def test_a_visit_tells_what_was_decided(shop, staff, clerk, demand):
    """Whoever stands at the door records it, with no right to answer."""
    actions.answer(demand, words="改到七点半", by=clerk, at=NOON)
    key = uuid.uuid4()
    visit, _ = log(shop, staff, client_key=key, told=[demand])
    demand.refresh_from_db()
    assert (demand.state, demand.told_how, demand.told_by, demand.told_on) == (
        Demand.State.TOLD,
        Demand.Told.VISIT,
        staff,
        TODAY,
    )
    assert log(shop, staff, client_key=key, told=[demand]) == (visit, False)


def test_a_visit_that_tells_what_cannot_be_told_is_not_logged(
    shop, staff, clerk, demand
):
    with pytest.raises(actions.Refused, match="待处理"):
        log(shop, staff, told=[demand])
    actions.answer(demand, words="改到七点半", by=clerk, at=NOON)
    with pytest.raises(actions.Refused, match="没有告诉到"):
        log(shop, staff, outcome=Visit.Outcome.ABSENT, told=[demand])
    with pytest.raises(actions.Refused, match="不能更早"):
        log(shop, staff, visited_on=TODAY - dt.timedelta(1), told=[demand])
    assert not Visit.objects.exists()
    demand.refresh_from_db()
    assert demand.state == Demand.State.ANSWERED


def test_a_visit_tells_nothing_of_another_business(shop, staff, grid, clerk):
    other = DemandFactory(business=BusinessFactory(grid=grid))
    actions.answer(other, words="改到七点半", by=clerk, at=NOON)
    log(shop, staff, told=[other])
    other.refresh_from_db()
    assert other.state == Demand.State.ANSWERED


@pytest.mark.django_db(transaction=True)
def test_of_two_secretaries_at_once_one_answers_and_the_other_is_told():
    grid = GridFactory(code="310105006603")
    people = [PostFactory(role=Role.GRID_CLERK, grid=grid).user for _ in range(2)]
    demand = DemandFactory(business=BusinessFactory(grid=grid))
    said, together = [], threading.Barrier(2, timeout=20)

    def answer(by):
        try:
            together.wait()
            actions.answer(demand, words=f"{by.pk} 答", by=by, at=NOON)
            said.append("answered")
        except actions.Refused as refused:
            said.append(str(refused))
        finally:
            connection.close()

    threads = [threading.Thread(target=answer, args=[by]) for by in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    demand.refresh_from_db()
    assert demand.state == Demand.State.ANSWERED
    first, second = sorted(said, key=len)
    assert first == "answered"
    assert "现在是“已答复待回告”" in second
    assert Entry.objects.filter(verb="demand.answered").count() == 1
