"""Which buildings a role answers for that looks by something narrower than a grid.

The room that knows the narrower thing says how, as it starts: an organisation's
secretary answers for the buildings that the organisation holds.
"""

from django.db.models import Q

_rules = []


def register(rule):
    """`rule(user, right)` answers a Q over buildings."""
    if rule not in _rules:
        _rules.append(rule)


def buildings(user, right):
    answered_for = Q(pk__in=[])
    for rule in _rules:
        answered_for |= rule(user, right)
    return answered_for
