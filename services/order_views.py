"""Orders: ledger, board, one order with its steps; for a business, and from a demand."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, needs
from enterprises.models import Business
from party.models import Station
from services import orders
from services.models import Dispatch, MenuItem, Need, Order
from services.models.order import GIVEN, HELD, OPEN, OrderStep
from services.order_forms import (
    DeclineForm,
    DispatchForm,
    FinishForm,
    HowForm,
    OrderForm,
    ReasonForm,
    RevisitForm,
    ServeForm,
    TurnForm,
    ask_how,
)
from services.order_ledger import ORDERS, STATES
from services.resource_ledger import STATES as NEED_STATES
from tianshan import audit
from tianshan.ledgers.views import ledger_page
from tianshan.web import render_inside
from visits.models import Demand
from visits.views import choose, chosen

# A station's workers, and the clerk for one without an account.
ANSWER = (Right.SERVE, Right.ACT_ON_BEHALF)
ON_THE_BOARD = 4  # cards of each stage
SHOWN = 20  # orders of one business on its page


@needs(Right.SEE_SERVICES)
@require_safe
def order_list(request):
    return ledger_page(request, ORDERS)


@needs(Right.SEE_SERVICES)
@require_safe
def order_board(request):
    """Orders by stage; each count opens the ledger with as many rows. `?station=`."""
    now = timezone.now()
    seen = Order.objects.visible_to(request.user)
    asked = request.GET.get("station", "")
    stations = Station.objects.visible_to(request.user).filter(
        services_given__isnull=False
    )
    stations = list(stations.distinct().order_by("pinyin"))
    station = next((row for row in stations if str(row.pk) == asked), None)
    if station:
        seen = seen.at(station)
    mine = f"&station={station.pk}" if station else ""
    lanes = []
    for label, icon, rows, query, order_by in (
        (
            "企业点单",
            "bell-ringing",
            seen.to_dispatch(now),
            "waits=dispatch",
            "dispatch_by",
        ),
        ("网格派单", "send", seen.to_answer(now), "waits=answer", "answer_by"),
        (
            "阵地接单",
            "building-community",
            seen.filter(state__in=HELD),
            "state=accepted&state=serving",
            "serve_on",
        ),
        (
            "配送与评价",
            "star",
            seen.filter(state__in=GIVEN),
            "state=finished&state=rated",
            "-finished_on",
        ),
    ):
        found = _drawn(rows.for_list().order_by(order_by, "pk")[:ON_THE_BOARD])
        count = rows.count()
        lanes.append(
            {
                "label": label,
                "icon": icon,
                "orders": found,
                "count": count,
                "more": count - len(found),
                "url": f"{reverse('services:order_list')}?{query}{mine}",
            }
        )
    _say_first_steps([order for lane in lanes for order in lane["orders"]], request)
    context = {
        "lanes": lanes,
        "stations": stations,
        "station": station,
        "may_order": request.user.may(Right.ORDER),
        "may_keep_menu": request.user.may(Right.KEEP_MENU),
    }
    return render(request, "services/order_board.html", context)


def _say_first_steps(cards, request):
    """Give each card its `todo`, `{label, url}`, where the next step is the user's."""
    user, now = request.user, timezone.now()
    keys = [order.pk for order in cards]
    asked = Dispatch.objects.answered_by(user).waiting().filter(order__in=keys)
    asked = set(asked.values_list("order", flat=True))
    held = set(
        Order.objects.served_by(user).filter(pk__in=keys).values_list("pk", flat=True)
    )
    grid = Order.objects.visible_to(user, Right.DISPATCH).filter(pk__in=keys)
    grid = set(grid.values_list("pk", flat=True))
    for order in cards:
        order.todo, step = None, None
        if order.stage(now) == Order.State.PLACED:
            step = order.pk in grid and OrderStep.DISPATCH
        elif order.state == Order.State.DISPATCHED and order.pk in asked:
            order.todo = {"label": "答复", "url": order.get_absolute_url()}
        elif order.state == Order.State.ACCEPTED:
            step = order.pk in held and OrderStep.SERVE
        elif order.state == Order.State.SERVING:
            step = order.pk in held and OrderStep.FINISH
        elif order.waits_for_revisit:
            step = order.pk in grid and OrderStep.REVISIT
        if step:
            url = reverse(f"services:order_{step}", args=[order.pk])
            order.todo = {"label": PAGES[step].title, "url": url}


def _order(request, pk, having=Right.SEE_SERVICES):
    seen = Order.objects.visible_to(request.user, having).for_list()
    return get_object_or_404(seen.select_related("demand"), pk=pk)


