"""Businesses: one table, several ledgers; and which organisation answers for each."""

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, When
from django.utils import timezone

from accounts.rights import BY_ORGANIZATION, Right, posts_with
from grids.models import Building, Grid, governed
from party.models import OrganizationBuilding, PartyOrganization, in_force
from tianshan.audit.classes import INTERNAL, OPEN, PERSONAL, SEALED
from tianshan.audit.history import tracked
from tianshan.ledgers import search
from tianshan.pinyin import search_text, sort_key
from tianshan.values.extra import search_words
from tianshan.web.addresses import page_of


class BusinessQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_BUSINESSES):
        """Those in the grids governed, and those that one's organisation answers for.

        An organisation answers for what it covers, and for what sits in the
        buildings that it holds. `having` asks for another right on the same rows.
        """
        return self.in_ledgers().filter(self.within_reach(user, having))

    @staticmethod
    def within_reach(user, having):
        """The condition that `visible_to` puts on what stands in ledgers."""
        seen = Q(pk__in=[])
        if grids := governed(user, having):
            seen |= Q(grid__among=grids)
        if posts_with(user, having, among=BY_ORGANIZATION):
            organizations = PartyOrganization.objects.served_by(user, having)
            covered = Coverage.objects.in_force().filter(organization__in=organizations)
            held = OrganizationBuilding.objects.filter(
                in_force(), organization__in=organizations
            )
            seen |= Q(pk__in=covered.values("business"))
            seen |= Q(building__in=held.values("building"))
        return seen

    @staticmethod
    def seen_by_grid_alone(user, having=Right.SEE_BUSINESSES):
        """Is all that the user sees what stands in the grids governed, and all of it?"""
        return not posts_with(user, having, among=BY_ORGANIZATION)

    def with_rights(self, user, **rights):
        """Each with whether the user holds a right on it: `may_edit=Right.…`."""
        return self.annotate(
            **{
                name: Case(
                    When(self.within_reach(user, right), then=True), default=False
                )
                for name, right in rights.items()
            }
        )

    def in_ledgers(self):
        """Neither merged into another business nor withdrawn as made by mistake."""
        return self.filter(gone_at=None)

    def counted(self):
        """The kinds that coverage counts; property managers and the like are askers."""
        return self.in_ledgers().filter(kind__in=Business.COUNTED)

    def operating(self):
        return self.in_ledgers().filter(state=Business.State.OPERATING)

    def claiming(self, mode, day=None):
        """Those of which a ledger reports a mode that no organisation bears out."""
        rows = Coverage.objects.in_force(day).filter(mode=mode)
        return self.filter(reported_mode=mode).exclude(pk__in=rows.values("business"))

    def newcomers(self, day=None):
        """Those in a building that an organisation holds but has not taken in."""
        holdings = OrganizationBuilding.objects.filter(
            in_force(day),
            building=OuterRef("building"),
            organization__kind__in=PartyOrganization.TAKES_IN,
        ).exclude(
            Exists(
                Coverage.objects.in_force(day).filter(
                    business=OuterRef(OuterRef("pk")),
                    organization=OuterRef("organization"),
                    mode=Coverage.Mode.PLACE,
                )
            )
        )
        return self.filter(Exists(holdings))

    def by_act(self, act):
        """Those whose coverage an act began or ended."""
        return self.filter(
            pk__in=Coverage.objects.filter(Q(act=act) | Q(ended_by=act)).values(
                "business"
            )
        )

    def for_list(self):
        return self.select_related("grid", "building").order_by("pinyin", "pk")


