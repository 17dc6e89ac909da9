"""What the worker does for this room."""

import logging

import pghistory
from django.tasks import task
from django.utils import timezone

from enterprises import imports
from enterprises.models import ImportBatch
from tianshan.files import FileProblem

log = logging.getLogger(__name__)


@task
def apply_import(batch_id):
    """Write a batch that was started; whatever stops it is said on its page."""
    batch = ImportBatch.objects.defer("file").get(pk=batch_id)
    try:
        with pghistory.context(user=batch.by_id, import_batch=batch.pk):
            imports.finish(batch, at=timezone.now())
    except imports.Refused:
        return  # somebody else's finish won
    except FileProblem as problem:
        imports.fail(batch, reason=str(problem), at=timezone.now())
    except Exception:
        log.exception("import %s failed", batch_id)
        imports.fail(
            batch,
            reason="写入时出错，台账没有改动。请再试一次；还不行请联系系统管理员。",
            at=timezone.now(),
        )
