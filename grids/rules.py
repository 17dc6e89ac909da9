"""Which rules are in force in a grid on a day: its own, else those of the grid above."""

import datetime as dt
from bisect import bisect_right
from collections import defaultdict
from itertools import accumulate
from types import SimpleNamespace

from grids.models import Grid, GridRules
from tianshan.ledgers.kept import keep

# Where the rules of before any row begin.
EVER = dt.date.min


class Rules:
    """The rules of all grids; whatever is asked of them costs no further query."""

    def __init__(self, grids, rows):
        self._paths = dict(grids)  # {grid's key: path}
        self._own = defaultdict(list)  # {path: its rows, earliest first}
        self._known = {}
        for row in rows:
            self._own[self._paths[row.grid_id]].append(row)

    @classmethod
    def load(cls):
        """As they stand for this transaction."""
        return keep("rules", cls._read)

    @classmethod
    def _read(cls):
        grids = Grid.objects.values_list("pk", "path")
        return cls(grids, GridRules.objects.order_by("since"))

    def on(self, grid, day):
        """The values in force, by their names in `GridRules.DEFAULTS`."""
        return self._on(grid.path, day)

    def _on(self, path, day):
        days, values = self._timeline(path)
        return values[bisect_right(days, day) - 1]

    def days_of_change(self, grid):
        """The days from which other rules hold, in the grid or above it."""
        return self._timeline(grid.path)[0][1:]

    def grids_by(self, name, day):
        """`{value: [keys of the grids where it is in force]}`."""
        grids = defaultdict(list)
        for key, path in self._paths.items():
            grids[getattr(self._on(path, day), name)].append(key)
        return grids

    def _timeline(self, path):
        if path not in self._known:
            # From the root down: each code with its slash ends the path of a grid.
            codes = [f"{code}/" for code in path.rstrip("/").split("/")]
            lines = [self._own.get(above, []) for above in accumulate(codes)]
            days = sorted({EVER, *(row.since for line in lines for row in line)})
            self._known[path] = days, [_values(lines, day) for day in days]
        return self._known[path]


def _values(lines, day):
    """What holds on the day, where each line of rows overrides those before it."""
    values = dict(GridRules.DEFAULTS)
    for line in lines:
        own = next((row for row in reversed(line) if row.since <= day), None)
        if own:
            said = own.values.items()
            values.update({name: value for name, value in said if value is not None})
    return SimpleNamespace(**values)