@tracked(exclude=["pinyin", "search"])
class Business(models.Model):
    """An enterprise, a merchant, or another asker: one table, several ledgers."""

    class Kind(models.TextChoices):
        ENTERPRISE = "enterprise", "企业"
        MERCHANT = "merchant", "商户"
        SOCIAL = "social", "社会组织"
        NEW_GROUP = "new_group", "新就业群体站点"
        PROPERTY = "property", "物业"
        INSTITUTION = "institution", "机构"
        RESIDENTS = "residents", "居民区"

    class State(models.TextChoices):
        OPERATING = "operating", "在营"
        SUSPENDED = "suspended", "停业"
        MOVED = "moved", "迁出"
        CLOSED = "closed", "注销"

    class Precision(models.TextChoices):
        DAY = "day", "日"
        MONTH = "month", "月"
        YEAR = "year", "年"

    class ReportedMode(models.TextChoices):
        OWN = "own", "单独组建"
        JOINT = "joint", "联合组建"

    # Whoever is so no longer is in the place.
    LEFT = frozenset({State.MOVED, State.CLOSED})
    # The states that each step may start from, and the one that it leads to.
    STEPS = {
        "suspend": {State.OPERATING},
        "reopen": {State.SUSPENDED, State.MOVED, State.CLOSED},
        "leave": {State.OPERATING, State.SUSPENDED},
        "close": {State.OPERATING, State.SUSPENDED, State.MOVED},
    }
    LEADS_TO = {
        "suspend": State.SUSPENDED,
        "reopen": State.OPERATING,
        "leave": State.MOVED,
        "close": State.CLOSED,
    }
    COUNTED = frozenset({Kind.ENTERPRISE, Kind.MERCHANT, Kind.SOCIAL, Kind.NEW_GROUP})

    kind = models.CharField("类别", max_length=12, choices=Kind)
    name = models.CharField("名称", max_length=120)
    # GB 32100, 18 characters, check digit verified; one code is one business.
    code = models.CharField("统一社会信用代码", max_length=18, null=True, blank=True)
    trade = models.CharField("行业", max_length=60, blank=True)
    staff_count = models.PositiveIntegerField("从业人数", null=True, blank=True)
    members_count = models.PositiveIntegerField("党员数", null=True, blank=True)
    contact_name = models.CharField("联系人", max_length=40, blank=True)
    contact_phone = models.CharField("联系电话", max_length=20, blank=True)
    founded_on = models.DateField("成立日期", null=True, blank=True)
    founded_precision = models.CharField(
        "成立日期精度", max_length=5, choices=Precision, default=Precision.DAY
    )
    # What a ledger says of how the Party is set up: a claim to check, not coverage.
    reported_mode = models.CharField(
        "填报组建形式", max_length=10, choices=ReportedMode, blank=True
    )
    uncovered_reason = models.CharField("未建原因", max_length=120, blank=True)
    cover_planned_on = models.DateField("拟建日期", null=True, blank=True)
    state = models.CharField(
        "经营状态", max_length=10, choices=State, default=State.OPERATING
    )
    note = models.CharField("备注", max_length=400, blank=True)
    # Whether a marking is in force: written with the row of `Priority`, in one act.
    priority = models.BooleanField("重点", default=False)
    discovered_on = models.DateField("发现日期")
    # The place in force, or the last one: written with the occupancy, in one act.
    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="businesses", verbose_name="网格"
    )
    building = models.ForeignKey(
        Building,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="businesses",
        verbose_name="楼宇",
    )
    room = models.CharField("室号铺位", max_length=40, blank=True)
    # The business that was here before, when the owner changed and opened anew.
    succeeds = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="successors",
        verbose_name="前身",
    )
    # In no ledger and no figure from then on: merged into another, which its page leads
    # to, or withdrawn as made by mistake. The row stays, and can come back.
    gone_at = models.DateTimeField("移出台账时间", null=True, editable=False)
    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        editable=False,
        related_name="merged",
        verbose_name="并入",
    )
    # Answers to the extra fields, by their keys (tianshan.values).
    extra = models.JSONField("附加字段", default=dict, blank=True)
    # Counts saves, so that two people editing at once are told of each other.
    version = models.PositiveIntegerField(default=1, editable=False)
    updated_at = models.DateTimeField("更新时间", default=timezone.now, editable=False)
    pinyin = models.CharField(max_length=400, editable=False)
    search = models.TextField(editable=False)

    VISIBILITY = {
        OPEN: "id kind name trade grid building room pinyin",
        INTERNAL: "code staff_count members_count founded_on founded_precision"
        " reported_mode uncovered_reason cover_planned_on state note priority"
        " discovered_on succeeds gone_at merged_into version updated_at",
        PERSONAL: "contact_name contact_phone extra",
        SEALED: "search",
    }

    objects = BusinessQuerySet.as_manager()

    class Meta:
        verbose_name = "企业商户"
        indexes = [
            # Of what stands in ledgers, with what most lists are narrowed by, so that
            # a count and a deep page read no rows.
            models.Index(
                fields=["pinyin", "id"],
                include=["kind", "grid", "building", "state"],
                condition=Q(gone_at=None),
                name="business_in_order",
            ),
            models.Index(
                fields=["kind", "pinyin", "id"],
                include=["grid", "building", "state"],
                condition=Q(gone_at=None),
                name="business_in_order_by_kind",
            ),
            models.Index(
                fields=["grid", "kind", "state"],
                condition=Q(gone_at=None),
                name="business_in_grid",
            ),
            search.index("business_search"),
            models.Index(fields=["building", "room"], name="business_by_place"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["code"],
                condition=Q(gone_at=None),
                name="one_business_of_a_code",
            ),
            models.CheckConstraint(
                condition=Q(merged_into=None) | ~Q(gone_at=None),
                name="merged_business_is_gone",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="business_has_a_name"),
            models.CheckConstraint(
                condition=Q(code=None) | Q(code__regex=r"^[0-9A-Z]{18}$"),
                name="business_code_is_whole",
            ),
        ]

    def __str__(self):
        return self.name

    def index(self):
        """Fill the columns that sorting and searching read."""
        self.pinyin = sort_key(self.name)
        self.search = search_text(
            self.name,
            self.code or "",
            self.room,
            self.contact_phone[-4:],
            *search_words("business", self.extra, self.kind),
        )

    def save(self, *args, update_fields=None, **kwargs):
        self.index()
        if update_fields is not None:
            update_fields = {*update_fields, "pinyin", "search"}
        super().save(*args, update_fields=update_fields, **kwargs)

    def get_absolute_url(self):
        return page_of("enterprises:business_detail", self.pk)

    @property
    def has_left(self):
        return self.state in self.LEFT

    @property
    def open_steps(self):
        return {step for step, states in self.STEPS.items() if self.state in states}

    @property
    def counts(self):
        return self.kind in self.COUNTED

    @property
    def place(self):
        return " ".join(filter(None, [self.building and self.building.name, self.room]))


