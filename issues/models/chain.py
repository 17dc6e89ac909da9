"""Matters, issues and measures: from what several ask to what changed for them."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q

from accounts.rights import BY_ORGANIZATION, BY_UNIT, Right, posts_with
from grids.models import Building, Grid
from grids.models.territory import governed
from issues.models import rules
from issues.models.bodies import DeliberationBody, Level
from issues.models.rules import DECIDES, Step
from issues.models.step import (
    ISSUE_BEGINS_WITH_A_STEP,
    ISSUE_CHANGES_BY_STEPS,
    Supervision,
)
from party.models import MemberUnit, PartyOrganization
from tianshan.audit.classes import INTERNAL, OPEN, SEALED
from tianshan.audit.history import tracked
from tianshan.pinyin import search_text
from tianshan.web.addresses import page_of
from tianshan.workdays.lights import light, worst
from visits.models import Demand, DemandDue


def demands_right(having):
    """The right over demands that goes with a right over issues."""
    return Right.SEE_DEMANDS if having == Right.SEE_ISSUES else having


class IssueQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_ISSUES):
        """By grid; by one's body; by a demand one sees; by a measure, or a part of one,
        that one's unit or organisation has."""
        bodies = DeliberationBody.objects.spoken_for_by(user, having)
        seen = Q(grid__among=governed(user, having)) | Q(body__in=bodies)
        links = MatterDemand.objects.in_force().filter(
            demand__in=Demand.objects.visible_to(user, demands_right(having))
        )
        seen |= Q(pk__in=links.values("matter__issue"))
        measures = Measure.objects.of_officer(user, having)
        if measures is not None:
            seen |= Q(pk__in=measures.values("issue"))
        return self.filter(seen)

    def decided_by(self, user):
        """Issues whose body the user chairs, with the right of their level.

        Seeing is not enough: a sibling body's issue may hold a demand of one's own
        merchant, and is still decided by the sibling.
        """
        own = Q(pk__in=[])
        for level, right in DECIDES.items():
            bodies = DeliberationBody.objects.chaired_by(user, right)
            own |= Q(level=level, body__in=bodies)
        return self.filter(own)

    def acted_for_by(self, user):
        """Issues whose body the user does not chair, but may act for its chair."""
        return self.filter(body__in=DeliberationBody.objects.acted_for_by(user))

    def open(self):
        return self.exclude(state__in=Issue.FINAL)

    def with_supervision(self):
        """督办: those that wait for an answer lead every list."""
        waiting = Supervision.objects.waiting().filter(issue=OuterRef("pk"))
        return self.annotate(supervised=Exists(waiting))

    def for_list(self):
        """Everything one row of the issue ledger shows; open measures for its light."""
        return (
            self.select_related("body", "grid", "building")
            .annotate(
                askers=Count(
                    "matters__links__demand__business",
                    filter=Q(matters__links__left_at=None),
                    distinct=True,
                )
            )
            .prefetch_related(
                Prefetch(
                    "measures", queryset=Measure.objects.open(), to_attr="measures_open"
                )
            )
            .with_supervision()
            .order_by("-supervised", "-raised_on", "-pk")
        )


