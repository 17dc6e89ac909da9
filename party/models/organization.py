"""Party organisations: what made them, what they hold, who speaks for each."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from accounts.rights import BY_ORGANIZATION, Right, posts_with
from grids.models import Building, Grid
from grids.models.territory import governed
from party.models.dated import in_force
from tianshan.audit.classes import INTERNAL, OPEN, PERSONAL, SEALED
from tianshan.audit.history import tracked
from tianshan.pinyin import search_text, sort_key
from tianshan.values.extra import search_words


class PartyOrganizationQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_PARTY):
        """Those of the grids governed, and those one is an officer of."""
        return self.filter(
            Q(grid__among=governed(user, having))
            | Q(pk__in=self.model.objects.served_by(user, having))
        )

    def served_by(self, user, having):
        """The organisations of which the user is an officer by a post with the right."""
        posts = posts_with(user, having, among=BY_ORGANIZATION)
        if not posts:  # most users: their conditions stay short
            return self.none()
        return self.filter(
            pk__in=OrganizationOfficer.objects.filter(post__in=posts).values(
                "organization"
            )
        )

    def standing(self, day=None):
        """Set up and not dissolved on the day."""
        day = day or timezone.localdate()
        return self.filter(
            Q(founded_on=None) | Q(founded_on__lte=day),
            Q(dissolved_on=None) | Q(dissolved_on__gt=day),
        )

    def for_list(self):
        return self.select_related("grid", "parent").order_by("pinyin", "pk")


@tracked(exclude=["pinyin", "search"])
class PartyOrganization(models.Model):
    """A Party organisation, with the approval that made it.

    天山茶市党支部, for one: approved 2024-07-25 by the community Party committee,
    addressed to the street's Party service centre, six members (the seed page).
    """

    class Kind(models.TextChoices):
        STREET_COMMITTEE = "street_committee", "社区党委"
        GRID = "grid", "综合网格党组织"
        BUILDING_COMMITTEE = "building_committee", "综合网格楼宇党委"
        QUARTER_BRANCH = "quarter_branch", "市场·街区党支部"
        BRANCH = "branch", "党支部"
        TEMPORARY_BRANCH = "temporary_branch", "临时党支部"
        JOINT_BRANCH = "joint_branch", "联合支部"
        REGIONAL = "regional", "区域性党组织"

    class Establishment(models.TextChoices):
        """The official type codes (建制)."""

        COMMITTEE = "611", "党委"
        LEADING_GROUP = "612", "党组"
        GENERAL_BRANCH = "621", "党总支"
        BRANCH = "631", "党支部"
        JOINT_BRANCH = "632", "联合党支部"
        PARTY_GROUP = "641", "党小组"
        TEMPORARY_COMMITTEE = "911", "临时党委"
        TEMPORARY_GENERAL_BRANCH = "921", "临时党总支"
        TEMPORARY_BRANCH = "931", "临时党支部"
        TEMPORARY_JOINT_BRANCH = "932", "临时联合党支部"

    # What a kind is by the official codes; a grid's and a regional one may be any.
    ESTABLISHED_AS = {
        Kind.STREET_COMMITTEE: Establishment.COMMITTEE,
        Kind.BUILDING_COMMITTEE: Establishment.COMMITTEE,
        Kind.QUARTER_BRANCH: Establishment.BRANCH,
        Kind.BRANCH: Establishment.BRANCH,
        Kind.TEMPORARY_BRANCH: Establishment.TEMPORARY_BRANCH,
        Kind.JOINT_BRANCH: Establishment.JOINT_BRANCH,
    }
    # Those that the rules on branches (支部工作条例) are about.
    BRANCHES = frozenset({Kind.QUARTER_BRANCH, Kind.BRANCH, Kind.JOINT_BRANCH})
    # Those that take in whatever is in the buildings that they hold.
    TAKES_IN = frozenset(
        {Kind.BUILDING_COMMITTEE, Kind.QUARTER_BRANCH, Kind.TEMPORARY_BRANCH}
    )

    name = models.CharField("名称", max_length=80)
    kind = models.CharField("类别", max_length=20, choices=Kind)
    establishment = models.CharField(
        "建制", max_length=3, choices=Establishment, blank=True
    )
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name="上级党组织",
    )
    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="organizations", verbose_name="网格"
    )
    secretary = models.CharField("书记", max_length=40, blank=True)
    members_full = models.PositiveIntegerField("正式党员", default=0)
    members_probationary = models.PositiveIntegerField("预备党员", default=0)
    members_on = models.DateField("党员数截至", null=True, blank=True)
    committee_size = models.PositiveSmallIntegerField(
        "支委会人数", null=True, blank=True
    )
    approved_by = models.CharField("批复单位", max_length=80, blank=True)
    approved_to = models.CharField("受文单位", max_length=80, blank=True)
    approved_on = models.DateField("批复日期", null=True, blank=True)
    approval_number = models.CharField("批复文号", max_length=60, blank=True)
    approval_paper = models.CharField("批复材料存放", max_length=120, blank=True)
    founded_on = models.DateField("成立日期", null=True, blank=True)
    elected_on = models.DateField("本届选举日期", null=True, blank=True)
    term_years = models.PositiveSmallIntegerField("任期（年）", null=True, blank=True)
    term_ends_on = models.DateField("任期届满", null=True, blank=True)
    dissolved_on = models.DateField("撤销日期", null=True, blank=True)
    dissolved_why = models.CharField("撤销理由", max_length=200, blank=True)
    dissolved_number = models.CharField("撤销文号", max_length=60, blank=True)
    buildings = models.ManyToManyField(
        Building,
        through="OrganizationBuilding",
        related_name="organizations",
        verbose_name="所辖楼宇",
    )
    # Answers to the extra fields, by their keys (tianshan.values).
    extra = models.JSONField("附加字段", default=dict, blank=True)
    # Counts saves, so that two people editing at once are told of each other.
    version = models.PositiveIntegerField(default=1, editable=False)
    pinyin = models.CharField(max_length=300, editable=False)
    search = models.TextField(editable=False)

    VISIBILITY = {
        OPEN: "id name kind establishment parent grid buildings pinyin",
        INTERNAL: "secretary members_full members_probationary members_on"
        " committee_size approved_by approved_to approved_on approval_number"
        " approval_paper founded_on elected_on term_years term_ends_on dissolved_on"
        " dissolved_why dissolved_number version",
        PERSONAL: "extra",
        SEALED: "search",
    }

    objects = PartyOrganizationQuerySet.as_manager()

    class Meta:
        verbose_name = "党组织"
        constraints = [
            models.CheckConstraint(
                condition=Q(dissolved_on=None) | Q(dissolved_on__gte=F("founded_on")),
                name="organization_dissolved_after_founding",
            ),
            # A name is free again once its organisation was dissolved.
            models.UniqueConstraint(
                fields=["name"],
                condition=Q(dissolved_on=None),
                name="one_organization_of_a_name",
            ),
        ]

    def __str__(self):
        return self.name

    def index(self):
        """Fill the columns that sorting and searching read."""
        self.pinyin = sort_key(self.name)
        words = search_words("organization", self.extra)
        self.search = search_text(self.name, self.get_kind_display(), *words)

    def save(self, *args, update_fields=None, **kwargs):
        self.index()
        if update_fields is not None:
            update_fields = {*update_fields, "pinyin", "search"}
        super().save(*args, update_fields=update_fields, **kwargs)

    def get_absolute_url(self):
        return reverse("party:organization_detail", args=[self.pk])

    @property
    def is_branch(self):
        return self.kind in self.BRANCHES

    @property
    def is_temporary(self):
        return self.kind == self.Kind.TEMPORARY_BRANCH


class OrganizationBuildingQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(organization__in=PartyOrganization.objects.visible_to(user))

    def served_by(self, user, right):
        """Those in force of the organisations of which the user is an officer."""
        organizations = PartyOrganization.objects.served_by(user, right)
        return self.filter(in_force(), organization__in=organizations)


@tracked()
class OrganizationBuilding(models.Model):
    """A building, market or quarter that an organisation holds, dated."""

    organization = models.ForeignKey(
        PartyOrganization, models.PROTECT, related_name="holdings"
    )
    building = models.ForeignKey(Building, models.PROTECT, related_name="holdings")
    since = models.DateField("起")
    until = models.DateField("止", null=True, blank=True)

    VISIBILITY = {INTERNAL: "id organization building since until"}

    objects = OrganizationBuildingQuerySet.as_manager()

    class Meta:
        verbose_name = "所辖楼宇"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "building"],
                condition=Q(until=None),
                name="building_held_once_by_one",
            )
        ]

    def __str__(self):
        return f"{self.organization} {self.building}"


def held_through(user, right):
    """A Q over the buildings that an organisation holds of which one is an officer."""
    if not posts_with(user, right, among=BY_ORGANIZATION):
        return Q(pk__in=[])
    held = OrganizationBuilding.objects.served_by(user, right)
    return Q(pk__in=held.values("building"))


class OrganizationOfficerQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(organization__in=PartyOrganization.objects.visible_to(user))


@tracked()
class OrganizationOfficer(models.Model):
    """Narrows a secretary's post to the organisation served."""

    post = models.ForeignKey("grids.Post", models.PROTECT, related_name="offices")
    organization = models.ForeignKey(
        PartyOrganization, models.PROTECT, related_name="officers"
    )

    VISIBILITY = {INTERNAL: "id post organization"}

    objects = OrganizationOfficerQuerySet.as_manager()

    class Meta:
        verbose_name = "党组织任职"
        constraints = [
            models.UniqueConstraint(
                fields=["post", "organization"], name="one_office_a_post"
            )
        ]

    def __str__(self):
        return f"{self.organization} {self.post}"
