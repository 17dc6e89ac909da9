"""Lights: yellow at 80 % of the working days, red from the day after the deadline."""

from datetime import date

import pytest

from tianshan.workdays.lights import GREEN, RED, YELLOW, Light, light, worst

pytestmark = pytest.mark.django_db

# Ten working days: Monday 2026-03-02 to Monday 2026-03-16, no holiday between.
START, DUE = date(2026, 3, 2), date(2026, 3, 16)


@pytest.mark.parametrize(
    ("today", "colour", "words"),
    [
        (date(2026, 3, 2), GREEN, "剩 10 个工作日"),
        (date(2026, 3, 11), GREEN, "剩 3 个工作日"),  # 7 of 10 are gone
        (date(2026, 3, 12), YELLOW, "黄灯 剩 2 个工作日"),  # 8 of 10
        (date(2026, 3, 14), YELLOW, "黄灯 剩 1 个工作日"),  # a Saturday
        (date(2026, 3, 16), YELLOW, "黄灯 今天到期"),
        (date(2026, 3, 17), RED, "红灯 超期 1 个工作日"),
        (date(2026, 3, 23), RED, "红灯 超期 5 个工作日"),
    ],
)
def test_light_follows_the_working_days_between_start_and_deadline(
    today, colour, words
):
    assert light(START, DUE, today) == Light(colour, words)


def test_light_skips_holidays_and_counts_make_up_days():
    # 2026-09-30 (Wednesday) to 2026-10-13: 8, 9, 10 (Saturday, made up), 12, 13 October.
    start, due = date(2026, 9, 30), date(2026, 10, 13)

    assert light(start, due, date(2026, 10, 10)).colour == GREEN  # 3 of 5
    assert light(start, due, date(2026, 10, 12)).colour == YELLOW  # 4 of 5


def test_light_is_red_on_the_weekend_after_a_missed_friday():
    assert light(date(2026, 3, 2), date(2026, 3, 6), date(2026, 3, 7)) == Light(
        RED, "红灯 已超期"
    )


def test_light_of_a_deadline_on_the_same_day_is_yellow_from_the_start():
    assert light(START, START, START) == Light(YELLOW, "黄灯 今天到期")


def test_light_of_a_deadline_on_a_day_off_says_that_it_is_near():
    saturday = date(2026, 3, 7)

    near = light(date(2026, 3, 2), date(2026, 3, 8), saturday)

    assert near == Light(YELLOW, "黄灯 即将到期")


def test_worst_light_is_the_reddest():
    green, yellow, red = Light(GREEN, "a"), Light(YELLOW, "b"), Light(RED, "c")

    assert worst([green, red, yellow]) is red
    assert worst([green, yellow]) is yellow
    assert worst([]) is None
