"""Help cases (帮办): what is open to the coordinator, and what is sealed for the helper."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, ExpressionWrapper, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from accounts.rights import Right, may, posts_with, roles_with
from cases import sealing
from grids.models import Grid, Neighborhood, Post, reach
from tianshan.audit.classes import INTERNAL, PERSONAL, SEALED
from tianshan.audit.history import tracked
from tianshan.audit.models import Reading

HELPERS = roles_with(Right.HANDLE_CASES)
# Days before a certificate runs out on which its case moves up in the list.
SOON = (30, 60, 90)


def around(user, right):
    """The neighbourhoods of the grids over which the user's posts carry the right."""
    grids = reach(posts_with(user, right))
    return Neighborhood.objects.filter(grids__in=grids).values("pk")


class OfTheRoomQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The catalogue, for whoever works with it."""
        inside = may(user, Right.ASSIGN_CASES) or may(user, Right.HANDLE_CASES)
        return self if inside else self.none()

    def active(self):
        return self.filter(active=True)


@tracked()
class HelpItem(models.Model):
    """What one can be helped with (帮办事项), as the catalogue has it."""

    name = models.CharField("事项", max_length=40, unique=True)
    # One a line as they are read aloud, and as they are laid ready.
    steps = ArrayField(models.CharField(max_length=120), verbose_name="步骤")
    papers = ArrayField(
        models.CharField(max_length=60), blank=True, default=list, verbose_name="材料"
    )
    valid_years = models.PositiveSmallIntegerField(
        "证件有效期（年）",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(30)],
        help_text="办下来的证件管几年；没有期限的不填",
    )
    keep_days = models.PositiveSmallIntegerField(
        "办结后保留（天）",
        default=180,
        validators=[MinValueValidator(1), MaxValueValidator(1095)],
        help_text="过了就擦除姓名、电话、住址和备注，只留统计",
    )
    active = models.BooleanField("启用", default=True)

    VISIBILITY = {INTERNAL: "id name steps papers valid_years keep_days active"}

    objects = OfTheRoomQuerySet.as_manager()

    class Meta:
        verbose_name = "帮办事项"
        ordering = ["-active", "name"]

    def __str__(self):
        return self.name


@tracked()
class ConsentItem(models.Model):
    """One thing to agree to, and the words that are read aloud for it.

    Words that were once read never change: other words are another row.
    """

    class Needed(models.TextChoices):
        ALWAYS = "always", "必须同意"
        IF_PRESSED = "if_pressed", "帮办员代按时必须"
        OPTIONAL = "optional", "可以不同意"

    label = models.CharField("同意什么", max_length=40)
    script = models.CharField("照着念的话", max_length=300)
    needed = models.CharField("要求", max_length=10, choices=Needed)
    position = models.PositiveSmallIntegerField("次序")
    active = models.BooleanField("启用", default=True)

    VISIBILITY = {INTERNAL: "id label script needed position active"}

    objects = OfTheRoomQuerySet.as_manager()

    class Meta:
        verbose_name = "征询同意的话"
        ordering = ["position", "pk"]

    def __str__(self):
        return self.label


class Place(models.TextChoices):
    STAND = "stand", "摊位"
    COUNTER = "counter", "窗口"
    HOME = "home", "家里"


class HelpCaseQuerySet(models.QuerySet):
    def visible_to(self, user, at=None):
        """Rows without content: the coordinator's all, and those one may open."""
        return self.filter(
            Q(pk__in=self.assignable_by(user).values("pk"))
            | Q(pk__in=self.readable_by(user, at).values("pk"))
        )

    def assignable_by(self, user):
        """Those that the user gives to helpers."""
        return self.filter(neighborhood__in=around(user, Right.ASSIGN_CASES))

    def readable_by(self, user, at=None):
        """Those whose content the user may read: as their helper in post, or for a
        time in his stead."""
        instead = StandIn.objects.in_force(at).filter(user=user.pk).values("case")
        return self.filter(
            Q(helper=user.pk) | Q(pk__in=instead),
            neighborhood__in=around(user, Right.HANDLE_CASES),
            erased_at=None,
        )

    def open(self):
        return self.filter(state__in=HelpCase.OPEN)

    def closed(self):
        return self.filter(state__in=HelpCase.CLOSED)

    def helped(self, day=None):
        """Whose helper is in post there; the others went back to the coordinator by
        themselves on the day on which the post ended."""
        there = Grid.objects.filter(
            neighborhoods=OuterRef(OuterRef("neighborhood")),
            path__startswith=OuterRef("grid__path"),
        )
        in_post = Post.objects.in_force(day).filter(
            Exists(there), user=OuterRef("helper"), role__in=HELPERS
        )
        return self.filter(Exists(in_post))

    def waiting(self, day=None):
        """Open without a helper in post: to be assigned, or assigned anew."""
        return self.open().exclude(pk__in=HelpCase.objects.helped(day).values("pk"))

    def to_erase(self, today):
        """Closed for longer than its item is kept."""
        kept = ExpressionWrapper(
            F("closed_on") + F("item__keep_days"), models.DateField()
        )
        closed = self.closed().filter(erased_at=None)
        return closed.alias(kept_until=kept).filter(kept_until__lt=today)

    def for_list(self):
        return self.select_related("item", "neighborhood", "helper").order_by(
            F("expires_on").asc(nulls_last=True), "pk"
        )


