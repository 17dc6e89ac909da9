# ruff: noqa: S608  the statements are put together from names of models alone
"""Millions of invented rows, written where they are to stand: by the database itself.

Only for a database that is thrown away: triggers are silent meanwhile, indexes and
foreign keys are made afterwards, all at once, and history is entered from the rows.
"""

import contextlib

from django.apps import apps
from django.db import connection

_QUICK = (
    "SET synchronous_commit = off",
    "SET maintenance_work_mem = '512MB'",
    "SET work_mem = '256MB'",
)


def draw(number, of, most):
    """SQL: a number from 0 up to `most`, the same at each run; `of` tells draws apart."""
    return f"mod(hashint8extended(({number})::bigint, {of}) & 2147483647, {most})"


def choice(number, of, weights):
    """SQL: a text of `{text: weight}`, in hundredths; None is NULL."""
    drawn, sofar, whens = draw(number, of, 100), 0, []
    for text, weight in weights.items():
        sofar += weight
        said = "NULL" if text is None else f"'{text}'"
        whens.append(f"WHEN {drawn} < {sofar} THEN {said}")
    return f"CASE {' '.join(whens)} END"


def fill(model, said, source, *, first=None):
    """Write rows of the model: `{attribute: SQL}` of each row of `source`.

    What is not said is the field's default. Without an `id` said, keys are given.
    """
    meta, quote = model._meta, connection.ops.quote_name
    columns, values, parameters = [], [], []
    for field in meta.concrete_fields:
        sql = said.get(field.attname)
        if sql is None and field.primary_key:
            continue
        columns.append(quote(field.column))
        if sql is None:
            values.append(f"%s::{field.db_type(connection).partition(' ')[0]}")
            default = field.get_default()
            parameters.append(field.get_db_prep_save(default, connection))
        else:
            values.append(sql)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quote(meta.db_table)} ({', '.join(columns)})"
            f" SELECT {', '.join(values)} {source}",
            parameters,
        )
        if "id" in said:
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s, 'id'),"
                f" (SELECT GREATEST(1, MAX(id)) FROM {quote(meta.db_table)}))",
                [meta.db_table],
            )


def fill_history(model):
    """The line of history that each row began with."""
    event = apps.get_model(model._meta.app_label, f"{model.__name__}Event")
    quote = connection.ops.quote_name
    names = [field.column for field in event._meta.concrete_fields]
    names = [quote(name) for name in names if not name.startswith("pgh_")]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quote(event._meta.db_table)}"
            f" (pgh_created_at, pgh_label, pgh_obj_id, {', '.join(names)})"
            f" SELECT clock_timestamp(), 'insert', id, {', '.join(names)}"
            f" FROM {quote(model._meta.db_table)}"
        )
    return event


@contextlib.contextmanager
def bare(*models):
    """The tables of these models without triggers, indexes and keys to other tables."""
    tables = [model._meta.db_table for model in models]
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for statement in _QUICK:
            cursor.execute(statement)
        constraints, indexes = _constraints(cursor, tables), _indexes(cursor, tables)
        for table, name, _ in constraints:
            cursor.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')
        for name, _ in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        for table in tables:
            cursor.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
    yield
    with connection.cursor() as cursor:
        for _, definition in indexes:
            cursor.execute(definition)
        for table, name, definition in constraints:
            cursor.execute(
                f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {definition}'
            )
        for table in tables:
            cursor.execute(f'ALTER TABLE "{table}" ENABLE TRIGGER USER')
            cursor.execute(f'ANALYZE "{table}"')


def _constraints(cursor, tables):
    """Unique ones first: they make indexes."""
    cursor.execute(
        "SELECT relname, conname, pg_get_constraintdef(pg_constraint.oid)"
        " FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid"
        " WHERE relname = ANY(%s) AND relnamespace = current_schema()::regnamespace"
        " AND contype IN ('u', 'f') ORDER BY contype DESC, conname",
        [tables],
    )
    return cursor.fetchall()


def _indexes(cursor, tables):
    """Those that no constraint holds."""
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s)"
        " AND schemaname = current_schema() AND NOT EXISTS (SELECT FROM pg_constraint"
        " WHERE conindid = format('%%I', indexname)::regclass)",
        [tables],
    )
    return cursor.fetchall()
