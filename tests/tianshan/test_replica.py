"""Pages read from a replica: whole, never stale where it matters, never an error.

Here the replica is a second connection that sees the database as it was when the test
said so; `tests/proofs/replica.py` has a real one.
"""

import datetime as dt

import pytest
from django.db import OperationalError, connection, connections
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from dashboard import wall as walls
from enterprises.models import Business
from tests.factories import BusinessFactory, ExtraFieldFactory
from tianshan.audit.models import Entry
from tianshan.database import replica
from tianshan.database.replica import Choice, Progress, judge, read_from
from tianshan.ledgers import kept
from tianshan.values import extra
from tianshan.workdays import Calendar, changed
from tianshan.workdays.models import DayRule

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.make_aware(dt.datetime(2026, 9, 1, 10))
FAR = 2**60  # further than any log


@pytest.fixture
def follower(transactional_db, monkeypatch):
    """`follower(seconds=…)`: the replica stands still from now on."""
    state, own = {}, connection.copy(replica.REPLICA)

    def stand(*, replayed=FAR, seconds=0.0):
        monkeypatch.setattr(replica, "_away_until", 0.0)
        monkeypatch.setattr(replica, "_hurry_until", 0.0)
        own.close()
        # Django lets a test connect to what its settings do not name.
        connections.settings.pop(replica.REPLICA, None)
        connections[replica.REPLICA] = own
        with own.cursor() as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SELECT 1 FROM enterprises_business")
        connections.settings[replica.REPLICA] = own.settings_dict
        state.update(follows=True, replayed=replayed, seconds=seconds)

    monkeypatch.setattr(replica, "_ask", lambda: Progress(**state))
    with connection.cursor() as cursor:
        # As an office commits: how far the log is on the disk is asked after each act.
        cursor.execute("SET synchronous_commit TO on")
        yield stand
        cursor.execute("RESET synchronous_commit")
    own.close()
    del connections[replica.REPLICA]
    del connections.settings[replica.REPLICA]


def names(response):
    page = b"".join(response) if response.streaming else response.content
    return {name for name in ("旧店", "新店") if name in page.decode()}


# --- what is kept ---------------------------------------------------------------------


def test_what_a_stale_replica_said_is_never_kept_as_current(grid, follower):
    BusinessFactory(grid=grid)
    follower()
    BusinessFactory(grid=grid)

    for _ in range(2):
        with read_from(replica.REPLICA):
            assert kept.count(Business.objects.all()) == 1
        assert kept.count(Business.objects.all()) == 2
    follower()
    with read_from(replica.REPLICA):
        assert kept.count(Business.objects.all()) == 2


def test_one_request_asks_each_server_for_its_own_states(grid, follower):
    """Rights are read from the primary before a view reads from the replica."""
    BusinessFactory(grid=grid)
    follower()
    BusinessFactory(grid=grid)

    def respond(request):
        kept.states()
        with read_from(replica.REPLICA):
            kept.count(Business.objects.all())
        return HttpResponse()

    kept.once_a_request(respond)(RequestFactory().get("/"))

    assert kept.count(Business.objects.all()) == 2


def test_what_is_told_to_writers_is_read_from_the_primary(grid, follower):
    """Extra fields and the calendar are kept for seconds in the process."""
    follower()
    field = ExtraFieldFactory(of="business")
    day = dt.date(2026, 12, 7)
    DayRule.objects.create(date=day, kind="holiday", name="放假")
    extra.changed(), changed()

    with read_from(replica.REPLICA):
        extra.fields_of("business"), Calendar.load()

    assert [row.pk for row in extra.fields_of("business")] == [field.pk]
    assert not Calendar.load().is_workday(day)


# --- pages ----------------------------------------------------------------------------


def test_ledger_figures_and_exports_come_whole_from_the_replica(
    grid, chief, follower, client_of
):
    client = client_of(chief)
    BusinessFactory(grid=grid, name="旧店")
    follower()
    BusinessFactory(grid=grid, name="新店")

    page = client.get("/businesses/")
    csv = client.get("/businesses/", {"format": "csv"})
    figures = client.get("/dashboard/figures.json").json()["figures"]

    assert names(page) == {"旧店"}
    assert 'data-total="1"' in page.content.decode()
    assert names(csv) == {"旧店"}
    assert "X-Data-Until" in csv.headers
    assert {f["key"]: f["value"] for f in figures if "value" in f}["in_scope"] == 1
    # What a page writes down goes to the primary.
    assert Entry.objects.filter(verb="ledger.exported").count() == 1
    # What is not marked is read from there too.
    new = Business.objects.get(name="新店")
    assert client.get(new.get_absolute_url()).status_code == 200


def test_brief_search_and_wall_come_from_the_replica_but_never_a_revoked_link(
    grid, chief, follower, client_of, client
):
    reader = client_of(chief)
    BusinessFactory(grid=grid, name="旧店")
    link, token = walls.give(
        grid=grid,
        period="all",
        label="大厅",
        until=dt.date(2099, 1, 1),
        by=chief,
        at=NOW,
    )
    follower()
    BusinessFactory(grid=grid, name="新店")

    for page in (
        reader.get("/dashboard/brief/"),
        reader.get("/search/", {"q": "店"}),
        client.get("/wall/", {"token": token}),
    ):
        assert page.status_code == 200
        assert "X-Data-Until" in page.headers
        assert "新店" not in page.text
    assert not client.cookies
    link.refresh_from_db()
    assert link.seen_at

    walls.revoke(link, by=chief, at=NOW)
    assert client.get("/wall/", {"token": token}).status_code == 404


