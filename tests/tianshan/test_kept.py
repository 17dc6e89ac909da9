"""Counts and choices are kept in memory, and never beyond a change."""

import random
import threading

import pytest
from django.db import connection, transaction

from enterprises.models import Business, Coverage
from tests.factories import (
    BuildingFactory,
    BusinessFactory,
    CoverageFactory,
    GridFactory,
    OrganizationFactory,
)
from tianshan.audit import changes
from tianshan.ledgers import kept, views


def total(client, query):
    page = client.get("/businesses/", query).content.decode()
    return int(page.split('data-total="')[1].split('"')[0]), page.count("<tr data-id")


def test_what_was_counted_is_not_counted_again(grid, django_assert_num_queries):
    BusinessFactory(grid=grid)
    assert kept.count(Business.objects.all()) == 1

    with django_assert_num_queries(1):  # whether anything changed
        assert kept.count(Business.objects.all()) == 1


def test_a_count_depends_on_every_table_that_it_reads(grid):
    business = BusinessFactory(grid=grid)
    covered = Business.objects.filter(pk__in=Coverage.objects.values("business"))
    assert kept.count(covered) == 0

    CoverageFactory(business=business)
    assert kept.count(covered) == 1
    Coverage.objects.all().delete()
    assert kept.count(covered) == 0


def test_what_is_read_of_tables_that_nobody_watches_is_read_each_time(db):
    with connection.cursor() as cursor:
        cursor.execute('CREATE TEMPORARY TABLE "unwatched" ON COMMIT DROP AS SELECT 1')

        def read():
            cursor.execute('SELECT COUNT(*) FROM "unwatched"')
            return cursor.fetchone()[0]

        assert kept.keep("unwatched", read) == 1
        cursor.execute('INSERT INTO "unwatched" VALUES (2)')
        assert kept.keep("unwatched", read) == 2


def test_a_reading_within_another_is_a_part_of_it(grid):
    BusinessFactory(grid=grid)

    def read():
        return f"{kept.count(Business.objects.all())} 家"

    kept.count(Business.objects.all())
    assert kept.keep("within", read) == "1 家"
    BusinessFactory(grid=grid)
    assert kept.keep("within", read) == "2 家"


def test_the_total_is_the_rows_whatever_is_written_in_between(client_of, staff, grid):
    """Random writes of every kind, random filters, each list asked twice."""
    chance = random.Random(3)
    client = client_of(staff)
    buildings = [BuildingFactory(grid=grid) for _ in range(3)]
    organizations = [OrganizationFactory(grid=grid) for _ in range(2)]
    elsewhere = GridFactory(code="310105006699")

    def write():
        known = list(Business.objects.order_by("pk"))
        match chance.choice("nnnndmcs"):
            case "n":
                BusinessFactory(
                    grid=grid,
                    building=chance.choice([*buildings, None]),
                    kind=chance.choice(["merchant", "enterprise"]),
                )
            case "d" if known:
                Business.objects.filter(pk=chance.choice(known).pk).update(
                    state="closed"
                )
            case "m" if known:
                Business.objects.filter(pk=chance.choice(known).pk).update(
                    grid=elsewhere
                )
            case "c" if known:
                pair = {
                    "business": chance.choice(known),
                    "organization": chance.choice(organizations),
                }
                # Once by one mode: the database refuses the same a second time.
                if not Coverage.objects.filter(**pair).exists():
                    CoverageFactory(**pair)
            case "s":
                with connection.cursor() as cursor:
                    cursor.execute(
                        "UPDATE enterprises_business SET building_id = %s"
                        " WHERE id %% 3 = %s",
                        [chance.choice(buildings).pk, chance.randrange(3)],
                    )

    queries = [
        {},
        {"state": "operating"},
        {"kind": "merchant"},
        {"mode": "none"},
        {"building": buildings[0].pk},
        {"organization": organizations[0].pk, "state": "closed"},
    ]
    for _ in range(25):
        write()
        query = {**chance.choice(queries), "size": 200}
        for _ in range(2):
            said, shown = total(client, query)
            assert said == shown


def test_the_choices_of_a_filter_show_what_was_just_added(client_of, staff, grid):
    client = client_of(staff)
    BuildingFactory(grid=grid, name="旧楼")
    assert "旧楼" in client.get("/businesses/").content.decode()

    building = BuildingFactory(grid=grid, name="新楼")

    page = client.get("/businesses/", {"building": building.pk}).content.decode()
    assert f'<option value="{building.pk}" selected>新楼</option>' in page


