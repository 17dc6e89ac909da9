"""Resources: who offers what, what is needed, the offers for it, and who chose which."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from accounts.rights import BY_UNIT, Right, posts_with
from enterprises.models import Business
from grids.models import Grid
from grids.models.territory import at_hand, reach
from party.models import MemberUnit, UnitOfficer, in_office
from tianshan.audit.classes import INTERNAL, OPEN, PERSONAL, SEALED
from tianshan.audit.history import tracked
from tianshan.pinyin import search_text, sort_key
from tianshan.workdays.lights import light
from visits.models import Demand


class ProviderQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_SERVICES):
        """To look at, those at hand; to keep, those of the grids governed. A unit sees
        what it is itself: no provider sees another."""
        own = Q(pk__in=self.model.objects.of_units(user))
        if having == Right.SEE_SERVICES:
            return self.filter(own | at_hand(in_office(posts_with(user, having))))
        return self.filter(own | Q(grid__in=Grid.objects.governed_by(user, having)))

    def of_units(self, user):
        """Those that one's own unit is."""
        posts = posts_with(user, Right.OFFER, among=BY_UNIT)
        units = UnitOfficer.objects.filter(post__in=posts).values("unit")
        return self.filter(unit__in=units)

    def active(self):
        return self.filter(ended_on=None)

    def for_list(self):
        return self.select_related("grid", "unit", "business").order_by("pinyin", "pk")


@tracked(exclude=["pinyin", "search"])
class Provider(models.Model):
    """Who offers skills, hours or room: a unit, a bank, a studio, a volunteer by title."""

    class Kind(models.TextChoices):
        UNIT = "unit", "成员单位"
        BANK = "bank", "银行"
        STUDIO = "studio", "工作室、机构"
        BUSINESS = "business", "企业商户"
        VOLUNTEER = "volunteer", "志愿者"

    name = models.CharField("名称", max_length=60)
    kind = models.CharField("类别", max_length=10, choices=Kind)
    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="providers", verbose_name="网格"
    )
    unit = models.ForeignKey(
        MemberUnit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="providers",
        verbose_name="成员单位",
    )
    # Its own business, so that whoever runs it stands aside (回避).
    business = models.ForeignKey(
        Business,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="providers",
        verbose_name="所属企业商户",
    )
    skills = ArrayField(models.CharField(max_length=20), verbose_name="能提供什么")
    slots = models.CharField("什么时候有空", max_length=120, blank=True)
    capacity = models.PositiveSmallIntegerField(
        "一次能服务多少人", null=True, blank=True
    )
    contact_title = models.CharField("联系人", max_length=40, blank=True)
    contact_phone = models.CharField("联系电话", max_length=20, blank=True)
    note = models.CharField("备注", max_length=200, blank=True)
    ended_on = models.DateField("不再提供", null=True, blank=True)
    ended_why = models.CharField("原因", max_length=120, blank=True)
    pinyin = models.CharField(max_length=300, editable=False)
    search = models.TextField(editable=False)

    VISIBILITY = {
        OPEN: "id name kind grid skills pinyin",
        INTERNAL: "unit business slots capacity contact_title note ended_on ended_why",
        PERSONAL: "contact_phone",
        SEALED: "search",
    }

    objects = ProviderQuerySet.as_manager()

    class Meta:
        verbose_name = "资源提供方"
        constraints = [
            models.UniqueConstraint(
                fields=["grid", "name"],
                condition=Q(ended_on=None),
                name="one_provider_of_a_name",
            ),
            models.CheckConstraint(
                condition=Q(ended_on=None) | ~Q(ended_why=""),
                name="provider_ended_for_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(skills=[]), name="provider_offers_something"
            ),
        ]

    def __str__(self):
        return self.name

    def index(self):
        """Fill the columns that sorting and searching read."""
        self.pinyin = sort_key(self.name)
        self.search = search_text(self.name, *self.skills, self.slots)

    def save(self, *args, update_fields=None, **kwargs):
        self.index()
        if update_fields is not None:
            update_fields = {*update_fields, "pinyin", "search"}
        super().save(*args, update_fields=update_fields, **kwargs)

    def get_absolute_url(self):
        return reverse("services:provider_detail", args=[self.pk])


class OwnBusinessQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(user=user)


