"""`manage.py bench`: what pages, imports and exports cost, beside their limits."""

import json
import os
import platform
import subprocess

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from dashboard import sums
from dashboard.bench import exports, items, measure, world
from dashboard.bench.database import become, throw_away

IMPORTED = 5000
SHARE_OF_COPY = 1 / 5
GROWTH = {"csv": 30, "xlsx": 60}  # MB
IMPORT_LIMIT = 4000  # rows a second


class Command(BaseCommand):
    help = (
        "Measures pages, imports and exports on an invented street, in a database of"
        " its own that is dropped afterwards."
    )

    def add_arguments(self, parser):
        parser.add_argument("--rows", type=int, default=100_000)
        parser.add_argument("--rounds", type=int, default=30)
        parser.add_argument("--json", action="store_true")

    def handle(self, *, rows, rounds, **options):
        if rows < 100:
            raise CommandError("A street of fewer than 100 businesses says nothing.")
        self.quiet = options["json"]
        self._say(f"Making a street of {rows} businesses …")
        with throw_away():
            clerk = world.build(rows, today=timezone.localdate())
            tidy_up()
            become("application")
            self._say("Measuring …")
            report = self._measure(clerk, rows, rounds)
        self._print(report)

    def _say(self, words):
        if not self.quiet:
            self.stdout.write(words)

    def _measure(self, clerk, rows, rounds):
        session = sign_in(clerk)
        browser = measure.Browser(session)
        pages, samples = [], {}
        for part in items.pages(browser):
            asks = {item.key: item.ask for item in part}
            samples |= measure.compare(browser, asks, rounds=rounds)
            pages += part
        return {
            "commit": commit(),
            "at": timezone.now().isoformat(timespec="seconds"),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores,"
            f" load {os.getloadavg()[0]:.1f}",
            "rows": rows,
            "rounds": rounds,
            "items": [
                *(page_line(item, samples[item.key]) for item in pages),
                import_line(clerk, min(IMPORTED, rows)),
                *(export_line(kind, session) for kind in GROWTH),
            ],
        }

    def _print(self, report):
        if self.quiet:
            self.stdout.write(json.dumps(report, ensure_ascii=False, indent=1))
            return
        self.stdout.write(
            f"{report['rows']} businesses, {report['rounds']} rounds, commit"
            f" {report['commit']}, {report['machine']}\n"
            "item            ms     p95  cpu ms  queries  sql ms   kB   L2s ms  ratio"
            "  limit"
        )
        for line in report["items"]:
            self.stdout.write(as_text(line))


def tidy_up():
    """As worker and autovacuum leave a database that is not brand-new."""
    sums.fold()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def sign_in(user):
    """A session of the user's, as signing in makes it."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return session.session_key


def commit():
    run = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stdout.strip() or "unknown"


def page_line(item, sample):
    within = item.limit is None or sample.ratio <= item.limit
    if item.queries is not None and sample.queries > item.queries:
        within = False
    return {
        "key": item.key,
        "label": item.label,
        "ms": round(sample.median, 2),
        "p95": round(sample.p95, 2),
        "cpu_ms": round(sample.cpu, 2),
        "queries": sample.queries,
        "sql_ms": round(sample.sql_ms, 2),
        "kb": round(sample.size / 1000, 1),
        "l2s_ms": round(sample.bare, 2),
        "ratio": round(sample.ratio, 2),
        "limit": item.limit,
        "ok": within,
    }


def import_line(clerk, rows):
    speed = rows / items.import_seconds(clerk, rows)
    return {
        "key": "import",
        "label": "导入",
        "rows": rows,
        "rows_per_second": round(speed),
        "limit": IMPORT_LIMIT,
        "ok": speed >= IMPORT_LIMIT,
    }


def export_line(kind, session):
    """The csv beside what PostgreSQL alone does; a workbook has its memory as limit."""
    cost = exports.measured(kind, session)
    speed = cost["rows"] / cost["seconds"]
    line = {
        "key": f"export_{kind}",
        "label": f"导出 {kind}",
        "rows": cost["rows"],
        "rows_per_second": round(speed),
        "grown_mb": round(cost["grown_mb"], 1),
        "grown_limit": GROWTH[kind],
        "limit": None,
        "ok": cost["grown_mb"] <= GROWTH[kind],
    }
    if kind == "csv":
        copied = cost["rows"] / items.copy_out_seconds()
        line["copy_rows_per_second"] = round(copied)
        line["limit"] = round(copied * SHARE_OF_COPY)
        line["ok"] = line["ok"] and speed >= line["limit"]
    return line


def as_text(line):
    end = "ok" if line["ok"] else "short"
    if "ms" in line:
        limit = "–" if line["limit"] is None else line["limit"]
        return (
            f"{line['key']:14}{line['ms']:7.2f}{line['p95']:8.2f}{line['cpu_ms']:8.2f}"
            f"{line['queries']:9}{line['sql_ms']:8.2f}{line['kb']:7.1f}"
            f"{line['l2s_ms']:8.2f}{line['ratio']:7.2f}{limit:>7}  {end}"
        )
    more = f", {line['grown_mb']} MB more" if "grown_mb" in line else ""
    limit = f" (limit {line['limit']})" if line["limit"] else ""
    return (
        f"{line['key']:14}{line['rows_per_second']:7} rows/s of {line['rows']}"
        f"{limit}{more}  {end}"
    )
