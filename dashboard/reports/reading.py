"""What a report says: figures from the registry, as figures.json has them.

Help cases stay behind their own wall: no report counts them.
"""

from dashboard import screen
from grids.models import Grid
from tianshan.ledgers import FIGURES, Scope, SmallCount, count_all

AT_ONCE = 10  # grids in one statement, which has a place for each figure of each


def grids_of(report):
    """The report's own grid, then those directly below it, side by side."""
    below = Grid.objects.filter(parent=report.grid).order_by("path")
    return [report.grid, *below]


def scope_of(report, user, today):
    return Scope(
        user=user, grid=report.grid, start=report.start, end=report.end, today=today
    )


def read(scope, grids):
    """`[{code, name, figures}]`, all counted in one statement where it holds them."""
    plain = FIGURES.plain()
    scopes = [scope.over(grid) for grid in grids]
    told = []
    for first in range(0, len(scopes), AT_ONCE):
        part = scopes[first : first + AT_ONCE]
        numbers = iter(count_all([(figure, one) for one in part for figure in plain]))
        for one in part:
            values = {figure.key: next(numbers) for figure in plain}
            told.append(
                {
                    "code": one.grid.code,
                    "name": one.grid.name,
                    "figures": [
                        _plain(entry)
                        for entry in screen.figures_as_json(one, values)
                        if not isinstance(FIGURES[entry["key"]], SmallCount)
                    ],
                }
            )
    return told


def _plain(entry):
    return {**entry, "label": str(entry["label"]), "unit": str(entry["unit"])}


def read_anew(report, user):
    """The same figures as of the same day, as they read now: corrections show.

    Time that has passed since makes no difference; what was entered since does.
    """
    return read(scope_of(report, user, report.day), grids_of(report))


def corrected(report, user):
    """`{(grid's code, figure's key): the entry now}` of those that read differently."""
    now = {
        (grid["code"], entry["key"]): entry
        for grid in read_anew(report, user)
        for entry in grid["figures"]
    }
    differ = {}
    for grid in report.figures:
        for entry in grid["figures"]:
            key = grid["code"], entry["key"]
            if key in now and _numbers(now[key]) != _numbers(entry):
                differ[key] = now[key]
    return differ


def _numbers(entry):
    return [entry.get(name) for name in ("value", "numerator", "denominator")]
