"""Orders: placed, dispatched by the grid, taken by a station, served, rated.

The table of steps stands on the model. Each function locks the order first; what else
an act locks (its dispatches, its demand) comes after. Time passing needs no job: a
dispatch that nobody answered in time is back with the grid by itself.
"""

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.rights import Right
from enterprises.models import Business
from grids.models import Post
from party.models import Station, StationStaff
from services.models.order import (
    Dispatch,
    Order,
    OrderAct,
    OrderStep,
    State,
    Told,
    Verdict,
)
from tianshan.audit import record
from tianshan.ledgers import touched
from tianshan.notices import notify
from tianshan.notices.reminders import FROM, UNTIL
from tianshan.workdays import Calendar
from visits import actions as visits
from visits import turning
from visits.reminders import holders, people

# Working days. The first word to whoever asks is owed within one, as to a demand;
# the mock-up of the board counts the others so.
DISPATCH_WITHIN = 1
ANSWER_WITHIN = 2
ARRANGE_WITHIN = 3
REVISIT_WITHIN = 3
LONGEST_TO_ANSWER = 10
FURTHEST = dt.timedelta(days=366)
REASON = 15  # characters, as when a demand is declined
INTO = "点单"
LIST = "services:order_list"
GONE = frozenset({Business.State.MOVED, Business.State.CLOSED})


class Refused(Exception):
    """An act that cannot be now; the message is for the user."""


# --- who is told ---------------------------------------------------------------------


def dispatchers_of(grid):
    return holders(Right.DISPATCH, grid)


def workers_of(stations):
    """Who serves in these stations; the clerks who act for those without an account."""
    keys = [station.pk for station in stations]
    staff = StationStaff.objects.filter(station__in=keys)
    workers = set(people(Post.objects.filter(pk__in=staff.values("post"))))
    unserved = Station.objects.without_account().filter(pk__in=keys)
    for station in unserved.select_related("grid"):
        workers.update(holders(Right.ACT_ON_BEHALF, station.grid))
    return workers


def _tell(users, order, words, *, at, url=""):
    """`url` another page, for those who no longer see the order."""
    notify(
        users,
        # The state too: who is told before the step is written down has news of the last.
        key=f"order-{order.pk}-{order.log.count()}-{order.state}",
        words=f"{words}：{order.number} {order.item}",
        url=url or order.get_absolute_url(),
        at=at,
    )


# --- placing -------------------------------------------------------------------------


@transaction.atomic
def place(
    business,
    *,
    item,
    people,
    by,
    at,
    words="",
    wished="",
    phone="",
    source=Order.Source.STAFF,
    demand=None,
):
    """Order a service for a business that asks for it."""
    business = Business.objects.select_for_update(of=["self"]).get(pk=business.pk)
    mine = Business.objects.visible_to(by, Right.ORDER)
    if not mine.filter(pk=business.pk).exists():
        raise PermissionDenied
    return _place(
        business,
        item=item,
        people=people,
        words=words,
        wished=wished,
        phone=phone,
        source=source,
        demand=demand,
        by=by,
        at=at,
    )


@transaction.atomic
def receive(business, *, item, people, at, words="", wished="", phone=""):
    """Write down what came by the shop's card: `(order, created)`.

    No user stands behind it; the room above has asked whether the card is good. The
    same service of the same shop, still waiting to be dispatched, is one order.
    """
    business = Business.objects.select_for_update(of=["self"]).get(pk=business.pk)
    waiting = Order.objects.filter(
        business=business, item=item, source=Order.Source.CARD, state=State.PLACED
    )
    if known := waiting.order_by("pk").first():
        return known, False
    order = _place(
        business,
        item=item,
        people=people,
        words=words,
        wished=wished,
        phone=phone,
        source=Order.Source.CARD,
        by=None,
        at=at,
    )
    return order, True


def _place(business, *, item, by, at, **asked):
    if not item.active or not item.brand.active:
        raise Refused(f"“{item}”现在不提供，请另选一项。")
    if business.gone_at or business.state in GONE:
        raise Refused(f"{business.name}已经不在这里营业，不能点单。")
    today = timezone.localdate(at)
    order = Order.objects.create(
        business=business,
        grid=business.grid,
        item=item,
        placed_at=at,
        placed_by=by,
        waits_since=today,
        dispatch_by=Calendar.load().add(today, DISPATCH_WITHIN),
        **asked,
    )
    _write(order, OrderStep.PLACE, "", by=by, at=at, words=asked["words"])
    record("order.placed", order, by=by, at=at, service=item.name)
    _tell(dispatchers_of(order.grid), order, "有点单等您派", at=at)
    return order