@tracked()
class OwnBusiness(models.Model):
    """A business that somebody with an account runs: where it offers, she stands aside."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="own_businesses"
    )
    business = models.ForeignKey(
        Business, models.PROTECT, related_name="run_by", verbose_name="企业商户"
    )

    VISIBILITY = {INTERNAL: "id user business"}

    objects = OwnBusinessQuerySet.as_manager()

    class Meta:
        verbose_name = "本人经营的企业商户"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "business"], name="own_business_said_once"
            )
        ]

    def __str__(self):
        return str(self.business)


class NeedQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_SERVICES):
        """Who sees one of its askers sees the need; who keeps resources, its grid's.

        A unit that may offer sees what is open in its own grid and below, but not who
        asks.
        """
        asked = NeedAsker.objects.filter(
            need=OuterRef("pk"), business__in=Business.objects.visible_to(user, having)
        )
        seen = Q(Exists(asked)) | Q(
            grid__in=Grid.objects.governed_by(user, Right.KEEP_RESOURCES)
        )
        if having == Right.SEE_SERVICES:
            officers = posts_with(user, Right.OFFER, among=BY_UNIT)
            offered = Offer.objects.filter(provider__in=Provider.objects.of_units(user))
            seen |= Q(grid__among=reach(officers), state=Need.State.OPEN)
            seen |= Q(pk__in=offered.values("need"))
        return self.filter(seen)

    def open(self):
        return self.filter(state=Need.State.OPEN)

    def for_list(self):
        return self.select_related("grid").order_by(
            F("wanted_on").asc(nulls_last=True), "pk"
        )


@tracked(exclude=["pinyin", "search"])
class Need(models.Model):
    """What businesses or an institution want found: a teacher by a day, a loan."""

    class State(models.TextChoices):
        OPEN = "open", "在找"
        MET = "met", "已对接"
        UNMET = "unmet", "没有办成"
        WITHDRAWN = "withdrawn", "已撤回"

    STEPS = {
        "ask": {State.OPEN},
        "offer": {State.OPEN, State.MET},  # a loan may be asked for by others yet
        "choose": {State.OPEN, State.MET},
        "postpone": {State.OPEN, State.MET},
        "meet": {State.OPEN},
        "give_up": {State.OPEN, State.MET},
        "withdraw": {State.OPEN, State.MET},
        "seek_again": {State.MET, State.UNMET},
    }

    title = models.CharField("需要什么", max_length=80)
    words = models.TextField("具体情况", max_length=500, blank=True)
    skill = models.CharField("要的是哪一样", max_length=20)
    # What the askers look at when they compare: 利率, 额度, 放款要几天 … no amounts kept.
    compares = ArrayField(
        models.CharField(max_length=20), default=list, blank=True, verbose_name="比什么"
    )
    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="needs", verbose_name="网格"
    )
    people = models.PositiveSmallIntegerField("多少人", null=True, blank=True)
    wanted_on = models.DateField("哪天以前要", null=True, blank=True)
    wanted_for = models.CharField("为了什么日子", max_length=60, blank=True)
    state = models.CharField("状态", max_length=10, choices=State, default=State.OPEN)
    raised_on = models.DateField("提出日期")
    raised_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="needs_raised",
        verbose_name="登记人",
    )
    ended_on = models.DateField("办结日期", null=True, blank=True)
    outcome = models.CharField("结果", max_length=200, blank=True)
    pinyin = models.CharField(max_length=300, editable=False)
    search = models.TextField(editable=False)

    VISIBILITY = {
        OPEN: "id title skill grid state raised_on wanted_on wanted_for pinyin",
        INTERNAL: "words compares people raised_by ended_on outcome",
        SEALED: "search",
    }

    objects = NeedQuerySet.as_manager()

    class Meta:
        verbose_name = "需求"
        constraints = [
            models.CheckConstraint(
                condition=Q(state="open", ended_on=None)
                | (~Q(state="open") & Q(ended_on__isnull=False)),
                name="need_ended_with_its_day",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["unmet", "withdrawn"]) | ~Q(outcome=""),
                name="need_given_up_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(wanted_on=None) | Q(wanted_on__gte=F("raised_on")),
                name="need_wanted_after_raised",
            ),
        ]

    def __str__(self):
        return self.title

    def index(self):
        """Fill the columns that sorting and searching read."""
        self.pinyin = sort_key(self.title)
        self.search = search_text(self.title, self.skill, self.words)

    def save(self, *args, update_fields=None, **kwargs):
        self.index()
        if update_fields is not None:
            update_fields = {*update_fields, "pinyin", "search"}
        super().save(*args, update_fields=update_fields, **kwargs)

    def get_absolute_url(self):
        return reverse("services:need_detail", args=[self.pk])

    @property
    def open_steps(self):
        return {step for step, states in self.STEPS.items() if self.state in states}

    def is_past(self, day):
        """Its hard date has gone by: it takes neither offers nor choices."""
        return self.wanted_on is not None and self.wanted_on < day

    def light(self, day):
        """Of its hard date, while it is open; None without one."""
        if self.state != self.State.OPEN or not self.wanted_on:
            return None
        return light(self.raised_on, self.wanted_on, day)


class OfNeedQuerySet(models.QuerySet):
    """What belongs to a need, for those who see its askers or keep resources."""

    def visible_to(self, user, having=Right.SEE_SERVICES):
        needs = Need.objects.visible_to(user, having)
        if not user.may(Right.SEE_BUSINESSES):
            return self.none()  # a unit sees the need, not who asks
        return self.filter(need__in=needs)


@tracked()
class NeedAsker(models.Model):
    """A business or institution that wants it; with the demand that said so, if any."""

    need = models.ForeignKey(
        Need, models.PROTECT, related_name="askers", verbose_name="需求"
    )
    business = models.ForeignKey(
        Business, models.PROTECT, related_name="needs", verbose_name="提出的一方"
    )
    demand = models.OneToOneField(
        Demand,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="need_asked",
        verbose_name="诉求",
    )
    since = models.DateField("起")

    VISIBILITY = {INTERNAL: "id need business demand since"}

    objects = OfNeedQuerySet.as_manager()

    class Meta:
        verbose_name = "需求的提出方"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["need", "business"], name="one_asker_of_a_need"
            )
        ]

    def __str__(self):
        return f"{self.business} {self.need}"


class OfferQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_SERVICES):
        """With the need for those who see its askers; a provider sees its own alone."""
        own = Q(provider__in=Provider.objects.of_units(user))
        if not user.may(Right.SEE_BUSINESSES):
            return self.filter(own)
        return self.filter(own | Q(need__in=Need.objects.visible_to(user, having)))

    def standing(self):
        return self.filter(withdrawn_on=None)


@tracked()
class Offer(models.Model):
    """What a provider offers for a need, in the words on which the askers compare."""

    need = models.ForeignKey(
        Need, models.PROTECT, related_name="offers", verbose_name="需求"
    )
    provider = models.ForeignKey(
        Provider, models.PROTECT, related_name="offers", verbose_name="提供方"
    )
    # `{what is compared: the provider's words}`; no amounts of what somebody took.
    terms = models.JSONField("怎么提供", default=dict, blank=True)
    words = models.CharField("补充说明", max_length=200, blank=True)
    made_on = models.DateField("提出日期")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="offers_made",
        verbose_name="登记人",
    )
    withdrawn_on = models.DateField("退出日期", null=True, blank=True)
    withdrawn_why = models.CharField("退出原因", max_length=120, blank=True)

    VISIBILITY = {
        INTERNAL: "id need provider terms words made_on made_by withdrawn_on"
        " withdrawn_why",
    }

    objects = OfferQuerySet.as_manager()

    class Meta:
        verbose_name = "提供意向"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["need", "provider"],
                condition=Q(withdrawn_on=None),
                name="one_offer_of_a_provider",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_on=None, withdrawn_why="")
                | (Q(withdrawn_on__isnull=False) & ~Q(withdrawn_why="")),
                name="offer_withdrawn_for_a_reason",
            ),
        ]

    def __str__(self):
        return f"{self.provider}：{self.need}"


class MatchQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_SERVICES):
        return self.filter(asker__in=NeedAsker.objects.visible_to(user, having))

    def in_force(self):
        """The last word of each asker on each offer."""
        return self.filter(replaced_at=None)


@tracked()
class Match(models.Model):
    """What an asker says to an offer: 办了, 没办 or 在看; never an amount."""

    class Choice(models.TextChoices):
        LOOKING = "looking", "在看"
        DONE = "done", "办了"
        NOT = "not", "没办"

    asker = models.ForeignKey(
        NeedAsker, models.PROTECT, related_name="matches", verbose_name="提出的一方"
    )
    offer = models.ForeignKey(
        Offer, models.PROTECT, related_name="matches", verbose_name="提供意向"
    )
    choice = models.CharField("选择", max_length=8, choices=Choice)
    said_at = models.DateTimeField("时间")
    # Who wrote it down; none when the asker said so by the own link.
    said_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="登记人",
    )
    replaced_at = models.DateTimeField("改过的时间", null=True, blank=True)

    VISIBILITY = {INTERNAL: "id asker offer choice said_at said_by replaced_at"}

    objects = MatchQuerySet.as_manager()

    class Meta:
        verbose_name = "对接"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["asker", "offer"],
                condition=Q(replaced_at=None),
                name="one_word_on_an_offer",
            )
        ]

    def __str__(self):
        return f"{self.asker} {self.get_choice_display()}"


class ReplacementQuerySet(OfNeedQuerySet):
    def open(self):
        return self.filter(closed_on=None)


@tracked()
class Replacement(models.Model):
    """Somebody is to be found in the place of who withdrew before a dated need.

    The days are counted back from the date in working days: when somebody must be
    settled, and by when the candidates are to be asked.
    """

    need = models.ForeignKey(
        Need, models.PROTECT, related_name="replacements", verbose_name="需求"
    )
    lost = models.OneToOneField(
        Offer, models.PROTECT, related_name="replacement", verbose_name="退出的一方"
    )
    opened_at = models.DateTimeField("时间")
    ask_by = models.DateField("最迟哪天联系完候选")
    settle_by = models.DateField("最迟哪天定人")
    # The date leaves fewer working days than are planned.
    rushed = models.BooleanField("时间不够", default=False)
    closed_on = models.DateField("办结日期", null=True, blank=True)
    closed_how = models.CharField("怎么办结的", max_length=120, blank=True)

    VISIBILITY = {
        INTERNAL: "id need lost opened_at ask_by settle_by rushed closed_on closed_how"
    }

    objects = ReplacementQuerySet.as_manager()

    class Meta:
        verbose_name = "补位任务"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_on=None) | ~Q(closed_how=""),
                name="replacement_closed_somehow",
            ),
            models.CheckConstraint(
                condition=Q(ask_by__lte=F("settle_by")),
                name="replacement_asks_before_settling",
            ),
        ]

    def __str__(self):
        return f"{self.need}补位"

    def light(self, day):
        """Of the day by which somebody must be settled, while it is open."""
        if self.closed_on:
            return None
        return light(timezone.localdate(self.opened_at), self.settle_by, day)


class ContactQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_SERVICES):
        return self.filter(provider__in=Provider.objects.visible_to(user, having))


@tracked()
class Contact(models.Model):
    """When a provider was last spoken to, and what was said."""

    provider = models.ForeignKey(
        Provider, models.PROTECT, related_name="contacts", verbose_name="提供方"
    )
    need = models.ForeignKey(
        Need,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="contacts",
        verbose_name="为了哪个需求",
    )
    on = models.DateField("日期")
    words = models.CharField("说了什么", max_length=200)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="联系的人",
    )

    VISIBILITY = {INTERNAL: "id provider need on words by"}

    objects = ContactQuerySet.as_manager()

    class Meta:
        verbose_name = "联系记录"
        ordering = ["-on", "-pk"]

    def __str__(self):
        return f"{self.provider} {self.on}"


class ThanksQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_SERVICES):
        return self.filter(need__in=Need.objects.visible_to(user, having))


@tracked()
class Thanks(models.Model):
    """Thanks for what came of a need: a banner (锦旗, the seed page), a letter."""

    class Kind(models.TextChoices):
        BANNER = "banner", "锦旗"
        LETTER = "letter", "感谢信"
        WORDS = "words", "当面致谢"

    need = models.ForeignKey(
        Need, models.PROTECT, related_name="thanks", verbose_name="需求"
    )
    kind = models.CharField("形式", max_length=8, choices=Kind)
    whom = models.CharField("谁送的", max_length=60)
    to = models.CharField("送给谁", max_length=60)
    words = models.CharField("写了什么", max_length=120, blank=True)
    on = models.DateField("日期")

    VISIBILITY = {OPEN: "id need kind whom to words on"}

    objects = ThanksQuerySet.as_manager()

    class Meta:
        verbose_name = "致谢"
        ordering = ["-on", "-pk"]

    def __str__(self):
        return f"{self.whom}{self.get_kind_display()}"
