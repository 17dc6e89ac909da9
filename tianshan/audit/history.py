"""Row history by database triggers, the same for every model."""

import pghistory


def tracked(*, exclude=()):
    """Write a history row for each insert, update and delete, whatever path did it.

    Bulk writes, `update()`, raw SQL and the shell are caught too; who, which request
    and why come from the context (`tianshan.audit.middleware`).
    """
    return pghistory.track(
        pghistory.InsertEvent(),
        pghistory.UpdateEvent(),
        pghistory.DeleteEvent(),
        exclude=list(exclude),
    )
