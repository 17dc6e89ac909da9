"""Pages of a district or a city are counted by the worker and say how old they are."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard import wall as walls
from dashboard import wide
from dashboard.models import StoredPage
from tests.factories import BusinessFactory

PAGES = ("/dashboard/", "/dashboard/brief/", "/map/", "/dashboard/figures.json")
START = timezone.make_aware(dt.datetime(2026, 9, 1, 12))


@pytest.fixture
def clock(monkeypatch):
    """`clock(minutes)`: so much later than at the start of the test."""
    now = [START]
    monkeypatch.setattr(wide.timezone, "now", lambda: now[0])

    def later(minutes):
        now[0] = START + dt.timedelta(minutes=minutes)

    return later


@pytest.fixture
def jobs(monkeypatch):
    """Jobs wait here; `jobs.work()` does them, as the worker would."""

    waiting, counting = Waiting(), wide.count
    waiting.run = counting.call
    monkeypatch.setattr(wide, "WIDE", 0)
    monkeypatch.setattr(wide, "count", waiting)
    return waiting


class Waiting(list):
    def enqueue(self, *args):
        self.append(args)

    def work(self):
        while self:
            self.run(*self.pop(0))


def in_scope(answer):
    return {each["key"]: each["value"] for each in answer.json()["figures"]}["in_scope"]


def test_a_narrow_scope_stores_nothing(client_of, leader, grid):
    BusinessFactory(grid=grid)
    for url in PAGES:
        assert client_of(leader).get(url).status_code == 200
    assert not StoredPage.objects.exists()


@pytest.mark.parametrize("url", PAGES)
def test_until_it_is_counted_a_page_says_so_and_asks_again(
    client_of, leader, grid, jobs, clock, url
):
    client = client_of(leader)
    first = client.get(url)
    if url.endswith("json"):
        assert (first.status_code, first.headers["Retry-After"]) == (503, "5")
    else:
        assert (first.status_code, first.headers["Refresh"]) == (202, "5")
        assert "正在统计" in first.text
    client.get(url)
    assert len(jobs) == 1  # it was asked for already

    jobs.work()
    assert client.get(url).status_code == 200


def test_what_was_counted_is_shown_with_its_age_until_it_is_counted_anew(
    client_of, leader, grid, jobs, clock
):
    client, url = client_of(leader), "/dashboard/figures.json"
    BusinessFactory(grid=grid)
    client.get(url)
    jobs.work()
    counted = client.get(url)
    assert in_scope(counted) == 1
    assert dt.datetime.fromisoformat(counted.json()["as_of"]) == START.replace(
        microsecond=0
    )

    BusinessFactory(grid=grid)
    clock(0.5)
    assert in_scope(client.get(url)) == 1
    assert not jobs
    clock(2)
    old = client.get(url)
    assert in_scope(old) == 1
    assert old.json()["as_of"] == counted.json()["as_of"]
    assert len(jobs) == 1
    client.get(url)
    assert len(jobs) == 1

    jobs.work()
    new = client.get(url)
    assert in_scope(new) == 2
    assert new.json()["as_of"] > old.json()["as_of"]


def test_a_count_that_died_is_asked_for_again(client_of, leader, jobs, clock):
    client, url = client_of(leader), "/dashboard/figures.json"
    client.get(url)
    jobs.clear()
    clock(14)
    client.get(url)
    assert not jobs
    clock(16)
    client.get(url)
    assert len(jobs) == 1


def test_the_numbers_of_a_page_are_those_of_the_moment_that_it_says(
    client_of, leader, grid, jobs, clock
):
    """Page, brief and map say when they were counted, not when they were opened."""
    BusinessFactory(grid=grid)
    client = client_of(leader)
    for url in PAGES[:3]:
        clock(0)
        client.get(url)
        jobs.work()
        clock(0.9)
        said = re.search(r'截至 <time datetime="([^"]+)"', client.get(url).text)[1]
        assert abs(dt.datetime.fromisoformat(said) - START) < dt.timedelta(seconds=1)


def test_what_one_has_counted_nobody_else_sees(
    client_of, leader, staff, stranger, grid, jobs, clock
):
    BusinessFactory.create_batch(3, grid=grid)
    url = "/dashboard/figures.json"
    for user, number in ((leader, 3), (staff, 3), (stranger, 0)):
        assert client_of(user).get(url).status_code == 503
        jobs.work()
        assert in_scope(client_of(user).get(url)) == number
    assert StoredPage.objects.count() == 3


def test_who_lost_the_post_meanwhile_has_nothing_counted(
    client_of, staff, other_grid, grid, jobs, clock
):
    client_of(staff).get("/dashboard/figures.json")
    staff.posts.update(grid=other_grid)
    jobs.work()
    assert not StoredPage.objects.exists()

    client_of(staff).get("/dashboard/figures.json")
    staff.is_active = False
    staff.save()
    jobs.work()
    assert not StoredPage.objects.exists()


def test_a_text_that_none_of_ours_wrote_is_never_shown(client_of, leader, jobs, clock):
    client = client_of(leader)
    client.get("/dashboard/")
    jobs.work()
    StoredPage.objects.update(text="<b id=planted>1</b>")
    answer = client.get("/dashboard/")
    assert answer.status_code == 202
    assert "planted" not in answer.text


def test_what_was_counted_is_read_and_proved_once_a_process(
    client_of, leader, grid, jobs, clock
):
    """Of a text of hundreds of kilobytes only its age is asked again."""
    client, url = client_of(leader), "/dashboard/figures.json"
    client.get(url)
    jobs.work()
    client.get(url)
    with CaptureQueriesContext(connection) as asked:
        again = client.get(url)
    assert again.status_code == 200
    of_pages = [q["sql"] for q in asked if "dashboard_storedpage" in q["sql"]]
    assert len(of_pages) == 1
    assert '"text"' not in of_pages[0]


def test_a_wall_shows_what_was_counted_and_its_age(leader, grid, client, jobs, clock):
    BusinessFactory.create_batch(6, grid=grid)
    today = timezone.localdate(START)
    _, token = walls.give(
        label="西墙", grid=grid, period="all", until=today, by=leader, at=START
    )
    first = client.get("/wall/", {"token": token})
    assert first.status_code == 200
    assert "正在统计" in first.text
    jobs.work()
    shown = client.get("/wall/", {"token": token}).text
    assert re.search(r'data-figure="gap_uncovered">6<', shown)
    assert not client.cookies


def test_what_nobody_asks_for_any_more_is_forgotten(client_of, leader, jobs, clock):
    client_of(leader).get("/dashboard/")
    wide.forget(START + dt.timedelta(days=1))
    assert StoredPage.objects.exists()
    wide.forget(START + dt.timedelta(days=3))
    assert not StoredPage.objects.exists()