def test_what_is_chosen_shows_in_the_filters(client_of, staff, grid):
    client = client_of(staff)
    client.get("/businesses/")

    page = client.get(
        "/businesses/", {"q": '"><b>茶', "state": ["moved", "closed"], "mode": "'x"}
    ).content.decode()

    assert 'name="q" value="&quot;&gt;&lt;b&gt;茶"' in page
    assert 'value="moved" checked' in page
    assert 'value="closed" checked' in page
    assert 'value="operating" checked' not in page


def test_nobody_sees_the_choices_of_another(client_of, staff, stranger, grid):
    BuildingFactory(grid=grid, name="本网格的楼")

    assert "本网格的楼" in client_of(staff).get("/businesses/").content.decode()
    assert "本网格的楼" not in client_of(stranger).get("/businesses/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_counts_hold_while_others_write(grid):
    """Writers in parallel, some of whom take back: after each commit a reader counts
    what is there, and a transaction in the making shows to nobody."""
    BusinessFactory(grid=grid)
    wrong, barrier = [], threading.Barrier(4)

    def work(number):
        chance = random.Random(number)
        try:
            barrier.wait()
            for turn in range(30):
                with transaction.atomic():
                    BusinessFactory.build(grid=grid, name=f"店{number}-{turn}").save()
                    if chance.random() < 0.3:
                        transaction.set_rollback(True)
                before = changes.states()["enterprises_business"]
                said = kept.count(Business.objects.all())
                there = Business.objects.count()
                after = changes.states()["enterprises_business"]
                if before == after and said != there:
                    wrong.append((said, there))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[n]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not wrong
    assert kept.count(Business.objects.all()) == Business.objects.count()


@pytest.mark.django_db(transaction=True)
def test_a_writer_that_is_not_done_holds_up_no_other(grid):
    """Two open transactions write to one table; the second does not wait."""
    started, done = threading.Event(), threading.Event()

    def slow():
        try:
            with transaction.atomic():
                BusinessFactory.build(grid=grid, name="慢").save()
                started.set()
                done.wait(20)
        finally:
            connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    assert started.wait(20)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '2s'")
        for number in range(130):  # the notes are folded meanwhile
            BusinessFactory.build(grid=grid, name=f"快{number}").save()
    assert kept.count(Business.objects.all()) == 130
    done.set()
    thread.join()

    assert kept.count(Business.objects.all()) == 131


def test_a_list_of_nothing_is_kept_until_there_is_something(
    grid, staff, client_of, monkeypatch
):
    client, drawn = client_of(staff), []
    draw = views.draw_rows
    monkeypatch.setattr(
        views, "draw_rows", lambda *args, **how: drawn.append(1) or draw(*args, **how)
    )
    query = {"q": "闽南茶行"}
    assert total(client, query) == (0, 0)
    assert total(client, query) == (0, 0)
    assert len(drawn) == 1
    BusinessFactory(grid=grid, name="闽南茶行")
    assert total(client, query) == (1, 1)


def test_of_two_that_miss_the_same_one_reads_and_the_other_waits(grid, monkeypatch):
    """Else all threads of a server count the same dashboard after each write."""
    reads, met = [], threading.Barrier(2, timeout=20)
    # Each thread would ask on its own.
    monkeypatch.setattr(kept, "states", kept.States)

    def read():
        reads.append(1)
        with kept.seen() as tables:
            tables.add("grids_grid")
        kept._tell_outer({"grids_grid"})
        # The other stands at the same door before this one is through.
        while kept._turns["default", "same"][1] < 2:
            threading.Event().wait(0.001)
        return "counted"

    def ask():
        met.wait()
        answers.append(kept.keep("same", read))

    answers = []
    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert answers == ["counted", "counted"]
    assert len(reads) == 1
    assert not kept._turns


def test_a_statement_is_put_together_once_and_anew_for_another_post(
    client_of, staff, grid, other_grid, monkeypatch
):
    """What it says hangs on who asks, not on the rows that it counts."""
    from tianshan.ledgers import figures

    made = []
    together = figures._together

    def counted(asked, scope):
        made.append(asked[0].key)
        return together(asked, scope)

    monkeypatch.setattr(figures, "_together", counted)
    kept._kept.clear()
    client = client_of(staff)

    def in_scope():
        answer = client.get("/dashboard/figures.json").json()
        return {each["key"]: each["value"] for each in answer["figures"]}["in_scope"]

    # The first time all are asked for, then those that a new business may change.
    for number in (1, 2):
        BusinessFactory(grid=grid)
        assert in_scope() == number
    first = len(made)
    BusinessFactory(grid=grid)
    assert in_scope() == 3
    # Of measures and meetings rows are read to put it together.
    assert {"visits_enterprise", "demands_raised"}.isdisjoint(made[first:])

    BusinessFactory(grid=other_grid)
    staff.posts.update(grid=other_grid)
    assert in_scope() == 1
    assert "visits_enterprise" in made[first:]
