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


def begin_history(apps, *labels):
    """Rows that a migration enters begin their history: triggers come after migrations.

    `labels` are models of the migration's `apps`, as "workdays.DayRule".
    """
    for label in labels:
        model, events = apps.get_model(label), apps.get_model(f"{label}Event").objects
        names = {field.attname for field in events.model._meta.concrete_fields}
        names &= {field.attname for field in model._meta.concrete_fields}
        known = set(events.values_list("pgh_obj_id", flat=True))
        events.bulk_create(
            events.model(
                pgh_obj_id=row.pk,
                pgh_label="insert",
                **{name: getattr(row, name) for name in names},
            )
            for row in model.objects.order_by("pk")
            if row.pk not in known
        )
