"""Acts that somebody attempted and was refused, as lines of the audit log (ASVS 16.3.2).

Refused is who asks for an address without the right (403), and who sends a form to a row
that the seam hides (404). The line names the account, the address without its values,
the rights of which one is needed and the number of the row: no query and no form.

A flood cannot fill the log. Refusals are counted by account, address and hour: the 1st,
10th, 100th and so on are lines and say how many there have been. Beyond `MOST` addresses
of one account in an hour, all others are counted as one. The most lines that an account
leaves in an hour, with n refusals, is therefore (MOST + 1) × (1 + log10 n).
"""

import datetime as dt

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import Refusal
from tianshan.audit import record

SAFE = {"GET", "HEAD", "OPTIONS"}
HOUR = dt.timedelta(hours=1)
MOST = 50
OTHERS = ""  # the act that stands for all addresses beyond those


def written_down(get_response):
    """Note what is refused to whoever is signed in. What is stopped before it reaches
    its view (no session, no token of the form, first things first) is nothing of that."""

    def middleware(request):
        response = get_response(request)
        reached = getattr(request, "reached", None)
        if reached and (why := _why(request, response)):
            user, view = reached
            _note_of(request, user, view, why)
        return response

    def process_view(request, view, args, kwargs):
        if request.user.is_authenticated and getattr(view, "rule", None) != "anyone":
            request.reached = (request.user, view)

    middleware.process_view = process_view
    return middleware


def _why(request, response):
    if response.status_code == 403:
        return "right"
    if response.status_code == 404 and request.method not in SAFE:
        return "row"
    return None


def _note_of(request, user, view, why):
    match = request.resolver_match
    rule = getattr(view, "rule", None)
    said = {"address": address_of(match.route), "why": why}
    if isinstance(rule, frozenset) and why == "right":
        said["needs"] = sorted(rule)
    if isinstance(number := match.kwargs.get("pk"), int):
        said["number"] = number
    note(user, match.view_name, at=timezone.now(), **said)


def address_of(route):
    """`/cases/…/edit/`: the address without what stood in it."""
    parts = ["…" if part.startswith("<") else part for part in route.split("/")]
    return "/" + "/".join(parts)


@transaction.atomic
def note(user, act, *, at, **said):
    """Count one more refusal; the 1st, 10th, 100th … of an hour is a line."""
    row = _row(user, act, at.replace(minute=0, second=0, microsecond=0))
    if set(str(row.times)[1:]) <= {"0"} and str(row.times)[0] == "1":
        more = {} if row.act == OTHERS else {"act": act, **said}
        record("act.refused", user, by=user, at=at, times=row.times, **more)


def _row(user, act, hour):
    """The row that counts it, one more, and locked until the line is written."""
    of_hour = Refusal.objects.filter(user=user, hour=hour)
    if of_hour.count() >= MOST and not of_hour.filter(act=act).exists():
        act = OTHERS
    row, made = of_hour.get_or_create(act=act, defaults={"user": user, "hour": hour})
    if made:
        Refusal.objects.filter(hour__lt=hour - HOUR).delete()
    Refusal.objects.filter(pk=row.pk).update(times=F("times") + 1)
    row.refresh_from_db()
    return row
