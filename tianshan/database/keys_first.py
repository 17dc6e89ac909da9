"""Rows in two steps: first which, then all of them.

Of a condition and a wide row at once PostgreSQL thinks for longer than it works, and
Django as well; most of what is asked for so has no rows at all.
"""


def listed(rows, most=None):
    """The rows as `for_list` reads them, in their order; `most` at most."""
    keys = list(rows.values_list("pk", flat=True)[:most])
    if not keys:
        return []
    found = rows.model.objects.filter(pk__in=keys).for_list().in_bulk()
    return [found[key] for key in keys if key in found]