@transaction.atomic
def turn(demand, *, item, people, by, at, words="", wished=""):
    """A demand goes on as an order; what comes of the order flows back to it."""
    demand = _of_visits(
        turning.turn,
        demand,
        into=INTO,
        owed_by=f"{demand.business.grid.name}派单",
        having=Right.ANSWER_DEMANDS,
        by=by,
        at=at,
    )
    return place(
        demand.business,
        item=item,
        people=people,
        words=words,
        wished=wished,
        source=Order.Source.DEMAND,
        demand=demand,
        by=by,
        at=at,
    )


@transaction.atomic
def turn_back(order, *, by, at):
    """Undo a turning, before anything came of it: the demand waits as it did before."""
    order = _take(order, OrderStep.WITHDRAW, by=by)
    if order.demand_id is None:
        raise Refused("这一单不是由诉求转来的。")
    if order.first_answer_by:
        raise Refused("已经派过单，不能撤销转办；不再办的，请撤回点单。")
    before = order.state
    _end(order, State.WITHDRAWN, "撤销转为点单", at=at)
    _of_visits(
        turning.turn_back,
        order.demand,
        into=INTO,
        having=Right.ANSWER_DEMANDS,
        by=by,
        at=at,
    )
    _write(order, OrderStep.WITHDRAW, before, by=by, at=at, words="撤销转办，退回诉求")
    record("order.turned_back", order, by=by, at=at)
    return order


# --- dispatching ---------------------------------------------------------------------


def usual_answer_by(at):
    """Two working days from now, at the end of office hours."""
    day = Calendar.load().add(timezone.localdate(at), ANSWER_WITHIN)
    return timezone.make_aware(dt.datetime.combine(day, dt.time(UNTIL)))


def givers_of(item, *, user, day):
    """The stations in sight, open on the day, that can give the service."""
    seen = Station.objects.visible_to(user).open_on(day)
    return seen.filter(services_given__item=item).order_by("pinyin")


@transaction.atomic
def dispatch(order, *, stations, answer_by, by, at):
    """Put an order before one or several stations; the first that takes it has it."""
    order = _take(order, OrderStep.DISPATCH, by=by, having=Right.DISPATCH)
    if order.state == State.DISPATCHED and not order.is_unanswered(at):
        waiting = "、".join(each.station.name for each in _waiting(order))
        raise Refused(f"{waiting}还在答复时间内，到时没有接的再派。")
    _leaves_time(answer_by, at)
    if not stations:
        raise Refused("请至少选一个阵地。")
    can = givers_of(order.item, user=by, day=timezone.localdate(at))
    can = set(can.values_list("pk", flat=True))
    for station in stations:
        if station.pk not in can:
            raise Refused(f"{station}不提供“{order.item}”，请另选阵地。")
    _close(order, Dispatch.State.EXPIRED)
    for station in stations:
        Dispatch.objects.create(
            order=order, station=station, sent_by=by, sent_at=at, answer_by=answer_by
        )
    before = order.state
    order.state = State.DISPATCHED
    order.dispatched_at, order.answer_by = at, answer_by
    order.first_answer_by = order.first_answer_by or answer_by
    order.save(update_fields=["state", "dispatched_at", "answer_by", "first_answer_by"])
    names = "、".join(station.name for station in stations)
    _write(order, OrderStep.DISPATCH, before, by=by, at=at, stations=names)
    record("order.dispatched", order, by=by, at=at, stations=names)
    _tell(workers_of(stations), order, "有派单等您答复", at=at)
    return order


def _leaves_time(answer_by, at):
    day = timezone.localdate(answer_by)
    if answer_by <= at:
        raise Refused("答复时间要晚于现在。")
    calendar = Calendar.load()
    if day > calendar.add(timezone.localdate(at), LONGEST_TO_ANSWER):
        raise Refused(f"答复时间最多 {LONGEST_TO_ANSWER} 个工作日。")
    clock = timezone.localtime(answer_by).time()
    if not calendar.is_workday(day) or not dt.time(FROM) <= clock <= dt.time(UNTIL):
        raise Refused(f"答复时间要在工作日 {FROM} 点到 {UNTIL} 点之间。")


