"""What this room has for a person to do: parts to confirm and do, bodies to decide."""

from django.db.models import Q

from issues.models import DeliberationBody, Extension, Issue, MeasurePart
from issues.models.part import State
from issues.models.rules import DECIDES
from tianshan.notices.todo import Source, Todo, register


def bodies_of(user):
    """The bodies that the user chairs, with the right of their level."""
    found = DeliberationBody.objects.none()
    for level, right in DECIDES.items():
        chaired = DeliberationBody.objects.chaired_by(user, right)
        found |= DeliberationBody.objects.filter(
            pk__in=chaired.filter(level=level).values("pk")
        )
    return found


def _of_parts(rows, day):
    return [
        Todo(
            part.content,
            part.get_absolute_url(),
            light=part.light(day),
            note=f"{part.holder}{part.role}，{part.due_on:%Y-%m-%d} 到期",
            supervised=part.supervised,
        )
        for part in rows
    ]


def _held(user):
    """One's own, and for a clerk those whose holders have no account."""
    acted_for = MeasurePart.objects.acted_for_by(user).without_account()
    return MeasurePart.objects.filter(
        Q(pk__in=MeasurePart.objects.held_by(user).values("pk"))
        | Q(pk__in=acted_for.values("pk"))
    )


def to_confirm(user, day):
    return _of_parts(_held(user).unanswered().for_list(), day)


def to_do(user, day):
    return _of_parts(_held(user).filter(state=State.CONFIRMED).for_list(), day)


def to_settle(user, day):
    """Refused parts, and extensions that were asked for, of the bodies one chairs."""
    bodies = bodies_of(user).values("pk")
    rows = MeasurePart.objects.owned_by(bodies).open()
    refused = rows.filter(state=State.REFUSED)
    asked = rows.filter(pk__in=Extension.objects.undecided().values("part"))
    return _of_parts((refused | asked).for_list(), day)


def to_deliberate(user, day):
    issues = Issue.objects.decided_by(user).filter(state=Issue.State.PROPOSED)
    return [
        Todo(
            issue.title,
            issue.get_absolute_url(),
            note=f"{issue.get_level_display()}，{issue.raised_on:%Y-%m-%d} 提出",
        )
        for issue in issues.order_by("raised_on", "pk")
    ]


def load():
    for source in (
        Source(
            "confirm",
            "等您确认的分工",
            "checks",
            to_confirm,
            "issues:part_list",
            "?state=waiting&state=studying",
        ),
        Source(
            "parts",
            "在办的分工",
            "progress-check",
            to_do,
            "issues:part_list",
            "?state=confirmed",
        ),
        Source(
            "settle",
            "等您定的分工",
            icon="gavel",
            read=to_settle,
            more="issues:part_list",
            query="?state=refused",
        ),
        Source(
            "issues",
            "等您主持研商的议题",
            "messages",
            to_deliberate,
            "issues:issue_list",
            "?state=proposed",
        ),
    ):
        register(source)
