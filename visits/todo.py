"""What this room has for a person to do: demands to answer, and to tell what came."""

from django.db.models import Exists, OuterRef

from accounts.rights import BY_ORGANIZATION, Right, Role, posts_with
from enterprises.models import Coverage
from tianshan.notices.todo import Source, Todo, register
from visits.models import Demand


def owed_by(user):
    """Demands whose answer the user owes, as `reminders.answerers_of` finds them."""
    right = Right.ANSWER_DEMANDS
    seen = Demand.objects.visible_to(user, right).handled_by(user)
    if posts_with(user, right, among=BY_ORGANIZATION):
        return seen
    if posts_with(user, right, among={Role.GRID_CLERK}):
        covered = Coverage.objects.in_force().filter(business=OuterRef("business"))
        return seen.filter(~Exists(covered))
    return seen.filter(handler=user)


def _of(demands, day):
    rows = demands.for_list().order_by("due_on", "pk")
    return [
        Todo(
            f"{demand.category}：{_words(demand)}",
            demand.get_absolute_url(),
            light=demand.light(day),
            note=f"{demand.business.building or demand.grid}，"
            f"{demand.raised_on:%Y-%m-%d} 提出",
        )
        for demand in rows
    ]


def _words(demand):
    words = "保密诉求" if demand.confidential else demand.words
    return words if len(words) <= 40 else f"{words[:40]}…"


def to_answer(user, day):
    return _of(
        owed_by(user).filter(state__in={Demand.State.NEW, Demand.State.REOPENED}), day
    )


def to_tell(user, day):
    return _of(owed_by(user).waiting_to_be_told(), day)


def load():
    for source in (
        Source(
            "answer",
            "等您答复的诉求",
            "message-2",
            to_answer,
            "visits:demand_list",
            "?state=new&state=reopened",
        ),
        Source("tell", "等您回告的诉求", "send", to_tell, "visits:telling_list"),
    ):
        register(source)
