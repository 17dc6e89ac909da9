"""Parts of a measure (责任联担): who has which, until when, and how it went on."""

import datetime as dt

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse

from accounts.rights import BY_ORGANIZATION, BY_UNIT, Right, posts_with
from grids.models import Grid, Post
from issues.models.chain import Measure
from issues.models.step import Supervision
from party.models import (
    MemberUnit,
    OrganizationOfficer,
    PartyOrganization,
    UnitOfficer,
)
from tianshan.audit.classes import INTERNAL, SEALED
from tianshan.audit.history import tracked
from tianshan.workdays.lights import RED, Light, light

NOT_RUNNING = "none"  # the lamp of what is paused


class State(models.TextChoices):
    WAITING = "waiting", "待确认"
    STUDYING = "studying", "带回研究"
    CONFIRMED = "confirmed", "已确认"
    REFUSED = "refused", "已退回"
    DONE = "done", "已完成"
    EXCUSED = "excused", "会议定免办"


class PartStep(models.TextChoices):
    ASSIGN = "assign", "分工"
    CONFIRM = "confirm", "确认"
    REFUSE = "refuse", "退回"
    STUDY = "study", "带回研究"
    REASSIGN = "reassign", "改派"
    REPORT = "report", "报进展"
    ASK_EXTENSION = "ask_extension", "申请延期"
    GRANT_EXTENSION = "grant_extension", "同意延期"
    DENY_EXTENSION = "deny_extension", "不同意延期"
    PAUSE = "pause", "暂停计时"
    RESUME = "resume", "提前恢复计时"
    FINISH = "finish", "完成"
    EXCUSE = "excuse", "会议定免办"


_S = State
UNANSWERED = (_S.WAITING, _S.STUDYING)
OPEN = (*UNANSWERED, _S.CONFIRMED, _S.REFUSED)

# From which states each step goes, and to which; None: the state stays. Who takes it
# stands in `issues.parts`. The database asks the same table.
STEPS = {
    PartStep.ASSIGN: (("",), _S.WAITING),
    PartStep.CONFIRM: (UNANSWERED, _S.CONFIRMED),
    PartStep.REFUSE: (UNANSWERED, _S.REFUSED),
    PartStep.STUDY: ((_S.WAITING,), _S.STUDYING),
    PartStep.REASSIGN: ((_S.REFUSED,), _S.WAITING),
    PartStep.REPORT: ((_S.CONFIRMED,), None),
    PartStep.ASK_EXTENSION: ((_S.CONFIRMED,), None),
    PartStep.GRANT_EXTENSION: ((_S.CONFIRMED,), None),
    PartStep.DENY_EXTENSION: ((_S.CONFIRMED,), None),
    PartStep.PAUSE: ((_S.CONFIRMED,), None),
    PartStep.RESUME: ((_S.CONFIRMED,), None),
    PartStep.FINISH: ((*UNANSWERED, _S.CONFIRMED), _S.DONE),
    PartStep.EXCUSE: (OPEN, _S.EXCUSED),
}


def _line(step):
    states, to = STEPS[step]
    listed = ", ".join(f"'{state}'" for state in states)
    after = f"'{to}'" if to else "NEW.from_state"
    return (
        f"(NEW.step = '{step}' AND NEW.from_state IN ({listed})"
        f" AND NEW.to_state = {after})"
    )


# A step starts where the part is, and is one of the table.
PART_STEP_IS_ALLOWED = pgtrigger.Trigger(
    name="part_step_is_allowed",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert,
    declare=[("now", "VARCHAR")],
    func=f"""
        SELECT state INTO now FROM issues_measurepart
            WHERE id = NEW.part_id FOR UPDATE;
        IF NEW.step = '{PartStep.ASSIGN}' THEN
            IF EXISTS (SELECT FROM issues_partact WHERE part_id = NEW.part_id) THEN
                RAISE EXCEPTION 'part %: assigned already', NEW.part_id
                    USING ERRCODE = 'check_violation';
            END IF;
        ELSIF NEW.from_state IS DISTINCT FROM now THEN
            RAISE EXCEPTION 'part %: the step starts elsewhere', NEW.part_id
                USING ERRCODE = 'check_violation';
        END IF;
        IF NOT ({" OR ".join(_line(step) for step in STEPS)}) THEN
            RAISE EXCEPTION 'part %: no step % from % to %', NEW.part_id,
                NEW.step, NEW.from_state, NEW.to_state
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    """,  # noqa: S608
)