@transaction.atomic
def accept(given, *, by, at, how=""):
    """The station takes the order and answers for it from now; the others are told.

    `how` it said so, where its clerk acts for a station without an account: here and
    in the acts below.
    """
    taker = _for_whom(given.station, by, how)
    order, given = _take_dispatch(given, OrderStep.ACCEPT, at=at)
    given.state, given.answered_by, given.answered_at = Dispatch.State.ACCEPTED, by, at
    given.save(update_fields=["state", "answered_by", "answered_at"])
    others = _close(order, Dispatch.State.TAKEN)
    today = timezone.localdate(at)
    order.state, order.station, order.held_since = State.ACCEPTED, given.station, today
    order.accepted_at = order.accepted_at or at
    order.arrange_by = Calendar.load().add(today, ARRANGE_WITHIN)
    order.save(
        update_fields=["state", "station", "held_since", "accepted_at", "arrange_by"]
    )
    _write(
        order,
        OrderStep.ACCEPT,
        State.DISPATCHED,
        by=by,
        at=at,
        stations=given.station.name,
        **taker,
    )
    record(
        "order.accepted",
        order,
        by=by,
        at=at,
        station=given.station.name,
        on_behalf_of=taker["for_whom"],
    )
    taken = f"{given.station}已接单，您不用再答复"
    _tell(workers_of(others), order, taken, at=at, url=reverse(LIST))
    _tell(_asked_by(order), order, f"{given.station}已接单", at=at)
    _owe(order, order.arrange_by, f"{given.station}接单，应排期日期", by=by, at=at)
    return order


@transaction.atomic
def refuse(given, *, reason, by, at, how=""):
    """The station does not take it; once none is left to answer, it is the grid's."""
    taker = _for_whom(given.station, by, how)
    order, given = _take_dispatch(given, OrderStep.REFUSE, at=at)
    _needs_reason(reason)
    given.state, given.reason = Dispatch.State.REFUSED, reason.strip()
    given.answered_by, given.answered_at = by, at
    given.save(update_fields=["state", "reason", "answered_by", "answered_at"])
    alone = not _waiting(order)
    if alone:
        _to_the_grid(order, at=at)
    _write(
        order,
        OrderStep.REFUSE,
        State.DISPATCHED,
        by=by,
        at=at,
        stations=given.station.name,
        words=given.reason,
        **taker,
    )
    record(
        "order.refused",
        order,
        by=by,
        at=at,
        station=given.station.name,
        on_behalf_of=taker["for_whom"],
    )
    if alone:
        _tell(dispatchers_of(order.grid), order, "所派阵地都不接，等您重新派单", at=at)
    return order


@transaction.atomic
def give_back(order, *, reason, by, at, how=""):
    """The station that took it cannot serve after all; the grid dispatches anew."""
    order = _take(order, OrderStep.GIVE_BACK, by=by)
    taker = _for_whom(order.station, by, how)
    _needs_reason(reason)
    given = order.dispatches.select_for_update().get(state=Dispatch.State.ACCEPTED)
    given.state, given.reason = Dispatch.State.RETURNED, reason.strip()
    given.answered_by, given.answered_at = by, at
    given.save(update_fields=["state", "reason", "answered_by", "answered_at"])
    before, station = order.state, order.station
    _to_the_grid(order, at=at)
    _write(
        order,
        OrderStep.GIVE_BACK,
        before,
        by=by,
        at=at,
        stations=station.name,
        words=given.reason,
        **taker,
    )
    record(
        "order.given_back",
        order,
        by=by,
        at=at,
        station=station.name,
        on_behalf_of=taker["for_whom"],
    )
    _tell(dispatchers_of(order.grid), order, f"{station}退单，等您重新派单", at=at)
    _tell(_asked_by(order), order, f"{station}退单，由网格另派", at=at)
    _owe(order, order.dispatch_by, f"{station}退单，重新派单", by=by, at=at)
    return order


# --- serving -------------------------------------------------------------------------