def _taken(request, form, act, *args, **data):
    """Do the act with what the form holds; what is refused is said on the form."""
    try:
        return act(*args, by=request.user, at=timezone.now(), **data)
    except orders.Refused as refused:
        form.add_error(None, str(refused))
        return None


# --- placing -------------------------------------------------------------------------


@needs(Right.ORDER)
@require_http_methods(["GET", "HEAD", "POST"])
def order_new(request):
    """Order for the business in `?business=`; without one, choose it first."""
    business = chosen(request, Right.ORDER)
    if business is None:
        return choose(request, "代企业点单", Right.ORDER)
    form = OrderForm(request.POST or None, initial=_asked_item(request))
    if form.is_valid() and (
        order := _taken(request, form, orders.place, business, **form.cleaned_data)
    ):
        messages.success(request, f"已点单 {order.number}，等网格派单。")
        return redirect(order)
    context = {"business": business, "form": form, "menu": _menu()}
    return render(request, "services/order_new.html", context)


def _menu():
    """The services on offer, with what each is."""
    return MenuItem.objects.offered().for_list()


def _asked_item(request):
    text = request.GET.get("item", "")
    return {"item": text} if text.isascii() and text.isdecimal() else {}


@needs(Right.ANSWER_DEMANDS)
@require_http_methods(["GET", "HEAD", "POST"])
def order_from_demand(request, pk):
    """转为点单: the demand goes on as an order, whose outcome answers it."""
    demand = get_object_or_404(
        Demand.objects.visible_to(request.user, Right.ANSWER_DEMANDS).select_related(
            "business__grid", "business__building", "category"
        ),
        pk=pk,
    )
    form = TurnForm(request.POST or None, initial=_asked_item(request))
    if form.is_valid() and (
        order := _taken(request, form, orders.turn, demand, **form.cleaned_data)
    ):
        messages.success(request, f"已转为点单 {order.number}，办完后结果回到诉求。")
        return redirect(order)
    context = {"demand": demand, "form": form, "menu": _menu()}
    return render(request, "services/order_from_demand.html", context)


# --- one order -----------------------------------------------------------------------


@dataclass(frozen=True)
class Page:
    """The page of one step: its right, form, act and words."""

    step: str
    right: Right
    form: Any
    act: Any
    title: str
    done: str
    icon: str
    hint: str


PAGES = {
    page.step: page
    for page in (
        Page(
            OrderStep.DISPATCH,
            Right.DISPATCH,
            DispatchForm,
            orders.dispatch,
            "派单",
            "已派单，等阵地答复。",
            "send",
            "派给一家或几家阵地，定答复时间",
        ),
        Page(
            OrderStep.SERVE,
            Right.SERVE,
            ServeForm,
            orders.serve,
            "排期",
            "已排期，点单人在链接上能看到。",
            "calendar-plus",
            "和点单人说好哪天、在哪里",
        ),
        Page(
            OrderStep.FINISH,
            Right.SERVE,
            FinishForm,
            orders.finish,
            "登记完成",
            "已登记完成，等点单人评价。",
            "checkbox",
            "写明提供了什么、到场人次",
        ),
        Page(
            OrderStep.GIVE_BACK,
            Right.SERVE,
            ReasonForm,
            orders.give_back,
            "退单",
            "已退单，由网格另派。",
            "arrow-back-up",
            "接了但办不成，写明原因",
        ),
        Page(
            OrderStep.REVISIT,
            Right.DISPATCH,
            RevisitForm,
            orders.revisit,
            "回访",
            "已记下回访，点单人在链接上能看到。",
            "message-circle",
            "点单人不满意，问清原因，说接下来怎么改",
        ),
        Page(
            OrderStep.DECLINE,
            Right.DISPATCH,
            DeclineForm,
            orders.decline,
            "不予受理",
            "已不予受理，原因会告诉点单人。",
            "x",
            "说清原因，会原样告诉点单人",
        ),
        Page(
            OrderStep.WITHDRAW,
            Right.ORDER,
            ReasonForm,
            orders.withdraw,
            "撤回点单",
            "已撤回。",
            "circle-x",
            "点单的人说不用了",
        ),
    )
}


def _mine(order, user, right):
    """Is a step with this right the user's? Serving is for who answers for the order."""
    if right == Right.SERVE:
        return Order.objects.served_by(user).filter(pk=order.pk).exists()
    return Order.objects.visible_to(user, right).filter(pk=order.pk).exists()


def next_steps(order, user, now):
    """The steps that are open, and the user's, each with its address."""
    open_now = set(order.open_steps)
    if order.state == Order.State.DISPATCHED and not order.is_unanswered(now):
        open_now.discard(OrderStep.DISPATCH)
    rights = {
        right: _mine(order, user, right)
        for right in (Right.DISPATCH, Right.SERVE, Right.ORDER)
    }
    return [
        {"page": page, "url": reverse(f"services:order_{step}", args=[order.pk])}
        for step, page in PAGES.items()
        if step in open_now and rights[page.right]
    ]


