"""What was backed up comes back, row by row and file by file; what is not whole does not.

    python -m tests.proofs.restore_drill [--visits N] [--files N] [--seed N] [--json]

An invented street in a database of its own, `manage.py backup` and `restore` as processes
of their own, as an office runs them. `docs/reliability.md` says what must be 0.
"""

import argparse
import hashlib
import json
import os
import random
import resource
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import django
import psycopg

from tests.proofs.portal import Portal

CASES = 5
MUST_BE_ZERO = (
    "tables_differ",
    "files_differ",
    "erased_readable",
    "others_erased",
    "not_refused",
    "refused_and_changed",
    "half_archives",
)
# Restoring ends all sessions and leaves a line of its own.
CHANGED_BY_RESTORING = {"django_session", "audit_entry"}
EACH = """
SELECT count(*), md5(coalesce(string_agg(row, '' ORDER BY row), ''))
    FROM (SELECT md5(each::text) AS row FROM "{}" AS each) AS rows
"""


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visits", type=int, default=200_000)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--refusals", type=int, default=5)
    parser.add_argument("--seed", type=int, default=6603)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="tianshan-proof-") as home:
        found = prove(home, asked)
    if asked.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:>20}  {value}")
    return 1 if any(found[name] for name in MUST_BE_ZERO) else 0


def prove(home, asked):
    with Portal(home, web=False) as portal:
        os.environ |= {
            "DATABASE_ROLE": "owner",
            "LOG_LEVEL": "CRITICAL",
            "BACKUP_KEY": secrets.token_urlsafe(32),
            "DJANGO_SETTINGS_MODULE": "tianshan.settings",
        }
        django.setup()
        return Drill(portal, asked).run()


