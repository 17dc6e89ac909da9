"""Matters, issues and measures: from what several ask to what changed for them."""

from django.conf import settings
from django.db import models
from django.db.models import Count, F, Prefetch, Q
from django.urls import reverse

from accounts.rights import BY_UNIT, Right, posts_with
from grids.models import Building, Grid
from party.models import MemberUnit, PartyOrganization
from tianshan.audit.classes import INTERNAL, OPEN, SEALED
from tianshan.audit.history import tracked
from tianshan.pinyin import search_text
from tianshan.workdays.lights import light, worst
from visits.models import Demand


def demands_right(having):
    """The right over demands that goes with a right over issues."""
    return Right.SEE_DEMANDS if having == Right.SEE_ISSUES else having


class Level(models.IntegerChoices):
    """The three levels of deliberation (三级议事, the seed page)."""

    BRANCH = 1, "临时党支部会议"
    COMMITTEE = 2, "楼宇党委例会"
    CONFERENCE = 3, "网格党建联席会"


class DeliberationBodyQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Those one speaks for, and those that own an issue one sees."""
        owners = Issue.objects.visible_to(user).values("body")
        return self.spoken_for_by(user, Right.SEE_ISSUES) | self.filter(pk__in=owners)

    def spoken_for_by(self, user, right):
        """Bodies of the grids governed, and of one's organisations, by a post with it."""
        return self.filter(
            Q(grid__in=Grid.objects.governed_by(user, right))
            | Q(organization__in=PartyOrganization.objects.served_by(user, right))
        )

    def chaired_by(self, user, right):
        """Bodies that decide through the user: narrower than those spoken for.

        Over a grid one chairs its conference and the committees that no organisation
        has (a market's governance committee); the others have their own secretary.
        """
        own = Q(organization__in=PartyOrganization.objects.served_by(user, right))
        of_grid = Q(level=Level.CONFERENCE) | Q(organization=None)
        governed = Grid.objects.governed_by(user, right)
        return self.filter(own | (of_grid & Q(grid__in=governed)))


@tracked()
class DeliberationBody(models.Model):
    """Who meets: a branch, a building or market committee, the grid's conference."""

    level = models.PositiveSmallIntegerField("层级", choices=Level)
    name = models.CharField("名称", max_length=80, unique=True)
    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="bodies", verbose_name="网格"
    )
    organization = models.ForeignKey(
        PartyOrganization,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="bodies",
        verbose_name="党组织",
    )
    buildings = models.ManyToManyField(
        Building, blank=True, related_name="bodies", verbose_name="管到哪些楼宇"
    )

    VISIBILITY = {OPEN: "id level name grid organization buildings"}

    objects = DeliberationBodyQuerySet.as_manager()

    class Meta:
        verbose_name = "议事主体"
        ordering = ["level", "pk"]

    def __str__(self):
        return self.name


class IssueQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_ISSUES):
        """By grid; by one's body; by a measure of one's unit; by a demand one sees."""
        bodies = DeliberationBody.objects.spoken_for_by(user, having)
        seen = Q(grid__in=Grid.objects.governed_by(user, having)) | Q(body__in=bodies)
        links = MatterDemand.objects.in_force().filter(
            demand__in=Demand.objects.visible_to(user, demands_right(having))
        )
        seen |= Q(pk__in=Matter.objects.filter(links__in=links).values("issue"))
        posts = posts_with(user, having, among=BY_UNIT)
        if posts:
            measures = Measure.objects.filter(lead_unit__officers__post__in=posts)
            seen |= Q(pk__in=measures.values("issue"))
        return self.filter(seen)

    def decided_by(self, user):
        """Issues whose body the user chairs, with the right of their level.

        Seeing is not enough: a sibling body's issue may hold a demand of one's own
        merchant, and is still decided by the sibling.
        """
        own = Q(pk__in=[])
        for level, right in Issue.DECIDES.items():
            bodies = DeliberationBody.objects.chaired_by(user, right)
            own |= Q(level=level, body__in=bodies)
        return self.filter(own)

    def open(self):
        return self.exclude(state=Issue.State.CLOSED)

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
            .order_by("-raised_on", "-pk")
        )


@tracked(exclude=["search"])
class Issue(models.Model):
    """One or more matters, gathered for deliberation; one body owns it at any time."""

    class State(models.TextChoices):
        PROPOSED = "proposed", "待研商"
        DECIDED = "decided", "已定措施"
        IN_PROGRESS = "in_progress", "办理中"
        FEEDBACK = "feedback", "待回告"
        CLOSED = "closed", "已办结"

    # The right that decides at each level, and the states each step starts from.
    DECIDES = {
        Level.BRANCH: Right.DECIDE_IN_BRANCH,
        Level.COMMITTEE: Right.DECIDE_IN_COMMITTEE,
        Level.CONFERENCE: Right.DECIDE_IN_CONFERENCE,
    }
    STEPS = {
        "decide": {State.PROPOSED},
        "add_matter": {State.PROPOSED},
        "add_measure": {State.DECIDED, State.IN_PROGRESS},
        "finish_measure": {State.DECIDED, State.IN_PROGRESS},
        "end_matter": {State.DECIDED, State.IN_PROGRESS},
        "close": {State.FEEDBACK},
        "reopen": {State.CLOSED},
    }

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
                condition=Q(state="closed") ^ Q(closed_on=None),
                name="issue_closed_has_its_day",
            )
        ]

    def __str__(self):
        return self.title

    def save(self, *args, update_fields=None, **kwargs):
        if update_fields is None:
            self.search = search_text(self.title, self.brand)
        super().save(*args, update_fields=update_fields, **kwargs)

    def get_absolute_url(self):
        return reverse("issues:issue_detail", args=[self.pk])

    @property
    def open_steps(self):
        return {step for step, states in self.STEPS.items() if self.state in states}

    def light(self, today):
        """The worst of its open measures' lights; needs `for_list`'s prefetch."""
        return worst(measure.light(today) for measure in self.measures_open)

    def may_be_decided_by(self, user):
        """The one question of right for every step that its body takes."""
        return Issue.objects.decided_by(user).filter(pk=self.pk).exists()


class MatterQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_ISSUES):
        """By grid; or with an issue, or a demand, that one sees."""
        links = MatterDemand.objects.in_force().filter(
            demand__in=Demand.objects.visible_to(user, demands_right(having))
        )
        return self.filter(
            Q(issue__in=Issue.objects.visible_to(user, having))
            | Q(grid__in=Grid.objects.governed_by(user, having))
            | Q(pk__in=links.values("matter"))
        )

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

    def common(self):
        """共性诉求: three or more distinct askers ask for the same."""
        return self.with_askers().filter(askers__gte=Matter.COMMON_FROM)

    def for_list(self):
        """Everything one row of the matter ledger shows."""
        return (
            self.select_related("issue", "grid", "building")
            .with_askers()
            .order_by("-raised_on", "-pk")
        )


@tracked(exclude=["search"])
class Matter(models.Model):
    """Demands that ask for the same: own measures, own ending, before > after."""

    class State(models.TextChoices):
        OPEN = "open", "办理中"
        ENDED = "ended", "已办结"

    class Ending(models.TextChoices):
        SOLVED = "solved", "已解决"
        PARTLY = "partly", "部分解决"
        EXPLAINED = "explained", "已解释未能解决"
        PASSED_UP = "passed_up", "非本级事权已上报"
        ENFORCEMENT = "enforcement", "执法事项已移交"

    STEPS = {"join": {State.OPEN}, "end": {State.OPEN}}
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
    benefited = models.PositiveIntegerField("受益户数", null=True, blank=True)
    ended_on = models.DateField("办结日期", null=True, blank=True)
    search = models.TextField(editable=False)

    VISIBILITY = {
        OPEN: "id title state issue grid building ending before after benefited",
        INTERNAL: "raised_on ended_on",
        SEALED: "search",
    }

    objects = MatterQuerySet.as_manager()

    class Meta:
        verbose_name = "事项"
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(state="open", ending="", ended_on=None)
                    | (~Q(state="open") & ~Q(ending="") & ~Q(ended_on=None))
                ),
                name="matter_ended_whole",
            ),
            models.CheckConstraint(
                condition=~Q(ending__in=["solved", "partly"])
                | (~Q(before="") & ~Q(after="")),
                name="solved_says_before_and_after",
            ),
        ]

    def __str__(self):
        return self.title

    def save(self, *args, update_fields=None, **kwargs):
        if update_fields is None:
            self.search = search_text(self.title)
        super().save(*args, update_fields=update_fields, **kwargs)

    def get_absolute_url(self):
        return reverse("issues:matter_detail", args=[self.pk])

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


@tracked()
class MatterDemand(models.Model):
    """A demand in a matter; leaving keeps the row, so joining can be undone."""

    matter = models.ForeignKey(Matter, models.PROTECT, related_name="links")
    demand = models.ForeignKey(Demand, models.PROTECT, related_name="links")
    joined_at = models.DateTimeField("并入时间")
    left_at = models.DateTimeField("移出时间", null=True, blank=True)

    VISIBILITY = {INTERNAL: "id matter demand joined_at left_at"}

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


class MeasureQuerySet(OfIssueQuerySet):
    def on_the_list_of(self, user):
        """What one works through: an officer's units' own, for others all in sight."""
        seen = self.visible_to(user)
        posts = posts_with(user, Right.SEE_ISSUES)
        if posts and all(post.role in BY_UNIT for post in posts):
            mine = self.model.objects.filter(lead_unit__officers__post__in=posts)
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

    def for_list(self):
        """Everything one row of the measure ledger shows."""
        return self.select_related(
            "issue", "matter", "lead_unit", "lead_organization"
        ).order_by("due_on", "pk")


@tracked()
class Measure(models.Model):
    """What was decided to be done: by whom in the lead, until when (措施)."""

    class State(models.TextChoices):
        OPEN = "open", "办理中"
        DONE = "done", "已完成"

    issue = models.ForeignKey(
        Issue, models.PROTECT, related_name="measures", verbose_name="议题"
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

    def __str__(self):
        return self.content

    @property
    def lead(self):
        return self.lead_unit or self.lead_organization

    def get_absolute_url(self):
        return f"{self.issue.get_absolute_url()}#measure-{self.pk}"

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
