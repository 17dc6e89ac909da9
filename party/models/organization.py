"""Party organisations: what made them, what they hold, who speaks for each."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from accounts.rights import BY_ORGANIZATION, Right, posts_with
from grids.models import Building, Grid
from tianshan.audit.classes import INTERNAL, OPEN
from tianshan.audit.history import tracked
from tianshan.pinyin import search_text, sort_key


class PartyOrganizationQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_PARTY):
        """Those of the grids governed, and those one is an officer of."""
        return self.filter(
            Q(grid__in=Grid.objects.governed_by(user, having))
            | Q(pk__in=self.model.objects.served_by(user, having))
        )

    def served_by(self, user, having):
        """The organisations of which the user is an officer by a post with the right."""
        posts = posts_with(user, having, among=BY_ORGANIZATION)
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

    name = models.CharField("名称", max_length=80, unique=True)
    kind = models.CharField("类别", max_length=20, choices=Kind)
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
    approved_by = models.CharField("批复单位", max_length=80, blank=True)
    approved_to = models.CharField("受文单位", max_length=80, blank=True)
    approved_on = models.DateField("批复日期", null=True, blank=True)
    approval_number = models.CharField("批复文号", max_length=60, blank=True)
    founded_on = models.DateField("成立日期", null=True, blank=True)
    term_ends_on = models.DateField("任期届满", null=True, blank=True)
    dissolved_on = models.DateField("撤销日期", null=True, blank=True)
    buildings = models.ManyToManyField(
        Building,
        through="OrganizationBuilding",
        related_name="organizations",
        verbose_name="所辖楼宇",
    )
    pinyin = models.CharField(max_length=300, editable=False)
    search = models.TextField(editable=False)

    VISIBILITY = {
        OPEN: "id name kind parent grid buildings pinyin search",
        INTERNAL: "secretary members_full members_probationary approved_by approved_to"
        " approved_on approval_number founded_on term_ends_on dissolved_on",
    }

    objects = PartyOrganizationQuerySet.as_manager()

    class Meta:
        verbose_name = "党组织"
        constraints = [
            models.CheckConstraint(
                condition=Q(dissolved_on=None) | Q(dissolved_on__gte=F("founded_on")),
                name="organization_dissolved_after_founding",
            )
        ]

    def __str__(self):
        return self.name

    def save(self, *args, **kwargs):
        self.pinyin = sort_key(self.name)
        self.search = search_text(self.name, self.get_kind_display())
        super().save(*args, **kwargs)

    def get_absolute_url(self):
        return reverse("party:organization_detail", args=[self.pk])


class OrganizationBuildingQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(organization__in=PartyOrganization.objects.visible_to(user))


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