@tracked()
class HelpCase(models.Model):
    """One person helped with one thing. Nothing in this row tells who it is."""

    class State(models.TextChoices):
        WAITING = "waiting", "待分派"
        ASSIGNED = "assigned", "已分派"
        WORKING = "working", "办理中"
        FINISHED = "finished", "已办结"
        ENDED = "ended", "没有办成"

    class Result(models.TextChoices):
        APPROVED = "approved", "当场通过"
        SUBMITTED = "submitted", "已提交，等审核"
        RETURNED = "returned", "退回，要补材料"

    class Pressed(models.TextChoices):
        SELF = "self", "本人按的"
        HELPER = "helper", "帮办员代按，本人在旁边"

    class Ended(models.TextChoices):
        NO_CONSENT = "no_consent", "本人不同意"
        CHANGED_MIND = "changed_mind", "本人不办了"
        ELSEWHERE = "elsewhere", "已在别处办好"
        NOT_FOUND = "not_found", "多次联系不上"
        NOT_POSSIBLE = "not_possible", "条件不符，办不了"

    class Erased(models.TextChoices):
        KEPT_LONG_ENOUGH = "kept", "过了保留期"
        ASKED = "asked", "本人要求擦除"

    OPEN = (State.WAITING, State.ASSIGNED, State.WORKING)
    CLOSED = (State.FINISHED, State.ENDED)
    # The states from which each step starts.
    STEPS = {
        "assign": {State.WAITING, State.ASSIGNED, State.WORKING},
        "let_stand_in": {State.ASSIGNED, State.WORKING},
        "edit": {State.ASSIGNED, State.WORKING},
        "start": {State.ASSIGNED},
        "ask_consent": {State.WORKING},
        "read_steps": {State.WORKING},
        "finish": {State.WORKING},
        "end": {State.WAITING, State.ASSIGNED, State.WORKING},
        "erase": {State.FINISHED, State.ENDED},
    }

    item = models.ForeignKey(
        HelpItem, models.PROTECT, related_name="cases", verbose_name="事项"
    )
    place = models.CharField("在哪里办", max_length=10, choices=Place)
    neighborhood = models.ForeignKey(
        Neighborhood, models.PROTECT, related_name="+", verbose_name="居民区"
    )
    state = models.CharField(
        "状态", max_length=10, choices=State, default=State.WAITING
    )
    expires_on = models.DateField("证件到期", null=True, blank=True)
    registered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="登记人",
    )
    registered_at = models.DateTimeField("登记时间")
    helper = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="help_cases",
        verbose_name="帮办员",
    )
    assigned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="分派人",
    )
    assigned_at = models.DateTimeField("分派时间", null=True)
    began_at = models.DateTimeField("开始", null=True)
    ended_at = models.DateTimeField("结束", null=True)
    pressed_by = models.CharField(
        "谁按的提交", max_length=10, choices=Pressed, blank=True
    )
    result = models.CharField("结果", max_length=10, choices=Result, blank=True)
    read_back_at = models.DateTimeField("结果读给本人听", null=True)
    read_back_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="谁读的",
    )
    ended_why = models.CharField(
        "为什么没办成", max_length=15, choices=Ended, blank=True
    )
    closed_on = models.DateField("办结日期", null=True)
    erased_at = models.DateTimeField("擦除时间", null=True)
    erased_why = models.CharField("擦除原因", max_length=10, choices=Erased, blank=True)

    VISIBILITY = {
        INTERNAL: "id item place neighborhood state expires_on registered_by registered_at"
        " helper assigned_by assigned_at began_at ended_at pressed_by result"
        " read_back_at read_back_by ended_why closed_on erased_at erased_why",
    }

    objects = HelpCaseQuerySet.as_manager()

    class Meta:
        verbose_name = "帮办"
        indexes = [
            models.Index(fields=["state", "expires_on"]),
            models.Index(fields=["helper", "state"]),
            models.Index(fields=["closed_on"]),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="waiting", helper=None)
                | Q(state="ended")
                | Q(
                    state__in=["assigned", "working", "finished"], helper__isnull=False
                ),
                name="case_has_a_helper_once_assigned",
            ),
            # Nothing is finished that was not read back.
            models.CheckConstraint(
                condition=Q(
                    state="finished",
                    began_at__isnull=False,
                    ended_at__isnull=False,
                    read_back_at__isnull=False,
                    read_back_by__isnull=False,
                )
                & ~Q(pressed_by="")
                & ~Q(result="")
                | ~Q(state="finished") & Q(read_back_at=None, result=""),
                name="case_finished_is_read_back",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gt=F("began_at")),
                name="case_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(state="ended") ^ Q(ended_why=""),
                name="case_ended_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["finished", "ended"]) ^ Q(closed_on=None),
                name="case_closed_on_a_day",
            ),
            models.CheckConstraint(
                condition=Q(erased_at=None, erased_why="")
                | Q(state__in=["finished", "ended"], erased_at__isnull=False)
                & ~Q(erased_why=""),
                name="case_erased_when_closed",
            ),
        ]

    def __str__(self):
        return self.number

    def get_absolute_url(self):
        return reverse("cases:case_detail", args=[self.pk])

    @property
    def number(self):
        """What everybody calls it by: it tells nothing of the person."""
        return f"帮办 {self.pk:05}"

    @property
    def open_steps(self):
        if self.erased_at:
            return set()
        return {step for step, states in self.STEPS.items() if self.state in states}

    @property
    def minutes(self):
        if self.ended_at is None:
            return None
        return round((self.ended_at - self.began_at).total_seconds() / 60)

    def readings(self):
        """Who read what of it when, and what for; newest first."""
        return (
            Reading.objects.filter(
                subject=Identity._meta.label_lower, subject_id=self.identity.pk
            )
            .select_related("by")
            .order_by("-at", "-pk")
        )


