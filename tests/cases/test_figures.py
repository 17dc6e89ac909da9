"""Of help only what cannot tell of a person is counted aloud."""

import datetime as dt

import pytest
from django.utils import timezone

from accounts.rights import Role
from cases import actions
from cases.counts import told
from cases.models import HelpCase, HelpItem
from tests.cases.conftest import holder
from tests.factories import NOON, TODAY

pytestmark = pytest.mark.django_db
KEYS = ("helpcases_home", "helpcases_counter", "helpcases_stand")


@pytest.fixture
def done(maotai, helper, renewal):
    """`done(n, on=day)`: as many cases at home, finished on that day."""

    def made(n, *, on=TODAY, place="home", item=renewal, neighborhood=maotai):
        at = timezone.make_aware(dt.datetime.combine(on, dt.time(10)))
        HelpCase.objects.bulk_create(
            HelpCase(
                item=item,
                place=place,
                neighborhood=neighborhood,
                state=HelpCase.State.FINISHED,
                registered_by=helper,
                registered_at=at,
                helper=helper,
                began_at=at - dt.timedelta(minutes=9),
                ended_at=at,
                pressed_by="self",
                result="approved",
                read_back_at=at,
                read_back_by=helper,
                closed_on=on,
            )
            for _ in range(n)
        )

    return made


def figures(client, **query):
    answer = client.get("/dashboard/figures.json", query)
    return {one["key"]: one for one in answer.json()["figures"] if one["key"] in KEYS}


@pytest.mark.parametrize(("n", "value"), [(0, None), (4, None), (5, 5), (6, 6)])
def test_under_five_are_suppressed_and_nothing_is_linked(
    client_of, leader, done, n, value
):
    done(n)
    home = figures(client_of(leader))["helpcases_home"]
    assert (home["value"], home["suppressed"]) == (value, value is None)
    assert home["href"] is None


def test_one_day_more_or_less_tells_nothing(client_of, leader, done):
    done(5, on=TODAY)
    done(1, on=TODAY.replace(day=1))
    client, first = client_of(leader), TODAY.replace(day=1)
    for start, end in (
        (first, TODAY),
        (first + dt.timedelta(days=1), TODAY),
        (first, TODAY - dt.timedelta(days=1)),
    ):
        said = figures(client, start=start.isoformat(), end=end.isoformat())
        assert said["helpcases_home"]["value"] == 6


def test_a_month_of_few_is_not_reckoned_out_of_two_periods(client_of, leader, done):
    done(7, on=dt.date(2026, 8, 3))
    done(3, on=dt.date(2026, 9, 3))
    client = client_of(leader)
    for end in ("2026-08-31", "2026-09-30"):
        said = figures(client, start="2026-08-01", end=end)
        assert said["helpcases_home"]["value"] == 7


def test_a_grid_of_the_street_is_told_no_number(client_of, done, grid, leader, chief):
    done(20)
    assert figures(client_of(leader), grid=grid.code)["helpcases_home"]["suppressed"]
    assert figures(client_of(chief))["helpcases_home"]["suppressed"]


def test_a_stand_counts_its_tallies_too(
    client_of, leader, done, helper, maotai, renewal
):
    done(2, place="stand")
    actions.tally(
        item=renewal,
        place="stand",
        neighborhood=maotai,
        on=TODAY,
        people=30,
        by=helper,
        at=NOON,
    )
    assert figures(client_of(leader))["helpcases_stand"]["value"] == 32


def test_the_dashboard_shows_them_without_a_link(client_of, leader, done):
    done(5)
    page = client_of(leader).get("/dashboard/").text
    assert 'data-figure="helpcases_home"' in page
    assert "不足 5" in page
    assert "figure=helpcases" not in page


def test_no_ledger_opens_them(client_of, leader, done):
    done(5)
    url = "/businesses/?figure=helpcases_home&grid=310105006"
    assert client_of(leader).get(url).status_code == 404


# --- the tables of a year --------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ({"a": 9, "b": 5}, {"a": 9, "b": 5}),
        ({"a": 9, "b": 7, "c": 4}, {"a": 9, "b": None, "c": None}),
        ({"a": 9, "b": 3, "c": 2}, {"a": 9, "b": None, "c": None}),
        ({"a": 9, "b": 1, "c": 1}, {"a": None, "b": None, "c": None}),
        ({"a": 2}, {"a": None}),
        ({}, {}),
    ],
)
def test_what_is_hidden_cannot_be_taken_away_from_a_sum(counts, shown):
    assert told(counts) == shown


def test_the_tables_hide_small_numbers(client_of, leader, done):
    done(8)
    done(4, item=HelpItem.objects.get(name="交通补贴申领"))
    page = client_of(leader).get("/cases/counts/").text
    assert "12 件" in page
    assert "交通补贴申领" in page
    assert "8 件" not in page
    assert "4 件" not in page


def test_who_has_no_right_to_count_is_turned_away(client_of, clerk, helper, street):
    worker = holder(Role.PARTY_WORKER, street, "worker")
    for user in (clerk, helper, worker):
        assert client_of(user).get("/cases/counts/").status_code == 403
