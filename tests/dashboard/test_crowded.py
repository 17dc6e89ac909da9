"""While others are at work a page of figures may be of a moment ago, and tells of when."""

import time

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.rights import BY_GRID, Role
from grids.models import Building, Grid
from tests.factories import BusinessFactory, PostFactory
from tianshan.ledgers import FIGURES, figures, kept, read_scope
from tianshan.web import busy

URL = "/dashboard/figures.json"
A_WHILE = 10  # seconds


@pytest.fixture
def clock(monkeypatch, settings):
    """`clock(seconds)`: so much later than at the start of the test."""
    settings.FIGURES_SECONDS = A_WHILE
    now = [time.time()]
    monkeypatch.setattr(busy.time, "time", lambda: now[0])
    monkeypatch.setattr(kept, "_kept", type(kept._kept)())
    start = now[0]

    def later(seconds):
        now[0] = start + seconds

    return later


@pytest.fixture
def crowded(monkeypatch, clock):
    monkeypatch.setattr(busy, "ALONE", 0)
    return clock


def told(client):
    """How many are in scope, and of when."""
    answer = client.get(URL).json()
    (number,) = [f["value"] for f in answer["figures"] if f["key"] == "in_scope"]
    return number, parse_datetime(answer["as_of"]).timestamp()


def colleague(grid, role=Role.GRID_CHIEF):
    return PostFactory(grid=grid, role=role).user


def test_alone_one_always_reads_what_is_now(grid, chief, client_of, clock):
    client = client_of(chief)
    assert told(client)[0] == 0
    BusinessFactory(grid=grid)
    assert told(client)[0] == 1


def test_a_page_of_a_moment_ago_will_do_and_says_of_when_it_is(
    grid, chief, client_of, crowded
):
    client = client_of(chief)
    first = told(client)
    assert first[0] == 0
    BusinessFactory(grid=grid)
    crowded(A_WHILE - 1)
    assert told(client) == first
    crowded(A_WHILE + 1)
    number, at = told(client)
    assert number == 1
    assert at == pytest.approx(first[1] + A_WHILE + 1, abs=1)


class ReadAnew(dict):
    """As if somebody were reading whatever is asked for."""

    def __contains__(self, place):
        return True


def test_while_somebody_reads_it_anew_an_older_one_will_do(
    grid, chief, client_of, crowded, monkeypatch
):
    client = client_of(chief)
    first = told(client)
    BusinessFactory(grid=grid)
    monkeypatch.setattr(kept, "_turns", ReadAnew())
    crowded(3 * A_WHILE - 1)
    assert told(client) == first
    client.cookies[busy.WROTE] = str(first[1] + 1)
    assert told(client)[0] == 1
    del client.cookies[busy.WROTE]
    BusinessFactory(grid=grid)
    crowded(7 * A_WHILE)
    assert told(client)[0] == 2


def test_nothing_changed_it_is_as_good_as_new(grid, chief, client_of, crowded):
    client = client_of(chief)
    start = told(client)[1]
    crowded(A_WHILE + 1)
    assert told(client)[1] > start


def test_who_sees_the_same_shares_it(grid, chief, client_of, crowded):
    told(client_of(chief))
    BusinessFactory(grid=grid)
    assert told(client_of(colleague(grid)))[0] == 0


def test_who_sees_another_grid_or_less_does_not(
    street, grid, chief, client_of, crowded
):
    told(client_of(chief))
    BusinessFactory(grid=grid)
    assert told(client_of(colleague(street)))[0] == 1
    # The same grid, but with businesses that have moved elsewhere since.
    assert colleague(street).sight != chief.sight
    secretary = PostFactory(grid=grid, role=Role.BRANCH_SECRETARY).user
    assert told(client_of(secretary))[0] == 0  # its own pages, of no business


@pytest.mark.parametrize("role", sorted(BY_GRID))
def test_of_whom_figures_are_shared_the_same_is_asked(role, grid):
    """Whatever of a figure hangs on the person would show in what is asked for it."""
    people = [PostFactory(grid=grid, role=role).user for _ in range(2)]
    assert people[0].sight == people[1].sight
    today, asked = timezone.localdate(), []
    for user in people:
        kept._kept.clear()
        scope = read_scope(user, {"grid": grid.code}, today=today)
        of = [figures._together([figure], scope) for figure in FIGURES.plain()]
        seen = [Building.objects.visible_to(user), Grid.objects.visible_to(user)]
        asked.append([*of, *(str(rows.query) for rows in seen)])
    assert asked[0] == asked[1]


@pytest.mark.parametrize("role", [Role.BRANCH_SECRETARY, Role.UNIT_OFFICER])
def test_who_looks_by_something_narrower_shares_with_nobody(role, grid, chief):
    one, other = (PostFactory(grid=grid, role=role).user for _ in range(2))
    assert one.sight != other.sight
    both = PostFactory(grid=grid, role=Role.GRID_CHIEF).user
    assert both.sight == chief.sight
    PostFactory(grid=grid, role=role, user=both)
    assert type(both).objects.get(pk=both.pk).sight != chief.sight


def test_what_one_has_just_written_one_sees(grid, chief, client_of, crowded):
    writer, reader = client_of(chief), client_of(colleague(grid))
    business = BusinessFactory(grid=grid)
    assert told(writer)[0] == told(reader)[0] == 1
    crowded(1)
    url = f"/businesses/{business.pk}/edit/"
    page = writer.get(url).text
    answer = writer.post(
        url,
        {
            "name": business.name,
            "kind": business.kind,
            "state": business.state,
            "discovered_on": business.discovered_on,
            "seen": page.split('name="seen" value="')[1].split('"')[0],
        },
    )
    assert answer.status_code == 302, answer.text
    BusinessFactory(grid=grid)
    assert told(reader)[0] == 1
    assert told(writer)[0] == 2
    assert told(reader)[0] == 2  # it was read anew, for all


@pytest.mark.parametrize("wrote", ["", "x", "nan", "-1e999"])
def test_a_broken_cookie_is_as_none(grid, chief, client_of, crowded, wrote):
    client = client_of(chief)
    client.cookies[busy.WROTE] = wrote
    assert told(client)[0] == 0
    BusinessFactory(grid=grid)
    assert told(client)[0] == 0


def test_of_two_who_see_the_same_the_numbers_are_counted_once(
    grid, chief, client_of, clock, django_assert_max_num_queries
):
    other = client_of(colleague(grid, Role.STREET_LEADER))
    other.get("/me/")
    before = told(client_of(chief))[0]
    with django_assert_max_num_queries(12) as asked:
        assert told(other)[0] == before
    assert not [q for q in asked.captured_queries if "SELECT ARRAY[" in q["sql"]]
    BusinessFactory(grid=grid)
    assert told(other)[0] == before + 1