class OfACaseQuerySet(models.QuerySet):
    def visible_to(self, user, at=None):
        return self.filter(case__in=HelpCase.objects.readable_by(user, at))


# The wrapped key and the hash are in no history: once gone, they are gone.
@tracked(exclude=["data_key", "sealed_with", "phone_hash"])
class Identity(models.Model):
    """Who is helped, sealed: opened by `opened()` alone (`cases.sealing`)."""

    FIELDS = ("name", "phone", "address", "birth_year", "note")

    case = models.OneToOneField(
        HelpCase, models.PROTECT, related_name="identity", verbose_name="帮办"
    )
    data_key = models.BinaryField(null=True, editable=False)
    sealed_with = models.CharField(max_length=8, blank=True, editable=False)
    phone_hash = models.BinaryField(null=True, editable=False, db_index=True)
    name = models.BinaryField("称呼", default=bytes)
    phone = models.BinaryField("电话", default=bytes)
    address = models.BinaryField("住址", default=bytes)
    birth_year = models.BinaryField("出生年", default=bytes)
    note = models.BinaryField("备注", default=bytes)

    VISIBILITY = {
        INTERNAL: "id case",
        PERSONAL: "name phone address birth_year note",
        SEALED: "data_key sealed_with phone_hash",
    }

    objects = OfACaseQuerySet.as_manager()

    class Meta:
        verbose_name = "帮办对象"
        constraints = [
            models.CheckConstraint(
                condition=Q(data_key__isnull=False) & ~Q(sealed_with="")
                | Q(data_key=None, sealed_with="", phone_hash=None)
                & Q(name=b"", phone=b"", address=b"", birth_year=b"", note=b""),
                name="identity_without_its_key_is_empty",
            )
        ]

    def __str__(self):
        return f"帮办对象 {self.case_id:05}"

    def put(self, facts):
        """Seal `{field: text}` into the row, which is not saved yet."""
        if self.data_key is None:
            own_key = sealing.make_key()
            self.data_key, self.sealed_with = sealing.wrap(self.case_id, own_key)
        else:
            own_key = self._own_key()
        for field, text in facts.items():
            setattr(self, field, sealing.seal(own_key, self.case_id, field, text))
        if "phone" in facts:
            self.phone_hash = sealing.phone_hash(facts["phone"])

    def opened(self):
        """`{field: text}`; KeyProblem when the keys at hand do not open it."""
        own_key = self._own_key()
        return {
            field: sealing.unseal(own_key, self.case_id, field, getattr(self, field))
            for field in self.FIELDS
        }

    def wrap_anew(self):
        """Under the newest key, and the phone found by today's; not saved yet."""
        own_key = self._own_key()
        phone = sealing.unseal(own_key, self.case_id, "phone", self.phone)
        self.data_key, self.sealed_with = sealing.wrap(self.case_id, own_key)
        self.phone_hash = sealing.phone_hash(phone)

    def _own_key(self):
        return sealing.unwrap(self.case_id, self.data_key, self.sealed_with)


