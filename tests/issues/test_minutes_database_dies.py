"""The database dies while minutes are confirmed: they are, or they are not."""

import pytest
from django.db import OperationalError, connection

from issues import minutes
from issues.models import Meeting, Minutes
from tests.factories import NOON
from tianshan.audit.models import Entry

pytestmark = pytest.mark.django_db(transaction=True)


def dying(step):
    """The step, after which the connection's other end is gone."""

    def last(*args, **kwargs):
        step(*args, **kwargs)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    return last


@pytest.mark.parametrize("step", ["lock", "keep_document", "record"])
def test_minutes_are_confirmed_wholly_or_not_at_all(
    settled, secretary, monkeypatch, step
):
    with monkeypatch.context() as patch:
        patch.setattr(minutes, step, dying(getattr(minutes, step)))
        with pytest.raises(OperationalError):
            minutes.confirm(settled, by=secretary, at=NOON)
    connection.close()
    assert Meeting.objects.get(pk=settled.pk).state == Meeting.State.HELD
    assert not Minutes.objects.exists()
    assert not Entry.objects.filter(verb="minutes.confirmed").exists()

    made = minutes.confirm(settled, by=secretary, at=NOON)
    assert Minutes.objects.get() == made
    assert minutes.content_of(made)
    assert Entry.objects.filter(verb="minutes.confirmed").count() == 1
