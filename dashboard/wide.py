"""What pages of figures say: counted while one waits, or by the worker.

A street's figures are counted while one waits; where many are at work a page of a
moment ago will do (`tianshan.web.busy`), and who sees the same shares it.

Of a district or a city counting takes longer than anybody waits, so its pages show what
was counted last and say when that was; whoever looks has it counted anew, once at a
time, if it is older than FRESH. Before there is anything the page says that it is being
counted.
"""

import datetime as dt
import functools
import hashlib
import logging
import time
from dataclasses import dataclass

from django.core import signing
from django.db import transaction
from django.db.models import F, Q
from django.http import Http404, JsonResponse
from django.shortcuts import render
from django.tasks import task
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString

from accounts.models import User
from dashboard.models import StoredPage
from grids.models import Grid
from tianshan.ledgers import BadScope, kept, read_scope
from tianshan.web import busy

log = logging.getLogger(__name__)

WIDE = 60  # grids in a scope; a street has a dozen or two
FRESH = dt.timedelta(minutes=1)
GIVEN_UP = dt.timedelta(minutes=15)  # a count that has not ended by then has died
KEPT_FOR = dt.timedelta(days=2)
AGAIN = 5  # seconds after which a page that waits asks again

# What is stored under which name: `reader(scope, more)` answers its text.
READERS = {
    "dashboard": "dashboard.screen.cards",
    "brief": "dashboard.screen.brief_drawn",
    "figures": "dashboard.screen.figures_text",
    "map": "dashboard.map_views.section",
    "wall": "dashboard.wall.drawn",
    "geojson": "dashboard.map.features_text",
}
# Those whom nobody has signed in for: `again(pk, asked, today)` answers their scope, or
# None when they may look no more.
AGAIN_FOR = {
    "dashboard.walllink": "dashboard.wall.scope_again",
    "dashboard.apitoken": "dashboard.api.tokens.scope_again",
}
_signer = signing.Signer(salt="stored page")


@dataclass(frozen=True)
class Said:
    """The text of a page, None while it is counted a first time; of when it is, None
    for just now."""

    text: str | None
    as_of: dt.datetime | None = None


def is_wide(scope):
    below = Grid.objects.filter(path__startswith=scope.grid.path)
    return kept.count(below) > WIDE


def read(name, scope, more=None, link=None):
    """What the page of that name says of the scope; `more` are what else its address
    asks for, texts alone; `link` is a wall's or the token of a machine, which nobody
    has signed in for."""
    more = more or {}
    if not is_wide(scope):
        return _read_now(name, scope, more)
    key = _key(name, scope, more)
    rows = StoredPage.objects.using("default").filter(key=_hashed(key)).defer("text")
    stored, now = rows.first(), timezone.now()
    if stored is None or stored.as_of is None or stored.as_of < now - FRESH:
        _ask(name, key, scope, more, link, now)
        stored = stored or rows.first()
    if stored is None or stored.as_of is None:
        return Said(None, now)
    try:
        return Said(_text(stored.key, stored.as_of), stored.as_of)
    except StoredPage.DoesNotExist:  # counted anew just now
        return read(name, scope, more, link)
    except signing.BadSignature:  # written by none of ours, or by another secret
        log.error("stored page %s: wrong signature", stored.pk)
        stored.delete()
        return Said(None, now)


def _read_now(name, scope, more):
    key, good = _key(name, scope, more), busy.good_since()
    reader = import_string(READERS[name])
    if good is None:
        return Said(kept.keep(key, lambda: reader(scope, more)))
    text, at = kept.keep_for_a_while(key, lambda: reader(scope, more), *good)
    return Said(text, dt.datetime.fromtimestamp(at, dt.UTC))


@functools.lru_cache(maxsize=64)  # texts of up to some 200 kB
def _text(key, as_of):
    """What was counted then, which never changes: read and proved once a process."""
    stored = StoredPage.objects.using("default").get(key=key, as_of=as_of)
    return SafeString(_signer.unsign(stored.text))


def _key(name, scope, more):
    return (name, *sorted(more.items()), *scope.key)


def _hashed(key):
    return hashlib.sha256(repr(key).encode()).hexdigest()


def _ask(name, key, scope, more, link, now):
    """Have it counted by the worker, unless that was asked for and is under way."""
    with transaction.atomic():
        row, _ = StoredPage.objects.get_or_create(key=_hashed(key))
        idle = Q(asked_at=None) | Q(asked_at__lt=now - GIVEN_UP)
        done = Q(as_of__gte=F("asked_at"))
        mine = StoredPage.objects.filter(idle | done, pk=row.pk)
        if not mine.update(asked_at=now):
            return
        who = None if link else scope.user.pk
        lent = link and [link._meta.label_lower, link.pk]
        count.enqueue(row.pk, name, who, lent, _asked(scope), more)


@task
def count(pk, name, user, link, asked, more):
    """Count a page and store what it says, as of the moment at which that began."""
    row = StoredPage.objects.filter(pk=pk).first()
    if row is None:
        return
    began, clock = timezone.now(), time.monotonic()
    scope = _scope_of(user, link, asked, timezone.localdate(began))
    if scope is None:
        row.delete()
        return
    if _hashed(_key(name, scope, more)) != row.key:
        row.delete()  # the day or the posts are others than when it was asked for
        return
    text = str(import_string(READERS[name])(scope, more))
    StoredPage.objects.filter(pk=pk).update(
        text=_signer.sign(text),
        as_of=max(began, row.asked_at or began),
        seconds=round(time.monotonic() - clock, 1),
    )


def count_now(name, scope, more=None):
    """Count a page while one waits; the seconds that it took. For the bench."""
    more = more or {}
    row, _ = StoredPage.objects.get_or_create(key=_hashed(_key(name, scope, more)))
    count.call(row.pk, name, scope.user.pk, None, _asked(scope), more)
    row.refresh_from_db()
    return row.seconds


def _asked(scope):
    return {
        "grid": scope.grid.code,
        "start": scope.start.isoformat(),
        "end": scope.end.isoformat(),
    }


def _scope_of(user, link, asked, today):
    """None for who may look no more."""
    try:
        if link:
            kind, lent = link
            return import_string(AGAIN_FOR[kind])(lent, asked, today)
        account = User.objects.filter(pk=user, is_active=True).first()
        return account and read_scope(account, asked, today=today)
    except (BadScope, Http404):
        return None


def forget(now):
    """Take away what nobody has had counted for a while; for `manage.py remind`."""
    StoredPage.objects.filter(asked_at__lt=now - KEPT_FOR).delete()


# --- while there is nothing yet --------------------------------------------------------


def waiting_page(request, scope):
    """A page that asks again by itself, without a script."""
    page = render(request, "dashboard/counting.html", {"scope": scope}, status=202)
    page.headers["Refresh"] = str(AGAIN)
    page.headers["Cache-Control"] = "no-store"
    return page


def waiting_json():
    return JsonResponse(
        {"error": "正在统计，请稍后再取。"},
        status=503,
        headers={"Retry-After": str(AGAIN)},
    )
