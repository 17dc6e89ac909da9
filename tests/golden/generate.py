"""Deadlines reckoned from the State Council's notices, apart from the portal's code.

Nothing of `tianshan` is imported and no calendar library is asked: the days below were
typed from the notices, and the count goes from one day to the next.

    python tests/golden/generate.py     writes tests/golden/deadlines.csv anew
"""

import csv
import random
from datetime import date, timedelta
from pathlib import Path

FILE = Path(__file__).with_name("deadlines.csv")
HOW_MANY = 400

# 国务院办公厅关于 … 年部分节假日安排的通知: what is free, first and last day, and which
# Saturdays and Sundays are worked.
NOTICES = {
    2023: {  # 国办发明电〔2022〕16号
        "free": [
            ("2022-12-31", "2023-01-02"),
            ("2023-01-21", "2023-01-27"),
            ("2023-04-05", "2023-04-05"),
            ("2023-04-29", "2023-05-03"),
            ("2023-06-22", "2023-06-24"),
            ("2023-09-29", "2023-10-06"),
        ],
        "worked": [
            "2023-01-28",
            "2023-01-29",
            "2023-04-23",
            "2023-05-06",
            "2023-06-25",
            "2023-10-07",
            "2023-10-08",
        ],
    },
    2024: {  # 国办发明电〔2023〕7号
        "free": [
            ("2024-01-01", "2024-01-01"),
            ("2024-02-10", "2024-02-17"),
            ("2024-04-04", "2024-04-06"),
            ("2024-05-01", "2024-05-05"),
            ("2024-06-10", "2024-06-10"),
            ("2024-09-15", "2024-09-17"),
            ("2024-10-01", "2024-10-07"),
        ],
        "worked": [
            "2024-02-04",
            "2024-02-18",
            "2024-04-07",
            "2024-04-28",
            "2024-05-11",
            "2024-09-14",
            "2024-09-29",
            "2024-10-12",
        ],
    },
    2025: {  # 国办发明电〔2024〕12号
        "free": [
            ("2025-01-01", "2025-01-01"),
            ("2025-01-28", "2025-02-04"),
            ("2025-04-04", "2025-04-06"),
            ("2025-05-01", "2025-05-05"),
            ("2025-05-31", "2025-06-02"),
            ("2025-10-01", "2025-10-08"),
        ],
        "worked": [
            "2025-01-26",
            "2025-02-08",
            "2025-04-27",
            "2025-09-28",
            "2025-10-11",
        ],
    },
    2026: {  # 国办发明电〔2025〕7号
        "free": [
            ("2026-01-01", "2026-01-03"),
            ("2026-02-15", "2026-02-23"),
            ("2026-04-04", "2026-04-06"),
            ("2026-05-01", "2026-05-05"),
            ("2026-06-19", "2026-06-21"),
            ("2026-09-25", "2026-09-27"),
            ("2026-10-01", "2026-10-07"),
        ],
        "worked": [
            "2026-01-04",
            "2026-02-14",
            "2026-02-28",
            "2026-05-09",
            "2026-09-20",
            "2026-10-10",
        ],
    },
}

# Around these the count is most easily wrong: (first, last) day on which it starts.
WINDOWS = [
    *((f"{year}-09-08", f"{year}-10-10") for year in NOTICES),  # National Day
    *((f"{year}-12-22", f"{year + 1}-01-05") for year in NOTICES),  # the year's end
    ("2023-01-12", "2023-01-30"),  # Spring Festival, each year at another time
    ("2024-01-29", "2024-02-19"),
    ("2025-01-17", "2025-02-10"),
    ("2026-02-05", "2026-03-02"),
    ("2024-02-26", "2024-03-01"),  # 29 February
    ("2026-12-10", "2027-01-15"),  # into a year that no notice covers
]
# The spans that the portal counts with, and a few that it does not.
SPANS = [1, 2, 3, 5, 7, 10, 15, 20, 30, 45]


def days_from(first, last):
    day, last = date.fromisoformat(first), date.fromisoformat(last)
    while day <= last:
        yield day
        day += timedelta(days=1)


FREE = {
    day
    for notice in NOTICES.values()
    for span in notice["free"]
    for day in days_from(*span)
}
WORKED = {
    date.fromisoformat(day) for notice in NOTICES.values() for day in notice["worked"]
}


def is_worked(day):
    if day in FREE:
        return False
    if day in WORKED:
        return True
    return day.isoweekday() <= 5


def reckon(start, span):
    """`(due, how many days were looked at, is one of them of an unpublished year)`."""
    day, worked, looked_at, guessed = start, 0, 0, False
    while worked < span:
        day += timedelta(days=1)
        looked_at += 1
        guessed = guessed or day.year not in NOTICES
        if is_worked(day):
            worked += 1
    return day, looked_at, guessed


def cases():
    chance = random.Random(310105006)
    starts = [
        (day, chance.choice(SPANS))
        for w in WINDOWS
        for day in days_from(*w)
        for _ in (1, 2)
    ]
    chance.shuffle(starts)
    chosen = set(starts[:370])
    all_days = list(days_from("2023-01-01", "2027-06-30"))
    while len(chosen) < HOW_MANY:
        chosen.add((chance.choice(all_days), chance.choice(SPANS)))
    return sorted(chosen)


def main():
    with FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["start", "working_days", "due", "days", "provisional"])
        for start, span in cases():
            due, looked_at, guessed = reckon(start, span)
            writer.writerow([start, span, due, looked_at, "yes" if guessed else "no"])


if __name__ == "__main__":
    main()
