"""Rows that hold from one day to another."""

from django.db.models import Q
from django.utils import timezone


def in_force(day=None):
    """Rows dated [since, until) that hold on the day, today by default."""
    day = day or timezone.localdate()
    return Q(since__lte=day) & (Q(until=None) | Q(until__gt=day))
