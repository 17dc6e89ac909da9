"""What can happen to a need: asked, offered for, chosen, lost and replaced, ended.

The portal introduces: it keeps no amounts, ranks no provider, and whoever runs a
business that offers stands aside from the need (回避).
"""

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.rights import Right
from enterprises.models import Business
from grids.models import Grid
from services.models import (
    Contact,
    Match,
    Need,
    NeedAsker,
    Offer,
    Provider,
    Replacement,
)
from tianshan.audit import record
from tianshan.database.arrays import among
from tianshan.ledgers import touched
from tianshan.notices import notify
from tianshan.workdays import Calendar
from visits import actions as visits
from visits import turning
from visits.models import Demand
from visits.reminders import holders

State = Need.State
Choice = Match.Choice

# Working days before the date by which somebody is settled (he is to prepare), and
# before that by which the candidates are asked: the office's own, no rule's.
SETTLED_BEFORE = 5
FURTHEST = dt.timedelta(days=2 * 366)
ASKED_BEFORE = 2
INTO = "需求"


class Refused(Exception):
    """An act that cannot be now; the message is for the user."""


# --- who may -------------------------------------------------------------------------


def stands_aside(user, need):
    """Does a business that the user runs offer for it?"""
    offering = Provider.objects.filter(offers__in=need.offers.standing())
    return user.own_businesses.filter(
        business__in=offering.exclude(business=None).values("business")
    ).exists()


def may_tend(user, need):
    """Who keeps the resources of its grid, or orders for one of its askers; and does
    not have to stand aside."""
    keeps = Grid.objects.governed_by(user, Right.KEEP_RESOURCES).filter(pk=need.grid_id)
    mine = Business.objects.visible_to(user, Right.ORDER)
    if not (keeps.exists() or need.askers.filter(business__in=mine).exists()):
        return False
    return not stands_aside(user, need)


def _take(need, step, *, by):
    """Lock, then ask whether this step is open and this person's to take."""
    need = Need.objects.select_for_update(of=["self"]).get(pk=need.pk)
    if not may_tend(by, need):
        if stands_aside(by, need):
            raise Refused("您经营的企业也在提供，按回避要求请由他人办理。")
        raise PermissionDenied
    if step not in need.open_steps:
        raise Refused(f"这个需求{need.get_state_display()}，不能这样办。")
    return need


def _end(need, state, *, on, outcome=""):
    need.state, need.ended_on, need.outcome = state, on, outcome
    need.save(update_fields=["state", "ended_on", "outcome"])


# --- asking --------------------------------------------------------------------------


def _can_be_wanted(day, today):
    if day < today:
        raise Refused(f"{day} 已经过去了。")
    if day > today + FURTHEST:
        raise Refused(f"{day} 太远了，请核对年份。")


@transaction.atomic
def ask(
    businesses,
    *,
    title,
    skill,
    by,
    at,
    words="",
    compares=(),
    people=None,
    wanted_on=None,
    wanted_for="",
):
    """A need of one or more businesses or institutions, in the grid that holds them."""
    today = timezone.localdate(at)
    if not businesses:
        raise Refused("请选提出的一方。")
    mine = Business.objects.visible_to(by, Right.ORDER)
    keys = {each.pk for each in businesses}
    if mine.filter(pk__in=keys).count() != len(keys):
        raise PermissionDenied
    if wanted_on:
        _can_be_wanted(wanted_on, today)
    need = Need.objects.create(
        title=title,
        skill=skill.strip(),
        words=words,
        compares=list(compares),
        people=people,
        wanted_on=wanted_on,
        wanted_for=wanted_for,
        grid=_holding(businesses),
        raised_on=today,
        raised_by=by,
    )
    for business in businesses:
        NeedAsker.objects.create(need=need, business=business, since=today)
    record("need.asked", need, by=by, at=at, askers=sorted(keys))
    return need


def _holding(businesses):
    """The smallest grid that holds them all."""
    paths = [each.grid.codes for each in businesses]
    code = ""
    for codes in zip(*paths, strict=False):
        if len(set(codes)) > 1:
            break
        code = codes[0]
    return Grid.objects.get(code=code)


