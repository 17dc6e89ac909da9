"""A change of keys: each case's own key is wrapped anew, batch by batch.

Cases are never without a key that opens them: a batch is one transaction, what it has
done is known by the name of the key on the row, and so it goes on where it was stopped.
"""

from django.db import transaction
from django.db.models import Q

from cases import sealing
from cases.models import Identity

BATCH = 500


def to_rotate():
    """Rows whose key is wrapped by another than the newest, or whose phone was hashed
    with another than today's."""
    name, _ = sealing.newest()
    current = bytes.fromhex(sealing.look_up_name())
    hashed = Q(phone_hash__gte=current, phone_hash__lt=current + b"\xff" * 33)
    rows = Identity.objects.exclude(data_key=None)
    return rows.exclude(Q(sealed_with=name) & (Q(phone_hash=None) | hashed))


def rotate(*, batch=BATCH, said=lambda number: None):
    """Wrap all anew; `(how many were, how many no key at hand opens)`.

    `said(number)` is called after each batch. What no key opens stays as it is.
    """
    done, unopened, after = 0, 0, 0
    while pks := _next(after, batch):
        with transaction.atomic():
            rows = Identity.objects.select_for_update().filter(pk__in=pks)
            changed = []
            for row in rows.exclude(data_key=None).order_by("pk"):
                try:
                    row.wrap_anew()
                except sealing.KeyProblem:
                    unopened += 1
                else:
                    changed.append(row)
            Identity.objects.bulk_update(
                changed, ["data_key", "sealed_with", "phone_hash"]
            )
        done += len(changed)
        after = pks[-1]
        said(done)
    return done, unopened


def _next(after, batch):
    rows = to_rotate().filter(pk__gt=after).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:batch])
