"""The light of a deadline: green, yellow at 80 % of its working days, red once missed."""

from typing import NamedTuple

from tianshan.workdays.calendar import Calendar

GREEN, YELLOW, RED = "green", "yellow", "red"
WORST_FIRST = (RED, YELLOW, GREEN)


class Light(NamedTuple):
    """What `{% lamp light.colour light.words %}` shows."""

    colour: str
    words: str


def light(start, due, today):
    """The light on the day `today` of what runs from `start` and is due on `due`.

    Days are working days, counted after `start` up to and including the day meant.
    The day of the deadline itself is never red.
    """
    calendar = Calendar.load()
    if today > due:
        over = calendar.between(due, today)
        return Light(RED, f"红灯 超期 {over} 个工作日" if over else "红灯 已超期")
    left = calendar.between(today, due)
    words = (
        f"剩 {left} 个工作日" if left else "今天到期" if today == due else "即将到期"
    )
    whole, used = calendar.between(start, due), calendar.between(start, today)
    if used * 5 >= whole * 4:
        return Light(YELLOW, f"黄灯 {words}")
    return Light(GREEN, words)


def worst(lights):
    """The one to look at first: the reddest, and of these the first given; or None."""
    return min(lights, key=lambda one: WORST_FIRST.index(one.colour), default=None)