@needs(Right.SEE_SERVICES)
@require_safe
def order_detail(request, pk):
    order = _order(request, pk)
    now = timezone.now()
    dispatches = list(order.dispatches.select_related("station", "sent_by"))
    mine = set(
        Dispatch.objects.answered_by(request.user)
        .waiting()
        .filter(order=order, answer_by__gte=now)
        .values_list("pk", flat=True)
    )
    demand = order.demand
    if demand and not _sees(request.user, demand):
        demand = None
    to_answer = [row for row in dispatches if row.pk in mine]
    for row in to_answer:
        row.how = _how(row.station, request.user)
    context = {
        "order": order,
        "state": STATES[order.state],
        "lamp": order.light(now),
        "next": order.next_step(now),
        "unanswered": order.is_unanswered(now),
        "steps": next_steps(order, request.user, now),
        "dispatches": dispatches,
        "to_answer": to_answer,
        "log": reversed(order.log.select_related("by")),
        "demand": demand,
        "sees_business": Business.objects.visible_to(request.user)
        .filter(pk=order.business_id)
        .exists(),
        "may_call": _may_call(order, request.user),
        "may_turn_back": demand is not None
        and order.state == Order.State.PLACED
        and not order.first_answer_by
        and _sees(request.user, demand, Right.ANSWER_DEMANDS),
    }
    return render(request, "services/order_detail.html", context)


def _how(station, user, data=None):
    """The question how a station answered, for its clerk; None for its own workers."""
    if not orders.acts_for(station, user):
        return None
    form = HowForm(data)
    ask_how(form, station)
    return form


def _sees(user, demand, right=Right.SEE_DEMANDS):
    return Demand.objects.visible_to(user, right).filter(pk=demand.pk).exists()


def _may_call(order, user):
    """Whoever answers for it, and who calls the business anyhow."""
    if not order.is_open or not (order.phone or order.business.contact_phone):
        return False
    calls = Business.objects.visible_to(user, Right.CALL)
    return (
        _mine(order, user, Right.SERVE) or calls.filter(pk=order.business_id).exists()
    )


@needs(*ANSWER, Right.CALL)
@never_cache
@require_POST
def order_phone(request, pk):
    """The number to call about the order, in full; that it was seen is logged."""
    order = _order(request, pk)
    if not _may_call(order, request.user):
        messages.warning(request, "这一单现在不归您联系。")
        return redirect(order)
    audit.read(
        order,
        "phone",
        by=request.user,
        at=timezone.now(),
        why="联系点单人",
    )
    number = order.phone or order.business.contact_phone
    context = {"order": order, "number": number}
    return render(request, "services/order_phone.html", context)


# --- steps ---------------------------------------------------------------------------


def _step(request, pk, *, page):
    order = _order(request, pk)
    if not _mine(order, request.user, page.right):
        # Seen, yet not his to do: another has it now, or another right is asked.
        messages.warning(request, orders.overtaken(order))
        return redirect(order)
    if request.method != "POST" and page.step not in order.open_steps:
        messages.warning(request, orders.overtaken(order))
        return redirect(order)
    given = {"order": order, "user": request.user} if page.form is DispatchForm else {}
    initial = {}
    if page.step == OrderStep.FINISH:
        initial = {"on": order.serve_on, "came": order.people}
    elif page.step == OrderStep.SERVE:
        building = order.business.building
        place = order.place or " ".join(
            filter(None, [building and building.name, order.business.room])
        )
        initial = {"on": order.serve_on, "place": place}
    form = page.form(request.POST or None, initial=initial, **given)
    if page.right == Right.SERVE and orders.acts_for(order.station, request.user):
        ask_how(form, order.station)
    if form.is_valid():
        data = form.facts if page.form is DispatchForm else form.cleaned_data
        if _taken(request, form, page.act, order, **data):
            messages.success(request, page.done)
            return redirect(_after(request.user, order))
    context = {"order": order, "page": page, "form": form}
    return render(request, "services/order_step.html", context)


def _after(user, order):
    """The order's page, for who still sees it."""
    if Order.objects.visible_to(user).filter(pk=order.pk).exists():
        return order.get_absolute_url()
    return reverse("services:order_list")


def step_view(step):
    """The view of a step, under its right."""
    page = PAGES[step]
    view = require_http_methods(["GET", "HEAD", "POST"])(partial(_step, page=page))
    view.__name__, view.__module__ = f"order_{step}", __name__
    view.__doc__ = page.title
    rights = ANSWER if page.right == Right.SERVE else (page.right,)
    return needs(*rights)(view)