@transaction.atomic
def join(need, business, *, by, at):
    """One more that wants the same."""
    need = _take(need, "ask", by=by)
    if not Business.objects.visible_to(by, Right.ORDER).filter(pk=business.pk).exists():
        raise PermissionDenied
    if need.askers.filter(business=business).exists():
        raise Refused(f"{business}已经在里面了。")
    today = timezone.localdate(at)
    asker = NeedAsker.objects.create(need=need, business=business, since=today)
    record("need.joined", need, by=by, at=at, asker=business.pk)
    return asker


# --- from demands --------------------------------------------------------------------


@transaction.atomic
def turn(demand, *, by, at, wanted_on=None, **asked):
    """A demand goes on as a need; it is owed by the need's day, where there is one."""
    demand = _of_visits(
        turning.turn,
        demand,
        into=INTO,
        owed_by=_owed_by(demand.business.grid),
        having=Right.ANSWER_DEMANDS,
        by=by,
        at=at,
    )
    need = ask([demand.business], wanted_on=wanted_on, by=by, at=at, **asked)
    need.askers.update(demand=demand)
    _owe_by_its_day(need, f"转为{INTO}，提出的人要的日子", by=by, at=at)
    return need


def may_turn_back(need):
    """Has nothing come of it yet, nor anybody joined?"""
    return (
        need.state == State.OPEN
        and need.askers.filter(demand__state=Demand.State.TURNED).exists()
        and need.askers.count() == 1
        and not need.offers.exists()
    )


@transaction.atomic
def turn_back(need, *, by, at):
    """Undo a turning: the demand waits as it did before, free for another way."""
    need = _take(need, "withdraw", by=by)
    if not may_turn_back(need):
        raise Refused(
            "已经有人提供，或不是由诉求转来的，不能撤销；不再找的请撤回需求。"
        )
    asker = need.askers.select_related("demand").get()
    demand = _free(asker)
    _of_visits(
        turning.turn_back,
        demand,
        into=INTO,
        having=Right.ANSWER_DEMANDS,
        by=by,
        at=at,
    )
    today = timezone.localdate(at)
    _end(need, State.WITHDRAWN, on=today, outcome=f"撤销转为{INTO}")
    record("need.turned_back", need, by=by, at=at)
    return need


def lock_needs_of(demand_ids):
    """The needs of demands that are about to be told or dropped, before these."""
    rows = Need.objects.select_for_update(of=["self"])
    rows = rows.filter(askers__demand__in=demand_ids)
    list(rows.order_by("pk").values_list("pk", flat=True))


def leave(demand, *, by, at):
    """The demand is dropped; its need ends, unless others ask for the same."""
    for asker in NeedAsker.objects.filter(demand=demand).select_related("need"):
        need = asker.need
        _free(asker)
        if "withdraw" in need.open_steps and need.askers.count() == 1:
            outcome = "诉求撤回或记为误记"
            _end(need, State.WITHDRAWN, on=timezone.localdate(at), outcome=outcome)
            _close_tasks(need, on=need.ended_on)
            record("need.withdrawn", need, by=by, at=at, reason=outcome)


def _owed_by(grid):
    return f"{grid.name}资源对接"


def _free(asker):
    """The demand goes another way: a need may be asked for it again."""
    demand, asker.demand = asker.demand, None
    asker.save(update_fields=["demand"])
    return demand


def _owe_by_its_day(need, reason, *, by, at):
    if need.wanted_on is None:
        return
    for asker in need.askers.filter(demand__state=Demand.State.TURNED):
        visits.owe(
            asker.demand,
            due_on=need.wanted_on,
            owed_by=asker.demand.owed_by,
            reason=reason,
            by=by,
            at=at,
        )


def _flow_back(need, why, *, by, at):
    """What each asker took up answers its demand; one without is sorted again.

    A demand that was answered before, by a need that was then sought again, keeps that
    answer until there is another.
    """
    askers = need.askers.exclude(demand=None).select_related("demand")
    askers = askers.exclude(demand__confidential=True)  # made so since: its handler's
    for asker in askers.order_by("demand"):
        taken = _taken_up(asker)
        if asker.demand.state == Demand.State.TURNED and not taken:
            turning.come_back(_free(asker), into=INTO, why=why, by=by, at=at)
            continue
        outcome = f"已对接：{taken}" if taken else why
        if outcome != asker.demand.outcome and "end" in asker.demand.open_steps:
            visits.end(
                asker.demand,
                outcome=outcome,
                resolved=bool(taken),
                having=None,
                by=by,
                at=at,
            )


