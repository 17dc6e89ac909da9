"""The cells of a ledger said by PostgreSQL itself, for exports of many rows.

A column that has `sql` beside `value` needs no object for each row. Such columns come
as tuples for a workbook, and by COPY as finished lines of CSV. What they say must be
what `value` says: a test compares them, column by column.
"""

import datetime as dt
from itertools import batched

from django.core.exceptions import EmptyResultSet
from django.db.models import F, Func, JSONField, TextField, Value
from django.db.models.expressions import RawSQL
from django.db.models.sql.constants import LOUTER
from django.utils import timezone

from tianshan.database.replica import reading
from tianshan.files.formulas import NEEDS_A_MARK_IN_SQL

_ROWS_IN_A_CHUNK = 500
# What files.writing leaves out of texts: signs of one byte, and two that are none.
_UNSEEN = bytes([*range(1, 9), *range(0x0B, 0x20), 0x7F])
_NO_SIGNS = ("\ufffe", "\uffff")


class Label(Func):
    """The label of a choice; another word for none. The choice is read but once."""

    output_field = TextField()

    def __init__(self, path, choices, *, empty=""):
        super().__init__(path)
        self.pairs = [str(each) for pair in choices for each in pair]
        self.empty = empty

    def as_sql(self, compiler, connection):
        value, parameters = compiler.compile(self.source_expressions[0])
        whens = " WHEN %s THEN %s" * (len(self.pairs) // 2)
        return (
            f"CASE {value}{whens} ELSE %s END",
            [*parameters, *self.pairs, self.empty],
        )


class Mapped(Func):
    """What a list of words that was just read says for a text; nothing for others."""

    output_field = TextField()
    template, arg_joiner = "(%(expressions)s)", " ->> "

    def __init__(self, path, words):
        super().__init__(Value(words, JSONField()), path)


class ToText(Func):
    """A day as PostgreSQL's to_char writes it."""

    function = "to_char"
    output_field = TextField()

    def __init__(self, path, pattern):
        super().__init__(path, Value(pattern))


class Beside(RawSQL):
    """What `beside` joined under that name says of the row; NULL for nothing."""

    def __init__(self, name, field):
        super().__init__(f'"{name}"."told"', (), field)


def beside(queryset, name, rows):
    """Join `rows`, at most one a row of the queryset and grouped once for all of them.

    `rows` is a `values` queryset of `of`, whose row it is, and of `told`. A subquery for each row, as a
    page of fifty has it, would take three times as long over a hundred thousand.
    """
    queryset = queryset.all()
    query = queryset.query
    base = f'"{query.get_initial_alias()}"."{query.model._meta.pk.column}"'
    query.alias_map[name] = _Derived(name, rows.query, f'"{name}"."of" = {base}')
    query.alias_refcount[name] = 1
    return queryset


class _Derived:
    """A subquery among the joins of a query, as a compiler asks of a join."""

    join_type, parent_alias, filtered_relation = LOUTER, None, None

    def __init__(self, name, query, condition):
        self.table_alias = self.table_name = name
        self.query, self.condition = query, condition

    def as_sql(self, compiler, connection):
        sql, parameters = compiler.compile(self.query)
        return (
            f'{LOUTER} ({sql}) "{self.table_alias}" ON ({self.condition})',
            parameters,
        )


def as_day(text):
    """A text that says a day, as the day."""
    whole = text and len(text) == len("2026-01-01")
    return dt.date.fromisoformat(text) if whole else text


def read(ledger, rows, columns, *, user, day):
    """The rows as tuples of what the columns hold, a queryset; None if one cannot."""
    if rows.query.distinct or not all(column.sql for column in columns):
        return None
    joins = [column.joins or column.annotate for column in columns]
    for join in dict.fromkeys(joins):
        if join:
            rows = join(rows, user=user, day=day)
    told = {}
    for place, column in enumerate(columns):
        sql = column.sql(day) if callable(column.sql) else column.sql
        told[f"told_{place}"] = F(sql) if isinstance(sql, str) else sql
    return rows.annotate(**told).values_list(*told)


def values(told, columns):
    """Tuples for a workbook: a text that says a day is a day again."""
    readers = [(place, c.read) for place, c in enumerate(columns) if c.read]
    for row in told.iterator(2000):
        if readers:
            row = list(row)
            for place, reader in readers:
                row[place] = reader(row[place])
        yield row


def csv_lines(told):
    """The rows as lines of CSV, some hundreds at a time, each with an empty cell at its
    end."""
    cells, parameters = [], []
    for name in told._fields:
        kind = told.query.annotations[name].output_field.get_internal_type()
        words, more = _CELLS.get(kind, _TEXT)
        cells.append(words.replace("{}", f'"{name}"'))
        parameters += more
    try:
        inner, also = told.query.sql_with_params()
    except EmptyResultSet:
        return
    # Each cell is named more than once, so it is computed within: the order there keeps
    # PostgreSQL from putting the two into one.
    lines = f"SELECT {', '.join(cells)}, NULL FROM ({inner}) AS told"  # noqa: S608
    sql = f"COPY ({lines}) TO STDOUT (FORMAT csv)"
    with reading().cursor() as cursor, cursor.copy(sql, [*parameters, *also]) as copy:
        for rows in batched(copy, _ROWS_IN_A_CHUNK):
            lines = b"".join(
                [bytes(row)[:-1].translate(None, _UNSEEN) + b"\r\n" for row in rows]
            )
            for sign in _NO_SIGNS:
                lines = lines.replace(sign.encode(), b"")
            yield lines


# How files.writing writes a value: words of SQL about a cell, and their parameters.
_AS_IT_IS = ("{}", [])
_TEXT = (
    """
    CASE WHEN {} = '' THEN NULL
        WHEN ascii({}) BETWEEN 19968 AND 40959 OR ascii({}) BETWEEN 48 AND 57
            OR ascii({}) BETWEEN 65 AND 90 OR ascii({}) BETWEEN 97 AND 122 THEN {}
        ELSE (SELECT CASE WHEN seen ~ %s THEN '''' || seen ELSE NULLIF(seen, '') END
            FROM (SELECT regexp_replace({}, %s, '', 'g')) AS cleaned (seen))
    END""",
    [NEEDS_A_MARK_IN_SQL, "[\u0001-\u0008\u000b-\u001f\u007f\ufffe\uffff]"],
)
_CELLS = {
    "BooleanField": ("CASE {} WHEN true THEN %s WHEN false THEN %s END", ["是", "否"]),
    "DateTimeField": (
        "to_char({} AT TIME ZONE %s, 'YYYY-MM-DD HH24:MI')",
        [str(timezone.get_default_timezone())],
    ),
    **dict.fromkeys(
        (
            "AutoField",
            "BigAutoField",
            "BigIntegerField",
            "DateField",
            "DecimalField",
            "IntegerField",
            "PositiveBigIntegerField",
            "PositiveIntegerField",
            "PositiveSmallIntegerField",
            "SmallIntegerField",
        ),
        _AS_IT_IS,
    ),
}
