"""What the one-page brief of an issue says; what is too long for the page is cut."""

from django.db.models import Count

from issues.models import MatterDemand
from issues.models.rules import Step
from issues.place import askers_of_issue, next_body
from issues.spent import at_levels

# Steps whose reasons a meeting wants to know.
WHY = {Step.ESCALATE, Step.SEND_BACK, Step.CARRY_OVER, Step.CALL_TOGETHER, Step.REOPEN}
MATTERS, MEASURES, WORDS = 4, 4, 1  # as many as fit on the page


def brief_of(issue, *, now):
    """Who asked, what was tried, what may be decided. No asker is named."""
    askers = askers_of_issue(issue)
    steps = list(issue.steps.select_related("to_body", "by"))
    matters = list(issue.matters.order_by("pk"))
    links = MatterDemand.objects.in_force().select_related("demand")
    for matter in matters[:MATTERS]:
        said = links.filter(matter=matter, demand__confidential=False)
        matter.said = [link.demand.words for link in said.order_by("pk")[:WORDS]]
        inside = links.filter(matter=matter).values_list("demand__business", flat=True)
        matter.asked, matter.askers = len(inside), len(set(inside))
    places = (
        links.filter(matter__issue=issue)
        .values("demand__business__building__name")
        .annotate(many=Count("demand__business", distinct=True))
        .order_by("-many", "demand__business__building__name")
    )
    measures = list(
        issue.measures.select_related("lead_unit", "lead_organization").order_by(
            "done_on", "due_on", "pk"
        )
    )
    above, _ = next_body(issue, up=True)
    below, _ = next_body(issue, up=False)
    return {
        "askers": len(askers),
        "asked": links.filter(matter__issue=issue).count(),
        "places": [
            (row["demand__business__building__name"] or "沿街和其他", row["many"])
            for row in places[:4]
        ],
        "matters": matters[:MATTERS],
        "matters_left": len(matters) - len(matters[:MATTERS]),
        "tried": [step for step in steps if step.step in WHY and step.reason][-2:],
        "held": issue.deliberations.select_related("body").order_by("-held_on", "-pk")[
            :1
        ],
        "measures": measures[:MEASURES],
        "measures_left": len(measures) - len(measures[:MEASURES]),
        "above": above,
        "below": below,
        "days_here": at_levels(steps, now)[issue.level].days if steps else 0,
        "now": now,
    }
