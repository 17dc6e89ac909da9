"""The territory and who serves where."""

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from accounts.rights import BY_GRID, Right, Role, posts_with
from grids import narrower
from tianshan.audit.changes import noted
from tianshan.audit.classes import INTERNAL, OPEN, PERSONAL, SEALED
from tianshan.audit.history import tracked
from tianshan.database import among  # noqa: F401  the lookup
from tianshan.ledgers import kept
from tianshan.pinyin import search_text, sort_key
from tianshan.values.extra import search_words
from tianshan.web.addresses import page_of


def reach(posts):
    """The keys of the grids at or below the posts' own, for `__among`, which the
    database looks up faster than a condition on paths."""
    return frozenset(key for post in posts for key in post.below)


def governed(user, having):
    """The keys of the grids over which a role that looks by grid carries the right."""
    return reach(posts_with(user, having, among=BY_GRID))


def at_hand(posts):
    """The condition for what serves the posts' grids: what stands in one of them or
    below, and what stands above, which serves them too."""
    above = {code for post in posts for code in post.grid.codes}
    return Q(grid__among=reach(posts)) | Q(grid__code__in=above)


class GridQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_TERRITORY):
        """The subtrees of the user's posts that carry the right.

        A grid shows to whoever holds any such post above it; narrower roles (by
        organisation, by unit) are narrowed in the room of the narrower thing.
        """
        return self.filter(pk__among=reach(posts_with(user, having)))

    def governed_by(self, user, having):
        """The subtrees over which a role that looks by grid carries the right."""
        return self.filter(pk__among=governed(user, having))

    def for_list(self):
        return self.select_related("parent").order_by("path")


@tracked()
class Grid(models.Model):
    """A piece of the street: the street itself, a composite grid, a block.

    Codes: street 9 digits (310105006), composite grid its code + 60N (a grid that
    merges several communities takes a community code from 601 up, CJ/T 349-2010).
    """

    class Kind(models.TextChoices):
        STREET = "street", "街道"
        GRID = "grid", "综合网格"
        BLOCK = "block", "微网格"

    code = models.CharField("编码", max_length=20, unique=True)
    name = models.CharField("名称", max_length=60)
    kind = models.CharField("类别", max_length=10, choices=Kind)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name="上级",
    )
    # Codes from the root down, each followed by "/", so that a prefix is a subtree.
    path = models.CharField("路径", max_length=120, unique=True, editable=False)
    live_on = models.DateField("启用日", help_text="走访周期从这一天或发现之日起算")
    neighborhoods = models.ManyToManyField(
        "Neighborhood", blank=True, related_name="grids", verbose_name="居委会"
    )

    VISIBILITY = {
        OPEN: "id code name kind parent path",
        INTERNAL: "live_on neighborhoods",
    }

    objects = GridQuerySet.as_manager()

    class Meta:
        verbose_name = "网格"
        ordering = ["path"]
        indexes = [
            models.Index(
                fields=["path"],
                name="grid_path_prefix",
                opclasses=["varchar_pattern_ops"],
            )
        ]

    def __str__(self):
        return self.name

    def save(self, *args, **kwargs):
        self.path = (self.parent.path if self.parent else "") + self.code + "/"
        super().save(*args, **kwargs)

    def get_absolute_url(self):
        return reverse("grids:grid_detail", args=[self.code])

    @property
    def subtree(self):
        """The keys of the grid and of those below it, for `__among`: from a condition
        on paths PostgreSQL cannot tell how many rows are in them."""
        below = Grid.objects.filter(path__startswith=self.path).order_by()
        return kept.keep(
            ("subtree", self.path),
            lambda: frozenset(below.values_list("pk", flat=True)),
        )

    @property
    def codes(self):
        """The codes from the street's down to its own."""
        return self.path.strip("/").split("/")

    def is_within(self, other):
        return self.path.startswith(other.path)


class NeighborhoodQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(grids__in=Grid.objects.visible_to(user)).distinct()


@tracked()
class Neighborhood(models.Model):
    """A neighbourhood committee (居委会); grids and committees cross freely."""

    code = models.CharField("编码", max_length=12, unique=True)
    name = models.CharField("名称", max_length=60)

    VISIBILITY = {OPEN: "id code name"}

    objects = NeighborhoodQuerySet.as_manager()

    class Meta:
        verbose_name = "居委会"
        ordering = ["code"]

    def __str__(self):
        return self.name


class BuildingQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_TERRITORY):
        """To look at, those in the subtree of any post; `having` another right, those
        of the grids governed and those that a narrower role answers for."""
        if having == Right.SEE_TERRITORY:
            return self.in_ledgers().filter(grid__among=reach(posts_with(user, having)))
        return self.in_ledgers().filter(
            Q(grid__among=governed(user, having)) | narrower.buildings(user, having)
        )

    def in_ledgers(self):
        """Not withdrawn as made by mistake."""
        return self.filter(gone_at=None)

    def for_list(self):
        return (
            self.select_related("grid")
            .prefetch_related(
                models.Prefetch(
                    "honours",
                    queryset=BuildingHonour.objects.held(),
                    to_attr="honours_held",
                )
            )
            .order_by("pinyin", "pk")
        )


