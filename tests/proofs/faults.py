"""What breaks in an office: a worker dies, the disk is full, the database is slow or full.

    python -m tests.proofs.faults [--rows N] [--kills N] [--seed N] [--json]

gunicorn, workers and PostgreSQL of the proof's own. That nothing is lost when server or
database are killed while visits are saved is `tests.proofs.nothing_lost`; minutes whose
database dies are `tests/issues/test_minutes_database_dies.py`. `docs/reliability.md` says what must be 0.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import django
import psycopg
from django.contrib.auth.hashers import make_password

from tests.proofs import large_import
from tests.proofs.nothing_lost import make_picture, make_record
from tests.proofs.phones import PASSWORD, Phone
from tests.proofs.portal import Portal

AT_MOST = 5  # seconds until one is told that there is no connection
WELL = 10  # seconds after it is over
PATIENCE = 60
MUST_BE_ZERO = (
    "import_half",
    "import_lost",
    "import_doubled",
    "reports_half",
    "jobs_twice",
    "jobs_undone",
    "refused",
    "row_without_file",
    "not_503",
    "too_late",
    "not_well_again",
    "not_said",
    "not_shown",
)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--seed", type=int, default=6603)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    home = tempfile.TemporaryDirectory(prefix="tianshan-proof-")
    with home as folder, Portal(folder) as portal:
        os.environ["DJANGO_SETTINGS_MODULE"] = "tianshan.settings"
        django.setup()
        found = Faults(portal, asked).run()
    if asked.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:>24}  {value}")
    return 1 if any(found[name] for name in MUST_BE_ZERO) else 0


class Faults:
    def __init__(self, portal, asked):
        self.portal, self.rows, self.kills = portal, asked.rows, asked.kills
        self.chance, self.seed = random.Random(asked.seed), asked.seed
        self.found = dict.fromkeys(MUST_BE_ZERO, 0)
        self.found |= {"rows": self.rows, "workers_killed": 0, "databases_killed": 0}

    def run(self):
        self.clerk, self.grid = large_import.make_world()
        self.phone = self.make_phone()
        self.import_is_killed()
        self.report_is_killed()
        self.two_workers()
        self.no_connection_left()
        self.database_is_slow()
        self.disk_is_full()
        return self.found

    def make_phone(self):
        from django.utils import timezone

        from tests.factories import BusinessFactory, PostFactory
        from visits.models import DemandCategory

        user = PostFactory(
            grid=self.grid,
            user__username="phone",
            user__password=make_password(PASSWORD),
        ).user
        shop = BusinessFactory(grid=self.grid, name="手机上的店").pk
        category = DemandCategory.objects.offered().first().pk
        now = timezone.localtime().isoformat()
        records = [
            make_record(self.chance, shop, category, now, str(n)) for n in range(20)
        ]
        phone = Phone(
            user=user.pk,
            login="phone",
            port=self.portal.port,
            way="sync",
            records=[record for record in records if not record.bad],
            seed=self.seed,
            drop=0,
        )
        phone.sign_in()
        return phone

    # --- workers die -------------------------------------------------------------------

    def worker(self, *words):
        return subprocess.Popen(
            [sys.executable, "manage.py", "db_worker", "--verbosity", "0", *words],
            stderr=subprocess.DEVNULL,
        )

    def work_off(self):
        if self.worker("--batch").wait() != 0:
            raise SystemExit("The worker ended badly.")

    def until(self, holds, process=None):
        """Wait for it, or for the process to end; did it hold?"""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            if process and process.poll() is not None:
                return False
            if time.monotonic() > deadline:
                raise SystemExit(f"Waited too long for {holds.__name__}.")
            time.sleep(0.01)
        return True

    def imported(self):
        from enterprises.models import Business

        return Business.objects.filter(name__startswith="第").count()

    def import_is_killed(self):
        """Worker or database, while rows are being written; then it is done again."""
        from django.db import connection
        from django.utils import timezone

        from enterprises import imports, tasks
        from enterprises.models import ImportBatch, ImportProgress

        lines, meant = large_import.make_lines(self.rows, self.seed)
        file = large_import.make_file(lines)
        batch, _ = large_import.read(file, self.clerk, self.grid)
        tasks.hand_over(imports.start(batch, by=self.clerk, at=timezone.now()))

        def begun():
            progress = ImportProgress.objects.get(batch=batch)
            return bool(progress.began_at and progress.stage)

        def let_go():
            return not ImportProgress.objects.get(batch=batch).is_held

        for number in range(self.kills):
            worker = self.worker()
            if not self.until(begun, worker):
                raise SystemExit("The worker ended by itself.")
            time.sleep(self.chance.uniform(0, 2))
            if number % 3 == 2:
                self.portal.kill_database()
                time.sleep(0.2)
                connection.close()
                self.portal.start_database()
                self.found["databases_killed"] += 1
            worker.kill()
            worker.wait()
            self.found["workers_killed"] += 1
            batch = ImportBatch.objects.get(pk=batch.pk)
            if batch.state == ImportBatch.State.APPLIED:
                break
            self.until(let_go)
            self.found["import_half"] += int(self.imported() != 0)
            if batch.state == ImportBatch.State.APPLYING:
                batch = imports.recover(batch, by=self.clerk, at=timezone.now())
            else:
                batch = imports.start(batch, by=self.clerk, at=timezone.now())
            tasks.hand_over(batch)
        self.work_off()
        batch.refresh_from_db()
        names = self.imported()
        self.found["import_lost"] += max(0, len(meant["new"]) - names)
        self.found["import_doubled"] += max(0, names - len(meant["new"]))
        self.found["jobs_undone"] += int(batch.state != ImportBatch.State.APPLIED)

    def report_is_killed(self):
        import datetime as dt

        from django.utils import timezone

        from accounts.rights import Role
        from dashboard.reports import actions
        from dashboard.reports.models import Report
        from tests.factories import PostFactory

        chief = PostFactory(grid=self.grid, role=Role.GRID_CHIEF).user
        today = timezone.localdate()
        report = actions.ask_report(
            grid=self.grid,
            span="month",
            rule="calendar",
            start=today.replace(day=1) - dt.timedelta(days=1),
            end=today,
            origin="http://127.0.0.1",
            by=chief,
            at=timezone.now(),
        )

        def taken_up():
            return Report.objects.get(pk=report.pk).state != Report.State.QUEUED

        for _ in range(max(1, self.kills // 2)):
            worker = self.worker()
            self.until(taken_up, worker)
            time.sleep(self.chance.uniform(0, 0.5))
            worker.kill()
            worker.wait()
            self.found["workers_killed"] += 1
            report.refresh_from_db()
            if report.state != Report.State.RUNNING:
                break
            self.found["reports_half"] += int(bool(report.docx or report.xlsx))
            later = timezone.now() + dt.timedelta(hours=1)
            report = actions.retry(report, by=chief, at=later)
        self.work_off()
        report.refresh_from_db()
        if report.state != Report.State.DONE:
            self.found["jobs_undone"] += 1
            return
        for kind in ("docx", "xlsx"):
            actions.content_of(report, kind)  # whole, by its fingerprint

    def two_workers(self):
        from django_tasks_db.models import DBTaskResult

        from tianshan.notices.tasks import send_reminders

        before = set(DBTaskResult.objects.values_list("pk", flat=True))
        for _ in range(40):
            send_reminders.enqueue()
        workers = [self.worker("--batch") for _ in range(2)]
        for worker in workers:
            worker.wait()
        jobs = DBTaskResult.objects.exclude(pk__in=before)
        self.found["jobs_twice"] += sum(len(job.worker_ids) > 1 for job in jobs)
        self.found["jobs_undone"] += sum(job.status != "SUCCESSFUL" for job in jobs)
        self.found["workers_at_once"] = len({job.worker_ids[0] for job in jobs})

    # --- the database says no --------------------------------------------------------

    def send(self):
        """A record that may not be refused; True when it has its number."""
        record = self.phone.records[0]
        sent = self.phone.offer(record)
        self.found["refused"] += record.refusals
        if sent:
            self.phone.records.pop(0)
        return sent

    def told_to_come_back(self, path, at_most):
        started = time.monotonic()
        status, headers, text = self.phone._ask("GET", path)
        seconds = time.monotonic() - started
        self.found["too_late"] += int(seconds > at_most)
        if status != 503 or not headers["Retry-After"]:
            self.found["not_503"] += 1
        return text, headers

    def well_again(self):
        started = time.monotonic()
        while time.monotonic() - started < WELL:
            status, _, _ = self.phone._ask("GET", "/visits/")
            if status == 200 and self.send():
                return round(time.monotonic() - started, 1)
            time.sleep(0.1)
        self.found["not_well_again"] += 1
        return None

    def no_connection_left(self):
        say = self.portal.database._sql
        say(
            "ALTER ROLE tianshan_app CONNECTION LIMIT 0;"
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = 'tianshan_app'"
        )
        try:
            for path in ("/visits/", "/visits/sync/", "/work/", "/readyz"):
                if path == "/readyz":
                    status, _, _ = self.phone._ask("GET", path)
                    self.found["not_503"] += int(status != 503)
                else:
                    self.told_to_come_back(path, AT_MOST)
            self.found["not_503"] += int(self.send())
        finally:
            say("ALTER ROLE tianshan_app CONNECTION LIMIT -1")
        self.found["well_after_no_connection_s"] = self.well_again()

    def database_is_slow(self):
        """A statement waits for somebody's lock: no longer than a page may."""
        from django.db import connection

        from tianshan.web.middleware import SLOW

        connection.close()
        with self.locked("visits_visit"):
            text, headers = self.told_to_come_back("/visits/", AT_MOST + 3)
            if SLOW not in text or headers["X-Request-Id"] not in text:
                self.found["not_said"] += 1
            self.found["not_503"] += int(self.send())
        self.found["well_after_slow_s"] = self.well_again()

    @contextmanager
    def locked(self, table):
        with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as other:
            other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield
            other.rollback()

    # --- the disk says no -----------------------------------------------------------

    def disk_is_full(self):
        """A photo arrives: it is kept later, and no row speaks of a file that is not."""
        from django.conf import settings

        folder = Path(settings.MEDIA_ROOT)
        folder.mkdir(parents=True, exist_ok=True)
        size = ["-o", "size=16k"]
        mount = ["mount", "-t", "tmpfs", *size, "tmpfs", folder]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            self.found["not_shown"] += 1  # as root alone
            return
        try:
            folder.chmod(0o700)
            record = self.phone.records[0]
            if not self.send():
                raise SystemExit("Not sent.")
            picture = make_picture(self.chance)
            record.pictures.append(picture)
            for _ in range(20):
                self.phone.offer_picture(record, picture)
            self.found["not_503"] += int(picture.done)
            self.found["refused"] += picture.refusals
            self.found["row_without_file"] += self.rows_without_files(folder)
            for path in ("/visits/", "/work/"):
                self.found["not_well_again"] += int(
                    self.phone._ask("GET", path)[0] != 200
                )
            larger = ["mount", "-o", "remount,size=64m", folder]
            subprocess.run(larger, check=True)
            self.until(lambda: self.phone.offer_picture(record, picture))
            self.found["row_without_file"] += self.rows_without_files(folder)
        finally:
            subprocess.run(["umount", folder], check=False)

    def rows_without_files(self, folder):
        from visits.models import Photo

        names = {path.name for path in folder.rglob("*") if path.is_file()}
        return sum(
            not any(photo.name in name for name in names)
            for photo in Photo.objects.kept()
        )


if __name__ == "__main__":
    sys.exit(main())
