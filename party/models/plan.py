"""一楼一方案: the plan of a building, edition by edition, and what is to be done."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accounts.rights import BY_ORGANIZATION, BY_UNIT, Right, posts_with
from grids.models import Building
from party.models.organization import PartyOrganization
from party.models.unit import MemberUnit
from tianshan.audit.classes import INTERNAL
from tianshan.audit.history import tracked
from tianshan.pinyin import search_text
from tianshan.workdays.lights import light


class BuildingPlanQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_PLANS):
        """Those of the buildings in the grids governed, or held by one's organisation."""
        return self.filter(building__in=Building.objects.visible_to(user, having))

    def in_force(self):
        return self.filter(state=BuildingPlan.State.CONFIRMED)


@tracked()
class BuildingPlan(models.Model):
    """One edition of a building's plan: how things are, how the Party is set up, goals.

    Once confirmed its words and figures are locked; a new edition is made from it and
    takes its place when it is confirmed in turn.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "草稿"
        CONFIRMED = "confirmed", "已确认"
        SUPERSEDED = "superseded", "已由新版替代"
        DISCARDED = "discarded", "已放弃"

    # The states each step may start from.
    STEPS = {
        "edit": {State.DRAFT},
        "add_item": {State.DRAFT},
        "confirm": {State.DRAFT},
        "discard": {State.DRAFT},
        "revise": {State.CONFIRMED},
        "supersede": {State.CONFIRMED},
    }

    building = models.ForeignKey(
        Building, models.PROTECT, related_name="plans", verbose_name="楼宇"
    )
    year = models.PositiveSmallIntegerField("年度")
    revision = models.PositiveSmallIntegerField("第几次修订", default=0)
    state = models.CharField("状态", max_length=10, choices=State, default=State.DRAFT)
    situation = models.TextField("现状", max_length=2000, blank=True)
    setup = models.TextField("组织设置", max_length=2000, blank=True)
    goals = models.TextField("目标", max_length=2000, blank=True)
    previous = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="next",
        verbose_name="上一版",
    )
    drafted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="起草人",
    )
    drafted_on = models.DateField("起草日期")
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="确认人",
    )
    confirmed_on = models.DateField("确认日期", null=True, blank=True)
    discard_reason = models.CharField("放弃原因", max_length=200, blank=True)
    # Computed, and frozen as they stood on the day of confirming:
    # [{key, label, value, unit, note}].
    figures = models.JSONField("数据", default=list, blank=True)

    VISIBILITY = {
        INTERNAL: "id building year revision state situation setup goals previous"
        " drafted_by drafted_on confirmed_by confirmed_on discard_reason figures"
    }

    objects = BuildingPlanQuerySet.as_manager()

    class Meta:
        verbose_name = "一楼一方案"
        ordering = ["-year", "-revision", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["building", "year", "revision"],
                condition=~Q(state="discarded"),
                name="one_plan_an_edition",
            ),
            models.UniqueConstraint(
                fields=["building"],
                condition=Q(state="draft"),
                name="one_plan_drafted_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["building"],
                condition=Q(state="confirmed"),
                name="one_plan_in_force",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=["draft", "discarded"],
                    confirmed_on=None,
                    confirmed_by=None,
                )
                | (
                    Q(state__in=["confirmed", "superseded"])
                    & ~Q(confirmed_on=None)
                    & ~Q(confirmed_by=None)
                ),
                name="plan_confirmed_whole",
            ),
            models.CheckConstraint(
                condition=Q(state="discarded") ^ Q(discard_reason=""),
                name="plan_discarded_for_a_reason",
            ),
        ]

    def __str__(self):
        return f"{self.building.name}一楼一方案（{self.edition}）"

    def get_absolute_url(self):
        return reverse("party:plan_detail", args=[self.pk])

    @property
    def edition(self):
        """2026 版, 2026 版修订 1"""
        return f"{self.year} 版" + (f"修订 {self.revision}" if self.revision else "")

    @property
    def open_steps(self):
        return {step for step, states in self.STEPS.items() if self.state in states}


class PlanItemQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_PLANS):
        """Those of the plans one sees, and those that one's organisation or unit owns."""
        seen = Q(plan__in=BuildingPlan.objects.visible_to(user, having))
        if having == Right.SEE_PLANS:
            seen |= self._owned(user)
        return self.filter(seen)

    def owned_by(self, user):
        """Those that an organisation or a unit answers for, of which one is officer."""
        return self.filter(self._owned(user))

    @staticmethod
    def _owned(user):
        owned = Q(pk__in=[])
        if posts_with(user, Right.SEE_PLANS, among=BY_ORGANIZATION):
            served = PartyOrganization.objects.served_by(user, Right.SEE_PLANS)
            owned |= Q(organization__in=served)
        if posts := posts_with(user, Right.SEE_PLANS, among=BY_UNIT):
            units = MemberUnit.objects.filter(officers__post__in=posts)
            owned |= Q(unit__in=units)
        return owned

    def open(self):
        return self.filter(state__in=PlanItem.OPEN)

    def current(self):
        """Each once: in the edition in force, or in the last one that it stood in."""
        return self.filter(plan__confirmed_on__isnull=False).exclude(
            carried_to__plan__state__in=[
                BuildingPlan.State.CONFIRMED,
                BuildingPlan.State.SUPERSEDED,
            ]
        )

    def lit(self, colour, day):
        """The open ones whose light has that colour on the day.

        Working days are counted here and not in SQL: open items are few.
        """
        spans = self.open().values_list("pk", "since", "due_on")
        return self.filter(
            pk__in=[
                pk
                for pk, since, due in spans
                if light(since, due, day).colour == colour
            ]
        )

    def for_list(self):
        """Everything one row of the ledger of items shows."""
        return self.select_related(
            "plan__building__grid", "organization", "unit"
        ).order_by("due_on", "pk")


