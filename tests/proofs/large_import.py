"""A workbook of many rows comes in whole: read, written, read again, taken back.

    python -m tests.proofs.large_import [--rows N] [--seed N] [--json]

The file goes the way of an upload: kept as a batch, read by the child process, planned,
written and taken back by the worker, a process of its own for each step, whose time and
memory are told. `docs/performance.md` holds the numbers of full runs.
"""

import argparse
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta

import django
import xlsxwriter

from tests.proofs.portal import Portal

HEADING = (
    *("单位名称", "所在楼宇/市场", "室号/摊位号", "行业类别", "从业人员数"),
    *("联系人", "联系电话", "成立日期"),
)
TRADES = ("批发零售", "餐饮", "居民服务", "信息技术")
BUILDINGS = 40
# Of a hundred rows: no name (left out and listed), a day that is none (the row comes
# in without it), and the row before pasted a second time.
NAMELESS, DAYLESS, TWICE = 0.01, 0.02, 0.01
MUST_BE_ZERO = (
    "lost",
    "wrong",
    "without_place",
    "without_state",
    "without_standing",
    "without_history",
    "unlisted",
    "doubled",
    "left_over",
)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=6603)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="tianshan-proof-") as home:
        found = prove(home, rows=asked.rows, seed=asked.seed)
    if asked.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            if name != "must_be_zero":
                print(f"{name:>18}  {value}")
    return 1 if any(found[name] for name in MUST_BE_ZERO) else 0


def prove(home, *, rows, seed):
    """Run it all below `home`; returns what was written, what it cost, what is amiss."""
    with Portal(home, web=False):
        # Only now is it known where the database is.
        os.environ["DJANGO_SETTINGS_MODULE"] = "tianshan.settings"
        django.setup()
        lines, meant = make_lines(rows, seed)
        file = make_file(lines)
        clerk, grid = make_world()
        batch, reading = read(file, clerk, grid)
        writing = write(batch, clerk)
        found = {"rows": rows, "seed": seed, "file_mb": round(len(file) / 1e6, 1)}
        found |= judge(batch, meant)
        again, _ = read(file, clerk, grid)
        found["doubled"] = again.summary["new"] + again.summary["changed"]
        undoing = undo(batch, clerk)
        found["left_over"] = left_over()
        steps = {"read": reading, "written": writing, "taken_back": undoing}
        return found | {
            f"{step}_{what}": value
            for step, cost in steps.items()
            for what, value in cost.items()
        }


# --- the file ------------------------------------------------------------------------


def make_lines(rows, seed):
    """The rows of the file, and what is meant to come of them."""
    chance, lines, meant = random.Random(seed), [], {"new": {}, "listed": 0}
    for number in range(rows):
        kind = chance.random()
        if kind < TWICE and lines and lines[-1][0]:
            lines.append(lines[-1])
            continue
        founded = date(2012, 1, 1) + timedelta(days=chance.randrange(5000))
        line = [
            f"第{number}号茶行",
            f"盛会{number % BUILDINGS}号楼",
            f"{number // BUILDINGS // 40 + 1}{number // BUILDINGS % 40:02}",
            chance.choice(TRADES),
            chance.randrange(60),
            "沈女士",
            f"139{number:08}",
            founded.isoformat(),
        ]
        if kind > 1 - NAMELESS:
            line[0] = None
            meant["listed"] += 1
        elif kind > 1 - NAMELESS - DAYLESS:
            line[7] = "2024年13月40日"
            meant["listed"] += 1
            meant["new"][line[0]] = (line[2], line[4], None)
        else:
            meant["new"][line[0]] = (line[2], line[4], founded)
        lines.append(line)
    return lines, meant


def make_file(lines):
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("商户")
        for place, line in enumerate([HEADING, *lines]):
            sheet.write_row(place, 0, line)
    return stream.getvalue()


# --- the steps -----------------------------------------------------------------------


def make_world():
    from accounts.rights import Role
    from tests.factories import BuildingFactory, GridFactory, PostFactory, StreetFactory

    grid = GridFactory(code="310105006603", parent=StreetFactory())
    for number in range(BUILDINGS):
        BuildingFactory(grid=grid, name=f"盛会{number}号楼")
    return PostFactory(grid=grid, role=Role.GRID_CLERK).user, grid


def read(file, clerk, grid):
    from django.utils import timezone

    from enterprises import imports, tasks

    now = timezone.now()
    batch = imports.receive(
        name="台账.xlsx",
        content=file,
        grid=grid,
        known_since=timezone.localdate(now),
        by=clerk,
        at=now,
    )
    tasks.hand_over(batch)
    return at_work(batch, batch.State.READ)


def write(batch, clerk):
    from django.utils import timezone

    from enterprises import imports, tasks

    tasks.hand_over(imports.start(batch, by=clerk, at=timezone.now()))
    return at_work(batch, batch.State.APPLIED)[1]


def undo(batch, clerk):
    from django.utils import timezone

    from enterprises import imports, tasks

    tasks.hand_over(imports.start_undoing(batch, by=clerk, at=timezone.now()))
    return at_work(batch, batch.State.UNDONE)[1]


def at_work(batch, state):
    """Let a worker do what waits; the batch after it, and what the worker cost."""
    started = time.monotonic()
    worker = subprocess.Popen(
        [sys.executable, "manage.py", "db_worker", "--batch", "--verbosity", "0"]
    )
    _, _, used = os.wait4(worker.pid, 0)
    batch.refresh_from_db()
    if batch.state != state:
        raise SystemExit(f"The batch is {batch.state}: {batch.failure}")
    return batch, {
        "seconds": round(time.monotonic() - started, 1),
        "mb": round(used.ru_maxrss / 1024),
    }


# --- what came of it -----------------------------------------------------------------


def judge(batch, meant):
    """The tables beside what was meant; what is amiss, counted."""
    from django.apps import apps
    from django.db.models import Count

    from dashboard.models import Standing
    from enterprises.models import Business, Occupancy, Operation

    stored = {
        name: facts
        for name, *facts in Business.objects.values_list(
            "name", "room", "staff_count", "founded_on"
        )
    }
    new = meant["new"]
    events = apps.get_model("enterprises", "BusinessEvent").objects
    inserts = events.filter(pgh_label="insert").values("pgh_obj_id").distinct().count()
    by_result = dict(
        batch.rows.values_list("result").annotate(rows=Count("pk")).order_by()
    )
    wrong = sum(tuple(stored[name]) != facts for name, facts in new.items())
    listed = sum(
        any(problem["level"] != "notice" for problem in problems)
        for problems in batch.rows.values_list("problems", flat=True)
    )
    return {
        "new": batch.summary["new"],
        "rejected": batch.summary["rejected"],
        "listed": listed,
        "results": by_result,
        "lost": len(new.keys() - stored.keys()),
        "wrong": wrong,
        "without_place": len(new) - Occupancy.objects.filter(until=None).count(),
        "without_state": len(new) - Operation.objects.filter(until=None).count(),
        "without_standing": len(new)
        - Standing.objects.values("business").distinct().count(),
        "without_history": len(new) - inserts,
        "unlisted": meant["listed"] - listed,
        "must_be_zero": MUST_BE_ZERO,
    }


def left_over():
    from enterprises.models import Business

    return Business.objects.in_ledgers().count()


if __name__ == "__main__":
    sys.exit(main())
