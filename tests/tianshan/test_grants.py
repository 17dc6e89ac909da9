"""The application's own role against history: what it must write and cannot change."""

import json
import uuid

import environ
import psycopg
import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from psycopg.errors import InsufficientPrivilege

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def application(transactional_db):
    """A connection to the test database in the application's own role."""
    call_command("secure_database")
    url = environ.Env().db("DATABASE_URL")
    assert url["USER"] != connection.settings_dict["USER"], "two roles are needed"
    with psycopg.connect(
        host=url["HOST"],
        port=url["PORT"] or None,
        user=url["USER"],
        password=url["PASSWORD"],
        dbname=connection.settings_dict["NAME"],
        autocommit=True,
    ) as application:
        yield application


@pytest.fixture
def user(transactional_db):
    return get_user_model().objects.create(username="shen", display_name="沈女士")


def history(application):
    return application.execute(
        "SELECT pgh_label, display_name FROM accounts_userevent ORDER BY pgh_id"
    ).fetchall()


def rename(application, user, name):
    application.execute(
        "UPDATE accounts_user SET display_name = %s WHERE id = %s", [name, user.pk]
    )


def test_an_ordinary_update_writes_its_history(application, user):
    rename(application, user, "沈老师")
    assert history(application) == [("insert", "沈女士"), ("update", "沈老师")]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_userevent SET display_name = '别人'",
        "DELETE FROM accounts_userevent",
        "TRUNCATE accounts_userevent",
        "INSERT INTO accounts_userevent SELECT * FROM accounts_userevent",
        "MERGE INTO accounts_userevent e USING accounts_user u ON e.pgh_obj_id = u.id"
        " WHEN MATCHED THEN DELETE",
        "ALTER TABLE accounts_user DISABLE TRIGGER ALL",
        "DROP TRIGGER {trigger} ON accounts_user",
        "DROP FUNCTION {trigger}() CASCADE",
        "CREATE OR REPLACE FUNCTION {trigger}() RETURNS trigger"
        " AS 'BEGIN RETURN NULL; END' LANGUAGE plpgsql",
        "CREATE OR REPLACE FUNCTION _pgtrigger_should_ignore(trigger_name name)"
        " RETURNS boolean AS 'SELECT TRUE' LANGUAGE sql",
        "ALTER FUNCTION {trigger}() SECURITY INVOKER",
        "CREATE TRIGGER mine AFTER INSERT ON accounts_user"
        " FOR EACH ROW EXECUTE FUNCTION {trigger}()",
        "CREATE TEMPORARY TABLE accounts_userevent (id int)",
        "SET session_replication_role = replica",
        "DROP TABLE accounts_userevent",
        "UPDATE pghistory_context SET metadata = '{{}}'",
        "DELETE FROM pghistory_context",
        "SELECT _pgh_attach_context()",
        "UPDATE audit_entry SET verb = 'nothing'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "DELETE FROM audit_reading",
        "DELETE FROM django_migrations",
    ],
)
def test_history_cannot_be_changed(application, user, statement):
    (trigger,) = application.execute(
        "SELECT proname FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid"
        " WHERE tgrelid = 'accounts_user'::regclass AND proname LIKE '%%update%%'"
    ).fetchone()

    with pytest.raises(InsufficientPrivilege):
        application.execute(statement.format(trigger=trigger))

    rename(application, user, "沈老师")
    assert history(application) == [("insert", "沈女士"), ("update", "沈老师")]


def test_the_application_cannot_ask_triggers_to_look_away(application, user):
    triggers = application.execute(
        "SELECT array_agg(tgname) FROM pg_trigger"
        " WHERE tgrelid = 'accounts_user'::regclass AND NOT tgisinternal"
    ).fetchone()[0]
    application.execute(
        "SELECT set_config('pgtrigger.ignore', %s, FALSE)",
        ["{" + ",".join(triggers) + "}"],
    )

    rename(application, user, "沈老师")

    assert history(application)[-1] == ("update", "沈老师")


def test_a_context_grows_but_never_changes(application, user):
    """Else a later request could sign an earlier one's acts with another name."""
    context = str(uuid.uuid4())

    def write(name, **metadata):
        application.execute(
            "SELECT set_config('pghistory.context_id', %s, FALSE),"
            " set_config('pghistory.context_metadata', %s, FALSE)",
            [context, json.dumps(metadata)],
        )
        rename(application, user, name)

    write("沈一", user=1)
    write("沈二", user=2, request="r1")

    (metadata,) = application.execute(
        "SELECT metadata FROM pghistory_context WHERE id = %s", [context]
    ).fetchone()
    assert metadata == {"user": 1, "request": "r1"}


def test_audit_lines_can_be_added(application):
    application.execute(
        "INSERT INTO audit_entry (verb, subject, subject_id, on_behalf_of, at, data,"
        " request) VALUES ('visit.logged', 'visits.visit', 1, '', now(), '{}', '')"
    )
    found = application.execute("SELECT verb FROM audit_entry").fetchall()
    assert found == [("visit.logged",)]


def test_a_table_made_later_is_open_and_a_later_migrate_closes_its_history(application):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE later (id int)")
        cursor.execute(
            "GRANT DELETE ON accounts_userevent TO "
            + connection.ops.quote_name(application.info.user)
        )
    try:
        application.execute("INSERT INTO later VALUES (1)")
        application.execute("DELETE FROM accounts_userevent WHERE FALSE")

        call_command("migrate", verbosity=0)

        application.execute("INSERT INTO later VALUES (2)")
        with pytest.raises(InsufficientPrivilege):
            application.execute("DELETE FROM accounts_userevent WHERE FALSE")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE later")


def test_one_role_for_both_is_reported(monkeypatch, transactional_db, capsys):
    url = connection.settings_dict
    monkeypatch.setenv(
        "DATABASE_URL", f"postgresql://{url['USER']}:x@127.0.0.1/{url['NAME']}"
    )
    call_command("secure_database")
    assert "could change history" in capsys.readouterr().err
