"""Writing thousands of new rows at once, by PostgreSQL's COPY."""

from django.db import connection, transaction


def copy_in(rows):
    """Write new rows of one model, giving them their keys; as bulk_create, but faster.

    Fields go in as the rows hold them, triggers fire and constraints hold. Neither
    `save()` nor defaults of the database are asked.
    """
    rows = list(rows)
    if not rows:
        return rows
    meta = type(rows[0])._meta.concrete_model._meta
    new = [row for row in rows if row.pk is None]
    with transaction.atomic(), connection.cursor() as cursor:
        for row, number in zip(new, _keys(cursor, meta, len(new)), strict=True):
            setattr(row, meta.pk.attname, number)
        _copy(cursor, meta, (row.__dict__ for row in rows))
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias
    return rows


def copy_values(model, rows):
    """The same of rows that nobody goes on with, as `{column's name: value}`: making
    objects of them would take as long as writing them. What a row does not say is its
    field's default."""
    meta = model._meta
    unsaid = {f.attname: f.get_default() for f in meta.concrete_fields}
    rows = list(rows)
    if not rows:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        keys = _keys(cursor, meta, len(rows))
        key = meta.pk.attname
        said = zip(rows, keys, strict=True)
        _copy(cursor, meta, ({**unsaid, **row, key: number} for row, number in said))


def _copy(cursor, meta, rows):
    quote = connection.ops.quote_name
    fields = meta.concrete_fields
    columns = ", ".join(quote(field.column) for field in fields)
    prepared = [(field.attname, _preparer(field)) for field in fields]
    with cursor.copy(f"COPY {quote(meta.db_table)} ({columns}) FROM STDIN") as copy:
        for values in rows:
            copy.write_row(
                [
                    values[name] if prepare is None else prepare(values[name])
                    for name, prepare in prepared
                ]
            )


def _keys(cursor, meta, many):
    """New keys from the table's own sequence, in order."""
    cursor.execute(
        "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
        [meta.db_table, meta.pk.column, many],
    )
    return [number for (number,) in cursor.fetchall()]


# What psycopg writes as it stands; the rest goes through the field (JSON, arrays).
_PLAIN = {
    "AutoField",
    "BigAutoField",
    "BigIntegerField",
    "BooleanField",
    "CharField",
    "DateField",
    "DateTimeField",
    "DecimalField",
    "ForeignKey",
    "IntegerField",
    "PositiveIntegerField",
    "PositiveSmallIntegerField",
    "SmallIntegerField",
    "TextField",
    "UUIDField",
}


def _preparer(field):
    if field.get_internal_type() in _PLAIN:
        return None
    return lambda value: field.get_db_prep_save(value, connection)