# The state of a part is where its last step led.
PART_MOVES_BY_STEPS = pgtrigger.Trigger(
    name="part_moves_by_steps",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert | pgtrigger.Update,
    declare=[("last", "issues_partact%ROWTYPE")],
    func=f"""
        IF TG_OP = 'INSERT' THEN
            IF NEW.state <> '{State.WAITING}' THEN
                RAISE EXCEPTION 'a part begins as waiting'
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END IF;
        IF NEW.state = OLD.state AND (NEW.unit_id, NEW.organization_id)
           IS NOT DISTINCT FROM (OLD.unit_id, OLD.organization_id) THEN
            RETURN NEW;
        END IF;
        SELECT * INTO last FROM issues_partact WHERE part_id = NEW.id
            ORDER BY id DESC LIMIT 1;
        IF (last.from_state, last.to_state)
           IS DISTINCT FROM (OLD.state, NEW.state) THEN
            RAISE EXCEPTION 'part %: no step leads from % to %', NEW.id,
                OLD.state, NEW.state USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    """,  # noqa: S608
)


class PartQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_ISSUES):
        """With their measure: a late partner is seen by all partners."""
        return self.filter(measure__in=Measure.objects.visible_to(user, having))

    def held_by(self, user):
        """Those of the units and organisations for which the user speaks."""
        posts = posts_with(user, Right.DO_PARTS, among=BY_UNIT)
        own = PartyOrganization.objects.served_by(user, Right.DO_PARTS)
        return self.filter(
            Q(pk__in=MeasurePart.objects.filter(unit__officers__post__in=posts))
            | Q(organization__in=own)
        )

    def acted_for_by(self, user):
        """Those for whose holders the user may act: the clerk's, of his grids."""
        grids = Grid.objects.governed_by(user, Right.ACT_ON_BEHALF)
        return self.filter(measure__matter__grid__in=grids)

    def without_account(self):
        """Those for whose holders nobody can sign in: their clerk acts for them."""
        posts = Post.objects.in_force().filter(user__is_active=True)
        units = UnitOfficer.objects.filter(post__in=posts)
        officers = OrganizationOfficer.objects.filter(
            post__in=posts.filter(role__in=BY_ORGANIZATION)
        )
        return self.exclude(unit__in=units.values("unit")).exclude(
            organization__in=officers.values("organization")
        )

    def owned_by(self, bodies):
        """Those of matters that these bodies have, in an issue or directly."""
        return self.filter(
            Q(measure__matter__issue__body__in=bodies)
            | Q(measure__matter__body__in=bodies)
        )

    def on_the_list_of(self, user):
        """What one works through: an officer's units' own, for others all in sight."""
        seen = self.visible_to(user)
        posts = posts_with(user, Right.SEE_ISSUES)
        if posts and all(post.role in BY_UNIT for post in posts):
            seen = seen.filter(pk__in=self.model.objects.held_by(user).values("pk"))
        return seen

    def open(self):
        return self.filter(state__in=OPEN)

    def unanswered(self):
        return self.filter(state__in=UNANSWERED)

    def supporting(self):
        return self.filter(lead=False)

    def with_refusals(self):
        refused = PartAct.objects.filter(part=OuterRef("pk"), step=PartStep.REFUSE)
        times = refused.order_by().values("part").annotate(n=models.Count("pk"))
        return self.annotate(
            refusals=models.functions.Coalesce(models.Subquery(times.values("n")), 0)
        )

    def refused_twice(self):
        """Refused, for the second time or more: the next joint meeting decides."""
        return self.filter(state=State.REFUSED).with_refusals().filter(refusals__gte=2)

    def lit(self, colour, day):
        """The open ones whose light has that colour on the day; counted here, since
        open parts are few."""
        rows = self.open().prefetch_related("pauses")
        return self.filter(
            pk__in=[part.pk for part in rows if part.light(day).colour == colour]
        )

    def with_supervision(self):
        """督办: of its measure or of the whole issue, until it is answered."""
        waiting = Supervision.objects.waiting()
        return self.annotate(
            supervised=Exists(waiting.filter(measure=OuterRef("measure")))
            | Exists(waiting.filter(issue=OuterRef("measure__issue"), measure=None))
        )

    def for_list(self):
        """Everything one row of the list of parts shows; what is supervised leads."""
        return (
            self.with_supervision()
            .select_related(
                "measure__matter__issue__body",
                "measure__matter__body",
                "measure__issue",
                "unit",
                "organization",
            )
            .prefetch_related("pauses")
            .order_by("-supervised", "due_on", "pk")
        )


