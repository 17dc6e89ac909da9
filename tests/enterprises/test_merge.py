"""Merging two rows of one business: both histories stay, and it can be undone."""

import datetime as dt
import random
import threading
import uuid

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from dashboard.models import Standing
from enterprises import actions, merging
from enterprises.models import (
    Adviser,
    AdviserAssignment,
    Business,
    Caretaker,
    Coverage,
    JournalEntry,
    Merge,
    NotTwins,
    Occupancy,
    OfficialFacts,
    Operation,
    Priority,
)
from issues.models import MatterDemand
from tests.factories import (
    NOON,
    TODAY,
    BuildingFactory,
    BusinessFactory,
    CoverageFactory,
    DemandFactory,
    MatterDemandFactory,
    VisitFactory,
)
from tianshan.audit.models import Entry
from tianshan.ledgers import touched
from visits.actions import log_visit
from visits.models import Demand, Visit

DAY = dt.timedelta(days=1)
CODE = "91310105MA1FW00000"


def snapshot():
    """Every row that a merge could write, without what counts or dates the saves."""
    tables = {"enterprises.business": Business}
    tables |= {model._meta.label_lower: model for model, _ in merging.relations()}
    tables["dashboard.standing"] = Standing
    tables["issues.matterdemand"] = MatterDemand
    found = {}
    for label, model in tables.items():
        rows = model._base_manager.order_by("pk").values()
        drop = {"version", "updated_at"} | ({"id"} if model is Standing else set())
        found[label] = sorted(
            [{k: v for k, v in row.items() if k not in drop} for row in rows], key=str
        )
    return found


def a_shop(grid, chance, branch, users, **facts):
    """A merchant with a random past, through every relation."""
    found = TODAY - chance.randrange(100, 400) * DAY
    shop = BusinessFactory(grid=grid, discovered_on=found, **facts)
    for _ in range(chance.randrange(1, 4)):
        VisitFactory(business=shop, visited_on=TODAY - chance.randrange(90) * DAY)
    for _ in range(chance.randrange(1, 3)):
        MatterDemandFactory(demand__business=shop, matter__issue__body__grid=grid)
        DemandFactory(business=shop)
    for mode in chance.sample(list(Coverage.Mode), 2):
        CoverageFactory(business=shop, organization=branch, mode=mode, since=found)
    Caretaker.objects.create(
        user=chance.choice(users), grid=grid, business=shop, since=found
    )
    shop.journal.create(words="老板月底回来", by=users[0], at=NOON)
    shop.ownerships.create(owner="沈女士", since=found)
    if chance.random() < 0.7:
        shop.priorities.create(reason="消防", since=found)
        shop.priority = True
        shop.save()
    touched([shop.pk])
    return shop


@pytest.fixture
def two(grid, branch, staff, clerk):
    return [
        BusinessFactory(grid=grid, name=name) for name in ("闽南茶行", "闽南茶叶行")
    ]


def merge(one, other, by, **choices):
    return merging.merge(one, other, choices=choices, reason="录重", by=by, at=NOON)


@pytest.mark.parametrize("seed", range(6))
def test_merged_and_undone_is_as_before(seed, grid, branch, staff, clerk):
    chance = random.Random(seed)
    users = [staff, clerk]
    one = a_shop(grid, chance, branch, users, name="闽南茶行", code=CODE)
    other = a_shop(
        grid,
        chance,
        branch,
        users,
        name="闽南茶叶行",
        code=chance.choice([None, "91310105MA1FW00011"]),
        building=BuildingFactory(grid=grid),
        room="B08",
        state=chance.choice(["operating", "suspended"]),
    )
    third = a_shop(grid, chance, branch, users, name="第三家", succeeds=other)
    adviser = Adviser.objects.create(
        title="指导员", employment="full", level="street", grid=grid
    )
    AdviserAssignment.objects.create(adviser=adviser, business=other, since=TODAY)
    NotTwins.objects.create(first=other, second=third, by=clerk, at=NOON)
    before = snapshot()
    choices = {
        name: chance.choice([merging.MINE, merging.THEIRS])
        for name in (*merging.CHOSEN, merging.NOW)
    }

    done = merge(one, other, clerk, **choices)

    for model in (Visit, Demand, Coverage, Occupancy, Caretaker, JournalEntry):
        assert not model.objects.filter(business=other).exists(), model
    assert not Standing.objects.filter(business=other).exists()
    assert Standing.objects.filter(business=one).exists()
    assert Occupancy.objects.filter(business=one, until=None, main=True).count() == 1
    assert Operation.objects.filter(business=one, until=None).count() == 1
    assert Priority.objects.filter(business=one, until=None).count() <= 1
    one.refresh_from_db()
    assert one.priority == one.priorities.filter(until=None).exists()
    assert one.state == one.operations.get(until=None).state
    assert one.room == one.occupancies.get(until=None, main=True).room
    third.refresh_from_db()
    assert third.succeeds == one

    merging.undo(done, by=clerk, at=NOON)

    done.refresh_from_db()
    assert done.left == []
    after = snapshot()
    for label, rows in before.items():
        assert after[label] == rows, label