@transaction.atomic
def serve(order, *, on, place, by, at, how=""):
    """Agree on the day and the place, or on others."""
    order = _take(order, OrderStep.SERVE, by=by)
    taker = _for_whom(order.station, by, how)
    today = timezone.localdate(at)
    if not today <= on <= today + FURTHEST:
        raise Refused("服务日期请填今天或以后，一年以内。")
    if not place.strip():
        raise Refused("请写服务地点。")
    before = order.state
    order.state, order.serve_on, order.place = State.SERVING, on, place.strip()
    order.save(update_fields=["state", "serve_on", "place"])
    said = f"{on:%Y-%m-%d}，{order.place}"
    _write(
        order,
        OrderStep.SERVE,
        before,
        by=by,
        at=at,
        stations=order.station.name,
        words=said,
        **taker,
    )
    record(
        "order.arranged",
        order,
        by=by,
        at=at,
        on=on.isoformat(),
        on_behalf_of=taker["for_whom"],
    )
    _tell(_asked_by(order), order, f"{order.station}排期 {on:%m-%d}", at=at)
    _owe(order, on, f"{order.station}排期，服务日期", by=by, at=at)
    return order


@transaction.atomic
def finish(order, *, on, given, came, by, at, how=""):
    """It was served: what was given, and to how many; the orderer may rate it."""
    order = _take(order, OrderStep.FINISH, by=by)
    taker = _for_whom(order.station, by, how)
    today = timezone.localdate(at)
    if not timezone.localdate(order.accepted_at) <= on <= today:
        raise Refused("服务那天应在接单以后，不晚于今天。")
    if not given.strip():
        raise Refused("请写明提供了什么。")
    if came < 1:
        raise Refused("没有人到场就没有服务成：改期再约，或写明原因退单。")
    order.state, order.finished_on, order.serve_on = State.FINISHED, on, on
    order.given, order.came = given.strip(), came
    order.rate_by = Calendar.load().add(today, visits.RATED_WITHIN)
    order.save(
        update_fields=["state", "finished_on", "serve_on", "given", "came", "rate_by"]
    )
    _write(
        order,
        OrderStep.FINISH,
        State.SERVING,
        by=by,
        at=at,
        stations=order.station.name,
        words=f"{order.given}，{came} 人次",
        **taker,
    )
    record(
        "order.finished", order, by=by, at=at, came=came, on_behalf_of=taker["for_whom"]
    )
    _tell(_asked_by(order), order, "服务已完成，请点单人评价", at=at)
    outcome = (
        f"{order.station}{on.month}月{on.day}日提供了“{order.item}”：{order.given}"
    )
    _flow_back(order, outcome, resolved=True, by=by, at=at)
    touched([order.business_id])
    return order


def may_rate(order, today):
    """Does the order wait for the orderer's word on the day?"""
    return OrderStep.RATE in order.open_steps and today <= order.rate_by


@transaction.atomic
def rate(order, *, verdict, words, at, link=None):
    """The orderer's own word, by the link that only he has. Nobody else rates."""
    order = _take(order, OrderStep.RATE, by=None)
    today = timezone.localdate(at)
    if today > order.rate_by:
        raise Refused("评价的时间已经过了。还有要说的，请扫店里的码说一声。")
    if verdict == Verdict.NOT and not words.strip():
        raise Refused("请说一句哪里不满意，下次好改。")
    order.state, order.verdict = State.RATED, verdict
    order.verdict_words, order.rated_on = words.strip(), today
    if verdict == Verdict.NOT:
        order.revisit_by = Calendar.load().add(today, REVISIT_WITHIN)
    order.save(
        update_fields=["state", "verdict", "verdict_words", "rated_on", "revisit_by"]
    )
    _write(
        order,
        OrderStep.RATE,
        State.FINISHED,
        by=None,
        at=at,
        words="：".join(filter(None, [order.get_verdict_display(), words.strip()])),
    )
    record("order.rated", order, by=None, at=at, verdict=verdict, link=link)
    if verdict == Verdict.NOT:
        words = f"点单人不满意，请在 {order.revisit_by:%-m月%-d日}前回访"
        _tell(dispatchers_of(order.grid), order, words, at=at)
        _tell(workers_of([order.station]), order, "点单人不满意，网格会回访", at=at)
    return order


@transaction.atomic
def revisit(order, *, words, by, at):
    """The grid asked what was wrong, and says what comes of it; the orderer reads it."""
    order = _take(order, OrderStep.REVISIT, by=by, having=Right.DISPATCH)
    if not words.strip():
        raise Refused("请写回访了解到什么、接下来怎么改。")
    order.revisited_on, order.revisit_words = timezone.localdate(at), words.strip()
    order.save(update_fields=["revisited_on", "revisit_words"])
    _write(
        order, OrderStep.REVISIT, order.state, by=by, at=at, words=order.revisit_words
    )
    record("order.revisited", order, by=by, at=at)
    _tell(workers_of([order.station]), order, "网格回访了点单人", at=at)
    return order


