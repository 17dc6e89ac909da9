"""Two imports at the same moment, each on a connection of its own."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import OperationalError, connection

from enterprises import actions, imports
from enterprises.models import Business
from tests.enterprises.files import code, line, workbook
from tests.factories import LIVE_ON, NOON, BusinessFactory

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts):
    """Run the acts at the same moment; what each returned, or its exception."""
    begin = Barrier(len(acts))

    def run(act):
        begin.wait()
        try:
            return act()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def started(grid, *rows):
    batch = imports.upload(
        name="台账.xlsx",
        content=workbook(*rows),
        grid=grid,
        known_since=LIVE_ON,
        by=None,
        at=NOON,
    )
    return imports.start(batch, by=None, at=NOON)


def finishing(batch):
    return lambda: imports.finish(batch, at=NOON).summary()


def test_two_files_at_once_do_not_double_a_business(grid):
    shops = [line(f"店{n}", room=str(n)) for n in range(40)]
    batches = [started(grid, *shops), started(grid, *shops)]

    results = at_once(*map(finishing, batches))

    assert sorted(result["new"] for result in results) == [0, 40]
    assert Business.objects.count() == 40


def test_one_batch_finished_twice_at_once_is_written_once(grid):
    batch = started(grid, line("甲店", room="1"))

    results = at_once(*[finishing(batch)] * 2)

    assert sum(isinstance(result, imports.Refused) for result in results) == 1
    assert Business.objects.count() == 1


def test_an_edit_waits_until_the_import_has_written(grid, monkeypatch):
    """Else the import would put back what it read before the edit."""
    shop = BusinessFactory(grid=grid, name="甲店", code=code(1))
    batch = started(grid, line("甲店", code=code(1), trade="茶叶零售"))
    write, attempts = imports.apply._write_buildings, []

    def attempt():
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        actions.edit(shop, changes={"trade": "餐饮"}, seen={}, by=None, at=NOON)

    def write_while_another_edits(made):
        attempts.extend(at_once(attempt))
        write(made)

    monkeypatch.setattr(imports.apply, "_write_buildings", write_while_another_edits)
    imports.finish(batch, at=NOON)

    assert isinstance(attempts[0], OperationalError)
    shop.refresh_from_db()
    assert (shop.trade, shop.version) == ("茶叶零售", 2)
