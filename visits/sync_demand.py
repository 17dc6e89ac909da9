"""A demand that came by a call, over the counter or as a message, as a phone sends it."""

from visits import actions, confidential
from visits.entry_forms import EntryForm
from visits.sync import Sent, Unfit, reads, unfit_when_refused
from visits.sync_visit import business_of, in_words


def read_demand(sent: Sent):
    """Write the demand down; the day is that of filling in unless another was set."""
    if known := actions.known_demand(sent.by, sent.key, sent.digest):
        return known, False
    business = business_of(sent)[1]
    data = sent.form_data("raised_on")
    if data.get("confidential") and not data.get("handler"):
        # A phone does not know who may handle it.
        handler = confidential.handler_for(business, sent.by)
        data["handler"] = str(handler.pk) if handler else ""
    form = EntryForm(data, business=business, user=sent.by)
    if not form.is_valid():
        raise Unfit(in_words(form), fields=form.errors.get_json_data())
    with unfit_when_refused():
        return actions.take_demand(
            business,
            **form.said,
            digest=sent.digest,
            by=sent.by,
            at=sent.at,
        )


def register():
    reads("demand", read_demand)
