"""How far the worker is, told while the transaction of its batch is open.

On a connection of its own, beside one that holds an advisory lock: a worker that is killed
loses both, so a batch that was begun and that nobody holds is known to be abandoned. The
lock is a transaction's, since behind a pooler a session's would be left to the next one.
"""

import time

from django.db import connection
from django.utils import timezone

from enterprises.models import ImportBatch, ImportProgress

OFTEN = 0.3  # seconds between two words to the page


class Silent:
    """Nobody is waiting to hear: the command, and tests."""

    def stage(self, words, total=0):
        pass

    def add(self, many):
        pass


SILENT = Silent()


class Progress(Silent):
    """`with Progress(batch_id) as progress:` around the worker's work on a batch."""

    def __init__(self, batch_id):
        self.batch_id = batch_id
        self.words, self.done, self.total, self.told = "", 0, 0, 0.0

    def __enter__(self):
        self.connection, self.holder = connection.copy(), connection.copy()
        self.holder.set_autocommit(False)
        with self.holder.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(%s, %s)",
                [ImportProgress.LOCK, self.batch_id],
            )
        self._tell(began_at=timezone.now())
        return self

    def __exit__(self, *raised):
        self.connection.close()
        self.holder.close()

    def stage(self, words, total=0):
        self.words, self.done, self.total = words, 0, total
        self._tell()

    def add(self, many):
        self.done += many
        if time.monotonic() - self.told >= OFTEN or self.done >= self.total:
            self._tell()

    def _tell(self, **more):
        self.told = time.monotonic()
        values = {
            "stage": self.words,
            "done": self.done,
            "total": self.total,
            "beat_at": timezone.now(),
            **more,
        }
        columns = ", ".join(f"{name} = %s" for name in values)
        table = ImportProgress._meta.db_table
        with self.connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {table} SET {columns} WHERE batch_id = %s",  # noqa: S608
                [*values.values(), self.batch_id],
            )


def expect(batch):
    """Make the row in which progress will be told, before the worker begins."""
    ImportProgress.objects.update_or_create(
        batch=batch,
        defaults={
            "stage": "",
            "done": 0,
            "total": 0,
            "began_at": None,
            "beat_at": None,
        },
    )


def is_abandoned(batch):
    """Was a worker at it that is no more? Asked afresh: it may have ended just now."""
    if not batch.at_work:
        return False
    progress = ImportProgress.objects.filter(batch=batch).first()
    if not progress or not progress.began_at or progress.is_held:
        return False
    return ImportBatch.objects.filter(pk=batch.pk, state=batch.state).exists()
