"""What was seen at a door as a phone sends it: the fields of the door form."""

from visits import doors
from visits.door_forms import DoorForm
from visits.sync import Sent, Unfit, reads, unfit_when_refused
from visits.sync_visit import business_of, in_words


def read_door(sent: Sent):
    """Write the report down; with a `business` it is about that one, else a new shop."""
    if known := doors.known_report(sent.by, sent.key, sent.digest):
        return known, False
    business = business_of(sent)[1] if sent.body.get("business") else None
    form = DoorForm(sent.form_data("seen_on"), user=sent.by, business=business)
    if not form.is_valid():
        raise Unfit(in_words(form), fields=form.errors.get_json_data())
    answers = form.cleaned_data | {
        "client_key": sent.key,
        "filled_at": sent.filled_at,
        "digest": sent.digest,
    }
    with unfit_when_refused():
        return doors.report(**answers, business=business, by=sent.by, at=sent.at)


def register():
    reads("door", read_door)