@tracked()
class Consent(models.Model):
    """What the person answered to one thing read aloud. The last answer holds."""

    class Answer(models.TextChoices):
        YES = "yes", "同意"
        NO = "no", "不同意"

    case = models.ForeignKey(
        HelpCase, models.PROTECT, related_name="consents", verbose_name="帮办"
    )
    item = models.ForeignKey(
        ConsentItem, models.PROTECT, related_name="+", verbose_name="同意什么"
    )
    answer = models.CharField("答复", max_length=5, choices=Answer)
    read_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="谁念的",
    )
    at = models.DateTimeField("时间")

    VISIBILITY = {INTERNAL: "id case item answer read_by at"}

    objects = OfACaseQuerySet.as_manager()

    class Meta:
        verbose_name = "口头同意"
        ordering = ["at", "pk"]

    def __str__(self):
        return f"{self.item}：{self.get_answer_display()}"


@tracked()
class StepRead(models.Model):
    """One step of the item, read aloud on the way, or not needed this time."""

    class Outcome(models.TextChoices):
        READ = "read", "读了，一起做了"
        SKIPPED = "skipped", "这次不用"

    case = models.ForeignKey(
        HelpCase, models.PROTECT, related_name="steps_read", verbose_name="帮办"
    )
    # The words as they were then: the catalogue may change.
    step = models.CharField("步骤", max_length=120)
    outcome = models.CharField("怎么样", max_length=10, choices=Outcome)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="谁读的",
    )
    at = models.DateTimeField("时间")

    VISIBILITY = {INTERNAL: "id case step outcome by at"}

    objects = OfACaseQuerySet.as_manager()

    class Meta:
        verbose_name = "读过的步骤"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["case", "step"], name="step_read_once")
        ]

    def __str__(self):
        return self.step


class StandInQuerySet(models.QuerySet):
    def visible_to(self, user, at=None):
        return self.filter(case__in=HelpCase.objects.visible_to(user, at))

    def in_force(self, at=None):
        at = at or timezone.now()
        return self.filter(since__lte=at, until__gt=at, ended_at=None)


@tracked()
class StandIn(models.Model):
    """Another helper may open a case for some hours; it stays its helper's."""

    class Why(models.TextChoices):
        AWAY = "away", "帮办员请假"
        BUSY = "busy", "帮办员赶不到"
        TWO_NEEDED = "two", "上门要两个人"

    MOST_HOURS = 8

    case = models.ForeignKey(
        HelpCase, models.PROTECT, related_name="stand_ins", verbose_name="帮办"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="stand_ins",
        verbose_name="由谁代",
    )
    why = models.CharField("原因", max_length=10, choices=Why)
    since = models.DateTimeField("起")
    until = models.DateTimeField("止")
    ended_at = models.DateTimeField("提前收回", null=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="谁定的",
    )

    VISIBILITY = {INTERNAL: "id case user why since until ended_at by"}

    objects = StandInQuerySet.as_manager()

    class Meta:
        verbose_name = "代办"
        ordering = ["-since", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(until__gt=F("since")), name="stand_in_ends_after_it_begins"
            )
        ]

    def __str__(self):
        return f"{self.case} {self.get_why_display()}"


class TallyQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The coordinator's all, and one's own."""
        return self.filter(
            Q(neighborhood__in=around(user, Right.ASSIGN_CASES)) | Q(by=user.pk)
        )


@tracked()
class Tally(models.Model):
    """How many were shown something at a stand or counter on a day: nobody is named."""

    item = models.ForeignKey(
        HelpItem, models.PROTECT, related_name="+", verbose_name="事项"
    )
    place = models.CharField(
        "在哪里", max_length=10, choices=Place.choices[:2], default=Place.STAND
    )
    neighborhood = models.ForeignKey(
        Neighborhood, models.PROTECT, related_name="+", verbose_name="居民区"
    )
    on = models.DateField("日期")
    people = models.PositiveSmallIntegerField(
        "人次", validators=[MinValueValidator(1), MaxValueValidator(500)]
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="谁记的",
    )
    at = models.DateTimeField("记录时间")

    VISIBILITY = {INTERNAL: "id item place neighborhood on people by at"}

    objects = TallyQuerySet.as_manager()

    class Meta:
        verbose_name = "摊位计数"
        ordering = ["-on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(people__gte=1), name="tally_counts_somebody"
            )
        ]

    def __str__(self):
        return f"{self.on:%Y-%m-%d} {self.item} {self.people} 人次"
