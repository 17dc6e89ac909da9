"""The body of a ledger's table, drawn by hand.

The template engine costs ten times as much for 50 rows of 10 cells. What makes the
difference: nothing is looked up or decided per cell that could be per column.
"""

from html import escape

from django.utils.safestring import mark_safe

from tianshan.ledgers.ledger import said

MARK = ' class="marked"'


def draw_rows(rows, columns, *, picks=False, marked=(), group=None):
    """The rows, cell by cell; escaped is whatever was not made by format_html.

    `picks` puts a box to tick first, `marked` names the rows that just changed,
    `group(row)` are words that stand above the first row of those that have the same.
    """
    drawers = [_drawer(column, place) for place, column in enumerate(columns)]
    if picks:
        drawers.insert(0, _picker(next(column for column in columns if column.link)))
    heading = _headings(group, len(drawers)) if group else lambda row: ""
    return mark_safe(  # noqa: S308  every part is escaped below
        "\n".join(
            [
                f'{heading(row)}<tr data-id="{row.pk}"'
                f"{MARK if row.pk in marked else ''}>"
                f"{''.join([draw(row) for draw in drawers])}</tr>"
                for row in rows
            ]
        )
    )


def _headings(group, wide):
    """A function of each row in turn: a heading where its words differ from the last."""
    last = None

    def draw(row):
        nonlocal last
        words = group(row)
        if words == last:
            return ""
        last = words
        cell = f'<th colspan="{wide}" scope="rowgroup">{escape(words)}</th>'
        return f'<tr class="grp">{cell}</tr>'

    return draw


def _picker(title):
    """A function of the row that answers its box to tick, named by its title."""

    def draw(row):
        return (
            '<td class="ck"><input class="form-check-input" type="checkbox" name="pick"'
            f' value="{row.pk}" form="picked"'
            f' aria-label="选中 {escape(str(title.value(row))[:20])}"></td>'
        )

    return draw


def _drawer(column, place):
    """A function of the row that answers the column's cell."""
    style = ' class="first"' if place == 0 else ' class="r"' if column.number else ""
    start = f'<td{style} data-label="{escape(column.label)}">'
    tell = column.draw or (lambda row: said(column.value(row)))

    def draw(row):
        text = tell(row)
        if not hasattr(text, "__html__"):
            text = escape(str(text))
        return f"{start}{text}</td>"

    def draw_link(row):
        text = tell(row)
        if not hasattr(text, "__html__"):
            text = escape(str(text))
        url = escape(row.get_absolute_url())
        return f'{start}<a class="nm" href="{url}">{text}</a></td>'

    return draw_link if column.link else draw
