"""Confidential demands (保密诉求): the one way to their words, and who may go it.

Everybody who sees the demand sees that it is there, its asker, category, state and
deadline, and it counts in every figure. Words and outcome are the handler's alone.
"""

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import User
from accounts.rights import Right, Role, roles_with
from grids.models import Post
from tianshan.audit import read, record
from tianshan.pinyin import search_text
from visits import actions
from visits.models import Demand, Secret


def possible_handlers(business):
    """The accounts that may deal with what the business asks for."""
    posts = Post.objects.in_force().over(business.grid)
    posts = posts.filter(role__in=roles_with(Right.ANSWER_DEMANDS))
    users = User.objects.filter(pk__in=posts.values("user")).order_by("display_name")
    return [user for user in users if actions.may_answer(user, business)]


def handler_for(business, by):
    """Who deals with one that was heard at the door: whoever heard it, if he may, else
    the grid's clerk, its chief, or who else may; None if nobody does."""
    possible = possible_handlers(business)
    if by in possible:
        return by
    posts = Post.objects.in_force().filter(user__in=possible)
    held = set(posts.values_list("user", "role"))
    for role in (Role.GRID_CLERK, Role.GRID_CHIEF):
        for user in possible:
            if (user.pk, role) in held:
                return user
    return possible[0] if possible else None


@transaction.atomic
def read_words(demand, *, by, at):
    """Words and outcome, for the handler alone; who read them is noted each time."""
    demand = Demand.objects.get(pk=demand.pk)
    secret = Secret.objects.visible_to(by).filter(demand=demand).first()
    if secret is None or not may_handle(demand, by):
        raise PermissionDenied
    read(secret, "words", by=by, at=at, why="办理保密诉求")
    return secret


def may_handle(demand, user):
    return demand.handler_id == user.pk and actions.may_answer(user, demand.business)


def may_reassign(demand, user):
    """Who says who owes visits names another handler, without reading the words."""
    mine = Demand.objects.visible_to(user, Right.ASSIGN_CARETAKERS)
    return demand.confidential and mine.filter(pk=demand.pk).exists()


@transaction.atomic
def hand_over(demand, *, handler, by, at):
    """Give a confidential demand to another handler; the old one reads it no more.

    Whoever says who owes visits may do it too, unread: a handler may be gone.
    """
    demand = actions.take_step(
        demand,
        "hand_over",
        by=by,
        having=Right.ANSWER_DEMANDS
        if demand.handler_id == by.pk
        else Right.ASSIGN_CARETAKERS,
        unread=True,
    )
    if not demand.confidential:
        raise actions.Refused("这件诉求不保密，不用移交。")
    if not actions.may_answer(handler, demand.business):
        raise actions.Refused(
            f"{handler.display_name}不能办这一家的诉求，请另选经办人。"
        )
    demand.handler = handler
    demand.save(update_fields=["handler"])
    record("demand.handed_over", demand, by=by, at=at, handler=handler.display_name)
    return _owe(demand, handler.display_name, "移交经办人", by=by, at=at)


@transaction.atomic
def make_confidential(demand, *, handler, by, at):
    """Take the words of an open demand out of all lists; the handler keeps them.

    What was seen or exported before stays seen; the row's history keeps it too.
    """
    demand = actions.take_step(demand, "make_confidential", by=by)
    if demand.confidential:
        raise actions.Refused("这件诉求已经保密。")
    if demand.ratings.exists():
        raise actions.Refused(
            "提出的人已经评价过，评价里有原来的答复，不能再改为保密。"
        )
    if not actions.may_answer(handler, demand.business):
        raise actions.Refused(
            f"{handler.display_name}不能办这一家的诉求，请另选经办人。"
        )
    Secret.objects.create(demand=demand, words=demand.words, outcome=demand.outcome)
    demand.words = actions.HIDDEN_WORDS
    demand.outcome = actions.HIDDEN_OUTCOME if demand.outcome else ""
    demand.confidential, demand.handler, demand.search = True, handler, ""
    demand.save(update_fields=["words", "outcome", "confidential", "handler", "search"])
    record(
        "demand.made_confidential", demand, by=by, at=at, handler=handler.display_name
    )
    return _owe(demand, handler.display_name, "改为保密", by=by, at=at)


@transaction.atomic
def make_open(demand, *, by, at):
    """The asker agreed that others read it: words and outcome go back to the demand."""
    demand = actions.take_step(demand, "make_open", by=by)
    if not demand.confidential:
        raise actions.Refused("这件诉求本来就不保密。")
    secret = Secret.objects.select_for_update().get(demand=demand)
    demand.words, demand.outcome = secret.words, secret.outcome
    demand.search = search_text(demand.words)
    demand.confidential, demand.handler = False, None
    demand.save(update_fields=["words", "outcome", "confidential", "handler", "search"])
    secret.delete()
    record("demand.made_open", demand, by=by, at=at)
    return _owe(demand, actions.who_answers(demand.business), "取消保密", by=by, at=at)


def _owe(demand, owed_by, reason, *, by, at):
    return actions.owe(
        demand,
        due_on=demand.due_on,
        owed_by=owed_by,
        workdays=actions.workdays_of(demand),
        reason=reason,
        by=by,
        at=at,
    )
