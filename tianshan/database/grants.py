"""What the application's role may do: its work, but nothing to history.

Tables belong to the owner, who migrates. The application reads and writes them,
except that history is written by triggers alone, which act as the owner, and that
audit lines can be added but not changed.
"""

import pghistory.models
from django.apps import apps
from django.db import transaction

from tianshan.database.statistics import SHARE

CONTEXT = pghistory.models.Context._meta.db_table
MIGRATIONS = "django_migrations"
# What a statement may hold in memory. Of millions of rows a frequent word of two characters
# finds more than PostgreSQL's 4 MB hold; it then remembers pages instead of rows and
# computes the pairs of each row on them anew: fifty seconds instead of one.
WORK_MEM = "32MB"
MAINTAINING = 170000  # PostgreSQL's version from which on there is such a right

# What a request wrote down about itself may grow while it runs, never change: a
# later request could otherwise sign its predecessor's acts with another name.
CONTEXT_ONLY_GROWS = f"""
CREATE OR REPLACE FUNCTION tianshan_context_only_grows() RETURNS trigger AS $$
BEGIN
    NEW.metadata = NEW.metadata || OLD.metadata;
    NEW.created_at = OLD.created_at;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;
CREATE OR REPLACE TRIGGER tianshan_context_only_grows
    BEFORE UPDATE ON {CONTEXT}
    FOR EACH ROW EXECUTE FUNCTION tianshan_context_only_grows();
"""

# As pgtrigger makes it, but deaf to the application: `SET pgtrigger.ignore` would
# otherwise let it write without leaving history.
SHOULD_IGNORE = """
CREATE OR REPLACE FUNCTION _pgtrigger_should_ignore(trigger_name NAME)
RETURNS BOOLEAN AS $$
BEGIN
    IF session_user = {role} THEN
        RETURN FALSE;
    END IF;
    RETURN COALESCE(
        trigger_name = ANY (
            NULLIF(current_setting('pgtrigger.ignore', TRUE), '')::text[]
        ),
        FALSE
    );
END;
$$ LANGUAGE plpgsql;
"""

# Autovacuum looks at a table when a tenth of it changed, by itself: of millions of rows
# that is after weeks, and the newest months are what is asked for most.
LOOKED_AT_EARLY = """
DO $$
DECLARE
    each regclass;
BEGIN
    FOR each IN
        SELECT oid FROM pg_class WHERE relkind = 'r'
            AND relnamespace = %s::regnamespace
            AND NOT COALESCE(reloptions, '{{}}') @> ARRAY[
                'autovacuum_analyze_scale_factor={share}',
                'autovacuum_vacuum_insert_scale_factor={share}'
            ]
    LOOP
        EXECUTE format(
            'ALTER TABLE %%s SET (autovacuum_analyze_scale_factor = {share},'
            ' autovacuum_vacuum_insert_scale_factor = {share})', each
        );
    END LOOP;
END
$$
"""


def secure(connection, role):
    """Give the role its rights anew; run as the owner, after every migrate."""
    schema, present = _schema_and_tables(connection)
    everything, history, audit = _tables(present)
    quote = connection.ops.quote_name
    name, space = quote(role), quote(schema)
    database = quote(connection.settings_dict["NAME"])

    statements = [
        f"REVOKE CREATE, TEMPORARY ON DATABASE {database} FROM PUBLIC, {name}",
        f"REVOKE CREATE ON SCHEMA {space} FROM PUBLIC, {name}",
        f"GRANT USAGE ON SCHEMA {space} TO {name}",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {space} FROM PUBLIC, {name}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {space} TO {name}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {space} TO {name}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA {space}"
        f" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {name}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA {space}"
        f" GRANT USAGE, SELECT ON SEQUENCES TO {name}",
    ]
    for table in sorted(everything - history - audit):
        statements.append(f"GRANT INSERT, UPDATE, DELETE ON {quote(table)} TO {name}")
    for table in sorted(audit):
        statements.append(f"GRANT INSERT ON {quote(table)} TO {name}")

    statements.append(f"ALTER DATABASE {database} SET work_mem = '{WORK_MEM}'")
    if connection.pg_version >= MAINTAINING:
        # To have the statistics renewed after a large load (`database.statistics`).
        statements.append(f"GRANT MAINTAIN ON ALL TABLES IN SCHEMA {space} TO {name}")

    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        # What locks tables comes first: a grant changes what autovacuum, at work on
        # the same table, waits to change, and would be waited for in turn.
        cursor.execute(LOOKED_AT_EARLY.format(share=SHARE), [schema])
        if CONTEXT in present:
            cursor.execute(CONTEXT_ONLY_GROWS)
        for statement in statements:
            cursor.execute(statement)
        functions = _trigger_functions(cursor, schema)
        if functions:
            literal = "'" + role.replace("'", "''") + "'"
            cursor.execute(SHOULD_IGNORE.format(role=literal))
        for function in functions:
            # With a search path of its own nobody can slip it other tables; only
            # firing needs no right to execute.
            cursor.execute(
                f"ALTER FUNCTION {function} SECURITY DEFINER"
                f" SET search_path = {space}, pg_temp"
            )
            cursor.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC, {name}")


def _schema_and_tables(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        (schema,) = cursor.fetchone()
        return schema, set(connection.introspection.table_names(cursor))


def _tables(present):
    """All tables but the list of migrations; those of history; those of audit."""
    history = {CONTEXT}
    audit = set()
    for model in apps.get_models(include_auto_created=True):
        if issubclass(model, pghistory.models.Event):
            history.add(model._meta.db_table)
        elif model._meta.app_label == "audit":
            audit.add(model._meta.db_table)
    return present - {MIGRATIONS}, history & present, audit & present


def _trigger_functions(cursor, schema):
    cursor.execute(
        "SELECT oid::regprocedure FROM pg_proc"
        " WHERE pronamespace = %s::regnamespace"
        r" AND (proname LIKE 'pgtrigger\_%%' OR proname = '_pgh_attach_context')",
        [schema],
    )
    return [function for (function,) in cursor.fetchall()]
