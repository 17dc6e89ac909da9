"""Addresses of rows: a list asks for fifty, and the resolver takes its time for each."""

import functools

from django.urls import get_script_prefix, reverse

PLACE = 1234567890  # a number that stands in no address beside its own place


def page_of(name, key):
    """As `reverse(name, args=[key])`, of a row's whole number."""
    head, tail = _around(name, get_script_prefix())
    return f"{head}{key:d}{tail}"


@functools.lru_cache
def _around(name, prefix):
    head, _, tail = reverse(name, args=[PLACE]).partition(str(PLACE))
    return head, tail
