"""Every number is the count of the rows that its link opens."""

import datetime as dt
import re

import pytest
from django.urls import reverse

from accounts.rights import Role
from dashboard.screen import BESIDE
from enterprises.models import Business
from tests import factories as make
from tests.dashboard.world import TODAY, a_random_world
from tests.factories import NOON
from tianshan.ledgers import (
    FIGURES,
    LEDGERS,
    Figure,
    Rate,
    Scope,
    SmallCount,
    count_by_grid,
)
from tianshan.workdays import Calendar

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


# The list alone, as htmx asks for it: 700 whole pages would only take longer.
LIST_ALONE = {"HX-Request": "true", "HX-Target": "div#list"}


def total_of(client, href, says="total"):
    assert href.startswith("/")
    page = client.get(f"{href}&size=20", headers=LIST_ALONE)
    assert page.status_code == 200, href
    return int(re.search(rf'data-{says}="(\d+)"', page.text)[1])


def figures_for(client, **query):
    answer = client.get(reverse("dashboard:figures_json"), query)
    assert answer.status_code == 200, answer.text
    return answer.json()


PERIODS = [
    (TODAY - dt.timedelta(days=360), TODAY),
    (TODAY - dt.timedelta(days=30), TODAY + dt.timedelta(days=30)),
    (TODAY - dt.timedelta(days=200), TODAY - dt.timedelta(days=90)),
]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("who", ["leader", "staff", "stranger", "secretary"])
def test_every_number_is_the_total_of_its_list(seed, who, client_of):
    world = a_random_world(seed, businesses=25)
    user = {
        "leader": lambda: world.user(Role.STREET_LEADER),
        "staff": lambda: world.user(Role.GRID_STAFF, world.grids[1]),
        "stranger": lambda: world.user(Role.GRID_CHIEF, world.grids[0]),
        "secretary": world.secretary,
    }[who]()
    client = client_of(user)
    start, end = PERIODS[seed]
    answer = figures_for(client, start=start.isoformat(), end=end.isoformat())

    counted = 0
    for figure in answer["figures"]:
        if "numerator" in figure:
            for part in ("numerator", "denominator"):
                assert total_of(client, figure[f"{part}_href"]) == figure[part]
        elif "sum_href" in figure:
            said = total_of(client, figure["sum_href"], "sum")
            assert said == figure["value"], figure["key"]
        elif "suppressed" in figure:
            assert figure["href"] is None
        else:
            assert total_of(client, figure["href"]) == figure["value"], figure["key"]
            counted += figure["value"]
    assert counted > 0


@pytest.mark.parametrize("seed", range(3))
def test_one_statement_counts_what_each_figure_counts_alone(seed):
    world = a_random_world(seed, businesses=30)
    for user in (world.user(Role.STREET_LEADER), world.secretary()):
        start, end = PERIODS[seed]
        scope = Scope(user, world.street, start, end, TODAY)
        assert FIGURES.values_for(scope) == {
            figure.key: figure.count(scope) for figure in FIGURES.plain()
        }


@pytest.mark.parametrize("seed", range(3))
def test_grids_beside_each_other_have_the_numbers_of_their_own_pages(seed):
    world = a_random_world(seed, businesses=30)
    for user in (world.user(Role.STREET_LEADER), world.secretary()):
        start, end = PERIODS[seed]
        scope = Scope(user, world.street, start, end, TODAY)
        beside = [FIGURES[key] for key in BESIDE]
        found = count_by_grid(beside, scope)
        for grid in world.grids:
            assert FIGURES.values_for(scope.over(grid), BESIDE) == {
                key: sum(found.get((key, pk), 0) for pk in grid.subtree)
                for key in BESIDE
            }


def test_a_user_who_sees_nothing_gets_noughts_and_no_rates(client_of):
    world = a_random_world(1, businesses=10)
    office = make.PostFactory(role=Role.BRANCH_SECRETARY, grid=world.grids[1])
    answer = figures_for(client_of(office.user))
    for figure in answer["figures"]:
        rows = "numerator" not in figure and "suppressed" not in figure
        assert figure["value"] == (0 if rows else None)