def test_who_wrote_reads_the_primary_until_the_replica_has_it(
    grid, chief, follower, client_of
):
    client, other = client_of(chief), client_of(chief)
    business = BusinessFactory(grid=grid, name="旧店")
    follower(replayed=replica.log_place(connection))
    url = f"/businesses/{business.pk}/edit/"
    seen = client.get(url).content.decode().split('name="seen" value="')[1]
    answer = client.post(
        url,
        {
            "name": "新店",
            "kind": business.kind,
            "state": business.state,
            "discovered_on": business.discovered_on,
            "seen": seen.split('"')[0],
        },
    )
    assert answer.status_code == 302, answer.content.decode()

    own = client.get("/businesses/")
    assert names(own) == {"新店"}
    assert "X-Data-Until" not in own.headers
    assert "备用数据库" not in own.content.decode()
    # Others may see what was, for as long as the replica may be behind.
    assert names(other.get("/businesses/")) == {"旧店"}

    follower(replayed=replica.log_place(connection))
    own = client.get("/businesses/")
    assert names(own) == {"新店"}
    assert "X-Data-Until" in own.headers


def test_a_forged_or_broken_cookie_is_as_none(grid, chief, follower, client_of):
    client = client_of(chief)
    follower()
    for cookie in ("1", "x:y", f"{FAR * 2}:abc"):
        client.cookies[replica.WRITTEN] = cookie
        assert "X-Data-Until" in client.get("/businesses/").headers


def test_how_far_behind_is_known_from_what_the_primary_was_seen_to_have(monkeypatch):
    """The last commit may be an hour old, and yet nothing is missing but a moment."""
    clock = iter((100.0, 100.0, 100.0, 100.0))
    monkeypatch.setattr(replica.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(replica, "_primary_was", [(60.0, 5), (98.0, 7), (99.0, 9)])

    assert replica.progress_of(True, 7, 3600.0).seconds == 2.0
    assert replica.progress_of(True, 5, 3600.0).seconds == 40.0
    assert replica.progress_of(True, 7, 1.0).seconds == 1.0
    assert replica.progress_of(True, 3, None).seconds is None


def test_a_replica_that_is_behind_is_left_and_the_page_says_so(
    grid, chief, follower, client_of, settings
):
    client = client_of(chief)
    BusinessFactory(grid=grid, name="旧店")
    follower(replayed=1, seconds=settings.REPLICA_MOST_BEHIND + 1)
    BusinessFactory(grid=grid, name="新店")

    for url in ("/businesses/", "/dashboard/", "/map/"):
        page = client.get(url)
        assert page.status_code == 200
        assert replica.BEHIND in page.content.decode()
    assert names(client.get("/businesses/")) == {"旧店", "新店"}

    follower(replayed=1, seconds=5)
    assert "数据到 " in client.get("/businesses/").content.decode()


def test_after_an_idle_hour_what_is_on_its_way_is_waited_for(
    grid, chief, follower, client_of, monkeypatch
):
    """The newest row is an hour old, the first new one arrives within milliseconds."""
    client = client_of(chief)
    follower()
    told = [Progress(True, 1, 3600.0), Progress(True, 1, 3600.0)]
    monkeypatch.setattr(
        replica,
        "_ask",
        lambda: told.pop() if told else Progress(True, FAR, 0.0),
    )
    page = client.get("/businesses/")
    assert not told
    assert "X-Data-Until" in page.headers
    assert replica.BEHIND not in page.content.decode()


def test_one_that_is_truly_behind_is_not_waited_for_at_each_page(
    grid, chief, follower, client_of, monkeypatch
):
    client = client_of(chief)
    follower()
    asked = []

    def ask():
        asked.append(1)
        return Progress(True, 1, 3600.0)

    monkeypatch.setattr(replica, "_ask", ask)
    for url in ("/businesses/", "/dashboard/"):
        before = len(asked)
        assert replica.BEHIND in client.get(url).content.decode()
    assert before > 2
    assert len(asked) == before + 1


def test_one_that_goes_away_half_way_is_left_and_not_asked_for_a_while(
    grid, chief, follower, client_of
):
    client = client_of(chief)
    BusinessFactory(grid=grid, name="旧店")
    asked = []

    class Broken:
        def __call__(self, execute, sql, parameters, many, context):
            asked.append(sql)
            raise OperationalError("terminating connection")

    for query in ({}, {"format": "csv"}):
        follower()
        with connections[replica.REPLICA].execute_wrapper(Broken()):
            assert names(client.get("/businesses/", query)) == {"旧店"}
    assert len(asked) >= 2
    before = len(asked)
    with connections[replica.REPLICA].execute_wrapper(Broken()):
        page = client.get("/businesses/")
    assert replica.DOWN in page.content.decode()
    assert len(asked) == before


# --- which server ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("progress", "own", "expected"),
    [
        (Progress(True, 100, 900.0), 0, Choice("replica", until=NOW)),  # nothing new
        (Progress(True, 90, 1.0), 0, Choice("replica", NOW - dt.timedelta(seconds=1))),
        (Progress(True, 90, 10.5), 0, Choice(words=replica.BEHIND)),
        (Progress(True, 90, None), 0, Choice(words=replica.BEHIND)),
        (Progress(True, 90, 1.0), 91, Choice()),
        (
            Progress(True, 91, 0.5),
            91,
            Choice("replica", NOW - dt.timedelta(seconds=0.5)),
        ),
        (Progress(False, 200, 0.0), 0, Choice(words=replica.DOWN)),  # a primary by now
        (Progress(True, None, None), 0, Choice(words=replica.DOWN)),
    ],
)
def test_where_a_page_is_read(progress, own, expected):
    assert judge(progress, primary=100, own=own, most=10, now=NOW) == expected