@needs(Right.ANSWER_DEMANDS)
@require_POST
def order_turn_back(request, pk):
    order = _order(request, pk)
    demand = get_object_or_404(
        Demand.objects.visible_to(request.user, Right.ANSWER_DEMANDS),
        pk=order.demand_id or 0,
    )
    try:
        orders.turn_back(order, by=request.user, at=timezone.now())
    except orders.Refused as refused:
        messages.error(request, str(refused))
        return redirect(order)
    messages.success(request, "已撤销转办，诉求照旧待处理。")
    return redirect(demand)


# --- a station's answer --------------------------------------------------------------


def _dispatch(request, pk):
    """Of one's own stations, whatever has become of it: who comes late is told."""
    return get_object_or_404(
        Dispatch.objects.answered_by(request.user).select_related(
            "station", "order__item__brand", "order__business__building"
        ),
        pk=pk,
    )


@needs(*ANSWER)
@require_POST
def dispatch_accept(request, pk):
    given = _dispatch(request, pk)
    how = request.POST.get("how", "")
    try:
        order = orders.accept(given, how=how, by=request.user, at=timezone.now())
    except orders.Refused as refused:
        messages.error(request, str(refused))
        return redirect(_after(request.user, given.order))
    messages.success(
        request, f"已接单，由{given.station}负责。下一步：约定日期和地点。"
    )
    return redirect(order)


@needs(*ANSWER)
@require_http_methods(["GET", "HEAD", "POST"])
def dispatch_refuse(request, pk):
    given = _dispatch(request, pk)
    if request.method != "POST" and given.state != Dispatch.State.WAITING:
        messages.warning(request, orders.overtaken(given.order))
        return redirect(_after(request.user, given.order))
    form = ReasonForm(request.POST or None)
    if orders.acts_for(given.station, request.user):
        ask_how(form, given.station)
    if form.is_valid() and _taken(
        request, form, orders.refuse, given, **form.cleaned_data
    ):
        messages.success(request, "已回复不接，由网格另派。")
        return redirect("services:order_list")
    context = {"given": given, "order": given.order, "form": form}
    return render(request, "services/dispatch_refuse.html", context)


# --- on other pages ------------------------------------------------------------------


@needs(Right.SEE_SERVICES)
@require_safe
def orders_for_business(request, pk):
    """What a business ordered, latest first, on its page."""
    business = get_object_or_404(Business.objects.visible_to(request.user), pk=pk)
    seen = Order.objects.visible_to(request.user).filter(business=business)
    rows = _drawn(seen.for_list()[:SHOWN])
    may_order = Business.objects.visible_to(request.user, Right.ORDER)
    context = {
        "business": business,
        "orders": rows,
        "may_order": may_order.filter(pk=pk).exists()
        and business.state not in orders.GONE,
    }
    return render_inside(request, "services/orders_for_business.html", context)


@needs(Right.SEE_SERVICES)
@require_safe
def orders_for_station(request, pk):
    """What a station has in hand or is asked for, first what is due, on its page."""
    station = get_object_or_404(Station.objects.visible_to(request.user), pk=pk)
    seen = Order.objects.visible_to(request.user).at(station)
    rows = seen.open()
    context = {
        "station": station,
        "orders": _drawn(
            rows.for_list().order_by("serve_on", "answer_by", "pk")[:SHOWN]
        ),
        "open": rows.count(),
        "all": seen.count(),
        "open_states": OPEN,
    }
    return render_inside(request, "services/orders_for_station.html", context)


@needs(Right.SEE_SERVICES)
@require_safe
def orders_for_demand(request, pk):
    """What a demand was turned into, or the ways to turn it, on its page."""
    demand = get_object_or_404(Demand.objects.visible_to(request.user), pk=pk)
    need = Need.objects.visible_to(request.user).filter(askers__demand=demand).first()
    if need:
        need.drawn = NEED_STATES[need.state]
        need.lamp = need.light(timezone.localdate())
    seen = Order.objects.visible_to(request.user).filter(demand=demand)
    context = {
        "demand": demand,
        "orders": _drawn(seen.for_list()),
        "need": need,
        "may_turn": "turn" in demand.open_steps
        and not demand.confidential
        and _sees(request.user, demand, Right.ANSWER_DEMANDS),
    }
    return render_inside(request, "services/orders_for_demand.html", context)


def _drawn(rows):
    now, rows = timezone.now(), list(rows)
    for row in rows:
        row.drawn, row.lamp = STATES[row.state], row.light(now)
    return rows