def test_the_grids_of_a_street_add_up_to_the_street():
    world = a_random_world(2, businesses=50)
    leader = world.user(Role.STREET_LEADER)
    start, end = PERIODS[0]
    whole = FIGURES.values_for(Scope(leader, world.street, start, end, TODAY))
    parts = [
        FIGURES.values_for(Scope(leader, grid, start, end, TODAY))
        for grid in world.grids
    ]
    # Units that are distinct businesses may meet in two grids; dated rows may not.
    for key, value in whole.items():
        if not key.endswith("_distinct"):
            assert value == sum(part[key] for part in parts), key


# --- the contract ------------------------------------------------------------------


def test_figures_json_keeps_its_contract(client_of, chief, grid):
    answer = figures_for(client_of(chief))
    assert dt.datetime.fromisoformat(answer["as_of"]) == NOON
    assert answer["scope"]["grid"] == grid.code
    assert answer["scope"]["start"] == grid.live_on.isoformat()
    assert answer["scope"]["end"] == TODAY.isoformat()
    keys = {"key", "label", "value", "unit", "definition", "href"}
    for figure in answer["figures"]:
        assert keys <= set(figure)
        assert figure["label"]
        assert figure["definition"].endswith("。")
    by_key = {figure["key"]: figure for figure in answer["figures"]}
    assert len(by_key) == len(answer["figures"])
    assert by_key["formal_coverage"]["value"] is None, "nothing to divide by"
    attendance = by_key["attendance"]
    assert (attendance["href"], attendance["unit"]) == (None, "人次")
    assert attendance["sum_href"].startswith(reverse("services:activity_list"))
    assert by_key["visits_merchant"]["unit"] == "家次"
    assert by_key["visits_merchant_distinct"]["unit"] == "家"


def test_rates_carry_both_their_parts(client_of, chief, grid):
    for covered in (True, True, False):
        business = make.BusinessFactory(grid=grid)
        if covered:
            make.CoverageFactory(business=business)
    answer = figures_for(client_of(chief))
    rate = next(f for f in answer["figures"] if f["key"] == "formal_coverage")
    assert (rate["numerator"], rate["denominator"], rate["value"]) == (2, 3, 66.7)
    assert rate["numerator_href"].startswith(reverse("enterprises:business_list"))


@pytest.mark.parametrize(
    "query",
    [
        {"start": "2026-09-01", "end": "2026-08-31"},
        {"start": "1900-01-01"},
        {"start": "2026-02-30"},
        {"end": "gestern"},
        {"grid": "\x01"},
    ],
)
def test_a_scope_that_cannot_be_says_so(query, client_of, chief):
    client = client_of(chief)
    answer = client.get(reverse("dashboard:figures_json"), query)
    assert answer.status_code == 400
    assert answer.json()["error"]
    page = client.get(reverse("dashboard:dashboard"), query)
    assert page.status_code == 400
    assert answer.json()["error"] in page.text
    for name in query.keys() - {"grid"}:  # what was typed is there to be mended
        assert f'name="{name}" value="{query[name]}"' in page.text


def test_a_grid_out_of_sight_does_not_exist(client_of, chief, other_grid):
    client = client_of(chief)
    for code in (other_grid.code, "310105099"):
        for page in ("dashboard:dashboard", "dashboard:figures_json"):
            assert client.get(reverse(page), {"grid": code}).status_code == 404


# --- what counts -------------------------------------------------------------------


def values(user, grid, start=TODAY, end=TODAY):
    return FIGURES.values_for(Scope(user, grid, start, end, TODAY))


def test_visits_are_counted_by_visit_and_by_business(chief, grid):
    shop = make.BusinessFactory(grid=grid)
    firm = make.BusinessFactory(grid=grid, kind=Business.Kind.ENTERPRISE)
    for business in (shop, shop, firm):
        make.VisitFactory(business=business)
    make.VisitFactory(business=shop, outcome="absent")
    make.VisitFactory(business=shop, method="phone")
    make.VisitFactory(business=shop, visited_on=TODAY - DAY)
    n = values(chief, grid)
    assert (n["visits_merchant"], n["visits_merchant_distinct"]) == (2, 1)
    assert (n["visits_enterprise"], n["visits_enterprise_distinct"]) == (1, 1)
    assert (n["attempts"], n["calls"]) == (1, 1)


