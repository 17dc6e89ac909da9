"""What the worker does for this room."""

import logging

import pghistory
from django.db import transaction
from django.tasks import task
from django.utils import timezone

from enterprises import imports
from enterprises.imports.progress import Progress
from enterprises.models import ImportBatch
from tianshan.database import statistics
from tianshan.files import FileProblem

log = logging.getLogger(__name__)


@task
def read_import(batch_id):
    """Read a large file and preview it."""
    _work(batch_id, imports.examine, "读取", ask=True)


@task
def apply_import(batch_id):
    """Write a batch that was started."""
    _work(batch_id, imports.finish, "写入")
    statistics.refresh()


@task
def undo_import(batch_id):
    """Take a written batch back."""
    _work(batch_id, imports.undo, "撤回")
    statistics.refresh()


TASKS = {
    ImportBatch.State.READING: read_import,
    ImportBatch.State.APPLYING: apply_import,
    ImportBatch.State.UNDOING: undo_import,
}


def hand_over(batch):
    """Let the worker do what the batch's state waits for, once all is committed."""
    transaction.on_commit(lambda: TASKS[batch.state].enqueue(batch.pk))


def _work(batch_id, step, doing, **more):
    """Take a step of a batch; whatever stops it is said on its page."""
    batch = ImportBatch.objects.defer("file").get(pk=batch_id)
    try:
        with (
            Progress(batch.pk) as progress,
            pghistory.context(user=batch.by_id, import_batch=batch.pk),
        ):
            step(batch, at=timezone.now(), progress=progress, **more)
    except imports.Refused:
        return  # another worker was first
    except FileProblem as problem:
        imports.fail(batch, reason=str(problem), at=timezone.now())
    except Exception:
        log.exception("import %s failed", batch_id)
        imports.fail(
            batch,
            reason=f"{doing}时出错，台账没有改动。请再试一次；还不行请联系系统管理员。",
            at=timezone.now(),
        )
