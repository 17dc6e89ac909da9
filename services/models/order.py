"""Orders (点单) and dispatches (派单): what is asked for, and who is to give it.

Two things, as in HL7 FHIR's order workflows: the request stays with whoever asked, a
task is handed to one or several stations, each of which takes or refuses it.
"""

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from accounts.rights import Right
from enterprises.models import Business
from grids.models import Grid
from party.models import Station
from services.models.menu import MenuItem
from tianshan.audit.classes import INTERNAL, PERSONAL, SEALED
from tianshan.audit.history import tracked
from tianshan.ledgers import search
from tianshan.pinyin import search_text
from tianshan.workdays.lights import RED, Light, light
from visits.models import Demand


class State(models.TextChoices):
    PLACED = "placed", "待派单"
    DISPATCHED = "dispatched", "待接单"
    ACCEPTED = "accepted", "已接单"
    SERVING = "serving", "已排期"
    FINISHED = "finished", "已完成"
    RATED = "rated", "已评价"
    DECLINED = "declined", "不予受理"
    WITHDRAWN = "withdrawn", "已撤回"


class OrderStep(models.TextChoices):
    PLACE = "place", "点单"
    DISPATCH = "dispatch", "派单"
    ACCEPT = "accept", "接单"
    REFUSE = "refuse", "不接"
    GIVE_BACK = "give_back", "退单"
    SERVE = "serve", "排期"
    FINISH = "finish", "完成"
    RATE = "rate", "评价"
    REVISIT = "revisit", "回访"
    DECLINE = "decline", "不予受理"
    WITHDRAW = "withdraw", "撤回"


class Verdict(models.TextChoices):
    SATISFIED = "satisfied", "满意"
    MOSTLY = "mostly", "基本满意"
    NOT = "not", "不满意"


class Told(models.TextChoices):
    """How a station without an account said what its clerk writes down."""

    PHONE = "phone", "电话"
    MESSAGE = "message", "微信或短信"
    PAPER = "paper", "书面"
    SPOT = "spot", "当面"


_S = State
OPEN = (_S.PLACED, _S.DISPATCHED, _S.ACCEPTED, _S.SERVING)
# A station answers for it.
HELD = (_S.ACCEPTED, _S.SERVING)
GIVEN = (_S.FINISHED, _S.RATED)


class OrderQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_SERVICES):
        """With their business; to a station's workers what is dispatched to them.

        Who refused, or was too late, sees it no longer.
        """
        seen = Q(business__in=Business.objects.visible_to(user, having))
        stations = Station.objects.served_by(user, having)
        if having == Right.SEE_SERVICES:
            stations = Station.objects.filter(
                Q(pk__in=stations) | Q(pk__in=Station.objects.acted_for_by(user))
            )
        theirs = Dispatch.objects.standing().filter(station__in=stations)
        return self.filter(seen | Q(pk__in=theirs.values("order")))

    def served_by(self, user):
        """Those for which one of the user's stations answers, or one he acts for."""
        return self.filter(station__in=Station.objects.answered_for_by(user))

    def at(self, station):
        """Those for which the station answers, or of which it is still asked."""
        asked = Dispatch.objects.waiting().filter(station=station)
        return self.filter(Q(station=station) | Q(pk__in=asked.values("order")))

    def open(self):
        return self.filter(state__in=OPEN)

    def to_dispatch(self, now):
        """What waits for the grid: new, refused by all, or not answered in time."""
        return self.filter(
            Q(state=State.PLACED) | Q(state=State.DISPATCHED, answer_by__lt=now)
        )

    def to_answer(self, now):
        """What waits for a station's answer, in time."""
        return self.filter(state=State.DISPATCHED, answer_by__gte=now)

    def returned(self, now):
        """Dispatched once, and back with the grid: refused, given back, or not answered."""
        return self.to_dispatch(now).exclude(first_answer_by=None)

    def to_revisit(self):
        """Rated 不满意, and the orderer has not been asked what was wrong."""
        return self.filter(revisit_by__isnull=False, revisited_on=None)

    def owed(self):
        """Those of which somebody owes a step."""
        return self.filter(
            Q(state__in=OPEN) | Q(revisit_by__isnull=False, revisited_on=None)
        )

    def lit(self, colour, now):
        """Those whose light has that colour; counted here, since open orders are few."""
        rows = self.owed().select_related("grid", "station")
        return self.filter(
            pk__in=[row.pk for row in rows if row.light(now).colour == colour]
        )

    def for_list(self):
        """Everything one row of the ledger or card of the board shows."""
        refused = Dispatch.objects.filter(
            order=OuterRef("pk"), state=Dispatch.State.REFUSED
        )
        return (
            self.select_related(
                "item__brand", "business__building", "grid", "station", "placed_by"
            )
            .annotate(refused=Exists(refused))
            .order_by("-placed_at", "-pk")
        )