def test_three_distinct_askers_make_a_demand_common(chief, grid):
    body = make.BodyFactory(grid=grid)
    shops = make.BusinessFactory.create_batch(3, grid=grid)
    matter = make.MatterFactory(issue__body=body)
    for shop in (shops[0], shops[1], shops[1]):
        make.MatterDemandFactory(matter=matter, demand__business=shop)
    assert values(chief, grid)["common_demands"] == 0
    link = make.MatterDemandFactory(matter=matter, demand__business=shops[2])
    assert values(chief, grid)["common_demands"] == 1
    link.left_at = NOON
    link.save()
    assert values(chief, grid)["common_demands"] == 0


def test_a_deadline_that_moved_is_read_as_it_was_on_the_day(chief, grid):
    demand = make.DemandFactory(
        business__grid=grid,
        raised_on=TODAY - 20 * DAY,
        due_on=TODAY - 10 * DAY,
    )
    demand.dues.create(
        due_on=TODAY + 5 * DAY,
        owed_by="城管",
        since=TODAY - 5 * DAY,
        reason="并入事项",
        by=demand.recorded_by,
    )
    demand.due_on = TODAY + 5 * DAY
    demand.save()
    assert values(chief, grid)["demands_overdue"] == 0
    before = values(chief, grid, TODAY - 30 * DAY, TODAY - 6 * DAY)
    assert before["demands_overdue"] == 1


@pytest.mark.parametrize(
    ("day", "colour"),
    [(9, None), (15, None), (16, "yellow"), (20, "yellow"), (21, "red")],
)
def test_a_measure_turns_yellow_at_80_percent_and_red_when_late(
    day, colour, chief, grid
):
    """Of the ten working days from Monday the 6th of July, eight end on the 16th."""
    make.MeasureFactory(
        matter__issue__body__grid=grid,
        decided_on=dt.date(2026, 7, 6),
        due_on=dt.date(2026, 7, 20),
    )
    n = values(chief, grid, dt.date(2026, 7, 1), dt.date(2026, 7, day))
    assert n["measures_open"] == 1
    assert n["measures_yellow"] == (colour == "yellow")
    assert n["measures_overdue"] == (colour == "red")


def test_the_first_word_has_one_working_day(chief, grid):
    friday, monday, thursday = (dt.date(2026, 7, day) for day in (10, 13, 16))
    for raised_on, word in (
        (monday, monday),  # face to face
        (monday, monday + DAY),
        (monday, monday + 2 * DAY),  # late
        (friday, monday),
        (friday, None),  # late
        (thursday, None),  # not due yet
    ):
        make.DemandFactory(business__grid=grid, raised_on=raised_on, first_word_on=word)
    n = values(chief, grid, friday, thursday)
    assert n["demands_first_word_due"] == 5
    assert n["demands_first_word_in_time"] == 3


def test_the_first_word_counts_make_up_days(chief, grid):
    friday, monday = dt.date(2026, 10, 9), dt.date(2026, 10, 12)
    make.DemandFactory(business__grid=grid, raised_on=friday, first_word_on=monday)
    assert Calendar.load().is_workday(friday + DAY), "a Saturday that is worked"
    n = values(chief, grid, friday, TODAY)
    assert n["demands_first_word_due"] == 1
    assert n["demands_first_word_in_time"] == 0


def test_every_figure_names_a_known_ledger_and_its_parts():
    for figure in FIGURES.values():
        if isinstance(figure, Rate):
            for part in (figure.numerator, figure.denominator):
                assert isinstance(FIGURES[part], Figure)
        elif isinstance(figure, SmallCount):
            assert figure.key.startswith("helpcases_")
        else:
            assert figure.ledger in LEDGERS