@tracked()
class MeasurePart(models.Model):
    """What one unit or organisation does of a measure. The lead has one too."""

    State = State

    measure = models.ForeignKey(
        Measure, models.PROTECT, related_name="parts", verbose_name="措施"
    )
    lead = models.BooleanField("主办")
    content = models.CharField("分工", max_length=200)
    unit = models.ForeignKey(
        MemberUnit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="parts",
        verbose_name="单位",
    )
    organization = models.ForeignKey(
        PartyOrganization,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="parts",
        verbose_name="党组织",
    )
    state = models.CharField(
        "状态", max_length=10, choices=State, default=State.WAITING
    )
    assigned_on = models.DateField("分工日期")
    due_on = models.DateField("期限")
    study_until = models.DateField("研究到", null=True, blank=True)
    ended_on = models.DateField("完成日期", null=True, blank=True)
    result = models.CharField("完成情况", max_length=300, blank=True)

    VISIBILITY = {
        INTERNAL: "id measure lead content unit organization state assigned_on due_on"
        " study_until ended_on result",
    }

    objects = PartQuerySet.as_manager()

    class Meta:
        verbose_name = "措施分工"
        ordering = ["-lead", "due_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(unit=None) ^ Q(organization=None),
                name="part_has_one_holder",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["done", "excused"]) ^ Q(ended_on=None),
                name="part_ended_has_its_day",
            ),
            models.CheckConstraint(
                condition=Q(state="studying") ^ Q(study_until=None),
                name="part_studied_until_a_day",
            ),
            models.CheckConstraint(
                condition=Q(due_on__gte=F("assigned_on")),
                name="part_due_after_it_was_assigned",
            ),
            models.UniqueConstraint(
                fields=["measure"],
                condition=Q(lead=True),
                name="measure_has_one_lead_part",
            ),
        ]
        triggers = [PART_MOVES_BY_STEPS]

    def __str__(self):
        return self.content

    def get_absolute_url(self):
        return reverse("issues:part_detail", args=[self.pk])

    @property
    def holder(self):
        return self.unit or self.organization

    @property
    def role(self):
        return "主办" if self.lead else "协办"

    @property
    def is_open(self):
        return self.state in OPEN

    @property
    def open_steps(self):
        return {step for step, (states, _) in STEPS.items() if self.state in states}

    def pause_on(self, day):
        """The pause that lies over the day; it ends by itself."""
        return next((one for one in self.pauses.all() if one.covers(day)), None)

    def light(self, today):
        """Its light; None once it has ended."""
        if not self.is_open:
            return None
        if pause := self.pause_on(today):
            return Light(NOT_RUNNING, f"暂停计时到 {pause.last_day:%Y-%m-%d}")
        if self.state == State.STUDYING and today > self.study_until:
            return Light(RED, f"红灯 研究到 {self.study_until:%m-%d}，没有答复")
        return light(self.assigned_on, self.due_on, today)


class OfPartQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(part__in=MeasurePart.objects.visible_to(user))


class How(models.TextChoices):
    """By which way a part was answered for its holder."""

    OWN = "own", "本单位账号"
    PHONE = "phone", "电话"
    MESSAGE = "message", "微信或短信"
    PAPER = "paper", "书面"
    MEETING = "meeting", "会上"
    LINK = "link", "专用链接"
    RULE = "rule", "按规则自动"


# What a clerk may say of how he was told.
TOLD = (How.PHONE, How.MESSAGE, How.PAPER, How.MEETING)


@tracked()
class PartAct(models.Model):
    """One step of a part: from where to where, who took it, for whom, how and why."""

    part = models.ForeignKey(MeasurePart, models.PROTECT, related_name="log")
    step = models.CharField("步骤", max_length=16, choices=PartStep)
    from_state = models.CharField("原状态", max_length=10, choices=State, blank=True)
    to_state = models.CharField("状态", max_length=10, choices=State)
    # Who has the part from now on: by its name of that day, as papers would say it.
    holder = models.CharField("由谁办", max_length=80)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="经办",
    )
    for_whom = models.CharField("代谁", max_length=80, blank=True)
    how = models.CharField("怎么办的", max_length=8, choices=How)
    at = models.DateTimeField("时间")
    words = models.CharField("说明", max_length=300, blank=True)
    until = models.DateField("到哪天", null=True, blank=True)
    # The public link by which it came, where it did.
    link = models.PositiveBigIntegerField(null=True, blank=True, editable=False)

    VISIBILITY = {
        INTERNAL: "id part step from_state to_state holder by for_whom how at words"
        " until",
        SEALED: "link",
    }

    objects = OfPartQuerySet.as_manager()

    class Meta:
        verbose_name = "分工办理记录"
        ordering = ["pk"]
        triggers = [PART_STEP_IS_ALLOWED]
        constraints = [
            models.CheckConstraint(
                condition=Q(how="link") ^ Q(link=None), name="part_step_by_its_link"
            ),
            models.CheckConstraint(
                condition=~Q(by=None) | Q(how__in=["link", "rule"]),
                name="part_step_by_somebody",
            ),
        ]

    def __str__(self):
        return f"{self.part} {self.get_step_display()}"

    @property
    def who(self):
        """`张三`, `张三（代城运中心，电话）`, `城运中心（专用链接）`."""
        if self.by is None and not self.for_whom:
            return self.get_how_display()
        if self.by is None:
            return f"{self.for_whom}（{self.get_how_display()}）"
        if not self.for_whom:
            return str(self.by)
        how = "" if self.how == How.OWN else f"，{self.get_how_display()}"
        return f"{self.by}（代{self.for_whom}{how}）"


class EvidenceQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(act__part__in=MeasurePart.objects.visible_to(user))


@tracked()
class Evidence(models.Model):
    """A photo that goes with a report, drawn anew before it was kept."""

    act = models.ForeignKey(PartAct, models.PROTECT, related_name="photos")
    # A name of our own making, below the folder of such photos.
    name = models.CharField(max_length=40, editable=False)
    width = models.PositiveIntegerField("宽")
    height = models.PositiveIntegerField("高")

    VISIBILITY = {INTERNAL: "id act width height", SEALED: "name"}

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        verbose_name = "办理佐证照片"
        ordering = ["pk"]

    def __str__(self):
        return f"照片 {self.pk}"


class ExtensionQuerySet(OfPartQuerySet):
    def undecided(self):
        return self.filter(granted=None)


@tracked()
class Extension(models.Model):
    """More time that was asked for before the date, granted or not; shown for good."""

    part = models.ForeignKey(
        MeasurePart, models.PROTECT, related_name="extensions", verbose_name="分工"
    )
    asked_on = models.DateField("申请日期")
    reason = models.CharField("理由", max_length=200)
    due_before = models.DateField("原期限")
    until = models.DateField("申请延到")
    granted = models.BooleanField("同意", null=True, blank=True)
    decided_on = models.DateField("答复日期", null=True, blank=True)
    answer = models.CharField("答复", max_length=200, blank=True)

    VISIBILITY = {
        INTERNAL: "id part asked_on reason due_before until granted decided_on answer"
    }

    objects = ExtensionQuerySet.as_manager()

    class Meta:
        verbose_name = "延期"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(until__gt=F("due_before")), name="extension_is_longer"
            ),
            models.CheckConstraint(
                condition=Q(asked_on__lte=F("due_before")),
                name="extension_asked_before_the_date",
            ),
            models.CheckConstraint(
                condition=Q(granted=None, decided_on=None)
                | (~Q(granted=None) & ~Q(decided_on=None)),
                name="extension_decided_whole",
            ),
            models.UniqueConstraint(
                fields=["part"],
                condition=Q(granted=None),
                name="one_extension_asked_at_a_time",
            ),
        ]

    def __str__(self):
        return f"{self.part} 延到 {self.until:%Y-%m-%d}"


@tracked()
class Pause(models.Model):
    """Days that do not count. It ends by itself: no job has to wake it up."""

    part = models.ForeignKey(
        MeasurePart, models.PROTECT, related_name="pauses", verbose_name="分工"
    )
    since = models.DateField("从")
    until = models.DateField("到")
    reason = models.CharField("理由", max_length=200)
    due_before = models.DateField("原期限")
    # The first day that counted again, where it was resumed before its time.
    resumed_on = models.DateField("提前恢复", null=True, blank=True)

    VISIBILITY = {INTERNAL: "id part since until reason due_before resumed_on"}

    objects = OfPartQuerySet.as_manager()

    class Meta:
        verbose_name = "暂停计时"
        ordering = ["since", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(until__gte=F("since")), name="pause_ends_after_it_began"
            ),
            models.CheckConstraint(
                condition=Q(resumed_on=None)
                | Q(resumed_on__gte=F("since"), resumed_on__lte=F("until")),
                name="pause_resumed_within",
            ),
        ]

    def __str__(self):
        return f"{self.since:%Y-%m-%d} 至 {self.last_day:%Y-%m-%d}"

    @property
    def last_day(self):
        """The last day that does not count; before `since` when none was left."""
        if self.resumed_on:
            return self.resumed_on - dt.timedelta(1)
        return self.until

    def covers(self, day):
        return self.since <= day <= self.last_day
