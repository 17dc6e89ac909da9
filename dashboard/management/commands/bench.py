"""`manage.py bench`: what pages, imports and exports cost, beside their limits."""

import json
import os
import platform
import subprocess

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from accounts.models import User
from dashboard import wide
from dashboard.bench import crowd, exports, items, measure, world
from dashboard.bench.database import become, megabytes, throw_away
from dashboard.map_views import of_map
from enterprises.models import Business
from tianshan.ledgers import read_scope

IMPORTED = 5000
SHARE_OF_COPY = 1 / 5
GROWTH = {"csv": 30, "xlsx": 60}  # MB
IMPORT_LIMIT = 4000  # rows a second
SHARE_OF_BARE = 0.2  # of what L2s gets through, sixteen at once
SHEET_HOLDS = 1_048_575  # rows


class Command(BaseCommand):
    help = (
        "Measures pages, imports and exports on an invented street, district or city,"
        " in a database of its own that is dropped afterwards."
    )

    def add_arguments(self, parser):
        parser.add_argument("--scale", choices=world.SCALES)
        parser.add_argument("--rows", type=int, help="businesses, instead of a scale")
        parser.add_argument("--visits", type=int, help="as many as businesses, if none")
        parser.add_argument("--rounds", type=int, default=30)
        parser.add_argument(
            "--seconds", type=float, default=3, help="of sixteen at once, each item"
        )
        parser.add_argument(
            "--street", action="store_true", help="as a clerk who sees one street of it"
        )
        parser.add_argument(
            "--keep", action="store_true", help="leave the database for the next run"
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *, scale, rows, visits, rounds, seconds, street, keep, **options):
        if scale:
            rows, visits = world.SCALES[scale]
        rows = rows or 100_000
        if rows < 100:
            raise CommandError("A street of fewer than 100 businesses says nothing.")
        have_static_files()
        self.quiet = options["json"]
        asked = {"scale": scale, "rows": rows, "visits": visits or rows}
        with throw_away(f"{rows}_{visits or rows}" if keep else ""):
            made, making = self._world(rows, visits)
            report = self._measure(
                world.clerk_of(made.street) if street else made.clerk,
                min(IMPORTED, rows),
                rounds,
                worker=made.worker,
                seconds=seconds,
            )
        self._print(asked | {"seen": "a street" if street else "all"} | making | report)

    def _world(self, rows, visits):
        """The world, and what it cost to make; `{}` of one that was there already."""
        if User.objects.filter(username="bench").exists():
            return world.found(), {}
        said = f"{rows} businesses and {visits or rows} visits"
        self._say(f"Making {said} …")
        with measure.Clock() as clock:
            made = world.build(rows, visits, today=timezone.localdate())
        with measure.Clock() as tidying:
            tidy_up()
        making = {
            "made_in_s": round(clock.seconds, 1),
            "tidied_in_s": round(tidying.seconds, 1),
            "disk": megabytes(),
        }
        self._say(
            f"Made in {making['made_in_s']} s, tidied in {making['tidied_in_s']} s,"
            f" {making['disk']['mb']} MB. Measuring …"
        )
        return made, making

    def _say(self, words):
        if not self.quiet:
            self.stdout.write(words)

    def _measure(self, clerk, imported, rounds, *, worker, seconds):
        session, of_worker = sign_in(clerk), sign_in(worker)
        become("application")
        browser = measure.Browser(session)
        counted = count_wide(clerk)
        pages, samples = [], {}
        for part in items.pages(browser, measure.Browser(of_worker)):
            asks = {item.key: item.ask for item in part}
            samples |= measure.compare(browser, asks, rounds=rounds)
            pages += part
        crowds = {}
        if seconds:
            crowds = crowd.compare(session, of_worker, samples, seconds=seconds)
        return {
            "commit": commit(),
            "at": timezone.now().isoformat(timespec="seconds"),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores,"
            f" load {os.getloadavg()[0]:.1f}",
            "rounds": rounds,
            "counted_in_s": counted,
            "items": [
                *(
                    page_line(item, samples[item.key], crowds.get(item.key))
                    for item in pages
                ),
                import_line(clerk, imported),
                *(export_line(kind, session) for kind in GROWTH if fits(kind)),
            ],
        }

    def _print(self, report):
        if self.quiet:
            self.stdout.write(json.dumps(report, ensure_ascii=False, indent=1))
            return
        self.stdout.write(
            f"{report['rows']} businesses, {report['visits']} visits, seen:"
            f" {report['seen']}, {report['rounds']} rounds, commit"
            f" {report['commit']}, {report['at']}, {report['machine']}\n"
            "item              ms     p95  cpu ms  queries  sql ms /sql     kB  L2s ms"
            "  ratio  limit   16: per s     ms  of L2s"
        )
        for line in report["items"]:
            self.stdout.write(as_text(line))
        for name, seconds in report["counted_in_s"].items():
            self.stdout.write(f"{name}: counted by the worker in {seconds} s")


