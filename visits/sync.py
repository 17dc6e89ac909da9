"""What phones send that was filled in without a network, one record at a time.

A kind of record says how it is read with `reads(kind, reader)` when the room is ready; a
reader validates with the form of that kind and calls one action. It returns `(record, created)` and raises Unfit
for what can never succeed as it is, KeyReused for other content under a used key.
Whatever else it raises means "not now" to the phone, which keeps the record.
"""

import datetime as dt
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.models import User
from tianshan.web.middleware import UNSTORABLE
from visits.actions import CLOCK_SLACK, OLDEST_CLAIM, KeyReused, Refused, digest_of

READERS = {}
MOST_BYTES = 256 * 1024


class Unfit(Exception):
    """What can never be stored as it is (422): `reason` for its author, and `more`."""

    def __init__(self, reason, **more):
        super().__init__(reason)
        self.reason, self.more = reason, more


@dataclass(frozen=True)
class Sent:
    """One record as it came: who filled it in, under which key, when."""

    key: UUID
    by: User
    at: dt.datetime
    filled_at: dt.datetime
    # What the phone's clock said, where that cannot be: `filled_at` is ours then.
    claimed_at: dt.datetime | None
    body: dict
    digest: str

    @property
    def day(self):
        return timezone.localdate(self.filled_at)

    def number(self, name):
        """A row's number in the body; 0, which no row has, for anything else."""
        value = self.body.get(name)
        fits = isinstance(value, int) and not isinstance(value, bool)
        return value if fits and 0 < value < 2**63 else 0

    @property
    def fields(self):
        """What was filled in, as a form takes it: `{name: text or list of texts}`."""
        fields = self.body.get("fields")
        if not isinstance(fields, dict):
            raise Unfit("记录不完整。")
        return {name: _answer(value) for name, value in fields.items()}

    def form_data(self, day):
        """What was filled in, as a posted form brings it; `day` names the field that is
        empty unless its author set another day than that of filling in."""
        data = QueryDict(mutable=True)
        for name, value in self.fields.items():
            data.setlist(name, value if isinstance(value, list) else [value])
        data["client_key"] = str(self.key)
        data["filled_at"] = self.filled_at.isoformat()
        data[day] = data.get(day) or self.day.isoformat()
        return data


ELSEWHERE = "这家现在不归您走访，可能已迁走或换了网格。请把情况告诉台账员，再删去这条。"


@contextmanager
def unfit_when_refused():
    """What an action refuses for good is unfit; a used key is for the view to answer."""
    try:
        yield
    except PermissionDenied:
        raise Unfit(ELSEWHERE) from None
    except KeyReused:
        raise
    except Refused as refused:
        raise Unfit(str(refused)) from None


def reads(kind, reader):
    """Register `reader(sent) -> (record, created)` for a kind of record."""
    READERS[kind] = reader


def receive(body, *, by, at):
    """Store one record as its phone sent it; returns what its reader returned."""
    if not isinstance(body, dict):
        raise Unfit("记录不完整。")
    body = _clean(body)
    reader = READERS.get(body.get("kind") if isinstance(body.get("kind"), str) else "")
    if reader is None:
        raise Unfit("系统不认识这一类记录，请更新页面后再试。")
    try:
        key = UUID(str(body.get("key")))
    except ValueError:
        raise Unfit("记录不完整。") from None
    filled_at, claimed_at = moments(body, at)
    return reader(
        Sent(
            key=key,
            by=by,
            at=at,
            filled_at=filled_at,
            claimed_at=claimed_at,
            body=body,
            digest=_digest(body),
        )
    )


# What may differ when the same record comes again.
NOT_CONTENT = ("key", "author", "filled_at", "sent_at", "route_at", "seen")


def _digest(body):
    content = {name: body[name] for name in body if name not in NOT_CONTENT}
    return digest_of(**{"content": content})


def _answer(value):
    if isinstance(value, list):
        return ["" if item is None else str(item) for item in value]
    return "" if value is None else str(value)


def _clean(value):
    """Without what PostgreSQL cannot store, however deep it sits."""
    if isinstance(value, str):
        return UNSTORABLE.sub("", value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {UNSTORABLE.sub("", key): _clean(item) for key, item in value.items()}
    return value


# --- clocks ------------------------------------------------------------------------


def moments(body, at):
    """When the record was filled in, and what the phone claimed if that cannot be.

    `filled_at` and `sent_at` are the phone's clock, `route_at` is ours, as it stood in
    the route from which the record was made. A clock that is wrong by a year still
    runs at the right pace: what lies between filling in and sending holds. If that
    gives no possible moment either, the moment of the route stands for it.
    """
    filled, sent = _moment(body, "filled_at"), _moment(body, "sent_at")
    earliest = at - OLDEST_CLAIM
    route = _moment(body, "route_at")
    if route and earliest < route <= at:
        earliest = route - CLOCK_SLACK
    else:
        route = None

    if filled and sent and abs(at - sent) > CLOCK_SLACK:
        ours = at - (sent - filled)
    else:
        ours = filled
    if ours is None or not earliest <= ours <= at + CLOCK_SLACK:
        ours = route or at
    wrong = filled and abs(ours - filled) > CLOCK_SLACK
    return ours, filled if wrong else None


def _moment(body, name):
    """A moment in the body; None for what is none, or lies outside our time."""
    try:
        moment = parse_datetime(body.get(name))
    except (TypeError, ValueError):
        return None
    if moment is None or not 2000 <= moment.year <= 2100:
        return None
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