# --- ending without a service --------------------------------------------------------


@transaction.atomic
def decline(order, *, reason, by, at):
    """The grid cannot give it; the reason goes to the orderer."""
    order = _take(order, OrderStep.DECLINE, by=by, having=Right.DISPATCH)
    if len(reason.strip()) < REASON:
        raise Refused(f"不予受理要说清原因，至少 {REASON} 个字，会原样告诉点单人。")
    before = order.state
    _end(order, State.DECLINED, reason, at=at)
    _write(order, OrderStep.DECLINE, before, by=by, at=at, words=order.ended_why)
    record("order.declined", order, by=by, at=at)
    _tell(_asked_by(order), order, "网格不予受理", at=at)
    _flow_back(order, order.ended_why, resolved=False, by=by, at=at)
    return order


@transaction.atomic
def withdraw(order, *, reason, by, at):
    """The orderer takes it back: by his link (`by` None), or through who orders for him."""
    having = Right.ORDER if by else None
    order = _take(order, OrderStep.WITHDRAW, by=by, having=having)
    before = order.state
    _end(order, State.WITHDRAWN, reason, at=at)
    _write(order, OrderStep.WITHDRAW, before, by=by, at=at, words=order.ended_why)
    record("order.withdrawn", order, by=by, at=at)
    said = f"点单已撤回：{order.ended_why}"
    _flow_back(order, said, resolved=False, by=by, at=at)
    return order


def _end(order, state, reason, *, at):
    """Nothing is given; the stations that were asked, or had it, are told."""
    _needs_reason(reason)
    asked = _close(order, Dispatch.State.CALLED_OFF, taken=True)
    order.state, order.station = state, None
    order.ended_on, order.ended_why = timezone.localdate(at), reason.strip()
    order.save(update_fields=["state", "station", "ended_on", "ended_why"])
    words = "已撤回" if state == State.WITHDRAWN else "网格不予受理"
    told = workers_of(asked)
    _tell(told, order, f"{words}，不用再办", at=at, url=reverse(LIST))


@transaction.atomic
def recount(*, date, by, at):
    """Count anew what a changed day may move; when it is saved. How many moved.

    Until when a station answers, and the day of service, stay as people set them.
    """
    calendar, moved = Calendar.load(), 0
    rows = Order.objects.select_for_update(of=["self"]).order_by("pk")
    for order in rows.exclude(state__in=[State.DECLINED, State.WITHDRAWN]):
        if order.state == State.PLACED:
            field, start, days = "dispatch_by", order.waits_since, DISPATCH_WITHIN
        elif order.state == State.ACCEPTED:
            field, start, days = "arrange_by", order.held_since, ARRANGE_WITHIN
        elif order.state == State.FINISHED:
            last = order.log.filter(step=OrderStep.FINISH).last()
            field, start = "rate_by", timezone.localdate(last.at)
            days = visits.RATED_WITHIN
        elif order.waits_for_revisit:
            field, start, days = "revisit_by", order.rated_on, REVISIT_WITHIN
        else:
            continue
        due = calendar.add(start, days)
        if due != getattr(order, field):
            moved += 1
            setattr(order, field, due)
            order.save(update_fields=[field])
            record("order.recounted", order, by=by, at=at, due_on=due.isoformat())
    return moved


# --- from demands --------------------------------------------------------------------


def lock_orders_of(demand_ids):
    """The orders of demands that are about to be told or dropped, before these."""
    rows = Order.objects.select_for_update(of=["self"]).filter(demand__in=demand_ids)
    list(rows.order_by("pk").values_list("pk", flat=True))


def leave(demand, *, by, at):
    """The demand is dropped: nobody asks for its order any more."""
    for order in Order.objects.open().filter(demand=demand).order_by("pk"):
        order = _take(order, OrderStep.WITHDRAW, by=by)
        before = order.state
        _end(order, State.WITHDRAWN, "诉求撤回或记为误记", at=at)
        _write(order, OrderStep.WITHDRAW, before, by=by, at=at, words=order.ended_why)
        record("order.withdrawn", order, by=by, at=at)


def _flow_back(order, outcome, *, resolved, by, at):
    """What came of the order is the answer to its demand, and is to be told."""
    if order.demand_id:
        _of_visits(
            visits.end,
            order.demand,
            outcome=outcome,
            resolved=resolved,
            having=None,
            by=by,
            at=at,
        )


