"""What was seen at a door as a phone sends it: the fields of the door form."""

from django.core.exceptions import PermissionDenied
from django.http import QueryDict

from visits import actions, doors
from visits.door_forms import DoorForm
from visits.sync import Sent, Unfit, reads
from visits.sync_visit import ELSEWHERE, business_of, in_words


def read_door(sent: Sent):
    """Write the report down; with a `business` it is about that one, else a new shop."""
    if known := doors.known_report(sent.by, sent.key, sent.digest):
        return known, False
    business = business_of(sent)[1] if sent.body.get("business") else None
    data = QueryDict(mutable=True)
    for name, value in sent.fields.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    data["client_key"] = str(sent.key)
    data["filled_at"] = sent.filled_at.isoformat()
    data["seen_on"] = data.get("seen_on") or sent.day.isoformat()
    form = DoorForm(data, user=sent.by, business=business)
    if not form.is_valid():
        raise Unfit(in_words(form), fields=form.errors.get_json_data())
    answers = form.cleaned_data | {
        "client_key": sent.key,
        "filled_at": sent.filled_at,
        "digest": sent.digest,
    }
    try:
        return doors.report(**answers, business=business, by=sent.by, at=sent.at)
    except PermissionDenied:
        raise Unfit(ELSEWHERE) from None
    except actions.KeyReused:
        raise
    except actions.Refused as refused:
        raise Unfit(str(refused)) from None


def register():
    reads("door", read_door)