def _taken_up(asker):
    """The providers that the asker took up, each with what it offered."""
    rows = asker.matches.in_force().filter(choice=Choice.DONE)
    said = []
    for match in rows.select_related("offer__provider"):
        offer = match.offer
        terms = "，".join(f"{name}{words}" for name, words in offer.terms.items())
        said.append("，".join(filter(None, [str(offer.provider), terms, offer.words])))
    return "；".join(said)


def _of_visits(act, *args, **given):
    try:
        return act(*args, **given)
    except visits.Refused as refused:
        raise Refused(str(refused)) from refused


# --- offers --------------------------------------------------------------------------


@transaction.atomic
def offer(need, provider, *, terms, by, at, words=""):
    """A provider's offer, by who tends the need or by the provider's own unit."""
    own = Provider.objects.of_units(by).filter(pk=provider.pk).exists()
    if own:
        need = Need.objects.select_for_update(of=["self"]).get(pk=need.pk)
        if not Need.objects.visible_to(by).filter(pk=need.pk).exists():
            raise PermissionDenied
        if need.state != State.OPEN:
            raise Refused(f"这个需求{need.get_state_display()}，不能再提。")
    else:
        need = _take(need, "offer", by=by)
        seen = Provider.objects.visible_to(by).filter(pk=provider.pk)
        if not seen.exists():
            raise PermissionDenied
    today = timezone.localdate(at)
    if provider.ended_on:
        raise Refused(f"{provider}已不再提供：{provider.ended_why}。")
    if need.is_past(today):
        raise Refused(f"日期 {need.wanted_on} 已经过去了，先改期或了结。")
    if need.offers.standing().filter(provider=provider).exists():
        raise Refused(f"{provider}已经提过了。")
    made = Offer.objects.create(
        need=need,
        provider=provider,
        terms={name: terms[name] for name in need.compares if terms.get(name)},
        words=words,
        made_on=today,
        made_by=by,
    )
    record("need.offered", need, by=by, at=at, provider=provider.pk)
    return made


@transaction.atomic
def withdraw_offer(offer, *, why, by, at):
    """The provider steps back. Before a dated need this opens a replacement task.

    Answers the Replacement, or None where nobody had chosen the offer.
    """
    need = Need.objects.select_for_update(of=["self"]).get(pk=offer.need_id)
    offer = Offer.objects.select_for_update(of=["self"]).get(pk=offer.pk)
    own = Provider.objects.of_units(by).filter(pk=offer.provider_id).exists()
    if not own and not may_tend(by, need):
        raise PermissionDenied
    if offer.withdrawn_on:
        raise Refused("这个提供方已经退出了。")
    if not why.strip():
        raise Refused("请写退出的原因。")
    today = timezone.localdate(at)
    offer.withdrawn_on, offer.withdrawn_why = today, why.strip()
    offer.save(update_fields=["withdrawn_on", "withdrawn_why"])
    record("need.offer_withdrawn", need, by=by, at=at, provider=offer.provider_id)
    words = list(offer.matches.in_force().select_related("asker"))
    chosen = [each for each in words if each.choice == Choice.DONE]
    for each in words:
        each.replaced_at = at
        each.save(update_fields=["replaced_at"])
    touched([each.asker.business_id for each in chosen])
    if not chosen or need.state not in (State.OPEN, State.MET):
        return None
    if need.state == State.MET:
        _end(need, State.OPEN, on=None)
        record("need.sought_again", need, by=by, at=at)
    if not need.wanted_on or need.wanted_on < today:
        return None
    return _replace(need, offer, by=by, at=at)


def _planned_back(need, *, at):
    """The days of a replacement, counted back from the need's."""
    calendar, today = Calendar.load(), timezone.localdate(at)
    settle = calendar.back(need.wanted_on, SETTLED_BEFORE)
    asked = calendar.back(settle, ASKED_BEFORE)
    return {
        "ask_by": max(asked, today),
        "settle_by": max(settle, today),
        "rushed": asked < today,
    }