@tracked(exclude=["search"])
class Order(models.Model):
    """A service that a business asked for, from the menu."""

    State = State
    Verdict = Verdict

    class Source(models.TextChoices):
        CARD = "card", "扫码"
        STAFF = "staff", "代点"
        DEMAND = "demand", "诉求转来"

    # The one place that says which step may start from which state. What else a step
    # asks for stands with it in `services.orders`, and in the constraints below.
    STEPS = {
        # Again, once all have refused or the time to answer has gone by.
        OrderStep.DISPATCH: (State.PLACED, State.DISPATCHED),
        OrderStep.ACCEPT: (State.DISPATCHED,),
        OrderStep.REFUSE: (State.DISPATCHED,),
        OrderStep.GIVE_BACK: HELD,
        # Again, for another day.
        OrderStep.SERVE: HELD,
        OrderStep.FINISH: (State.SERVING,),
        OrderStep.RATE: (State.FINISHED,),
        # Once, and only where the orderer was not satisfied.
        OrderStep.REVISIT: (State.RATED,),
        OrderStep.DECLINE: (State.PLACED, State.DISPATCHED),
        OrderStep.WITHDRAW: OPEN,
    }

    item = models.ForeignKey(
        MenuItem, models.PROTECT, related_name="orders", verbose_name="服务"
    )
    business = models.ForeignKey(
        Business, models.PROTECT, related_name="orders", verbose_name="点单单位"
    )
    # Where it was when it ordered; a later move changes nothing.
    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="orders", verbose_name="网格"
    )
    demand = models.ForeignKey(
        Demand,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="orders",
        verbose_name="由诉求转来",
    )
    source = models.CharField("来源", max_length=10, choices=Source)
    words = models.TextField("想要什么", max_length=500, blank=True)
    people = models.PositiveSmallIntegerField("大约多少人")
    wished = models.CharField("希望的时间", max_length=60, blank=True)
    # What was left for this order; else the business's own number is called.
    phone = models.CharField("联系电话", max_length=20, blank=True)
    state = models.CharField("状态", max_length=10, choices=State, default=State.PLACED)
    placed_at = models.DateTimeField("点单时间")
    # None when it was ordered by the card.
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="代点人",
    )
    # Since when, and until when, it waits for the grid to dispatch it.
    waits_since = models.DateField("待派单起")
    dispatch_by = models.DateField("应派单日期")
    dispatched_at = models.DateTimeField("派单时间", null=True, blank=True)
    answer_by = models.DateTimeField("应答复时间", null=True, blank=True)
    # Of the first dispatch: whether it was taken in time is measured by it.
    first_answer_by = models.DateTimeField("首次应答复时间", null=True, blank=True)
    accepted_at = models.DateTimeField("首次接单时间", null=True, blank=True)
    # Who answers for it now.
    station = models.ForeignKey(
        Station,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="orders",
        verbose_name="承接阵地",
    )
    held_since = models.DateField("承接起", null=True, blank=True)
    arrange_by = models.DateField("应排期日期", null=True, blank=True)
    serve_on = models.DateField("服务日期", null=True, blank=True)
    place = models.CharField("服务地点", max_length=80, blank=True)
    finished_on = models.DateField("完成日期", null=True, blank=True)
    given = models.CharField("提供了什么", max_length=300, blank=True)
    came = models.PositiveSmallIntegerField("到场人次", null=True, blank=True)
    rate_by = models.DateField("评价截止", null=True, blank=True)
    verdict = models.CharField("评价", max_length=10, choices=Verdict, blank=True)
    verdict_words = models.CharField("评价的话", max_length=300, blank=True)
    rated_on = models.DateField("评价日期", null=True, blank=True)
    # After 不满意: until when the grid asks what was wrong, and what came of it.
    revisit_by = models.DateField("应回访日期", null=True, blank=True)
    revisited_on = models.DateField("回访日期", null=True, blank=True)
    revisit_words = models.CharField("回访结果", max_length=300, blank=True)
    ended_on = models.DateField("未服务结束日期", null=True, blank=True)
    ended_why = models.CharField("未服务原因", max_length=300, blank=True)
    search = models.TextField(editable=False)

    VISIBILITY = {
        INTERNAL: "id item business grid demand source words people wished state"
        " placed_at placed_by waits_since dispatch_by dispatched_at answer_by"
        " first_answer_by accepted_at station held_since arrange_by serve_on place"
        " finished_on given came rate_by verdict verdict_words rated_on revisit_by"
        " revisited_on revisit_words ended_on ended_why",
        PERSONAL: "phone",
        SEALED: "search",
    }

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = "点单"
        indexes = [
            models.Index(fields=["-placed_at", "-id"]),
            models.Index(fields=["business", "state"]),
            models.Index(fields=["state", "answer_by"]),
            search.index("order_search"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(people__gte=1), name="order_is_for_somebody"
            ),
            models.CheckConstraint(
                condition=Q(source="card") ^ Q(placed_by__isnull=False),
                name="order_placed_by_somebody_or_a_card",
            ),
            models.CheckConstraint(
                condition=Q(source="demand") ^ Q(demand=None),
                name="order_of_a_demand_names_it",
            ),
            models.CheckConstraint(
                condition=~Q(state="dispatched")
                | Q(dispatched_at__isnull=False, answer_by__isnull=False),
                name="order_dispatched_has_its_time",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["accepted", "serving", "finished", "rated"])
                | Q(
                    station__isnull=False,
                    held_since__isnull=False,
                    arrange_by__isnull=False,
                    accepted_at__isnull=False,
                ),
                name="order_held_by_a_station",
            ),
            models.CheckConstraint(
                condition=Q(station=None)
                | ~Q(state__in=["placed", "dispatched", "declined"]),
                name="order_waiting_is_nobodys",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["serving", "finished", "rated"])
                | (Q(serve_on__isnull=False) & ~Q(place="")),
                name="order_served_on_a_day_at_a_place",
            ),
            models.CheckConstraint(
                condition=(
                    Q(state__in=["finished", "rated"])
                    & Q(
                        finished_on__isnull=False,
                        came__isnull=False,
                        rate_by__isnull=False,
                    )
                    & ~Q(given="")
                )
                | (~Q(state__in=["finished", "rated"]) & Q(finished_on=None)),
                name="order_finished_says_what_was_given",
            ),
            models.CheckConstraint(
                condition=(Q(state="rated", rated_on__isnull=False) & ~Q(verdict=""))
                | (~Q(state="rated") & Q(rated_on=None, verdict="")),
                name="order_rated_whole",
            ),
            models.CheckConstraint(
                condition=(
                    Q(state__in=["declined", "withdrawn"], ended_on__isnull=False)
                    & ~Q(ended_why="")
                )
                | (
                    ~Q(state__in=["declined", "withdrawn"])
                    & Q(ended_on=None, ended_why="")
                ),
                name="order_ended_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(revisit_by=None) | Q(verdict="not"),
                name="order_revisited_if_not_satisfied",
            ),
            models.CheckConstraint(
                condition=Q(revisited_on=None, revisit_words="")
                | (
                    Q(revisited_on__isnull=False, revisit_by__isnull=False)
                    & ~Q(revisit_words="")
                ),
                name="order_revisited_with_its_words",
            ),
            models.UniqueConstraint(
                fields=["demand"],
                condition=~Q(state__in=["declined", "withdrawn"]),
                name="one_order_of_a_demand",
            ),
        ]

    def __str__(self):
        return f"{self.number} {self.item}"

    def save(self, *args, update_fields=None, **kwargs):
        if update_fields is None:
            self.search = search_text(
                self.item.name, self.item.brand.name, self.business.name, self.words
            )
        super().save(*args, update_fields=update_fields, **kwargs)

    def get_absolute_url(self):
        return reverse("services:order_detail", args=[self.pk])

    @property
    def number(self):
        """What the orderer is told, to speak of it: `DD000123`."""
        return f"DD{self.pk:06}"

    @property
    def open_steps(self):
        steps = {step for step, states in self.STEPS.items() if self.state in states}
        return steps if self.waits_for_revisit else steps - {OrderStep.REVISIT}

    @property
    def is_open(self):
        return self.state in OPEN

    @property
    def waits_for_revisit(self):
        return self.revisit_by is not None and self.revisited_on is None

    def is_unanswered(self, now):
        """Dispatched, and the time to answer has gone by: back with the grid."""
        return self.state == State.DISPATCHED and self.answer_by < now

    def stage(self, now):
        """Its state, where time passing counts: an unanswered one waits for the grid."""
        return State.PLACED if self.is_unanswered(now) else State(self.state)

    def next_step(self, now):
        """`(what, who, since, due)` of the step that is owed; None once nothing is."""
        if self.is_unanswered(now):
            day = timezone.localdate(self.answer_by)
            return "重新派单", f"{self.grid.name}派单", day, day
        if self.state == State.PLACED:
            what = "重新派单" if self.first_answer_by else "派单"
            return what, f"{self.grid.name}派单", self.waits_since, self.dispatch_by
        if self.state == State.DISPATCHED:
            since = timezone.localdate(self.dispatched_at)
            return (
                "接单或说明原因",
                "所派阵地",
                since,
                timezone.localdate(self.answer_by),
            )
        if self.state == State.ACCEPTED:
            return "约定日期和地点", self.station.name, self.held_since, self.arrange_by
        if self.state == State.SERVING:
            # The result is written down on the day after at the latest.
            due = self.serve_on + dt.timedelta(days=1)
            return "提供服务，登记结果", self.station.name, self.held_since, due
        if self.waits_for_revisit:
            who = f"{self.grid.name}派单"
            return "回访点单人", who, self.rated_on, self.revisit_by
        return None

    def light(self, now):
        """The light of the step that is owed; None once nothing is."""
        step = self.next_step(now)
        if step is None:
            return None
        if self.is_unanswered(now):
            return Light(RED, "红灯 到时没有阵地答复")
        _, _, since, due = step
        return light(since, due, timezone.localdate(now))


class DispatchQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_SERVICES):
        return self.filter(order__in=Order.objects.visible_to(user, having))

    def standing(self):
        """Waiting for an answer, or taken."""
        return self.filter(state__in=[Dispatch.State.WAITING, Dispatch.State.ACCEPTED])

    def waiting(self):
        return self.filter(state=Dispatch.State.WAITING)

    def answered_by(self, user):
        """Those of the stations in which the user serves, or for which he acts."""
        return self.filter(station__in=Station.objects.answered_for_by(user))


@tracked()
class Dispatch(models.Model):
    """An order put before one station, until when it has to answer, and what it said."""

    class State(models.TextChoices):
        WAITING = "waiting", "待答复"
        ACCEPTED = "accepted", "已接单"
        REFUSED = "refused", "不接"
        TAKEN = "taken", "别处已接"
        EXPIRED = "expired", "到时未答复"
        RETURNED = "returned", "接后退单"
        CALLED_OFF = "called_off", "已取消"

    # Whoever ended so says why.
    REASONED = frozenset({State.REFUSED, State.RETURNED})

    order = models.ForeignKey(
        Order, models.PROTECT, related_name="dispatches", verbose_name="点单"
    )
    station = models.ForeignKey(
        Station, models.PROTECT, related_name="dispatches", verbose_name="阵地"
    )
    state = models.CharField(
        "答复", max_length=10, choices=State, default=State.WAITING
    )
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="派单人",
    )
    sent_at = models.DateTimeField("派单时间")
    answer_by = models.DateTimeField("应答复时间")
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="答复人",
    )
    answered_at = models.DateTimeField("答复时间", null=True, blank=True)
    reason = models.CharField("原因", max_length=200, blank=True)

    VISIBILITY = {
        INTERNAL: "id order station state sent_by sent_at answer_by answered_by"
        " answered_at reason"
    }

    objects = DispatchQuerySet.as_manager()

    class Meta:
        verbose_name = "派单"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(answer_by__gt=F("sent_at")),
                name="dispatch_leaves_time_to_answer",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["refused", "returned"]) | ~Q(reason=""),
                name="dispatch_refused_for_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["accepted", "refused", "returned"])
                | Q(answered_by__isnull=False, answered_at__isnull=False),
                name="dispatch_answered_by_somebody",
            ),
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(state="accepted"),
                name="one_station_answers_for_an_order",
            ),
            models.UniqueConstraint(
                fields=["order", "station"],
                condition=Q(state="waiting"),
                name="a_station_is_asked_once_at_a_time",
            ),
        ]

    def __str__(self):
        return f"{self.order} {self.station}"


class OrderActQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(order__in=Order.objects.visible_to(user))


@tracked()
class OrderAct(models.Model):
    """One step of an order: from where to where, who took it, when, and why."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="log")
    step = models.CharField("步骤", max_length=10, choices=OrderStep)
    from_state = models.CharField("原状态", max_length=10, choices=State, blank=True)
    to_state = models.CharField("状态", max_length=10, choices=State)
    # None where the orderer did it, by the card or the order's own link.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="经办",
    )
    at = models.DateTimeField("时间")
    # Stations by their names of that day.
    stations = models.CharField("阵地", max_length=300, blank=True)
    words = models.CharField("说明", max_length=300, blank=True)
    # The station without an account for which it was written down, and how it said so.
    for_whom = models.CharField("代谁", max_length=60, blank=True)
    how = models.CharField("怎么答复的", max_length=8, choices=Told, blank=True)

    VISIBILITY = {
        INTERNAL: "id order step from_state to_state by at stations words for_whom how"
    }

    objects = OrderActQuerySet.as_manager()

    class Meta:
        verbose_name = "点单办理记录"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(for_whom="", how="")
                | (~Q(for_whom="") & ~Q(how="") & Q(by__isnull=False)),
                name="order_act_for_another_says_how",
            )
        ]

    def __str__(self):
        return f"{self.order} {self.get_step_display()}"