@tracked(exclude=["search"])
class Issue(models.Model):
    """One or more matters, gathered for deliberation; one body owns it at any time."""

    # The table of steps stands in `issues.models.rules`.
    State = rules.State
    DECIDES = DECIDES
    STEPS = {
        step: {state for rule in rules.rules_of(step) for state in rule.frm}
        for step in Step
    }
    FINAL = frozenset(rules.FINAL)

    title = models.CharField("议题", max_length=80)
    brand = models.CharField("品牌名称", max_length=60, blank=True)
    level = models.PositiveSmallIntegerField("层级", choices=Level)
    state = models.CharField("状态", max_length=12, choices=State)
    body = models.ForeignKey(
        DeliberationBody,
        models.PROTECT,
        related_name="issues",
        verbose_name="议事主体",
    )
    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="issues", verbose_name="网格"
    )
    building = models.ForeignKey(
        Building,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="issues",
        verbose_name="楼宇",
    )
    raised_on = models.DateField("提出日期")
    raised_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="提出人",
    )
    decided_on = models.DateField("定措施日期", null=True, blank=True)
    closed_on = models.DateField("办结日期", null=True, blank=True)
    search = models.TextField(editable=False)

    VISIBILITY = {
        OPEN: "id title brand level state body grid building",
        INTERNAL: "raised_on raised_by decided_on closed_on",
        SEALED: "search",
    }

    objects = IssueQuerySet.as_manager()

    class Meta:
        verbose_name = "议题"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["closed", "withdrawn"]) ^ Q(closed_on=None),
                name="issue_closed_has_its_day",
            )
        ]
        triggers = [ISSUE_CHANGES_BY_STEPS, ISSUE_BEGINS_WITH_A_STEP]

    def __str__(self):
        return self.title

    def save(self, *args, update_fields=None, **kwargs):
        if update_fields is None:
            self.search = search_text(self.title, self.brand)
        super().save(*args, update_fields=update_fields, **kwargs)

    def get_absolute_url(self):
        return page_of("issues:issue_detail", self.pk)

    @property
    def open_steps(self):
        return {step for step, states in self.STEPS.items() if self.state in states}

    def light(self, today):
        """The worst of its open measures' lights; needs `for_list`'s prefetch."""
        return worst(measure.light(today) for measure in self.measures_open)

    def is_decided_by(self, user):
        return Issue.objects.decided_by(user).filter(pk=self.pk).exists()

    def is_acted_for_by(self, user):
        return Issue.objects.acted_for_by(user).filter(pk=self.pk).exists()

    def may_be_decided_by(self, user):
        """Is the user the chair of its body, or one who may act for the chair?"""
        return self.is_decided_by(user) or self.is_acted_for_by(user)


class MatterQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_ISSUES):
        """By grid; with an issue, a body, a demand or a measure that is one's own."""
        links = MatterDemand.objects.in_force().filter(
            demand__in=Demand.objects.visible_to(user, demands_right(having))
        )
        seen = (
            Q(issue__in=Issue.objects.visible_to(user, having))
            | Q(grid__among=governed(user, having))
            | Q(body__in=DeliberationBody.objects.spoken_for_by(user, having))
            | Q(pk__in=links.values("matter"))
        )
        measures = Measure.objects.of_officer(user, having)
        if measures is not None:
            seen |= Q(pk__in=measures.values("matter"))
        return self.filter(seen)

    def direct(self):
        """Dealt with by a body without deliberation (直接办理)."""
        return self.filter(issue=None)

    def with_askers(self):
        """Counts the distinct askers in it now."""
        return self.annotate(
            askers=Count(
                "links__demand__business",
                filter=Q(links__left_at=None),
                distinct=True,
            )
        )

    def open(self):
        return self.filter(state=Matter.State.OPEN)

    def standing(self):
        """Not withdrawn with the sorting that made them, nor merged into another."""
        return self.exclude(state__in=[Matter.State.WITHDRAWN, Matter.State.MERGED])

    def common(self):
        """共性诉求: three or more distinct askers ask for the same."""
        return self.with_askers().filter(askers__gte=Matter.COMMON_FROM)

    def for_list(self):
        """Everything one row of the matter ledger shows."""
        return (
            self.select_related("issue", "body", "grid", "building")
            .with_askers()
            .order_by("-raised_on", "-pk")
        )


