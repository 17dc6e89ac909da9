"""What the visited ask for, and the deadlines of it."""

from django.conf import settings
from django.db import models
from django.db.models import Case, F, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.rights import Right
from enterprises.models import Business
from grids.models import Grid
from tianshan.audit.classes import INTERNAL, OPEN, PERSONAL, SEALED
from tianshan.audit.history import tracked
from tianshan.ledgers import search
from tianshan.pinyin import search_text
from tianshan.web.addresses import page_of
from tianshan.workdays.lights import light
from visits.models.visit import Visit


class DemandCategoryQuerySet(models.QuerySet):
    def visible_to(self, user):
        """A list of values, the same for everybody who may see demands."""
        return self

    def offered(self):
        return self.filter(active=True)


@tracked()
class DemandCategory(models.Model):
    """What a demand is about; says whether it is ordinary, hard or urgent (its deadline)."""

    name = models.CharField("名称", max_length=30, unique=True)
    hard = models.BooleanField("疑难", default=False)
    # Danger to people: it goes round the sorting, with a deadline of its own.
    urgent = models.BooleanField("紧急安全", default=False)
    position = models.PositiveSmallIntegerField("次序", default=100)
    active = models.BooleanField("启用", default=True)

    VISIBILITY = {OPEN: "id name hard urgent position active"}

    objects = DemandCategoryQuerySet.as_manager()

    class Meta:
        verbose_name = "诉求类别"
        ordering = ["position", "pk"]

    def __str__(self):
        return self.name


class DemandQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_DEMANDS):
        return self.in_ledgers().filter(
            business__in=Business.objects.visible_to(user, having)
        )

    def in_ledgers(self):
        """Not withdrawn with the import that brought them."""
        return self.filter(gone_at=None)

    def counted(self):
        """Without those that were recorded by mistake: nobody asked for them."""
        return self.exclude(state=Demand.State.MISTAKEN)

    def open(self):
        """Nothing has come of them yet."""
        return self.filter(state__in=Demand.OPEN)

    def open_on(self, day):
        """Raised by the day, and nothing had come of them yet; as known now."""
        if day >= timezone.localdate():
            return self.open()
        return self.counted().filter(
            Q(first_outcome_on=None) | Q(first_outcome_on__gt=day),
            Q(dropped_on=None) | Q(dropped_on__gt=day),
            raised_on__lte=day,
        )

    def unsorted(self):
        return self.filter(state=Demand.State.NEW)

    def urgent_first(self):
        """Danger to people first, then what satisfied nobody twice, then by deadline."""
        return self.order_by(
            "-urgent",
            Case(When(state=Demand.State.AT_BODY, then=0), default=1),
            "due_on",
            "pk",
        )

    def waiting(self):
        """Open, or untold."""
        return self.filter(state__in=Demand.WAITING)

    def untold(self):
        """Something came of them and the asker has not been told."""
        return self.filter(state__in=Demand.TO_TELL)

    def waiting_to_be_told(self):
        """Of the untold, those whose asker has not been sought in vain twice."""
        return self.untold().filter(unreached_on=None)

    def unreached(self):
        """Of the untold, those whose asker was sought in vain twice."""
        return self.untold().exclude(unreached_on=None)

    def handled_by(self, user):
        """Those whose steps the user may take at all: of confidential ones, his own."""
        return self.filter(Q(confidential=False) | Q(handler=user))

    def at_body(self):
        """Twice not satisfied: what a deliberation body has to talk about."""
        return self.filter(state=Demand.State.AT_BODY)

    def overdue(self, day):
        return self.open().filter(due_on__lt=day)

    def lit(self, colour, day):
        """Those whose light has that colour on the day.

        Working days are counted here and not in SQL, over the few that still wait.
        """
        waiting = self.with_spans().filter(state__in=Demand.OWED, unreached_on=None)
        return self.filter(
            pk__in=[row.pk for row in waiting if row.light(day).colour == colour]
        )

    def with_spans(self):
        """With the day from which the deadline in force runs, as `light` asks."""
        latest = DemandDue.objects.filter(demand=OuterRef("pk"))
        since = latest.order_by("-since", "-pk").values("since")[:1]
        return self.annotate(owed_since=Coalesce(Subquery(since), F("raised_on")))

    def for_list(self):
        return (
            self.with_spans()
            .select_related(
                "business",
                "business__building",
                "category",
                "grid",
                "recorded_by",
                "handler",
            )
            .order_by("-raised_on", "-pk")
        )


