"""Who was erased after a backup is erased again after it was brought back."""

import datetime as dt

import pytest
from django.conf import settings
from django.utils import timezone

from cases import actions
from cases.models import HelpCase, Identity
from tianshan.backup import erasures

ASKED = HelpCase.Erased.ASKED


def end(case, helper, at):
    return actions.end(case, why=HelpCase.Ended.CHANGED_MIND, by=helper, at=at)


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    return lambda: django_capture_on_commit_callbacks(execute=True)


def copies(case):
    return HelpCase.objects.get(pk=case.pk), Identity.objects.get(case=case)


def put_back(row, identity):
    """What a restore does, row by row."""
    row.save()
    identity.save()


def test_an_erasure_is_listed_by_numbers_and_done_again(case, helper, committed):
    now = timezone.now()
    end(case, helper, now)
    row, identity = copies(case)
    with committed():
        actions.erase(case, why=ASKED, by=helper, at=now)
    line = settings.ERASURES.read_text()
    assert f'"pk": {case.pk}' in line
    assert "张阿姨" not in line
    assert settings.ERASURES.stat().st_mode & 0o777 == 0o600

    put_back(row, identity)
    assert Identity.objects.get(case=case).data_key is not None
    assert erasures.again(now - dt.timedelta(hours=1)) == 1
    assert Identity.objects.get(case=case).data_key is None
    assert HelpCase.objects.get(pk=case.pk).erased_why == ASKED
    # Once more changes nothing; nor does what was erased before the backup.
    assert erasures.again(now - dt.timedelta(hours=1)) == 0


def test_one_that_was_open_when_the_backup_was_made_is_ended(case, helper, committed):
    now = timezone.now()
    row, identity = copies(case)
    end(case, helper, now)
    with committed():
        actions.erase(case, why=ASKED, by=helper, at=now)
    put_back(row, identity)
    assert erasures.again(now - dt.timedelta(hours=1)) == 1
    assert HelpCase.objects.get(pk=case.pk).state == HelpCase.State.ENDED
    assert Identity.objects.get(case=case).data_key is None


def test_another_case_that_has_the_number_now_is_left_alone(case, helper, committed):
    now = timezone.now()
    end(case, helper, now)
    row, identity = copies(case)
    with committed():
        actions.erase(case, why=ASKED, by=helper, at=now)
    row.registered_at += dt.timedelta(seconds=1)
    put_back(row, identity)
    assert erasures.again(now - dt.timedelta(hours=1)) == 0
    assert Identity.objects.get(case=case).data_key is not None


def test_what_the_list_missed_is_completed_from_the_database(case, helper):
    """A disk that was full when it was written leaves half a line."""
    now = timezone.now()
    end(case, helper, now)
    actions.erase(case, why=ASKED, by=helper, at=now)  # nothing committed: not listed
    settings.ERASURES.write_text('{"kind": "ca')
    assert erasures.listed() == []
    assert erasures.complete() == 1
    assert erasures.complete() == 0
    (listed,) = erasures.listed()
    assert listed.pk == case.pk


def test_erased_before_the_backup_is_not_asked_for(case, helper, committed):
    now = timezone.now()
    end(case, helper, now)
    row, identity = copies(case)
    with committed():
        actions.erase(case, why=ASKED, by=helper, at=now)
    put_back(row, identity)
    assert erasures.again(now + dt.timedelta(seconds=1)) == 0