@tracked(exclude=["pinyin", "search"])
class Building(models.Model):
    """A building, market, quarter or park: what holds businesses."""

    class Kind(models.TextChoices):
        OFFICE = "office", "商务楼宇"
        COMPLEX = "complex", "商业综合体"
        MARKET = "market", "专业市场"
        QUARTER = "quarter", "街区"
        STREET = "street", "沿街商铺"
        PARK = "park", "园区"
        OTHER = "other", "其他"

    class Ownership(models.TextChoices):
        SINGLE = "single", "单一产权"
        DISPERSED = "dispersed", "分散产权"

    name = models.CharField("名称", max_length=80)
    aliases = ArrayField(
        models.CharField(max_length=80), default=list, blank=True, verbose_name="俗称"
    )
    kind = models.CharField("类别", max_length=10, choices=Kind)
    address = models.CharField("地址", max_length=120, blank=True)
    floors = models.PositiveSmallIntegerField("地上层数", null=True, blank=True)
    area = models.PositiveIntegerField("建筑面积（平方米）", null=True, blank=True)
    # Rooms or stalls to let, taken or not; what is vacant is computed from it.
    units = models.PositiveIntegerField("可租单元（铺位）数", null=True, blank=True)
    ownership = models.CharField("产权", max_length=10, choices=Ownership, blank=True)
    property_manager = models.CharField("物业管理", max_length=80, blank=True)
    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="buildings", verbose_name="网格"
    )
    # WGS-84 degrees; `source_crs` keeps what the point was read as.
    longitude = models.DecimalField("经度", max_digits=9, decimal_places=6, null=True)
    latitude = models.DecimalField("纬度", max_digits=9, decimal_places=6, null=True)
    source_crs = models.CharField("坐标来源", max_length=10, blank=True)
    # In no ledger from then on: withdrawn as made by mistake. The row stays.
    gone_at = models.DateTimeField("移出台账时间", null=True, editable=False)
    updated_at = models.DateTimeField("更新时间", default=timezone.now, editable=False)
    # Answers to the extra fields, by their keys (tianshan.values).
    extra = models.JSONField("附加字段", default=dict, blank=True)
    pinyin = models.CharField(max_length=300, editable=False)
    search = models.TextField(editable=False)

    VISIBILITY = {
        OPEN: "id name aliases kind address floors area units ownership"
        " property_manager grid longitude latitude source_crs pinyin",
        INTERNAL: "gone_at updated_at",
        PERSONAL: "extra",
        SEALED: "search",
    }

    objects = BuildingQuerySet.as_manager()

    class Meta:
        verbose_name = "楼宇"
        constraints = [
            models.UniqueConstraint(
                fields=["grid", "name"],
                condition=Q(gone_at=None),
                name="building_name_once",
            )
        ]

    def __str__(self):
        return self.name

    def index(self):
        """Fill the columns that sorting and searching read."""
        self.pinyin = sort_key(self.name)
        words = search_words("building", self.extra)
        self.search = search_text(self.name, *self.aliases, self.address, *words)

    def save(self, *args, update_fields=None, **kwargs):
        self.index()
        if update_fields is not None:
            update_fields = {*update_fields, "pinyin", "search"}
        super().save(*args, update_fields=update_fields, **kwargs)

    def get_absolute_url(self):
        return page_of("grids:building_detail", self.pk)


class BuildingHonourQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_TERRITORY):
        return self.filter(building__in=Building.objects.visible_to(user, having))

    def held(self):
        return self.filter(withdrawn_on=None)


@tracked()
class BuildingHonour(models.Model):
    """An honour of a building: what, by whom, when (诚信单位, on the seed page)."""

    building = models.ForeignKey(
        Building, models.PROTECT, related_name="honours", verbose_name="楼宇"
    )
    name = models.CharField("荣誉", max_length=60)
    given_by = models.CharField("授予单位", max_length=80, blank=True)
    given_on = models.DateField("授予日期", null=True, blank=True)
    withdrawn_on = models.DateField("撤下日期", null=True, blank=True)
    withdrawn_why = models.CharField("撤下原因", max_length=120, blank=True)

    VISIBILITY = {
        OPEN: "id building name given_by given_on",
        INTERNAL: "withdrawn_on withdrawn_why",
    }

    objects = BuildingHonourQuerySet.as_manager()

    class Meta:
        verbose_name = "楼宇荣誉"
        ordering = ["-given_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(withdrawn_on=None) ^ ~Q(withdrawn_why=""),
                name="honour_withdrawn_for_a_reason",
            )
        ]

    def __str__(self):
        return self.name


class PostQuerySet(models.QuerySet):
    def in_force(self, day=None):
        """Posts held on the day, today by default."""
        day = day or timezone.localdate()
        return self.filter(
            Q(until=None) | Q(until__gt=day), since__lte=day, user__is_active=True
        )

    def over(self, grid):
        """Posts whose grid is this one or holds it."""
        return self.filter(grid__code__in=grid.codes)

    def reaching(self):
        """With their grids, and the keys of all grids at or below them."""
        below = Grid.objects.filter(path__startswith=OuterRef("grid__path"))
        return self.select_related("grid").annotate(
            below=ArraySubquery(below.order_by().values("pk"))
        )

    def visible_to(self, user):
        if posts_with(user, Right.MANAGE_ACCOUNTS):
            return self
        return self.filter(user=user)


@tracked()
class Post(models.Model):
    """Who serves where, in which role, from when to when (岗位)."""

    user = models.ForeignKey(
        "accounts.User", models.PROTECT, related_name="posts", verbose_name="账号"
    )
    role = models.CharField("角色", max_length=20, choices=Role)
    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="posts", verbose_name="网格"
    )
    since = models.DateField("起")
    until = models.DateField("止", null=True, blank=True, help_text="这一天起不再任职")

    VISIBILITY = {INTERNAL: "id user role grid since until"}

    objects = PostQuerySet.as_manager()

    class Meta:
        verbose_name = "岗位"
        constraints = [
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=F("since")),
                name="post_ends_after_it_begins",
            )
        ]

    def __str__(self):
        return f"{self.grid.name}·{self.get_role_display()}"


# What is counted by neighbourhood depends on which lie in which grid.
noted(Grid.neighborhoods.through)
