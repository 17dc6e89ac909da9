"""What this room tells of a business's timeline: visits and demands."""

from django.utils import timezone

from accounts.rights import Right, may
from tianshan.ledgers.moments import MOST, Moment, tell
from visits.ledgers import STATES
from visits.models import Demand, Visit


def visits(user, business):
    rows = Visit.objects.visible_to(user).filter(business=business)
    told = []
    for visit in rows.select_related("visitor").order_by("-visited_on", "-pk")[:MOST]:
        met = f"，见到{visit.get_people_met_display()}" if visit.people_met else ""
        note = f"：{visit.note}" if visit.note else ""
        told.append(
            Moment(
                day=visit.visited_on,
                title=f"{visit.get_method_display()}走访：{visit.get_outcome_display()}",
                words=f"{visit.visitor.display_name}{met}{note}",
                url=visit.get_absolute_url(),
                icon="route",
                dot="ok" if visit.counts else "",
                tag=("bad", "已作废") if visit.voided_at else ("line", "走访"),
            )
        )
    return told


def demands(user, business):
    if not may(user, Right.SEE_DEMANDS):
        return []
    today = timezone.localdate()
    rows = Demand.objects.visible_to(user).filter(business=business)
    told = []
    for demand in rows.for_list()[:MOST]:
        lamp = demand.light(today)
        result = f"　结果：{demand.outcome}" if demand.outcome else ""
        told.append(
            Moment(
                day=demand.raised_on,
                title=f"诉求：{demand.category}",
                words=f"{demand.words}{result}",
                url=demand.get_absolute_url(),
                icon="message-2",
                dot="warn" if demand.next_due else "ok",
                tag=(STATES[demand.state][0], demand.get_state_display()),
                lamp=(lamp.colour, lamp.words) if lamp else (),
            )
        )
    return told


def register():
    tell("visits", "走访", visits)
    tell("demands", "诉求", demands)