@tracked(exclude=["search"])
class Matter(models.Model):
    """Demands that ask for the same: own measures, own ending, before > after."""

    class State(models.TextChoices):
        OPEN = "open", "办理中"
        ENDED = "ended", "已办结"
        WITHDRAWN = "withdrawn", "已撤回"  # its demands wait again
        MERGED = "merged", "已合并"  # into another that asks for the same

    class Ending(models.TextChoices):
        SOLVED = "solved", "已解决"
        PARTLY = "partly", "部分解决"
        EXPLAINED = "explained", "已解释未能解决"
        PASSED_UP = "passed_up", "非本级事权已上报"
        ENFORCEMENT = "enforcement", "执法事项已移交"

    class System(models.TextChoices):
        CITY = "city", "城运平台"
        HOTLINE = "hotline", "12345 热线"
        ENFORCEMENT = "enforcement", "行政执法系统"
        OTHER = "other", "其他系统"

    # Those of its measures are the issue's, if it is in one.
    STEPS = {
        "join": {State.OPEN},
        "end": {State.OPEN},
        "add_measure": {State.OPEN},
        "finish_measure": {State.OPEN},
        "carry": {State.OPEN},
        "withdraw": {State.OPEN},
    }
    COMMON_FROM = 3  # distinct askers

    title = models.CharField("事项", max_length=80)
    state = models.CharField("状态", max_length=10, choices=State, default=State.OPEN)
    issue = models.ForeignKey(
        Issue,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="matters",
        verbose_name="议题",
    )
    # Who deals with it directly, while it is in no issue.
    body = models.ForeignKey(
        DeliberationBody,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="matters",
        verbose_name="直接办理的议事主体",
    )
    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="matters", verbose_name="网格"
    )
    building = models.ForeignKey(
        Building,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="matters",
        verbose_name="楼宇",
    )
    raised_on = models.DateField("提出日期")
    ending = models.CharField("办结方式", max_length=12, choices=Ending, blank=True)
    before = models.CharField("变化前", max_length=200, blank=True)
    after = models.CharField("变化后", max_length=200, blank=True)
    passed_to = models.CharField("上报给谁", max_length=80, blank=True)
    # Its number in a system outside, for whoever asks there.
    outside_system = models.CharField(
        "外部系统", max_length=12, choices=System, blank=True
    )
    outside_number = models.CharField("外部案号", max_length=40, blank=True)
    benefited = models.PositiveIntegerField("受益户数", null=True, blank=True)
    ended_on = models.DateField("办结日期", null=True, blank=True)
    search = models.TextField(editable=False)

    VISIBILITY = {
        OPEN: "id title state issue body grid building ending before after benefited"
        " passed_to outside_system outside_number",
        INTERNAL: "raised_on ended_on",
        SEALED: "search",
    }

    objects = MatterQuerySet.as_manager()

    class Meta:
        verbose_name = "事项"
        constraints = [
            models.CheckConstraint(
                condition=Q(issue=None) ^ Q(body=None),
                name="matter_has_one_owner",
            ),
            models.CheckConstraint(
                condition=(
                    Q(
                        state__in=["open", "withdrawn", "merged"],
                        ending="",
                        ended_on=None,
                    )
                    | (Q(state="ended") & ~Q(ending="") & ~Q(ended_on=None))
                ),
                name="matter_ended_whole",
            ),
            models.CheckConstraint(
                condition=~Q(ending__in=["solved", "partly"])
                | (~Q(before="") & ~Q(after="")),
                name="solved_says_before_and_after",
            ),
            models.CheckConstraint(
                condition=~Q(ending="passed_up") | ~Q(passed_to=""),
                name="passed_up_names_to_whom",
            ),
            models.CheckConstraint(
                condition=~Q(ending="enforcement") | ~Q(outside_number=""),
                name="enforcement_has_its_number",
            ),
            models.CheckConstraint(
                condition=~(Q(outside_system="") ^ Q(outside_number="")),
                name="outside_number_has_its_system",
            ),
        ]

    def __str__(self):
        return self.title

    def save(self, *args, update_fields=None, **kwargs):
        if update_fields is None:
            self.search = search_text(self.title)
        super().save(*args, update_fields=update_fields, **kwargs)

    def get_absolute_url(self):
        return page_of("issues:matter_detail", self.pk)

    @property
    def owner(self):
        """The body that has to go on with it; needs the joined row."""
        return self.issue.body if self.issue else self.body

    def may_be_decided_by(self, user):
        """The one question of right for every step that its body takes."""
        if self.issue:
            return self.issue.may_be_decided_by(user)
        bodies = DeliberationBody.objects
        mine = bodies.chaired_by(user, Issue.DECIDES[self.body.level])
        own = mine | bodies.acted_for_by(user)
        return own.filter(pk=self.body_id).exists()

    @property
    def is_common(self):
        """Needs `with_askers`."""
        return self.askers >= self.COMMON_FROM

    @property
    def open_steps(self):
        return {step for step, states in self.STEPS.items() if self.state in states}


class OfMatterQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(matter__in=Matter.objects.visible_to(user))

    def in_force(self):
        return self.filter(left_at=None)

    def in_open(self):
        """Those in force, in matters that have not ended."""
        return self.in_force().filter(matter__state=Matter.State.OPEN)


@tracked()
class MatterDemand(models.Model):
    """A demand in a matter; leaving keeps the row, so joining can be undone."""

    matter = models.ForeignKey(Matter, models.PROTECT, related_name="links")
    demand = models.ForeignKey(Demand, models.PROTECT, related_name="links")
    joined_at = models.DateTimeField("并入时间")
    left_at = models.DateTimeField("移出时间", null=True, blank=True)
    # What joining overwrote, so that leaving restores it.
    due = models.ForeignKey(
        DemandDue, models.PROTECT, null=True, related_name="+", verbose_name="原期限"
    )
    first_word_on = models.DateField("原首次答话", null=True)
    earlier = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="+", verbose_name="先前的事项"
    )

    # The merge that brought it here, which can be undone.
    merge = models.ForeignKey(
        "issues.MatterMerge", models.PROTECT, null=True, related_name="links"
    )

    VISIBILITY = {
        INTERNAL: "id matter demand joined_at left_at due first_word_on earlier merge"
    }

    objects = OfMatterQuerySet.as_manager()

    class Meta:
        verbose_name = "事项中的诉求"
        constraints = [
            models.UniqueConstraint(
                fields=["demand"],
                condition=Q(left_at=None),
                name="demand_in_one_matter_at_a_time",
            )
        ]

    def __str__(self):
        return f"{self.matter} {self.demand_id}"


class OfIssueQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_ISSUES):
        return self.filter(issue__in=Issue.objects.visible_to(user, having))


class MeasureQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_ISSUES):
        return self.filter(matter__in=Matter.objects.visible_to(user, having))

    def of_officer(self, user, having):
        """Led by, or in part of, what the user is an officer of; None: of nothing."""
        units = posts_with(user, having, among=BY_UNIT)
        organizations = PartyOrganization.objects.served_by(user, having)
        if posts_with(user, having, among=BY_ORGANIZATION):
            led = Q(lead_organization__in=organizations)
            led |= Q(parts__organization__in=organizations)
        elif units:
            led = Q(pk__in=[])
        else:
            return None
        if units:
            led |= Q(lead_unit__officers__post__in=units)
            led |= Q(parts__unit__officers__post__in=units)
        return self.model.objects.filter(led)

    def on_the_list_of(self, user):
        """What one works through: an officer's units' own, for others all in sight."""
        seen = self.visible_to(user)
        posts = posts_with(user, Right.SEE_ISSUES)
        if posts and all(post.role in BY_UNIT for post in posts):
            mine = self.of_officer(user, Right.SEE_ISSUES)
            seen = seen.filter(pk__in=mine.values("pk"))
        return seen

    def open(self):
        return self.filter(state=Measure.State.OPEN)

    def overdue(self, day):
        return self.open().filter(due_on__lt=day)

    def lit(self, colour, day):
        """The open ones whose light has that colour on the day.

        Working days are counted here and not in SQL: open measures are few.
        """
        spans = self.open().values_list("pk", "decided_on", "due_on")
        return self.filter(
            pk__in=[
                pk
                for pk, start, due in spans
                if light(start, due, day).colour == colour
            ]
        )

    def with_supervision(self):
        """督办: the measure's own, or its whole issue's, until it is answered."""
        waiting = Supervision.objects.waiting()
        return self.annotate(
            supervised=Exists(waiting.filter(measure=OuterRef("pk")))
            | Exists(waiting.filter(issue=OuterRef("issue"), measure=None))
        )

    def with_parts(self):
        """`parts_all`: who leads and who supports, the lead first."""
        parts = self.model._meta.get_field("parts").related_model.objects
        return self.prefetch_related(
            Prefetch(
                "parts",
                queryset=parts.select_related("unit", "organization"),
                to_attr="parts_all",
            )
        )

    def for_list(self):
        """Everything one row of the measure ledger shows."""
        return (
            self.select_related("issue", "matter", "lead_unit", "lead_organization")
            .with_supervision()
            .order_by("-supervised", "due_on", "pk")
        )


