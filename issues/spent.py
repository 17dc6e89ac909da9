"""How long an issue has been where, from its steps alone."""

import datetime as dt
from dataclasses import dataclass

from issues.models.rules import FINAL, State


@dataclass(frozen=True)
class Stint:
    """A stretch of time with one body, open or put aside."""

    level: int
    body: object
    since: dt.datetime
    until: dt.datetime
    aside: bool = False

    @property
    def time(self):
        return self.until - self.since


def stints(steps, now):
    """The stretches from the first step to the last, or to now while it is open.

    `steps` in their order. Nothing runs while it is closed or withdrawn.
    """
    found = []
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        if step.to_state in FINAL:
            continue
        until = after.at if after else max(now, step.at)
        stint = Stint(
            step.to_level,
            step.to_body,
            step.at,
            until,
            step.to_state == State.SUSPENDED,
        )
        last = found[-1] if found else None
        same = last and (last.body, last.aside, last.until) == (
            stint.body,
            stint.aside,
            stint.since,
        )
        if same:
            found[-1] = Stint(
                last.level, last.body, last.since, stint.until, last.aside
            )
        else:
            found.append(stint)
    return found


def at_levels(steps, now):
    """`{level: time}`; put aside counts where it was put aside."""
    spent = {}
    for stint in stints(steps, now):
        spent[stint.level] = spent.get(stint.level, dt.timedelta()) + stint.time
    return spent


def replayed(steps):
    """State, level and body after the steps, or None where one does not follow."""
    now = ("", None, None)
    for step in steps:
        if (step.from_state, step.from_level, step.from_body_id) != now:
            return None
        now = (step.to_state, step.to_level, step.to_body_id)
    return now
