"""The application's own role against history: what it must write and cannot change."""

import json
import uuid

import environ
import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from psycopg.errors import InsufficientPrivilege


@pytest.fixture(scope="module")
def owner(django_db_setup, django_db_blocker):
    """The test database with its grants, and the owner's connection to it.

    These tests commit, on connections of their own: what they leave they remove.
    """
    with django_db_blocker.unblock():
        call_command("secure_database")
        url = environ.Env().db("DATABASE_OWNER_URL")
        with connect(url) as owner:
            yield owner


@pytest.fixture(scope="module")
def application(owner):
    """A connection to the test database in the application's own role."""
    url = environ.Env().db("DATABASE_URL")
    assert url["USER"] != owner.info.user, "these tests need two roles"
    with connect(url) as application:
        yield application


def connect(url):
    return psycopg.connect(
        host=url["HOST"],
        port=url["PORT"] or None,
        user=url["USER"],
        password=url["PASSWORD"],
        dbname=connection.settings_dict["NAME"],
        autocommit=True,
    )


@pytest.fixture
def user(owner):
    (pk,) = owner.execute(
        "INSERT INTO accounts_user (password, is_superuser, username, is_staff,"
        " is_active, date_joined, display_name)"
        " VALUES ('!', FALSE, %s, FALSE, TRUE, now(), '沈女士') RETURNING id",
        [str(uuid.uuid4())],
    ).fetchone()
    yield pk
    owner.execute("DELETE FROM accounts_user WHERE id = %s", [pk])
    owner.execute("DELETE FROM accounts_userevent WHERE pgh_obj_id = %s", [pk])


def history(application, user):
    return application.execute(
        "SELECT pgh_label, display_name FROM accounts_userevent"
        " WHERE pgh_obj_id = %s ORDER BY pgh_id",
        [user],
    ).fetchall()


def rename(application, user, name):
    application.execute(
        "UPDATE accounts_user SET display_name = %s WHERE id = %s", [name, user]
    )


def test_an_ordinary_update_writes_its_history(application, user):
    rename(application, user, "沈老师")
    assert history(application, user) == [("insert", "沈女士"), ("update", "沈老师")]


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
        "UPDATE audit_seal SET lines = 0",
        "DELETE FROM audit_seal",
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
    assert history(application, user) == [("insert", "沈女士"), ("update", "沈老师")]


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

    assert history(application, user)[-1] == ("update", "沈老师")
    application.execute("RESET pgtrigger.ignore")


def test_a_context_grows_but_never_changes(owner, application, user):
    """Else a later request could sign an earlier one's acts with another name."""
    context = str(uuid.uuid4())

    def write(name, **metadata):
        with application.transaction():
            application.execute(
                "SELECT set_config('pghistory.context_id', %s, TRUE),"
                " set_config('pghistory.context_metadata', %s, TRUE)",
                [context, json.dumps(metadata)],
            )
            rename(application, user, name)

    write("沈一", user=1)
    write("沈二", user=2, request="r1")

    (metadata,) = application.execute(
        "SELECT metadata FROM pghistory_context WHERE id = %s", [context]
    ).fetchone()
    assert metadata == {"user": 1, "request": "r1"}
    owner.execute("DELETE FROM pghistory_context WHERE id = %s", [context])


def test_audit_lines_can_be_added(owner, application):
    (pk,) = application.execute(
        "INSERT INTO audit_entry (verb, subject, subject_id, on_behalf_of, at, data,"
        " request) VALUES ('visit.logged', 'visits.visit', 1, '', now(), '{}', '')"
        " RETURNING id"
    ).fetchone()
    assert owner.execute("DELETE FROM audit_entry WHERE id = %s", [pk]).rowcount == 1


def test_a_later_migrate_opens_new_tables_and_closes_history(owner, application):
    role = connection.ops.quote_name(application.info.user)
    owner.execute("CREATE TABLE later (id int)")
    owner.execute(f"GRANT DELETE ON accounts_userevent TO {role}")
    try:
        application.execute("INSERT INTO later VALUES (1)")
        application.execute("DELETE FROM accounts_userevent WHERE FALSE")

        call_command("migrate", verbosity=0)

        application.execute("INSERT INTO later VALUES (2)")
        with pytest.raises(InsufficientPrivilege):
            application.execute("DELETE FROM accounts_userevent WHERE FALSE")
    finally:
        owner.execute("DROP TABLE later")


def test_one_role_for_both_is_reported(monkeypatch, capsys):
    url = connection.settings_dict
    monkeypatch.setenv(
        "DATABASE_URL", f"postgresql://{url['USER']}:x@127.0.0.1/{url['NAME']}"
    )
    call_command("secure_database")
    assert "could change history" in capsys.readouterr().err