def _replace(need, offer, *, by, at):
    """Open the task, its days counted back from the date, and tell who keeps resources."""
    task = Replacement.objects.create(
        need=need, lost=offer, opened_at=at, **_planned_back(need, at=at)
    )
    record("need.replacement_opened", need, by=by, at=at, settle_by=str(task.settle_by))
    notify(
        holders(Right.KEEP_RESOURCES, need.grid),
        key=f"replacement:{task.pk}",
        words=f"“{need}”的提供方退出，{task.settle_by:%-m月%-d日}前要找到人补位",
        url=need.get_absolute_url(),
        at=at,
    )
    return task


def candidates(need):
    """`[(provider, [reasons], last Contact or None)]` of who could offer and has not.

    In the order of names: a suggestion says why, it does not rank.
    """
    above = Q(grid__code__in=need.grid.codes)
    rows = (
        Provider.objects.active()
        .filter(above | Q(grid__path__startswith=need.grid.path))
        .filter(skills__contains=[need.skill])
        .exclude(offers__need=need)
        .select_related("grid", "business")
        .order_by("pinyin", "pk")
    )
    askers = set(need.askers.values_list("business", flat=True))
    served = set(
        Match.objects.filter(
            choice=Choice.DONE, replaced_at=None, asker__business__in=askers
        ).values_list("offer__provider", flat=True)
    )
    last = {}
    for contact in Contact.objects.filter(provider__in=rows):
        last.setdefault(contact.provider_id, contact)
    found = []
    for provider in rows:
        reasons = [f"能提供“{need.skill}”"]
        if provider.grid_id == need.grid_id:
            reasons.append("同一网格")
        if provider.pk in served:
            reasons.append("为提出的一方服务过")
        if need.people and provider.capacity and provider.capacity >= need.people:
            reasons.append(f"一次能服务 {provider.capacity} 人")
        if provider.slots:
            reasons.append(f"有空：{provider.slots}")
        found.append((provider, reasons, last.get(provider.pk)))
    return found


# --- choosing ------------------------------------------------------------------------


def offers_to(asker):
    """What an asker may compare; nothing where its own business offers too (回避)."""
    standing = asker.need.offers.standing()
    if standing.filter(provider__business=asker.business_id).exists():
        return standing.none()
    return standing.select_related("provider")


@transaction.atomic
def choose(asker, offer, *, choice, at, by=None, link=None):
    """What the asker says to an offer; `by` is None when he said so by the own `link`."""
    need = Need.objects.select_for_update(of=["self"]).get(pk=asker.need_id)
    if by:
        need = _take(need, "choose", by=by)
    elif "choose" not in need.open_steps:
        raise Refused(f"这个需求{need.get_state_display()}，不能再选。")
    offer = Offer.objects.select_for_update(of=["self"]).get(pk=offer.pk)
    if offer.need_id != need.pk:
        raise Refused("这不是这个需求的提供方。")
    if offer.withdrawn_on:
        raise Refused(f"{offer.provider}已经退出了，请选别家。")
    if by is None and not offers_to(asker).filter(pk=offer.pk).exists():
        raise Refused("您自己的店也在提供，按回避要求不能在这里选。")
    today = timezone.localdate(at)
    if need.is_past(today):
        raise Refused(f"日期 {need.wanted_on} 已经过去了，先改期或了结。")
    before = asker.matches.in_force().filter(offer=offer).first()
    if before and before.choice == choice:
        return before
    if before:
        before.replaced_at = at
        before.save(update_fields=["replaced_at"])
    match = Match.objects.create(
        asker=asker, offer=offer, choice=choice, said_at=at, said_by=by
    )
    record(
        "need.chosen",
        need,
        by=by,
        at=at,
        asker=asker.business_id,
        choice=choice,
        link=link,
    )
    touched([asker.business_id])
    _settle(need, by=by, at=at)
    return match


def _settle(need, *, by, at):
    """Met once every asker has taken up an offer; open again when one has not."""
    today = timezone.localdate(at)
    done = set(
        Match.objects.in_force()
        .filter(asker__need=need, choice=Choice.DONE)
        .values_list("asker", flat=True)
    )
    all_done = bool(done) and need.askers.count() == len(done)
    for task in need.replacements.open():
        # Who had chosen what was lost has somebody again; another's choice is not theirs.
        left = Match.objects.filter(
            offer=task.lost_id, choice=Choice.DONE, replaced_at=task.opened_at
        )
        if done and done.issuperset(left.values_list("asker", flat=True)):
            task.closed_on, task.closed_how = today, "已找到人补位"
            task.save(update_fields=["closed_on", "closed_how"])
            record("need.replacement_closed", need, by=by, at=at)
    if all_done and need.state == State.OPEN:
        _end(need, State.MET, on=today)
        record("need.met", need, by=by, at=at)
    if all_done:
        _flow_back(need, "", by=by, at=at)
    elif need.state == State.MET:
        _end(need, State.OPEN, on=None)
        record("need.sought_again", need, by=by, at=at)


