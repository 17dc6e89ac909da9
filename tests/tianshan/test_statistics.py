"""After a large load PostgreSQL knows its tables, in the application's own role."""

import environ
import pytest
from django.core.management import call_command
from django.db import connection

from enterprises import imports, tasks
from tests.enterprises.files import code, line, workbook
from tests.factories import LIVE_ON, NOON
from tianshan.database import statistics
from tianshan.notices.models import Notice

pytestmark = pytest.mark.django_db(transaction=True)
TABLE = Notice._meta.db_table


@pytest.fixture
def application(monkeypatch):
    """The rest of the test in the application's role, as server and worker are."""
    call_command("secure_database")
    owner = {key: connection.settings_dict[key] for key in ("USER", "PASSWORD")}
    role = environ.Env().db("DATABASE_URL")

    def become():
        connection.close()
        connection.settings_dict.update(USER=role["USER"], PASSWORD=role["PASSWORD"])

    yield become
    connection.close()
    connection.settings_dict.update(owner)


def known_rows(table):
    """How many rows the planner believes in; -1 when nobody has looked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = %s", [table])
        return cursor.fetchone()[0]


def test_the_application_has_a_table_looked_at_of_which_much_changed(
    application, staff
):
    if connection.pg_version < 170000:
        application()
        statistics.refresh()  # left to autovacuum, and no error
        return
    Notice.objects.bulk_create(
        Notice(to=staff, key=f"k{n}", words="到期", url="/", at=NOON)
        for n in range(statistics.FEWEST)
    )
    application()

    assert TABLE in statistics.refresh()
    assert known_rows(TABLE) == statistics.FEWEST
    assert TABLE not in statistics.refresh()  # nothing changed since


def test_few_rows_are_left_to_autovacuum(application, staff):
    statistics.refresh()  # whatever other tests did
    Notice.objects.create(to=staff, key="k", words="到期", url="/", at=NOON)
    application()

    assert TABLE not in statistics.refresh()


def test_the_worker_ends_an_import_with_it(grid, clerk, monkeypatch):
    monkeypatch.setattr(statistics, "FEWEST", 5)
    batch = imports.upload(
        name="台账.xlsx",
        content=workbook(
            *(line(f"店{n}", code=code(n), room=str(n)) for n in range(9))
        ),
        grid=grid,
        known_since=LIVE_ON,
        by=clerk,
        at=NOON,
    )
    imports.start(batch, by=clerk, at=NOON)

    tasks.apply_import.func(batch.pk)

    assert known_rows("enterprises_business") == 9


def test_autovacuum_looks_at_large_tables_early(db):
    call_command("secure_database")
    with connection.cursor() as cursor:
        cursor.execute("SELECT reloptions FROM pg_class WHERE relname = 'visits_visit'")
        (options,) = cursor.fetchone()
    assert "autovacuum_analyze_scale_factor=0.02" in options


def test_a_statement_may_remember_what_a_frequent_word_finds(db):
    call_command("secure_database")
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SHOW work_mem")
        assert cursor.fetchone() == ("32MB",)
