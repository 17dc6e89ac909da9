"""Who deliberates: the bodies of the three levels, who chairs them, who sits in them."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accounts.rights import Right, posts_with
from grids.models import Building, Grid, Post
from grids.models.territory import governed
from party.models import MemberUnit, PartyOrganization
from tianshan.audit.changes import noted
from tianshan.audit.classes import INTERNAL, OPEN
from tianshan.audit.history import tracked


class Level(models.IntegerChoices):
    """The three levels of deliberation (三级议事, the seed page)."""

    BRANCH = 1, "临时党支部会议"
    COMMITTEE = 2, "楼宇党委例会"
    CONFERENCE = 3, "网格党建联席会"


class DeliberationBodyQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_ISSUES):
        """Those one speaks for, and those that own an issue one sees."""
        from issues.models.chain import Issue

        owners = Issue.objects.visible_to(user, having).values("body")
        return self.spoken_for_by(user, having) | self.filter(pk__in=owners)

    def spoken_for_by(self, user, right):
        """Bodies of the grids governed, and of one's organisations, by a post with it."""
        return self.filter(
            Q(grid__among=governed(user, right))
            | Q(organization__in=PartyOrganization.objects.served_by(user, right))
        )

    def chaired_by(self, user, right):
        """Bodies that decide through the user: narrower than those spoken for.

        Over a grid one chairs its conference and the committees that no organisation
        has (a market's governance committee); the others have their own secretary.
        """
        own = Q(organization__in=PartyOrganization.objects.served_by(user, right))
        of_grid = Q(level=Level.CONFERENCE) | Q(organization=None)
        return self.filter(own | (of_grid & Q(grid__among=governed(user, right))))

    def acted_for_by(self, user):
        """Bodies for whose chairs the user may act: the clerk's, of his grids."""
        grids = Grid.objects.governed_by(user, Right.ACT_ON_BEHALF)
        return self.filter(grid__in=grids)

    def for_list(self):
        """Everything one row of the list of bodies shows."""
        return self.select_related(
            "grid", "organization", "chair__user", "clerk__user"
        ).order_by("-level", "pk")


@tracked()
class DeliberationBody(models.Model):
    """Who meets: a branch, a building or market committee, the grid's conference."""

    class Kind(models.TextChoices):
        BRANCH = "branch", "党支部（临时党支部）"
        COMMITTEE = "committee", "楼宇党委"
        GOVERNANCE = "governance", "治理委员会"
        CONFERENCE = "conference", "党建联席会"

    class Scope(models.TextChoices):
        QUARTER = "quarter", "街区"
        BUILDINGS = "buildings", "楼宇"
        MARKET = "market", "市场"
        GRID = "grid", "网格"

    # Who names the chair where none is named, in words for the page.
    APPOINTED_BY = {
        Kind.BRANCH: "由上级党组织任命书记",
        Kind.COMMITTEE: "由街道社区党委任命书记",
        Kind.GOVERNANCE: "由街道和业主、商户代表商定主任",
        Kind.CONFERENCE: "由街道党工委指定召集人",
    }

    level = models.PositiveSmallIntegerField("层级", choices=Level)
    kind = models.CharField("类别", max_length=12, choices=Kind)
    scope = models.CharField("范围", max_length=12, choices=Scope)
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
    # The post, where its holder has an account; the title is what papers say.
    chair = models.ForeignKey(
        Post,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="bodies_chaired",
        verbose_name="主持人的岗位",
    )
    chair_title = models.CharField("主持人", max_length=40, blank=True)
    clerk = models.ForeignKey(
        Post,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="bodies_recorded",
        verbose_name="记录人的岗位",
    )
    clerk_title = models.CharField("记录人", max_length=40, blank=True)
    # Which regular meetings it owes: its slots are made ahead from then on.
    weekly = models.BooleanField("每周开周梳理", default=False)
    ten_daily = models.BooleanField("每旬开旬研商", default=False)
    monthly = models.BooleanField("每月开月调度", default=False)
    cadence_from = models.DateField("从哪天起排会", null=True, blank=True)
    # Minutes with a mark and 〔2026〕第N期: for those alone that may issue papers.
    numbered = models.BooleanField("纪要用红头并编期号", default=False)
    mark = models.CharField("纪要标志", max_length=40, blank=True)

    VISIBILITY = {
        OPEN: "id level kind scope name grid organization buildings chair_title"
        " clerk_title weekly ten_daily monthly cadence_from numbered mark",
        INTERNAL: "chair clerk",
    }

    objects = DeliberationBodyQuerySet.as_manager()

    class Meta:
        verbose_name = "议事主体"
        ordering = ["level", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(chair=None) | ~Q(chair_title=""),
                name="body_chair_has_a_title",
            ),
            models.CheckConstraint(
                condition=Q(clerk=None) | ~Q(clerk_title=""),
                name="body_clerk_has_a_title",
            ),
            models.CheckConstraint(
                condition=Q(weekly=False, ten_daily=False, monthly=False)
                | ~Q(cadence_from=None),
                name="body_cadence_has_its_day",
            ),
            models.CheckConstraint(
                condition=Q(numbered=False) | ~Q(mark=""),
                name="body_numbered_has_its_mark",
            ),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("issues:body_detail", args=[self.pk])

    @property
    def appointed_by(self):
        return self.APPOINTED_BY[self.kind]

    @property
    def with_chair(self):
        return bool(self.chair_title)

    def chaired_by_post_of(self, user):
        """Does the user hold the chair's own post today?"""
        posts = posts_with(user, Right.SEE_ISSUES)
        return self.chair_id is not None and self.chair_id in {p.pk for p in posts}


class BodyMemberQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(body__in=DeliberationBody.objects.visible_to(user))

    def in_force(self, day):
        return self.filter(Q(until=None) | Q(until__gt=day), since__lte=day)


@tracked()
class BodyMember(models.Model):
    """One who sits in a body, by title: for a unit, an organisation, or neither."""

    body = models.ForeignKey(
        DeliberationBody,
        models.PROTECT,
        related_name="members",
        verbose_name="议事主体",
    )
    title = models.CharField("职务", max_length=60)
    unit = models.ForeignKey(
        MemberUnit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="seats",
        verbose_name="成员单位",
    )
    organization = models.ForeignKey(
        PartyOrganization,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="seats",
        verbose_name="党组织",
    )
    # Invited for what concerns them, without a voice of their own (列席).
    observes = models.BooleanField("列席", default=False)
    position = models.PositiveSmallIntegerField("次序")
    since = models.DateField("起")
    until = models.DateField("止", null=True, blank=True)

    VISIBILITY = {
        OPEN: "id body title unit organization observes position",
        INTERNAL: "since until",
    }

    objects = BodyMemberQuerySet.as_manager()

    class Meta:
        verbose_name = "议事主体成员"
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(unit=None) | Q(organization=None),
                name="member_sits_for_one",
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=F("since")),
                name="member_leaves_after_coming",
            ),
        ]

    def __str__(self):
        return self.title

    @property
    def sits_for(self):
        return self.unit or self.organization


noted(DeliberationBody.buildings.through)  # figures read it beside the bodies
