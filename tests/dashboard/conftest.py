"""The day on which the room's tests play."""

import pytest

from tests.factories import NOON


@pytest.fixture(autouse=True)
def at_noon(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)
