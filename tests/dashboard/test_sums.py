"""The sums say what counting the rows says: any day, any grid, after any act."""

import datetime as dt
import random
import threading

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from accounts.rights import Role
from dashboard import sums
from dashboard.figures import classes
from dashboard.models import Standing, StandingSum
from enterprises import actions, merging
from enterprises.models import Business
from tests import factories as make
from tests.dashboard.world import LIVE_ON, TODAY, a_random_world
from tests.factories import NOON
from tianshan.ledgers import FIGURES, Scope, touched

DAY = dt.timedelta(days=1)
COVERAGE = [figure.key for figure in FIGURES.plain() if figure.family is classes]


def days(chance):
    """Long ago, lately, today, and when all has lapsed; ends of months and years."""
    return [
        LIVE_ON - 50 * DAY,
        TODAY.replace(day=1) - DAY,
        TODAY.replace(month=1, day=1) - DAY,
        TODAY,
        TODAY + 20 * DAY,
        TODAY + 800 * DAY,
        *(TODAY - chance.randrange(420) * DAY for _ in range(3)),
    ]


def counted_otherwise(world, users, chance):
    """Compare with the count of the rows, figure by figure; how many were not 0."""
    seen = 0
    for day in days(chance):
        for user in users:
            for grid in (world.street, *world.grids):
                scope = Scope(user, grid, day, day, today=day)
                counts = {key: FIGURES[key].count(scope) for key in COVERAGE}
                assert FIGURES.values_for(scope, COVERAGE) == counts, (day, user, grid)
                seen += sum(map(bool, counts.values()))
    return seen


@pytest.fixture
def world(db):
    return a_random_world(3, businesses=25)


@pytest.fixture
def users(world):
    """By grid: all, half, and half of it another's; by organisation; both at once."""
    secretary = world.secretary()
    both = world.secretary()
    make.PostFactory(
        user=both, role=Role.GRID_STAFF, grid=world.grids[0], since=LIVE_ON
    )
    return [
        world.user(Role.STREET_LEADER),
        world.user(Role.GRID_CHIEF, world.grids[0]),
        secretary,
        both,
    ]


def scope(user, world):
    return Scope(user, world.street, TODAY, TODAY, TODAY)


def test_sums_are_read_where_they_hold_what_one_sees(world, users):
    by_grid = [FIGURES["covered"].family(scope(user, world)) for user in users]
    assert [rows.model for rows, _ in by_grid] == [
        StandingSum,
        StandingSum,
        Standing,
        Standing,
    ]


def test_sums_are_the_rows_on_any_day(world, users):
    assert counted_otherwise(world, users, random.Random(1)) > 700


def test_sums_are_the_rows_after_any_act(world, users):
    """Moves, other kinds, rests, visits, coverage, twins joined and parted, rules."""
    chance = random.Random(5)
    clerk = world.user(Role.GRID_CLERK)

    def move(business, day):
        building = chance.choice(world.buildings)
        grid = building.grid
        actions.move(
            business,
            grid=grid,
            building=building,
            room="",
            since=TODAY,
            by=clerk,
            at=NOON,
        )

    def rest(business, day):
        state = chance.choice(["suspended", "operating", "closed"])
        actions.set_state(business, state=state, since=TODAY, by=clerk, at=NOON)

    def other_kind(business, day):
        business.kind = chance.choice(["enterprise", "merchant", "property"])
        business.save()
        touched([business.pk])

    def join(business, day):
        twin = Business.objects.in_ledgers().exclude(pk=business.pk).first()
        choices = {"kind": chance.choice(["mine", "theirs"])}
        joined = merging.merge(
            business, twin, choices=choices, reason="录重", by=clerk, at=NOON
        )
        assert StandingSum.objects.exists()
        if chance.random() < 0.7:
            merging.undo(joined, by=clerk, at=NOON)

    acts = [
        move,
        rest,
        other_kind,
        join,
        lambda business, day: world.visit(business, day),
        lambda business, day: world.cover(business, day, day + DAY),
    ]
    for turn in range(40):
        business = chance.choice(Business.objects.in_ledgers().order_by("pk"))
        try:
            acts[turn % len(acts)](business, world.day(business.discovered_on))
        except actions.Refused:
            continue
        if turn % 7 == 0:
            sums.fold()
    assert counted_otherwise(world, users[:2], chance) > 200
    assert sums.renew() == 0


def test_rows_written_past_all_acts_are_summed_as_well(world, users):
    Standing.objects.filter(until=None).update(overdue_from=TODAY - DAY)
    assert sums.renew() == 0
    Standing.objects.filter(operating=True).delete()
    sums.fold()
    assert not StandingSum.objects.exists()


def test_what_stays_as_it_was_is_not_written_again(world):
    before = set(Standing.objects.values_list("pk", flat=True))
    many = StandingSum.objects.count()
    touched(Business.objects.values_list("pk", flat=True))
    assert set(Standing.objects.values_list("pk", flat=True)) == before
    assert StandingSum.objects.count() == many


def test_folding_changes_no_number_and_leaves_one_row_a_place(world, users):
    scope_ = scope(users[0], world)
    for business in Business.objects.in_ledgers()[:5]:
        world.visit(business, TODAY)
    before = FIGURES.values_for(scope_, COVERAGE)
    many = StandingSum.objects.count()
    sums.fold()
    assert StandingSum.objects.count() < many
    places = ("span", "day", "grid", "home", "mode", "fails")
    assert StandingSum.objects.count() == (
        StandingSum.objects.values(*places).distinct().count()
    )
    assert not StandingSum.objects.filter(change=0).exists()
    assert FIGURES.values_for(scope_, COVERAGE) == before


def test_the_command_mends_sums_and_says_that_they_differed(world, capsys):
    call_command("standing_sums")
    assert "0" in capsys.readouterr().out
    one = StandingSum.objects.order_by("pk").first()
    StandingSum.objects.filter(pk=one.pk).update(change=one.change + 1)
    call_command("standing_sums")
    assert "1" in capsys.readouterr().out
    assert sums.renew() == 0


@pytest.mark.django_db(transaction=True)
def test_two_acts_in_one_grid_do_not_wait_for_each_other(grid):
    one, other = (make.BusinessFactory(grid=grid) for _ in range(2))
    branch = make.OrganizationFactory(grid=grid)
    written, go_on = threading.Event(), threading.Event()

    def slowly():
        try:
            with transaction.atomic():
                make.CoverageFactory(business=one, organization=branch)
                touched([one.pk])
                written.set()
                assert go_on.wait(20)
        finally:
            connection.close()

    first = threading.Thread(target=slowly)
    first.start()
    assert written.wait(20)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '5s'")
        make.CoverageFactory(business=other, organization=branch)
        touched([other.pk])
        sums.fold()
    go_on.set()
    first.join()
    chief = make.PostFactory(role=Role.GRID_CHIEF, grid=grid).user
    seen = Scope(chief, grid, TODAY, TODAY, TODAY)
    assert FIGURES.values_for(seen, ["in_scope", "covered"]) == {
        "in_scope": 2,
        "covered": 2,
    }
    assert sums.renew() == 0
