"""Row history by database triggers, the same for every model."""

import pghistory
import pgtrigger

from tianshan.audit.changes import noted

# Triggers of a statement pair old and new rows by their key.
KEY_STAYS = pgtrigger.Trigger(
    name="key_stays",
    when=pgtrigger.Before,
    operation=pgtrigger.UpdateOf("id"),
    func="RAISE EXCEPTION 'the key of a row of % never changes', TG_TABLE_NAME;",
)


def tracked(*, exclude=()):
    """Write a history row for each insert, update and delete, whatever path did it.

    Bulk writes, `update()`, COPY, raw SQL and the shell are caught too; who, which
    request and why come from the context (`tianshan.audit.middleware`). One trigger
    call writes the history of a whole statement, which makes loads several times
    faster.
    """
    history = pghistory.track(
        pghistory.InsertEvent(),
        pghistory.UpdateEvent(),
        pghistory.DeleteEvent(),
        exclude=list(exclude),
        level=pghistory.Statement,
    )

    def decorate(model):
        return pgtrigger.register(KEY_STAYS)(noted(history(model)))

    return decorate
