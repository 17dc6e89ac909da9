"""Finished help of a year in small tables, from which nobody can reckon a small number."""

from django.db.models import Count

from accounts.rights import Right
from cases.models import HelpCase, around
from tianshan.ledgers.figures import FEWEST

FIRST_YEAR = 2025  # the portal's first


def years(today):
    return list(range(today.year, FIRST_YEAR - 1, -1))


def told(counts):
    """`{name: count}`, with None for what is under FEWEST.

    Where the hidden ones together are still that few, the smallest of the others is
    hidden too: whoever knows the sum from elsewhere could take the rest away from it.
    """
    hidden = {name for name, n in counts.items() if n < FEWEST}
    left = sorted((n, name) for name, n in counts.items() if name not in hidden)
    while hidden and left and sum(counts[name] for name in hidden) < FEWEST:
        hidden.add(left.pop(0)[1])
    return {name: None if name in hidden else n for name, n in counts.items()}


def counts_of(user, year):
    """`[(label, [(name, count or None)])]` of the year, where the user may count."""
    done = HelpCase.objects.filter(
        state=HelpCase.State.FINISHED,
        closed_on__year=year,
        neighborhood__in=around(user, Right.COUNT_CASES),
    )
    tables = []
    for label, field in (("居民区", "neighborhood__name"), ("事项", "item__name")):
        rows = done.order_by(field).values_list(field).annotate(n=Count("pk"))
        tables.append((label, list(told(dict(rows)).items())))
    return tables
