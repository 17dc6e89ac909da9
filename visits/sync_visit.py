"""A visit as a phone sends it: the fields of the visit form, and what the form showed."""

from accounts.rights import Right
from enterprises import actions as enterprises
from enterprises.forms import PAGE_TOO_OLD, Seen
from enterprises.models import Business
from visits import actions, company
from visits.forms import FACTS, VisitForm
from visits.models import Demand
from visits.sync import ELSEWHERE, Sent, Unfit, reads, unfit_when_refused


def read_visit(sent: Sent):
    """Log the visit. Of what was to be told, what others have told meanwhile is done.

    Facts count only where the phone says that they changed; if somebody else changed
    the same ones, the answer holds what stands now, and a fresh `seen`.
    """
    if known := actions.known_visit(sent.by, sent.key, sent.digest):
        return known, False
    asked, business = business_of(sent)
    fresh = Seen.of(business, FACTS)
    data, seen = sent.form_data("visited_on"), fresh
    if data.get("facts") == "changed":
        # The form was drawn for the business as it was then, before any merge.
        seen = Seen.read(str(sent.body.get("seen", "")), asked)
        if seen is None:
            raise Unfit(PAGE_TOO_OLD, **_facts(fresh))
    else:
        for name, value in fresh.shown.items():
            data[name] = "" if value is None else str(value)
    form = VisitForm(data, business=business, seen=seen, client_key=sent.key)
    # A colleague may have left since; who came along, came along.
    came = company.colleagues(business.grid, sent.day)
    form.fields["colleagues"].queryset = came
    if not form.is_valid():
        raise Unfit(in_words(form), fields=form.errors.get_json_data())
    answers = form.answers
    answers["told"] = [
        demand for demand in answers["told"] if demand.state != Demand.State.TOLD
    ]
    try:
        with unfit_when_refused():
            return actions.log_visit(
                business,
                client_key=sent.key,
                digest=sent.digest,
                filled_at=sent.filled_at,
                claimed_at=sent.claimed_at,
                facts_seen=seen.values,
                by=sent.by,
                at=sent.at,
                **answers,
            )
    except enterprises.Conflict as conflict:
        fresh = Seen.of(conflict.business, FACTS)
        raise Unfit(str(conflict), clash=[*conflict.fields], **_facts(fresh)) from None


def business_of(sent):
    """The business that was visited, and what it has been merged into meanwhile."""
    row = Business.objects.select_related("merged_into").filter(
        pk=sent.number("business")
    )
    asked = row.first()
    now = asked and (asked.merged_into or asked)
    mine = Business.objects.visible_to(sent.by, Right.LOG_VISITS)
    if now is None or not mine.filter(pk=now.pk).exists():
        raise Unfit(ELSEWHERE)
    return asked, mine.select_related("grid", "building").get(pk=now.pk)


def _facts(seen):
    """The facts as they stand, for the phone to show beside its own."""
    shown = {name: "" if v is None else str(v) for name, v in seen.shown.items()}
    return {"facts": shown, "seen": seen.text}


def in_words(form):
    lines = []
    for name, errors in form.errors.items():
        label = form.fields[name].label if name in form.fields else ""
        lines += [f"{label}：{error}" if label else str(error) for error in errors]
    return "\n".join(lines)


def as_shown(business):
    """What a phone keeps of the facts asked on a visit; the number as its mask."""
    return _facts(Seen.of(business, FACTS))


def register():
    reads("visit", read_visit)
