"""Wrong passwords are slowed down: five a quarter of an hour at one name, twenty from
one address, each series with a longer pause than the one before.

A whole office shares one address, and everybody knows everybody's name. So that nobody
can lock out another, a browser in which an account has signed in before is known by a
cookie and counted for itself: what strangers get wrong at the name or from the address
does not stop it, nor does what it gets wrong stop others (docs/decisions/0014).

A try is counted before its password is looked at and given back when it was right, so
that many at once do not slip by. Names that nobody has are counted like any other.
"""

import datetime as dt
import math
import secrets

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.models import SignInPause, User

Kind = SignInPause.Kind
SERIES = dt.timedelta(minutes=15)
MOST = {Kind.ACCOUNT: 5, Kind.BROWSER: 5, Kind.ADDRESS: 20}
FIRST_PAUSE = dt.timedelta(minutes=5)
LONGEST_PAUSE = dt.timedelta(hours=4)
FORGOTTEN = dt.timedelta(hours=24)  # after so long without a wrong one

KNOWN = "known"  # cookie: the accounts that have signed in here before
KNOWN_AGE = 180 * 24 * 60 * 60
MOST_KNOWN = 8
_signer = signing.Signer(salt="known")


class Paused(Exception):
    """No password is looked at now; the message is for whoever typed it."""

    def __init__(self, until, at):
        minutes = math.ceil((until - at) / dt.timedelta(minutes=1))
        super().__init__(f"输错次数过多，请过 {minutes} 分钟再试。")


def pause(series):
    """How long the pause after the so many-th series is: 5, 10, 20 minutes …"""
    return min(FIRST_PAUSE * 2 ** min(series - 1, 10), LONGEST_PAUSE)


def _digest(kind, word):
    return salted_hmac(
        "accounts.guard", f"{kind}:{word}", algorithm="sha256"
    ).hexdigest()


@transaction.atomic
def take(name, *, address, browser, at):
    """Count a try at the name: the rows that hold it. Raises Paused when it is too many.

    `browser` is what this browser is known by for the name (`known`), or "".
    """
    user = User.objects.filter(username__iexact=name).only("pk").first()
    if browser:
        counted = [(Kind.BROWSER, browser)]
    else:
        counted = [(Kind.ACCOUNT, name.casefold()), (Kind.ADDRESS, address)]
    rows = [
        _row(kind, _digest(kind, word), None if kind == Kind.ADDRESS else user, at)
        for kind, word in counted
    ]
    if paused := [row.until for row in rows if row.until and row.until > at]:
        raise Paused(max(paused), at)
    for row in rows:
        _count(row, at)
    return rows


def _row(kind, key, user, at):
    row, made = SignInPause.objects.get_or_create(
        key=key, defaults={"kind": kind, "user": user, "since": at, "last_at": at}
    )
    if made:
        SignInPause.objects.filter(last_at__lt=at - FORGOTTEN).delete()
    return SignInPause.objects.select_for_update(of=["self"]).get(pk=row.pk)


def _count(row, at):
    if at - row.last_at >= FORGOTTEN:
        row.series = 0
    if row.until or at - row.since >= SERIES:
        row.wrong, row.since, row.until = 0, at, None
    row.wrong += 1
    row.last_at = at
    if row.wrong >= MOST[row.kind]:
        row.series += 1
        row.until = at + pause(row.series)
    row.save()


@transaction.atomic
def give_back(rows):
    """The password was right: the name begins anew, the address has one less."""
    for taken in rows:
        row = SignInPause.objects.select_for_update(of=["self"]).get(pk=taken.pk)
        if row.kind != Kind.ADDRESS:
            row.wrong = row.series = 0
            row.until = None
        elif row.wrong:
            row.wrong -= 1
            if row.until:
                row.series, row.until = row.series - 1, None
        row.save()


def lift(user, *, at):
    """Let the account be tried again at once: how many pauses there were."""
    rows = SignInPause.objects.filter(user=user)
    paused = rows.in_force(at).count()
    rows.update(wrong=0, series=0, until=None)
    return paused


# --- known browsers --------------------------------------------------------------------


def _entries(request):
    try:
        return _signer.unsign(request.COOKIES.get(KNOWN, "")).split(",")
    except signing.BadSignature:
        return []


def known(request, name):
    """What this browser is known by for the name; "" when nobody has signed in by it."""
    whose = _whose(name)
    for entry in _entries(request):
        if constant_time_compare(entry.partition(".")[0], whose):
            return entry
    return ""


def _whose(name):
    return _digest("known", name.casefold())[:20]


def remember(request, response, name):
    """From now on the browser is known for this account."""
    others = [e for e in _entries(request) if e.partition(".")[0] != _whose(name)]
    entry = known(request, name) or f"{_whose(name)}.{secrets.token_urlsafe(16)}"
    response.set_cookie(
        KNOWN,
        _signer.sign(",".join([entry, *others][:MOST_KNOWN])),
        max_age=KNOWN_AGE,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )
