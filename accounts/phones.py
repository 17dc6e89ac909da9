"""Enrolled phones: a session that waits behind a PIN instead of ending.

A session ends after half an hour in which nobody did anything (ASVS 5.0 7.3.1). Who
walks from shop to shop would type a password all day long, so a phone that its owner
enrolled stays signed in for the working day and asks for six digits instead. The
digits open that one phone's own session and nothing else: five wrong ones in a row end
the enrolment and the session.
"""

import hashlib
import secrets
from itertools import pairwise

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from accounts.models import EnrolledPhone
from tianshan.audit import record

MOST_WRONG = 5
MOST_PHONES = 3


class Refused(Exception):
    """An act that cannot be now; the message is for the user."""


def _hash(token):
    return hashlib.sha256(token.encode()).hexdigest()


def easily_guessed(pin):
    """One digit throughout, a run up or down, or a part that repeats: 121212, 123123."""
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    halves = any(pin == pin[:size] * (len(pin) // size) for size in (1, 2, 3))
    return halves or steps in ({1}, {9})


@transaction.atomic
def enrol(*, label, pin, by, at):
    """Enrol the phone in hand: `(phone, token)`; the token is for its cookie alone."""
    if EnrolledPhone.objects.in_force().filter(user=by).count() >= MOST_PHONES:
        raise Refused(f"已登记 {MOST_PHONES} 部手机，请先移除不用的。")
    if easily_guessed(pin):
        raise Refused("这个 PIN 太好猜，请换一个。")
    token = secrets.token_urlsafe(32)
    phone = EnrolledPhone.objects.create(
        user=by,
        label=label,
        token_hash=_hash(token),
        pin=make_password(pin),
        enrolled_at=at,
    )
    record("phone.enrolled", phone, by=by, at=at)
    return phone, token


@transaction.atomic
def unlock(phone, *, pin, at):
    """Was it the right PIN? The fifth wrong one in a row ends the enrolment."""
    phone = EnrolledPhone.objects.select_for_update().get(pk=phone.pk)
    if phone.ended_at:
        return False
    if check_password(pin, phone.pin):
        phone.wrong, phone.unlocked_at = 0, at
        phone.save(update_fields=["wrong", "unlocked_at"])
        return True
    phone.wrong += 1
    phone.save(update_fields=["wrong"])
    if phone.wrong >= MOST_WRONG:
        end(phone, why=EnrolledPhone.Ended.WRONG_PIN, by=None, at=at)
    return False


@transaction.atomic
def remove(phone, *, by, at):
    """Its owner, or the administrator of accounts, takes a phone off the list."""
    phone = EnrolledPhone.objects.select_for_update().get(pk=phone.pk)
    if phone.ended_at:
        raise Refused("这部手机已经移除。")
    end(phone, why=EnrolledPhone.Ended.REMOVED, by=by, at=at)


def end(phone, *, why, by, at):
    """Whoever holds it asks for the account's password again."""
    phone.ended_at, phone.ended_why = at, why
    phone.save(update_fields=["ended_at", "ended_why"])
    record("phone.ended", phone, by=by, at=at, reason=why.label)


def in_hand(token, user):
    """The user's enrolled phone whose cookie holds the token; None when there is none."""
    if not token:
        return None
    return (
        EnrolledPhone.objects.in_force()
        .filter(user=user, token_hash=_hash(token))
        .first()
    )