# What was carried out is not carried out again: a further measure says what is left.
MEASURE_ENDS_ONCE = pgtrigger.FSM(
    name="measure_ends_once", field="state", transitions=[("open", "done")]
)


@tracked()
class Measure(models.Model):
    """What was decided to be done: by whom in the lead, until when (措施)."""

    class State(models.TextChoices):
        OPEN = "open", "办理中"
        DONE = "done", "已完成"

    # None while its matter is dealt with directly (直接办理).
    issue = models.ForeignKey(
        Issue,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="measures",
        verbose_name="议题",
    )
    matter = models.ForeignKey(
        Matter, models.PROTECT, related_name="measures", verbose_name="事项"
    )
    content = models.CharField("措施", max_length=200)
    lead_unit = models.ForeignKey(
        MemberUnit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="measures",
        verbose_name="主办单位",
    )
    lead_organization = models.ForeignKey(
        PartyOrganization,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="measures",
        verbose_name="主办党组织",
    )
    due_on = models.DateField("期限")
    state = models.CharField("状态", max_length=6, choices=State, default=State.OPEN)
    decided_on = models.DateField("议定日期")
    done_on = models.DateField("完成日期", null=True, blank=True)
    result = models.CharField("完成情况", max_length=300, blank=True)

    VISIBILITY = {
        INTERNAL: "id issue matter content lead_unit lead_organization due_on state"
        " decided_on done_on result",
    }

    objects = MeasureQuerySet.as_manager()

    class Meta:
        verbose_name = "措施"
        constraints = [
            models.CheckConstraint(
                condition=Q(lead_unit=None) ^ Q(lead_organization=None),
                name="measure_has_one_lead",
            ),
            models.CheckConstraint(
                condition=Q(state="done") ^ Q(done_on=None),
                name="measure_done_has_its_day",
            ),
            models.CheckConstraint(
                condition=Q(due_on__gte=F("decided_on")),
                name="measure_due_after_it_was_decided",
            ),
        ]
        triggers = [MEASURE_ENDS_ONCE]

    def __str__(self):
        return self.content

    @property
    def lead(self):
        return self.lead_unit or self.lead_organization

    def get_absolute_url(self):
        page = self.issue or self.matter
        return f"{page.get_absolute_url()}#measure-{self.pk}"

    def light(self, today):
        """Its light; None once it is done."""
        if self.state == self.State.DONE:
            return None
        return light(self.decided_on, self.due_on, today)


@tracked()
class Deliberation(models.Model):
    """What a level said of an issue, kept for good."""

    issue = models.ForeignKey(Issue, models.PROTECT, related_name="deliberations")
    level = models.PositiveSmallIntegerField("层级", choices=Level)
    body = models.ForeignKey(DeliberationBody, models.PROTECT, related_name="+")
    opinion = models.TextField("意见", max_length=1000)
    held_on = models.DateField("研商日期")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="记录人",
    )

    VISIBILITY = {INTERNAL: "id issue level body opinion held_on by"}

    objects = OfIssueQuerySet.as_manager()

    class Meta:
        verbose_name = "研商记录"
        ordering = ["held_on", "pk"]

    def __str__(self):
        return f"{self.body} {self.held_on}"