FACTS = {"main_business": "茶叶", "revenue": 80, "has_union": True}


def test_official_facts_move_with_a_merge_and_back(two, clerk):
    one, other = two
    facts = OfficialFacts.objects.create(business=other, **FACTS)
    done = merge(one, other, clerk)
    facts.refresh_from_db()
    assert facts.business == one
    merging.undo(done, by=clerk, at=NOON)
    facts.refresh_from_db()
    assert facts.business == other


def test_where_both_have_official_facts_gaps_are_filled_and_opened_again(two, clerk):
    one, other = two
    mine = OfficialFacts.objects.create(business=one, revenue=50, has_union=False)
    OfficialFacts.objects.create(business=other, **FACTS)
    done = merge(one, other, clerk)
    mine.refresh_from_db()
    assert (mine.main_business, mine.revenue, mine.has_union) == ("茶叶", 50, False)
    # What was answered since stays; the rest goes back.
    OfficialFacts.objects.filter(pk=mine.pk).update(lease_until=TODAY)
    merging.undo(done, by=clerk, at=NOON)
    mine.refresh_from_db()
    assert (mine.main_business, mine.revenue, mine.lease_until) == ("", 50, TODAY)
    done.refresh_from_db()
    assert done.left == []


def test_a_fact_filled_in_and_changed_since_is_left_and_listed(two, clerk):
    one, other = two
    mine = OfficialFacts.objects.create(business=one)
    OfficialFacts.objects.create(business=other, **FACTS)
    done = merge(one, other, clerk)
    OfficialFacts.objects.filter(pk=mine.pk).update(revenue=90)
    merging.undo(done, by=clerk, at=NOON)
    mine.refresh_from_db()
    assert (mine.main_business, mine.revenue, mine.has_union) == ("", 90, None)
    done.refresh_from_db()
    assert [row["why"] for row in done.left] == [
        "“年营收（万元）”合并后又改过，保持现在的样子"
    ]


@pytest.mark.parametrize(("choice", "full"), [("mine", 4), ("theirs", 2)])
def test_full_members_are_of_the_count_that_was_chosen(two, clerk, choice, full):
    one, other = two
    for business, full_members in ((one, 4), (other, 2)):
        business.members_count = full_members + 1
        business.save()
        OfficialFacts.objects.create(
            business=business, members_full=full_members, members_probationary=1
        )
    merge(one, other, clerk, members_count=choice)
    one.refresh_from_db()
    assert (one.members_count, one.official.members_full) == (full + 1, full)


def test_answers_to_extra_fields_fill_gaps_and_go_back(two, clerk):
    one, other = two
    one.extra, other.extra = {"f1": "甲"}, {"f1": "乙", "f2": "丙"}
    for business in two:
        business.save()
    done = merge(one, other, clerk)
    one.refresh_from_db()
    assert one.extra == {"f1": "甲", "f2": "丙"}
    merging.undo(done, by=clerk, at=NOON)
    one.refresh_from_db()
    assert one.extra == {"f1": "甲"}


def test_every_relation_to_a_business_is_found():
    found = {
        f"{model._meta.label_lower}.{field.name}"
        for model, field in merging.relations()
    }
    assert {
        "visits.visit.business",
        "visits.demand.business",
        "enterprises.coverage.business",
        "enterprises.occupancy.business",
        "enterprises.operation.business",
        "enterprises.caretaker.business",
        "enterprises.journalentry.business",
        "enterprises.adviserassignment.business",
        "enterprises.business.succeeds",
        "enterprises.business.merged_into",
    } <= found
    assert not {name for name in found if name.startswith(("dashboard.", "audit."))}
    assert not {name for name in found if "event" in name}