@tracked(exclude=["search"])
class Demand(models.Model):
    """What one asker asks for, in the asker's own words."""

    class State(models.TextChoices):
        NEW = "new", "待处理"
        JOINED = "joined", "已并入事项"
        TURNED = "turned", "已转办"
        ANSWERED = "answered", "已答复待回告"
        DECLINED = "declined", "不予受理待回告"
        ENDED = "ended", "已办结待回告"
        TOLD = "told", "已回告"
        WITHDRAWN = "withdrawn", "本人撤回"
        MISTAKEN = "mistaken", "误记"
        RATED = "rated", "已评价"
        REOPENED = "reopened", "不满意待再答"
        AT_BODY = "at_body", "两次不满意待研商"

    class Source(models.TextChoices):
        VISIT = "visit", "走访"
        CALL = "call", "电话"
        WALK_IN = "walk_in", "上门反映"
        MESSAGE = "message", "微信消息"
        HOTLINE = "hotline", "12345 热线"
        MEETING = "meeting", "会议"
        CARD = "card", "二维码"
        IMPORTED = "imported", "导入"

    class Told(models.TextChoices):
        VISIT = "visit", "上门告知"
        PHONE = "phone", "电话告知"
        MESSAGE = "message", "消息告知"
        NOTICE = "notice", "公告告知"
        SLIP = "slip", "送回告单"
        LINK = "link", "本人在链接上看到"

    # Whoever raises it so has been spoken to on the spot.
    FACE_TO_FACE = frozenset({Source.VISIT, Source.WALK_IN, Source.MEETING})
    OPEN = frozenset({State.NEW, State.JOINED, State.TURNED})
    TO_TELL = frozenset({State.ANSWERED, State.DECLINED, State.ENDED})
    WAITING = OPEN | TO_TELL
    # Ended without a word to the asker: he took it back himself, or never asked.
    DROPPED = frozenset({State.WITHDRAWN, State.MISTAKEN})
    # The asker was told and said to be not satisfied: another answer is owed.
    UNSATISFIED = frozenset({State.REOPENED, State.AT_BODY})
    DONE = frozenset({State.TOLD, State.RATED})
    HEARD = DONE | UNSATISFIED
    # A step is owed by somebody, with its day.
    OWED = WAITING | UNSATISFIED
    # The one place that says which step may start from which state.
    STEPS = {
        "answer": {State.NEW, State.REOPENED},
        "decline": {State.NEW},
        # Not satisfied, it may go on in a matter; it stays so until that has ended.
        "join": {State.NEW} | UNSATISFIED,
        "take_out": {State.JOINED} | UNSATISFIED,
        # Into an order or a need, whose outcome flows back as its end.
        "turn": {State.NEW},
        "turn_back": {State.TURNED},
        "take_back": {State.ANSWERED, State.DECLINED},
        "mark_urgent": {State.NEW},
        # Again, when its matter was taken up again after a first outcome.
        "end": {State.JOINED, State.TURNED, State.ANSWERED, State.ENDED} | HEARD,
        "tell": TO_TELL,
        "untell": {State.TOLD},
        "try_telling": TO_TELL,
        "withdraw": WAITING,
        "mistake": WAITING,
        "restore": DROPPED,
        "make_confidential": {State.NEW} | TO_TELL,
        "make_open": OWED,
        "hand_over": OWED,
        # Whoever rates an outcome has been told of it.
        "rate": TO_TELL | {State.TOLD},
        "call_back": DONE,
        "explain": {State.AT_BODY},
    }

    business = models.ForeignKey(
        Business, models.PROTECT, related_name="demands", verbose_name="提出的人"
    )
    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="demands", verbose_name="网格"
    )
    visit = models.ForeignKey(
        Visit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="demands",
        verbose_name="走访",
    )
    category = models.ForeignKey(
        DemandCategory, models.PROTECT, related_name="demands", verbose_name="类别"
    )
    words = models.TextField("原话", max_length=1000)
    source = models.CharField("来源", max_length=10, choices=Source)
    # Who of the business said it, where that is known.
    said_by = models.CharField("谁说的", max_length=40, blank=True)
    # Words and outcome are kept apart (`Secret`), and here stands that they are.
    confidential = models.BooleanField("保密", default=False)
    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="保密件经办人",
    )
    # Danger to people: handed over at once, shown first everywhere.
    urgent = models.BooleanField("紧急安全", default=False)
    # None when the asker sent it himself.
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="记录人",
    )
    raised_on = models.DateField("提出日期")
    # One working day to the first word; one raised face to face has had it.
    first_word_on = models.DateField("首次答话", null=True, blank=True)
    state = models.CharField("状态", max_length=10, choices=State, default=State.NEW)
    due_on = models.DateField("期限")
    owed_by = models.CharField("下一步由谁", max_length=80)
    outcome = models.TextField("结果", max_length=1000, blank=True)
    outcome_on = models.DateField("有结果日期", null=True, blank=True)
    # Stays when a second answer takes the first one's place.
    first_outcome_on = models.DateField("首次有结果日期", null=True, blank=True)
    # Did what was asked for come about, in full or in part? None before an outcome.
    resolved = models.BooleanField("解决", null=True, blank=True)
    tell_by = models.DateField("应回告日期", null=True, blank=True)
    told_on = models.DateField("回告日期", null=True, blank=True)
    told_how = models.CharField("回告方式", max_length=10, choices=Told, blank=True)
    # The last day on which the asker may rate: 10 working days from being told.
    rate_by = models.DateField("评价截止", null=True, blank=True)
    told_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="回告人",
    )
    # The day of the second attempt in vain to tell the asker.
    unreached_on = models.DateField("两次未联系上", null=True, blank=True)
    # What voiding the visit on which it was told puts back.
    told_from = models.CharField(
        "回告前状态", max_length=10, choices=State, blank=True, editable=False
    )
    told_visit = models.ForeignKey(
        Visit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="told_demands",
        verbose_name="回告走访",
    )
    dropped_on = models.DateField("撤回或误记日期", null=True, blank=True)
    dropped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="撤回或误记登记人",
    )
    dropped_why = models.CharField("撤回或误记原因", max_length=200, blank=True)
    dropped_from = models.CharField(
        "撤回或误记前状态", max_length=10, choices=State, blank=True, editable=False
    )
    # Of one that a user wrote down: made by the device or the page, so that the same
    # record sent twice is one demand; the digest tells a repeat from another record
    # under the same key. Its photos are found by the key too.
    client_key = models.UUIDField(null=True, editable=False)
    digest = models.CharField(max_length=64, blank=True, editable=False)
    # In no ledger from then on: withdrawn with the import that brought it.
    gone_at = models.DateTimeField("移出台账时间", null=True, editable=False)
    search = models.TextField(editable=False)

    VISIBILITY = {
        INTERNAL: "id business grid visit category words source recorded_by raised_on"
        " first_word_on state due_on owed_by outcome outcome_on first_outcome_on"
        " resolved tell_by told_on rate_by told_how told_by told_from told_visit"
        " gone_at confidential handler urgent unreached_on dropped_on dropped_by dropped_why"
        " dropped_from",
        PERSONAL: "said_by",
        SEALED: "search client_key digest",
    }

    objects = DemandQuerySet.as_manager()

    class Meta:
        verbose_name = "诉求"
        indexes = [
            models.Index(fields=["-raised_on", "-id"]),
            models.Index(fields=["business", "state"]),
            models.Index(fields=["state", "due_on"]),
            search.index("demand_search"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["recorded_by", "client_key"], name="one_demand_for_one_key"
            ),
            models.CheckConstraint(
                condition=(
                    Q(
                        state__in=["new", "joined", "turned"],
                        outcome_on=None,
                        tell_by=None,
                    )
                    | Q(state__in=["withdrawn", "mistaken"])
                    | (
                        ~Q(state__in=["new", "joined", "turned"])
                        & ~Q(outcome_on=None)
                        & ~Q(tell_by=None)
                    )
                ),
                name="demand_outcome_has_its_day",
            ),
            models.CheckConstraint(
                condition=(
                    Q(outcome_on=None, first_outcome_on=None)
                    | Q(first_outcome_on__lte=F("outcome_on"))
                ),
                name="demand_first_outcome_comes_first",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["told", "rated", "reopened", "at_body"])
                ^ Q(told_on=None),
                name="demand_told_has_its_day",
            ),
            models.CheckConstraint(
                condition=(
                    Q(
                        state__in=["withdrawn", "mistaken"],
                        dropped_on__isnull=False,
                        dropped_by__isnull=False,
                    )
                    & ~Q(dropped_why="")
                    & ~Q(dropped_from="")
                )
                | (
                    ~Q(state__in=["withdrawn", "mistaken"])
                    & Q(dropped_on=None, dropped_by=None)
                    & Q(dropped_why="", dropped_from="")
                ),
                name="demand_dropped_whole",
            ),
            models.CheckConstraint(
                condition=Q(confidential=False, handler=None)
                | Q(confidential=True, handler__isnull=False),
                name="confidential_demand_has_a_handler",
            ),
            models.CheckConstraint(
                condition=Q(unreached_on=None)
                | Q(state__in=["answered", "declined", "ended"]),
                name="unreached_only_while_untold",
            ),
        ]

    def __str__(self):
        return f"诉求 {self.pk}"

    def save(self, *args, update_fields=None, **kwargs):
        if update_fields is None:
            self.search = "" if self.confidential else search_text(self.words)
        super().save(*args, update_fields=update_fields, **kwargs)

    def get_absolute_url(self):
        return page_of("visits:demand_detail", self.pk)

    @property
    def open_steps(self):
        return {step for step, states in self.STEPS.items() if self.state in states}

    @property
    def next_due(self):
        """The day by which the next step is owed; None when all is done."""
        if self.state not in self.OWED or self.unreached_on:
            return None
        return self.tell_by if self.state in self.TO_TELL else self.due_on

    def may_be_handled_by(self, user):
        """As the rows of `handled_by`."""
        return not self.confidential or self.handler_id == user.pk

    @property
    def to_tell(self):
        return self.state in self.TO_TELL

    def light(self, today):
        """The light of the next step; None once nothing is owed.

        Ask `with_spans` for the row.
        """
        if self.next_due is None:
            return None
        start = self.outcome_on if self.state in self.TO_TELL else self.owed_since
        return light(start, self.next_due, today)


class DemandDueQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(demand__in=Demand.objects.visible_to(user))


@tracked()
class DemandDue(models.Model):
    """A deadline that a demand had, from a day on, and why; they show for good."""

    demand = models.ForeignKey(Demand, models.PROTECT, related_name="dues")
    due_on = models.DateField("期限")
    # Working days from the day it was raised; None when a matter set the date.
    workdays = models.PositiveSmallIntegerField("工作日数", null=True)
    owed_by = models.CharField("由谁", max_length=80)
    since = models.DateField("起")
    reason = models.CharField("原因", max_length=200)
    # None where no user acted: the asker sent it, or rated it.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="经办",
    )

    VISIBILITY = {INTERNAL: "id demand due_on workdays owed_by since reason by"}

    objects = DemandDueQuerySet.as_manager()

    class Meta:
        verbose_name = "诉求期限"
        ordering = ["since", "pk"]

    def __str__(self):
        return f"{self.demand} {self.due_on}"