def _owe(order, due_on, reason, *, by, at):
    """Its demand is owed by whoever has the order, by the order's next day."""
    if order.demand_id:
        owed_by = order.station.name if order.station else f"{order.grid.name}派单"
        visits.owe(
            order.demand, due_on=due_on, owed_by=owed_by, reason=reason, by=by, at=at
        )


def _of_visits(act, *args, **given):
    try:
        return act(*args, **given)
    except visits.Refused as refused:
        raise Refused(str(refused)) from refused


# --- locking and asking --------------------------------------------------------------


def overtaken(order):
    """What has happened to an order, for whoever comes too late."""
    last = order.log.select_related("by").last()
    when = timezone.localtime(last.at)
    who = last.stations or (last.by.display_name if last.by else "点单人")
    return (
        f"这一单现在是“{order.get_state_display()}”："
        f"{who} {when.month}月{when.day}日 {when:%H:%M} {last.get_step_display()}。"
    )


def _take(order, step, *, by, having=None):
    """Lock the order, then ask whether this step, by this person, is open."""
    order = (
        Order.objects.select_for_update(of=["self"])
        .select_related("item__brand", "business", "grid", "station", "demand")
        .get(pk=order.pk)
    )
    if having:
        mine = Order.objects.visible_to(by, having)
        if not mine.filter(pk=order.pk).exists():
            raise PermissionDenied
    if step not in order.open_steps:
        raise Refused(overtaken(order))
    return order


def _take_dispatch(given, step, *, at):
    """`(order, dispatch)`, locked; the dispatch still waits for this station's answer."""
    order = (
        Order.objects.select_for_update(of=["self"])
        .select_related("item__brand", "business", "grid", "station", "demand")
        .get(pk=given.order_id)
    )
    given = (
        Dispatch.objects.select_for_update(of=["self"])
        .select_related("station")
        .get(pk=given.pk)
    )
    if given.state != Dispatch.State.WAITING or step not in order.open_steps:
        raise Refused(overtaken(order))
    if at > given.answer_by:
        until = timezone.localtime(given.answer_by)
        raise Refused(
            f"答复时间到 {until.month}月{until.day}日 {until:%H:%M} 为止，"
            "这一单已回到网格，等网格重新派单。"
        )
    return order, given


def acts_for(station, user):
    """Does the user act for the station, which has no account of its own?"""
    return Station.objects.acted_for_by(user).filter(pk=station.pk).exists()


def _for_whom(station, by, how):
    """`{for_whom, how}` of who answers for the station: blank for its own workers."""
    if Station.objects.served_by(by, Right.SERVE).filter(pk=station.pk).exists():
        return {"for_whom": "", "how": ""}
    if not acts_for(station, by):
        raise PermissionDenied
    if how not in Told:
        raise Refused(f"{station}没有账号，请写明它是怎么答复的。")
    return {"for_whom": station.name, "how": how}


def _needs_reason(reason):
    if not reason.strip():
        raise Refused("请写明原因。")


def _waiting(order):
    return list(order.dispatches.waiting().select_related("station"))


def _close(order, state, *, taken=False):
    """End what still waits (and what was taken): the stations of these."""
    rows = order.dispatches.standing() if taken else order.dispatches.waiting()
    rows = list(rows.select_for_update(of=["self"]).select_related("station"))
    for row in rows:
        row.state = state
        row.save(update_fields=["state"])
    return [row.station for row in rows]


def _to_the_grid(order, *, at):
    """It waits to be dispatched again."""
    today = timezone.localdate(at)
    order.state, order.station, order.held_since = State.PLACED, None, None
    order.arrange_by = order.serve_on = order.answer_by = None
    order.place = ""
    order.waits_since = today
    order.dispatch_by = Calendar.load().add(today, DISPATCH_WITHIN)
    order.save(
        update_fields=[
            "state",
            "station",
            "held_since",
            "arrange_by",
            "serve_on",
            "answer_by",
            "place",
            "waits_since",
            "dispatch_by",
        ]
    )


def _asked_by(order):
    return [order.placed_by] if order.placed_by else []


def _write(order, step, before, *, by, at, stations="", words="", for_whom="", how=""):
    OrderAct.objects.create(
        order=order,
        step=step,
        from_state=before,
        to_state=order.state,
        by=by,
        at=at,
        stations=stations[:300],
        words=words[:300],
        for_whom=for_whom,
        how=how,
    )