class EnterpriseManager(models.Manager.from_queryset(BusinessQuerySet)):
    def get_queryset(self):
        return super().get_queryset().filter(kind=Business.Kind.ENTERPRISE)


class Enterprise(Business):
    objects = EnterpriseManager()
    VISIBILITY = Business.VISIBILITY

    class Meta:
        proxy = True
        verbose_name = "企业"


class MerchantManager(models.Manager.from_queryset(BusinessQuerySet)):
    def get_queryset(self):
        return super().get_queryset().filter(kind=Business.Kind.MERCHANT)


class Merchant(Business):
    objects = MerchantManager()
    VISIBILITY = Business.VISIBILITY

    class Meta:
        proxy = True
        verbose_name = "商户"


class OfBusinessQuerySet(models.QuerySet):
    """Rows that hang on a business are seen by whoever sees the business."""

    def visible_to(self, user, having=Right.SEE_BUSINESSES):
        return self.filter(business__in=Business.objects.visible_to(user, having))

    def in_force(self, day=None):
        return self.filter(in_force(day))


class CoverageQuerySet(OfBusinessQuerySet):
    def ranked(self):
        """The cascade: own organisation first, regional backstop last."""
        return self.order_by("rank", "-since", "pk")


@tracked()
class Coverage(models.Model):
    """Which organisation answers for a business, by which mode, from when to when.

    Rows are made by a named act or an import, never assumed. Where several are in
    force, the one with the lowest rank is the business's mode.
    """

    class Mode(models.TextChoices):
        OWN = "own", "单独组建"
        JOINT = "joint", "联合组建"
        PLACE = "place", "楼宇·市场·街区党组织覆盖"
        REGIONAL = "regional", "区域性党组织兜底"

    RANK = {Mode.OWN: 1, Mode.JOINT: 2, Mode.PLACE: 3, Mode.REGIONAL: 4}

    business = models.ForeignKey(
        Business, models.PROTECT, related_name="coverages", verbose_name="企业商户"
    )
    organization = models.ForeignKey(
        PartyOrganization,
        models.PROTECT,
        related_name="coverages",
        verbose_name="党组织",
    )
    mode = models.CharField("覆盖方式", max_length=10, choices=Mode)
    rank = models.PositiveSmallIntegerField(editable=False)
    since = models.DateField("起")
    until = models.DateField("止", null=True, blank=True)
    basis = models.CharField("依据", max_length=120, blank=True)
    contact = models.CharField("联系人", max_length=40, blank=True)
    # The acts that began and ended it; none where an import did.
    act = models.ForeignKey(
        "CoverageAct", models.PROTECT, null=True, blank=True, related_name="begun"
    )
    ended_by = models.ForeignKey(
        "CoverageAct", models.PROTECT, null=True, blank=True, related_name="ended"
    )

    VISIBILITY = {
        INTERNAL: "id business organization mode rank since until basis contact act"
        " ended_by"
    }

    objects = CoverageQuerySet.as_manager()

    class Meta:
        verbose_name = "覆盖"
        indexes = [models.Index(fields=["organization", "business"])]
        constraints = [
            models.UniqueConstraint(
                fields=["business", "organization", "mode"],
                condition=Q(until=None),
                name="covered_once_by_one_mode",
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")),
                name="coverage_ends_after_it_begins",
            ),
        ]

    def __str__(self):
        return f"{self.business} {self.get_mode_display()} {self.organization}"

    def save(self, *args, **kwargs):
        self.rank = self.RANK[self.mode]
        super().save(*args, **kwargs)