def test_what_was_touched_since_is_left_and_listed(two, clerk, staff):
    one, other = two
    visit = VisitFactory(business=other)
    note = other.journal.create(words="原话", by=staff, at=NOON)
    done = merge(one, other, clerk, name="theirs")
    third = BusinessFactory(grid=one.grid)
    Visit.objects.filter(pk=visit.pk).update(business=third)
    JournalEntry.objects.filter(pk=note.pk).update(words="改过的话")
    one.refresh_from_db()
    actions.edit(one, changes={"name": "又改的名"}, seen={}, by=clerk, at=NOON)
    later = VisitFactory(business=one)

    merging.undo(done, by=clerk, at=NOON)

    done.refresh_from_db()
    assert {(row["model"], row["pk"]) for row in done.left} == {
        ("visits.visit", visit.pk),
        ("enterprises.business", one.pk),
        ("visits.visit", later.pk),
    }
    one.refresh_from_db()
    other.refresh_from_db()
    assert one.name == "又改的名"
    assert other.gone_at is None
    note.refresh_from_db()
    # Only what the merge wrote goes back: the note is the other's again, as it reads now.
    assert (note.business, note.words) == (other, "改过的话")


def test_the_page_of_the_one_gone_leads_to_the_survivor(two, clerk, client_of):
    one, other = two
    merge(one, other, clerk)
    response = client_of(clerk).get(other.get_absolute_url())
    assert response.status_code == 302
    assert response.headers["Location"] == one.get_absolute_url()


def test_a_visit_that_a_phone_sends_later_follows_to_the_survivor(two, clerk, staff):
    one, other = two
    merge(one, other, clerk)
    visit, _ = log_visit(
        other,
        client_key=uuid.uuid4(),
        outcome="normal",
        people_met="owner",
        visited_on=TODAY,
        filled_at=NOON,
        by=staff,
        at=NOON,
    )
    assert visit.business == one


def test_a_chain_of_merges_is_undone_from_its_end(two, clerk):
    one, other = two
    third = BusinessFactory(grid=one.grid)
    first = merge(one, other, clerk)
    second = merge(third, one, clerk)
    other.refresh_from_db()
    assert other.merged_into == third

    with pytest.raises(merging.Refused):
        merging.undo(first, by=clerk, at=NOON)
    merging.undo(second, by=clerk, at=NOON)
    other.refresh_from_db()
    assert other.merged_into == one
    merging.undo(first, by=clerk, at=NOON)
    with pytest.raises(merging.Refused):
        merging.undo(first, by=clerk, at=NOON)
    assert not Business.objects.exclude(gone_at=None).exists()


def test_it_leaves_an_audit_line_each_way(two, clerk):
    done = merge(*two, clerk)
    merging.undo(done, by=clerk, at=NOON)
    verbs = set(Entry.objects.values_list("verb", flat=True))
    assert {"business.merged", "business.merge_undone"} <= verbs


def test_merging_belongs_to_the_clerk(two, staff, leader, chief, stranger):
    for user in (staff, leader, chief, stranger):
        with pytest.raises(PermissionDenied):
            merge(*two, user)


def test_a_shop_and_its_successor_are_no_twins(two, clerk):
    one, other = two
    other.succeeds = one
    other.save()
    with pytest.raises(merging.Refused):
        merge(one, other, clerk)


def test_one_gone_is_merged_no_more(two, clerk):
    one, other = two
    merge(one, other, clerk)
    with pytest.raises(merging.Refused):
        merge(one, other, clerk)
    with pytest.raises(merging.Refused):
        merge(other, one, clerk)
    with pytest.raises(merging.Refused):
        merge(one, one, clerk)


@pytest.mark.django_db(transaction=True)
def test_of_two_merges_at_once_one_wins(grid, clerk):
    one, other = BusinessFactory(grid=grid), BusinessFactory(grid=grid)
    start, results = threading.Barrier(2), []

    def run(survivor, gone):
        start.wait()
        try:
            merge(survivor, gone, clerk)
            results.append("won")
        except merging.Refused:
            results.append("refused")
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run, args=pair) for pair in ((one, other), (other, one))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(results) == ["refused", "won"]
    assert Merge.objects.count() == 1
    assert Business.objects.in_ledgers().count() == 1
