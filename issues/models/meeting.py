"""Meetings of deliberation bodies: when they are owed, what is on the table, who came."""

import datetime as dt

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, When
from django.urls import reverse
from django.utils import timezone

from accounts.rights import BY_UNIT, Right, posts_with
from issues.models.bodies import BodyMember, DeliberationBody
from issues.models.chain import Issue, Matter, Measure
from party.models import MemberUnit, PartyOrganization
from tianshan.audit.classes import INTERNAL, OPEN
from tianshan.audit.history import tracked
from visits.models import Demand


def locked_with(path):
    """Nothing below a meeting changes once its minutes are confirmed."""
    return pgtrigger.Trigger(
        name="minutes_lock",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        func=f"""
            IF EXISTS (SELECT FROM issues_meeting AS m WHERE m.state = 'confirmed'
                       AND m.id = CASE TG_OP WHEN 'DELETE' THEN {path.format(row="OLD")}
                                  ELSE {path.format(row="NEW")} END) THEN
                RAISE EXCEPTION 'the minutes of this meeting are confirmed'
                    USING ERRCODE = 'check_violation';
            END IF;
            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
            RETURN NEW;
        """,
    )


LOCKED = locked_with("{row}.meeting_id")
LOCKED_BY_ITEM = locked_with(
    "(SELECT i.meeting_id FROM issues_agendaitem AS i WHERE i.id = {row}.item_id)"
)


class SlotQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_ISSUES):
        """With the body that owes the meeting."""
        return self.filter(
            body__in=DeliberationBody.objects.visible_to(user, having).values("pk")
        )

    def for_list(self):
        """Everything one row of the ledger of slots shows; what is far off last."""
        soon = timezone.localdate() + self.model.SOON
        return self.select_related("body", "meeting").order_by(
            Case(When(planned_on__gt=soon, then=1), default=0), "-planned_on", "-pk"
        )


@tracked()
class Slot(models.Model):
    """A regular meeting that a body owes: of a week, a ten-day period or a month."""

    class Cadence(models.TextChoices):
        WEEK = "week", "周梳理"
        TEN_DAY = "ten_day", "旬研商"
        MONTH = "month", "月调度"

    SOON = dt.timedelta(days=14)

    body = models.ForeignKey(
        DeliberationBody,
        models.PROTECT,
        related_name="slots",
        verbose_name="议事主体",
    )
    cadence = models.CharField("节律", max_length=10, choices=Cadence)
    starts_on = models.DateField("起")
    ends_on = models.DateField("止")
    # Its day by the rule, moved off holidays to the next working day (`cadence`).
    planned_on = models.DateField("应开日期")

    VISIBILITY = {OPEN: "id body cadence starts_on ends_on planned_on"}

    objects = SlotQuerySet.as_manager()

    class Meta:
        verbose_name = "会议节律"
        ordering = ["planned_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["body", "cadence", "starts_on"], name="slot_once"
            ),
            models.CheckConstraint(
                condition=Q(
                    ends_on__gte=F("starts_on"), planned_on__gte=F("starts_on")
                ),
                name="slot_ends_after_it_starts",
            ),
        ]

    def __str__(self):
        return f"{self.body} {self.get_cadence_display()} {self.named}"

    def get_absolute_url(self):
        return self.body.get_absolute_url()

    @property
    def last_on(self):
        """Held by then, it was held in time."""
        return max(self.ends_on, self.planned_on)

    @property
    def named(self):
        """11月中旬, 2026年11月, 11月9日至15日"""
        first, last = self.starts_on, self.ends_on
        if self.cadence == self.Cadence.MONTH:
            return f"{first.year}年{first.month}月"
        if self.cadence == self.Cadence.TEN_DAY:
            return f"{first.month}月{ {1: '上', 11: '中', 21: '下'}[first.day] }旬"
        end = (
            f"{last.month}月{last.day}日"
            if first.month != last.month
            else f"{last.day}日"
        )
        return f"{first.month}月{first.day}日至{end}"


class MeetingQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_ISSUES):
        """Those seen in full, and those at which an issue was talked of that one sees."""
        items = AgendaItem.objects.filter(
            issue__in=Issue.objects.visible_to(user, having)
        )
        return self.filter(
            Q(pk__in=self.model.objects.seen_whole_by(user, having).values("pk"))
            | Q(pk__in=items.values("meeting"))
        )

    def seen_whole_by(self, user, having=Right.SEE_ISSUES):
        """Of the bodies one speaks for; of one's unit, once it is invited."""
        bodies = DeliberationBody.objects.spoken_for_by(user, having)
        seen = Q(body__in=bodies.values("pk"))
        posts = posts_with(user, having, among=BY_UNIT)
        if posts:
            invited = Attendance.objects.filter(unit__officers__post__in=posts)
            seen |= Q(pk__in=invited.values("meeting")) & ~Q(state="draft")
        return self.filter(seen)

    def kept_by(self, user):
        """Those whose agenda, attendance and minutes the user keeps."""
        bodies = DeliberationBody.objects.spoken_for_by(user, Right.KEEP_MEETINGS)
        return self.filter(body__in=bodies.values("pk"))

    def standing(self):
        return self.exclude(state=Meeting.State.CANCELLED)

    def took_place(self):
        return self.filter(state__in=[Meeting.State.HELD, Meeting.State.CONFIRMED])

    def for_list(self):
        """Everything one row of the ledger of meetings shows."""
        return self.select_related("body", "slot").order_by("-on", "-pk")


@tracked()
class Meeting(models.Model):
    """A body meets: the agenda, who came, what was said and decided, the minutes."""

    class Kind(models.TextChoices):
        WEEK = "week", "周梳理"
        TEN_DAY = "ten_day", "旬研商"
        MONTH = "month", "月调度"
        REGULAR = "regular", "例会"
        HEARING = "hearing", "听证会"
        MEDIATION = "mediation", "协调会"
        REVIEW = "review", "评议会"

    class State(models.TextChoices):
        DRAFT = "draft", "拟议程"
        NOTIFIED = "notified", "已通知"
        HELD = "held", "已开会"
        CONFIRMED = "confirmed", "纪要已确认"
        CANCELLED = "cancelled", "已取消"

    # From which states each step starts; the buttons and the actions both read it.
    STEPS = {
        "change": {State.DRAFT, State.NOTIFIED},  # day, place, papers
        "set_agenda": {State.DRAFT, State.NOTIFIED},
        "notify": {State.DRAFT},
        "mark": {State.NOTIFIED, State.HELD},  # who came
        "note": {State.NOTIFIED, State.HELD},  # what was said
        "conclude": {State.NOTIFIED},  # an item's outcome
        "hold": {State.NOTIFIED},
        "confirm": {State.HELD},
        "amend": {State.CONFIRMED},
        "issue": {State.CONFIRMED},
        "cancel": {State.DRAFT, State.NOTIFIED},
    }

    body = models.ForeignKey(
        DeliberationBody,
        models.PROTECT,
        related_name="meetings",
        verbose_name="议事主体",
    )
    kind = models.CharField("会议", max_length=10, choices=Kind)
    state = models.CharField("状态", max_length=10, choices=State, default=State.DRAFT)
    slot = models.OneToOneField(
        Slot,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="meeting",
        verbose_name="哪一期",
    )
    title = models.CharField("名称", max_length=80)
    on = models.DateField("日期")
    at = models.TimeField("时间")
    place = models.CharField("地点", max_length=80)
    chair_title = models.CharField("主持", max_length=40, blank=True)
    clerk_title = models.CharField("记录", max_length=40, blank=True)
    papers = models.TextField("会前材料", max_length=2000, blank=True)
    opening = models.TextField("开场", max_length=2000, blank=True)
    # A leader called the body together (召集); why.
    called_by = models.CharField("召集人", max_length=40, blank=True)
    called_why = models.CharField("召集原因", max_length=500, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="拟稿人",
    )
    notified_at = models.DateTimeField("通知时间", null=True, blank=True)
    held_at = models.DateTimeField("散会登记时间", null=True, blank=True)
    cancelled_why = models.CharField("取消原因", max_length=200, blank=True)
    # Why its confirmed minutes were opened again, for the next version.
    amended_why = models.CharField("更正原因", max_length=200, blank=True)

    VISIBILITY = {
        INTERNAL: "id body kind state slot title on at place chair_title clerk_title"
        " papers opening called_by called_why made_by notified_at held_at"
        " cancelled_why amended_why",
    }

    objects = MeetingQuerySet.as_manager()

    class Meta:
        verbose_name = "会议"
        ordering = ["-on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="draft", notified_at=None)
                | Q(state="cancelled")
                | Q(notified_at__isnull=False),
                name="meeting_notified_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["held", "confirmed"], held_at__isnull=False)
                | Q(state__in=["draft", "notified", "cancelled"], held_at=None),
                name="meeting_held_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(state="cancelled") ^ Q(cancelled_why=""),
                name="meeting_cancelled_for_a_reason",
            ),
            # A slot that a cancelled meeting left is free again.
            models.CheckConstraint(
                condition=~Q(state="cancelled") | Q(slot=None),
                name="meeting_cancelled_frees_its_slot",
            ),
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("issues:meeting_detail", args=[self.pk])

    @property
    def open_steps(self):
        return {step for step, states in self.STEPS.items() if self.state in states}


class OfMeetingQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(meeting__in=Meeting.objects.seen_whole_by(user).values("pk"))


class AgendaItemQuerySet(models.QuerySet):
    def visible_to(self, user):
        """With the whole meeting, or with the issue that it is about."""
        return self.filter(
            Q(meeting__in=Meeting.objects.seen_whole_by(user).values("pk"))
            | Q(issue__in=Issue.objects.visible_to(user).values("pk"))
        )

    def on_the_table(self):
        """Not dropped before the meeting."""
        return self.filter(dropped_at=None)

    def for_list(self):
        """Everything one item of an agenda shows."""
        return self.select_related(
            "issue__body", "issue__grid", "matter", "measure", "demand"
        ).order_by("position", "pk")


@tracked()
class AgendaItem(models.Model):
    """One thing on the table: why it is there, what was said, what came of it."""

    class Outcome(models.TextChoices):
        DECIDED = "decided", "定了措施"
        CARRIED = "carried", "留到下次会议"
        ESCALATED = "escalated", "提级"
        RETURNED = "returned", "退回下一级"
        EXPLAINED = "explained", "作出解释"
        ENFORCEMENT = "enforcement", "移交执法"
        CLOSED = "closed", "办结"
        HEARD = "heard", "听取情况"

    meeting = models.ForeignKey(
        Meeting, models.PROTECT, related_name="items", verbose_name="会议"
    )
    position = models.PositiveSmallIntegerField("次序")
    title = models.CharField("议程", max_length=200)
    issue = models.ForeignKey(
        Issue,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="items",
        verbose_name="议题",
    )
    matter = models.ForeignKey(
        Matter,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="items",
        verbose_name="事项",
    )
    measure = models.ForeignKey(
        Measure,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="items",
        verbose_name="措施",
    )
    demand = models.ForeignKey(
        Demand,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="items",
        verbose_name="诉求",
    )
    reason = models.CharField("列入原因", max_length=200)
    # By the rules where nobody added it.
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="加入的人",
    )
    dropped_at = models.DateTimeField("移出时间", null=True, blank=True)
    dropped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="移出的人",
    )
    dropped_why = models.CharField("移出原因", max_length=200, blank=True)
    discussion = models.TextField("讨论", max_length=2000, blank=True)
    outcome = models.CharField("结果", max_length=12, choices=Outcome, blank=True)
    resolution = models.CharField("议定", max_length=500, blank=True)
    concluded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="登记人",
    )
    concluded_at = models.DateTimeField("登记时间", null=True, blank=True)
    # Counted by hands, without names; none where it was not put to the vote.
    votes_for = models.PositiveSmallIntegerField("同意", null=True, blank=True)
    votes_against = models.PositiveSmallIntegerField("反对", null=True, blank=True)
    votes_abstained = models.PositiveSmallIntegerField("弃权", null=True, blank=True)
    # Raised with each writing; who read an older one is told before he overwrites.
    version = models.PositiveIntegerField("版次", default=1)

    VISIBILITY = {
        INTERNAL: "id meeting position title issue matter measure demand reason added_by"
        " dropped_at dropped_by dropped_why discussion outcome resolution concluded_by"
        " concluded_at votes_for votes_against votes_abstained version",
    }

    objects = AgendaItemQuerySet.as_manager()

    class Meta:
        verbose_name = "议程"
        ordering = ["position", "pk"]
        triggers = [LOCKED]
        constraints = [
            models.UniqueConstraint(
                fields=["meeting", "issue", "measure"],
                condition=Q(dropped_at=None, issue__isnull=False),
                nulls_distinct=False,
                name="item_once_a_meeting",
            ),
            models.UniqueConstraint(
                fields=["meeting", "demand"],
                condition=Q(dropped_at=None, demand__isnull=False),
                name="item_of_a_demand_once",
            ),
            models.CheckConstraint(
                condition=Q(dropped_at=None, dropped_by=None, dropped_why="")
                | (Q(dropped_at__isnull=False) & ~Q(dropped_why="")),
                name="item_dropped_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(votes_for=None, votes_against=None, votes_abstained=None)
                | Q(
                    votes_for__isnull=False,
                    votes_against__isnull=False,
                    votes_abstained__isnull=False,
                ),
                name="item_votes_counted_whole",
            ),
            models.CheckConstraint(
                condition=Q(outcome="", concluded_at=None)
                | (~Q(outcome="") & Q(concluded_at__isnull=False)),
                name="item_concluded_whole",
            ),
        ]

    def __str__(self):
        return self.title

    @property
    def subject(self):
        return self.measure or self.issue or self.demand or self.matter


class OfItemQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(item__in=AgendaItem.objects.visible_to(user).values("pk"))


@tracked()
class ItemMeasure(models.Model):
    """A measure that was decided at a meeting, under one item of its agenda."""

    item = models.ForeignKey(
        AgendaItem, models.PROTECT, related_name="decided", verbose_name="议程"
    )
    measure = models.OneToOneField(
        Measure, models.PROTECT, related_name="decided_at", verbose_name="措施"
    )

    VISIBILITY = {INTERNAL: "id item measure"}

    objects = OfItemQuerySet.as_manager()

    class Meta:
        verbose_name = "会上定的措施"
        ordering = ["pk"]
        triggers = [LOCKED_BY_ITEM]

    def __str__(self):
        return str(self.measure)


@tracked()
class Opinion(models.Model):
    """What somebody, by title, said on an item."""

    item = models.ForeignKey(
        AgendaItem, models.PROTECT, related_name="opinions", verbose_name="议程"
    )
    who = models.CharField("谁的意见", max_length=60)
    words = models.CharField("意见", max_length=500)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="记录人",
    )
    at = models.DateTimeField("记录时间")
    voided_at = models.DateTimeField("划去时间", null=True, blank=True)

    VISIBILITY = {INTERNAL: "id item who words by at voided_at"}

    objects = OfItemQuerySet.as_manager()

    class Meta:
        verbose_name = "会上意见"
        ordering = ["pk"]
        triggers = [LOCKED_BY_ITEM]

    def __str__(self):
        return f"{self.who}：{self.words}"


@tracked()
class Attendance(models.Model):
    """Who was invited to a meeting, by title, and whether he came."""

    class State(models.TextChoices):
        INVITED = "invited", "未登记"
        PRESENT = "present", "出席"
        LEAVE = "leave", "请假"
        OBSERVER = "observer", "列席"

    meeting = models.ForeignKey(
        Meeting, models.PROTECT, related_name="attendances", verbose_name="会议"
    )
    title = models.CharField("职务", max_length=60)
    member = models.ForeignKey(
        BodyMember,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="attendances",
        verbose_name="成员",
    )
    unit = models.ForeignKey(
        MemberUnit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="attendances",
        verbose_name="成员单位",
    )
    organization = models.ForeignKey(
        PartyOrganization,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="attendances",
        verbose_name="党组织",
    )
    state = models.CharField(
        "到会", max_length=10, choices=State, default=State.INVITED
    )
    note = models.CharField("说明", max_length=100, blank=True)
    position = models.PositiveSmallIntegerField("次序")

    VISIBILITY = {
        INTERNAL: "id meeting title member unit organization state note position",
    }

    objects = OfMeetingQuerySet.as_manager()

    class Meta:
        verbose_name = "到会情况"
        ordering = ["position", "pk"]
        triggers = [LOCKED]
        constraints = [
            models.UniqueConstraint(
                fields=["meeting", "title"], name="invited_once_a_meeting"
            ),
        ]

    def __str__(self):
        return self.title