def took_part(business_ids):
    """(business, day) of each offer that an asker took up and that still stands."""
    rows = Match.objects.in_force().filter(
        choice=Choice.DONE, asker__business__in=among(business_ids)
    )
    for business, said_at in rows.values_list("asker__business", "said_at"):
        yield business, timezone.localdate(said_at)


# --- ending --------------------------------------------------------------------------


@transaction.atomic
def postpone(need, *, wanted_on, why, by, at):
    """Another date; the reason stays in the record."""
    need = _take(need, "postpone", by=by)
    _can_be_wanted(wanted_on, timezone.localdate(at))
    if not why.strip():
        raise Refused("请写改期的原因。")
    before, need.wanted_on = need.wanted_on, wanted_on
    need.save(update_fields=["wanted_on"])
    for task in need.replacements.open():
        for name, value in _planned_back(need, at=at).items():
            setattr(task, name, value)
        task.save(update_fields=["ask_by", "settle_by", "rushed"])
    record("need.postponed", need, by=by, at=at, before=str(before), reason=why.strip())
    _owe_by_its_day(need, f"改期：{why.strip()}", by=by, at=at)
    return need


@transaction.atomic
def meet(need, *, outcome, by, at):
    """End it as met, though not every asker took an offer up; one must have."""
    need = _take(need, "meet", by=by)
    done = Match.objects.in_force().filter(asker__need=need, choice=Choice.DONE)
    if not done.exists():
        raise Refused("还没有一方办了，不能算已对接；没办成的请用“没有办成”。")
    _end(need, State.MET, on=timezone.localdate(at), outcome=outcome.strip())
    record("need.met", need, by=by, at=at)
    _flow_back(need, f"对接已办结，这一家没有选：{need.outcome}", by=by, at=at)
    return need


@transaction.atomic
def give_up(need, *, outcome, by, at):
    """End it as not found, with what was tried."""
    need = _over(need, "give_up", State.UNMET, outcome, by=by, at=at)
    record("need.given_up", need, by=by, at=at, reason=need.outcome)
    return need


@transaction.atomic
def withdraw(need, *, outcome, by, at):
    """The askers do not want it any more."""
    need = _over(need, "withdraw", State.WITHDRAWN, outcome, by=by, at=at)
    record("need.withdrawn", need, by=by, at=at, reason=need.outcome)
    return need


def _over(need, step, state, outcome, *, by, at):
    need = _take(need, step, by=by)
    if not outcome.strip():
        raise Refused("请写原因。")
    today = timezone.localdate(at)
    _end(need, state, on=today, outcome=outcome.strip())
    _close_tasks(need, on=today)
    why = f"{INTO}{need.get_state_display()}：{need.outcome}"
    _flow_back(need, why, by=by, at=at)
    return need


def _close_tasks(need, *, on):
    for task in need.replacements.open():
        task.closed_on, task.closed_how = on, need.get_state_display()
        task.save(update_fields=["closed_on", "closed_how"])


@transaction.atomic
def seek_again(need, *, by, at):
    """Undo an ending."""
    need = _take(need, "seek_again", by=by)
    _end(need, State.OPEN, on=None)
    record("need.sought_again", need, by=by, at=at)
    return need


@transaction.atomic
def thank(need, *, kind, whom, to, words, on, by, at):
    """Record what was given in thanks."""
    need = Need.objects.select_for_update(of=["self"]).get(pk=need.pk)
    if not may_tend(by, need):
        raise PermissionDenied
    if on > timezone.localdate(at):
        raise Refused("日期不能在将来。")
    thanks = need.thanks.create(kind=kind, whom=whom, to=to, words=words, on=on)
    record("need.thanked", need, by=by, at=at, kind=kind)
    return thanks