class Drill:
    def __init__(self, portal, asked):
        self.portal, self.refusals = portal, asked.refusals
        self.visits, self.files = asked.visits, asked.files
        self.chance = random.Random(asked.seed)
        self.home = Path(portal.home)
        self.folder = self.home / "archives"
        self.found = dict.fromkeys(MUST_BE_ZERO, 0)

    def run(self):
        self.make_world()
        seconds, self.archive = self.back_up()
        self.found |= {
            "visits": self.visits,
            "backup_s": seconds,
            "archive_mb": round(self.archive.stat().st_size / 1e6, 1),
        }
        self.restore_and_compare()
        self.erase_and_restore()
        self.refuse()
        self.fill_the_disk()
        self.kill_half_way()
        return self.found

    # --- the world -----------------------------------------------------------------

    def make_world(self):
        from django.conf import settings
        from django.utils import timezone

        from dashboard.bench import world

        made = world.build(
            max(100, self.visits // 10), self.visits, today=timezone.localdate()
        )
        self.cases = [self.make_case(made.street) for _ in range(CASES)]
        for number in range(self.files):
            path = Path(settings.MEDIA_ROOT, f"photos/{number % 16:x}/{number}.jpg")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.chance.randbytes(self.chance.randrange(200_000)))

    def make_case(self, street):
        from django.utils import timezone

        from accounts.rights import Role
        from cases import actions
        from cases.models import HelpItem
        from grids.models import Neighborhood
        from tests.factories import PostFactory

        near, _ = Neighborhood.objects.get_or_create(code="310105006004")
        street.neighborhoods.add(near)
        now = timezone.now()
        coordinator = PostFactory(role=Role.CASE_COORDINATOR, grid=street).user
        helper = PostFactory(role=Role.HELPER, grid=street).user
        case = actions.register(
            item=HelpItem.objects.first(),
            place="home",
            neighborhood=near,
            expires_on=None,
            facts={"name": "某阿姨", "phone": "199 0000 7351"},
            helper=helper,
            by=coordinator,
            at=now,
        )
        return actions.end(case, why="changed_mind", by=helper, at=now)

    # --- the commands, as an office runs them ----------------------------------------

    def command(self, *words, database=None, home=None, **more):
        environment = os.environ | more.pop("environment", {})
        if database:
            for name in ("DATABASE_URL", "DATABASE_OWNER_URL"):
                environment[name] = self.url(name, database)
        environment["TIANSHAN_HOME"] = str(home or self.home)
        return subprocess.run(
            [sys.executable, "manage.py", *map(str, words)],
            env=environment,
            capture_output=True,
            check=False,
            text=True,
            **more,
        )

    def url(self, name, database):
        return urlsplit(os.environ[name])._replace(path=f"/{database}").geturl()

    def back_up(self):
        started = time.monotonic()
        done = self.command("backup", "--to", self.folder)
        if done.returncode:
            raise SystemExit(done.stderr)
        return round(time.monotonic() - started, 1), next(self.folder.glob("*.backup"))

    def restore(self, path, database, home, *words, environment=()):
        started = time.monotonic()
        done = self.command(
            *("restore", path, *words),
            database=database,
            home=home,
            environment=dict(environment),
        )
        return done, round(time.monotonic() - started, 1)

    def empty_database(self, name):
        from tianshan.database.server import OWNER

        self.portal.database._sql(f"CREATE DATABASE {name} OWNER {OWNER}")
        return name

    # --- it comes back ---------------------------------------------------------------

    def sums(self, database):
        with psycopg.connect(self.url("DATABASE_OWNER_URL", database)) as asked:
            asked.execute("SET timezone = 'UTC'")
            names = asked.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'r'"
                " AND relnamespace = 'public'::regnamespace"
            ).fetchall()
            return {
                name: asked.execute(EACH.format(name)).fetchone() for (name,) in names
            }

    def restore_and_compare(self):
        before = self.sums("tianshan")
        self.second = self.home / "second"
        self.second.mkdir()
        self.empty_database("drill")
        done, seconds = self.restore(self.archive, "drill", self.second)
        if done.returncode:
            raise SystemExit(done.stderr)
        after = self.sums("drill")
        self.found |= {
            "tables": len(before),
            "rows": sum(count for count, _ in before.values()),
            "files": len(files_of(self.home / "files")),
            "restore_s": seconds,
        }
        differ = {
            name
            for name in before.keys() | after.keys()
            if before.get(name) != after.get(name)
        }
        self.found["tables_differ"] += len(differ - CHANGED_BY_RESTORING)
        self.count_files()
        # A line that it was brought back, and none yet that it was made.
        more = after["audit_entry"][0] - before["audit_entry"][0]
        self.found["tables_differ"] += int(more != 0)

    def count_files(self):
        here, there = files_of(self.home / "files"), files_of(self.second / "files")
        self.found["files_differ"] += len(here.items() ^ there.items())

    def erase_and_restore(self):
        """Two are erased after the backup; it is brought back in place of the first."""
        from django.utils import timezone

        from cases import actions

        erased = self.cases[:2]
        for case in erased:
            actions.erase(case, why="asked", by=case.helper, at=timezone.now())
        shutil.copy(self.home / "erasures.jsonl", self.second)
        words = ("--replace", "--replace")
        done, seconds = self.restore(self.archive, "drill", self.second, *words)
        if done.returncode:
            raise SystemExit(done.stderr)
        self.found["replace_s"] = seconds
        with psycopg.connect(self.url("DATABASE_OWNER_URL", "drill")) as asked:
            rows = asked.execute(
                "SELECT case_id FROM cases_identity WHERE data_key IS NOT NULL"
            ).fetchall()
        readable = {case for (case,) in rows}
        gone = {case.pk for case in erased}
        self.found["erased_readable"] += len(readable & gone)
        kept = {case.pk for case in self.cases} - gone
        self.found["others_erased"] += len(kept - readable)
        self.count_files()

    # --- and does not -----------------------------------------------------------------

    def refuse(self):
        """A wrong key, a cut, a changed byte; into an empty database, which stays so."""
        whole = self.archive.read_bytes()
        broken = self.home / "broken.backup"
        self.empty_database("refused")
        place = self.chance.randrange(100, len(whole))
        flipped = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        other = {"BACKUP_KEY": secrets.token_urlsafe(32)}
        ways = (
            (whole, other),
            (flipped, {}),
            (whole[: len(whole) // 2], {}),
            (whole[:-1], {}),
            (b"", {}),
        )
        for content, environment in ways[: self.refusals]:
            broken.write_bytes(content)
            home = self.home / "refused"
            home.mkdir(exist_ok=True)
            done, _ = self.restore(broken, "refused", home, environment=environment)
            told = "CommandError" in done.stderr and "Traceback" not in done.stderr
            self.found["not_refused"] += int(done.returncode == 0 or not told)
            self.found["refused_and_changed"] += len(self.sums("refused"))
            self.found["refused_and_changed"] += len(files_of(home / "files"))

    def fill_the_disk(self):
        """A file system too small for the archive; where none can be mounted, a limit
        on the size of files."""
        small = self.home / "small"
        small.mkdir()
        size = max(self.archive.stat().st_size // 2, 64 * 1024)
        with tiny_disk(small, size) as (way, limit):
            self.found["full_disk_by"] = way
            done = self.command("backup", "--to", small, preexec_fn=limit)
            self.found["half_archives"] += sum(1 for _ in small.iterdir())
        self.found["not_refused"] += int(
            done.returncode == 0 or "硬盘满了" not in done.stderr
        )

    def kill_half_way(self):
        folder = self.home / "killed"
        folder.mkdir()
        process = subprocess.Popen(
            [sys.executable, "manage.py", "backup", "--to", folder],
            stdout=subprocess.DEVNULL,
        )
        while not any(folder.iterdir()) and process.poll() is None:
            time.sleep(0.005)
        process.kill()
        process.wait()
        self.found["half_archives"] += len(list(folder.glob("*.backup")))


def files_of(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@contextmanager
def tiny_disk(folder, size):
    """`(what stands for it, what a child process must call)`."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
    try:
        mounted = (
            subprocess.run(mount, capture_output=True, check=False).returncode == 0
        )
    except FileNotFoundError:
        mounted = False
    if not mounted:
        limits = (size, size)
        yield "RLIMIT_FSIZE", lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        return
    try:
        yield "tmpfs", None
    finally:
        subprocess.run(["umount", folder], check=False)


if __name__ == "__main__":
    sys.exit(main())