@tracked(exclude=["search"])
class PlanItem(models.Model):
    """One thing that a plan sets out to do: what, who answers for it, until when."""

    class State(models.TextChoices):
        WAITING = "waiting", "未开始"
        RUNNING = "running", "进行中"
        DONE = "done", "已完成"
        CANCELLED = "cancelled", "已取消"

    OPEN = frozenset({State.WAITING, State.RUNNING})
    STEPS = {
        "edit": OPEN,
        "start": {State.WAITING},
        "report": OPEN,
        "extend": OPEN,
        "finish": OPEN,
        "cancel": OPEN,
    }
    # And the states of its plan: what is carried out has been confirmed.
    PLAN_STATES = {
        "edit": {BuildingPlan.State.DRAFT},
        "start": {BuildingPlan.State.CONFIRMED},
        "report": {BuildingPlan.State.CONFIRMED},
        "extend": {BuildingPlan.State.CONFIRMED},
        "finish": {BuildingPlan.State.CONFIRMED},
        "cancel": {BuildingPlan.State.DRAFT, BuildingPlan.State.CONFIRMED},
    }

    plan = models.ForeignKey(
        BuildingPlan, models.PROTECT, related_name="items", verbose_name="方案"
    )
    position = models.PositiveSmallIntegerField("次序")
    content = models.CharField("事项", max_length=200)
    # Exactly one of the three answers for it; a post is named, never a person.
    organization = models.ForeignKey(
        PartyOrganization,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="plan_items",
        verbose_name="责任党组织",
    )
    unit = models.ForeignKey(
        MemberUnit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="plan_items",
        verbose_name="责任单位",
    )
    owner_title = models.CharField("责任岗位", max_length=40, blank=True)
    since = models.DateField("起算日")
    due_on = models.DateField("期限")
    state = models.CharField(
        "状态", max_length=10, choices=State, default=State.WAITING
    )
    done_on = models.DateField("完成日期", null=True, blank=True)
    result = models.CharField("完成情况", max_length=300, blank=True)
    cancel_reason = models.CharField("取消原因", max_length=200, blank=True)
    carried_from = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="carried_to",
        verbose_name="由上一版转入",
    )
    search = models.TextField(editable=False)

    VISIBILITY = {
        INTERNAL: "id plan position content organization unit owner_title since due_on"
        " state done_on result cancel_reason carried_from search",
    }

    objects = PlanItemQuerySet.as_manager()

    class Meta:
        verbose_name = "方案事项"
        ordering = ["plan", "position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(organization=None, unit=None) & ~Q(owner_title="")
                | Q(organization=None, owner_title="") & ~Q(unit=None)
                | Q(unit=None, owner_title="") & ~Q(organization=None),
                name="plan_item_has_one_owner",
            ),
            models.CheckConstraint(
                condition=Q(state="done") ^ Q(done_on=None),
                name="plan_item_done_has_its_day",
            ),
            models.CheckConstraint(
                condition=Q(state="cancelled") ^ Q(cancel_reason=""),
                name="plan_item_cancelled_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(due_on__gte=F("since")),
                name="plan_item_due_after_it_was_set",
            ),
        ]

    def __str__(self):
        return self.content

    def save(self, *args, update_fields=None, **kwargs):
        self.search = search_text(self.content, self.owner)
        if update_fields is not None:
            update_fields = {*update_fields, "search"}
        super().save(*args, update_fields=update_fields, **kwargs)

    def get_absolute_url(self):
        return reverse("party:plan_item", args=[self.pk])

    @property
    def owner(self):
        return str(self.organization or self.unit or self.owner_title)

    @property
    def open_steps(self):
        """Needs its plan joined."""
        return {
            step
            for step, states in self.STEPS.items()
            if self.state in states and self.plan.state in self.PLAN_STATES[step]
        }

    def light(self, day):
        """Its light; None once it is done or cancelled."""
        if self.state not in self.OPEN:
            return None
        return light(self.since, self.due_on, day)


class PlanNoteQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(item__in=PlanItem.objects.visible_to(user))


@tracked()
class PlanNote(models.Model):
    """What was said of an item as it went on; never changed afterwards."""

    class Kind(models.TextChoices):
        STARTED = "started", "开始"
        PROGRESS = "progress", "进展"
        EXTENDED = "extended", "延期"
        FINISHED = "finished", "完成"
        CANCELLED = "cancelled", "取消"
        CARRIED = "carried", "转入新版"

    item = models.ForeignKey(PlanItem, models.PROTECT, related_name="notes")
    kind = models.CharField("类别", max_length=10, choices=Kind)
    words = models.CharField("内容", max_length=300, blank=True)
    on = models.DateField("日期")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="记录人",
    )

    VISIBILITY = {INTERNAL: "id item kind words on by"}

    objects = PlanNoteQuerySet.as_manager()

    class Meta:
        verbose_name = "方案事项进展"
        ordering = ["-on", "-pk"]

    def __str__(self):
        return f"{self.on} {self.get_kind_display()}"