def count_wide(clerk):
    """`{page: seconds}` of the pages that the worker counts, if the scope is wide."""
    scope = read_scope(clerk, {}, today=timezone.localdate())
    if not wide.is_wide(scope):
        return {}
    pages = {"dashboard": {}, "figures": {}, "map": of_map({"by": "coverage"})}
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")  # as the worker has it
        found = {name: wide.count_now(name, scope, at) for name, at in pages.items()}
        cursor.execute("RESET statement_timeout")
    return found


def have_static_files():
    """Pages name them by their content, and cannot be drawn without that list."""
    manifest = getattr(staticfiles_storage, "read_manifest", None)
    if manifest and manifest() is None:
        raise CommandError(
            f"There are no static files in {settings.STATIC_ROOT}: run"
            " `manage.py collectstatic --no-input` first (`make demo` does)."
        )


def fits(kind):
    """Does a sheet hold all rows?"""
    return kind != "xlsx" or Business.objects.count() <= SHEET_HOLDS


def tidy_up():
    """As worker and autovacuum leave a database that is not brand-new."""
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


def page_line(item, sample, crowd):
    line = {"key": item.key, "label": item.label}
    if sample.failed:
        return line | {"failed": sample.failed, "ok": False}
    within = item.limit is None or sample.ratio <= item.limit
    if item.queries is not None and sample.queries > item.queries:
        within = False
    line |= {
        "ms": round(sample.median, 2),
        "p95": round(sample.p95, 2),
        "cpu_ms": round(sample.cpu, 2),
        "queries": sample.queries,
        "sql_ms": round(sample.sql_ms, 2),
        "of_sql": round(sample.of_sql, 2) if sample.of_sql else None,
        "kb": round(sample.size / 1000, 1),
        "l2s_ms": round(sample.bare, 2),
        "ratio": round(sample.ratio, 2),
        "limit": item.limit,
        "ok": within,
    }
    if crowd:
        line["crowd"] = crowd | {"ok": crowd["share"] >= SHARE_OF_BARE}
    return line


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
    if "failed" in line:
        return f"{line['key']:18} answered {line['failed']}  {end}"
    if "ms" in line:
        limit = "–" if line["limit"] is None else line["limit"]
        crowd, many = line.get("crowd"), ""
        if crowd:
            many = f"{crowd['per_second']:10.1f}{crowd['ms_at_16']:8.0f}{crowd['share']:7.1%}"
            many += f" {crowd['errors']} errors" if crowd["errors"] else ""
        return (
            f"{line['key']:18}{line['ms']:7.2f}{line['p95']:8.2f}{line['cpu_ms']:8.2f}"
            f"{line['queries']:6}{line['sql_ms']:9.2f}{line['of_sql'] or 0:6.1f}"
            f"{line['kb']:7.1f}{line['l2s_ms']:8.2f}{line['ratio']:8.1f}{limit:>5}"
            f" {end:5}{many}"
        )
    more = f", {line['grown_mb']} MB more" if "grown_mb" in line else ""
    limit = f" (limit {line['limit']})" if line["limit"] else ""
    return (
        f"{line['key']:18}{line['rows_per_second']:7} rows/s of {line['rows']}"
        f"{limit}{more}  {end}"
    )
