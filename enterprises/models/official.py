"""What the district's forms ask of a business beyond its everyday facts."""

from django.db import models

from enterprises.models.business import Business, OfBusinessQuerySet
from tianshan.audit.classes import INTERNAL, PERSONAL
from tianshan.audit.history import tracked


class OfficialFactsQuerySet(OfBusinessQuerySet):
    pass


def _asked(label):
    """Yes, no, or not asked yet: the three are never mixed."""
    return models.BooleanField(label, null=True, blank=True)


def _people(label):
    return models.PositiveIntegerField(label, null=True, blank=True)


def _text(label, length):
    return models.CharField(label, max_length=length, blank=True)


@tracked()
class OfficialFacts(models.Model):
    """The columns of the official forms that nobody needs from day to day.

    A row of its own, made when the first of them is known: lists, saves and history
    of businesses do not carry thirty columns that are mostly empty. What the portal
    knows elsewhere (organisation, secretary, adviser) is not here: it is never typed
    twice. Labels are the headings of the forms.
    """

    class Politics(models.TextChoices):
        MEMBER = "member", "中共党员"
        PROBATIONARY = "probationary", "中共预备党员"
        LEAGUE = "league", "共青团员"
        DEMOCRATIC = "democratic", "民主党派"
        INDEPENDENT = "independent", "无党派人士"
        MASSES = "masses", "群众"

    class Belonging(models.TextChoices):
        HERE = "here", "本组织"
        RESIDENCE = "residence", "属地"
        FORMER = "former", "原单位"
        OTHER = "other", "其他"

    class RentPaid(models.TextChoices):
        MONTHLY = "monthly", "按月"
        QUARTERLY = "quarterly", "按季"
        HALF_YEARLY = "half_yearly", "按半年"
        YEARLY = "yearly", "按年"

    class GroupKind(models.TextChoices):
        COURIER = "courier", "快递员"
        RIDER = "rider", "外卖配送员"
        DRIVER = "driver", "网约车司机"
        TRUCKER = "trucker", "货车司机"
        HOST = "host", "网络主播"
        OTHER = "other", "其他"

    business = models.OneToOneField(
        Business, models.PROTECT, related_name="official", verbose_name="企业商户"
    )
    main_business = _text("主营业务", 200)
    revenue = models.PositiveBigIntegerField("年营收（万元）", null=True, blank=True)
    output_value = models.PositiveBigIntegerField(
        "年产值（万元）", null=True, blank=True
    )
    has_premises = _asked("有固定经营场所")
    foreign_funded = _asked("外资")
    headquarters = _asked("总部")
    registered_address = _text("注册地址", 120)
    registered_elsewhere = _asked("注册地与经营地不一致")

    principal_name = _text("主要负责人", 40)
    principal_role = _text("负责人身份", 40)
    principal_politics = models.CharField(
        "负责人政治面貌", max_length=12, choices=Politics, blank=True
    )
    principal_posts = _text("负责人社会职务", 120)

    members_full = _people("正式党员数")
    members_probationary = _people("预备党员数")
    members_developing = _people("发展对象数")
    members_activists = _people("入党积极分子数")
    members_applicants = _people("入党申请人数")
    members_belong = models.CharField(
        "党员组织关系所在", max_length=10, choices=Belonging, blank=True
    )
    has_union = _asked("已建工会")
    has_league = _asked("已建共青团")
    has_women = _asked("已建妇联")

    approved_by = _text("审批单位", 80)
    approval_number = _text("审批文号", 60)
    affiliation = _text("隶属关系", 80)

    licence_name = _text("执照名称", 120)
    lease_until = models.DateField("租期至", null=True, blank=True)
    rent_paid = models.CharField(
        "缴租方式", max_length=12, choices=RentPaid, blank=True
    )

    group_kind = models.CharField(
        "群体类型", max_length=10, choices=GroupKind, blank=True
    )
    platform = _text("平台站点", 80)
    joins_party_life = _asked("愿意参加组织生活")

    # How people would look for them in a form; the kinds that each group is about.
    GROUPS = (
        (
            "经营情况",
            Business.COUNTED,
            "main_business revenue output_value has_premises foreign_funded"
            " headquarters registered_address registered_elsewhere",
        ),
        (
            "负责人",
            Business.COUNTED,
            "principal_name principal_role principal_politics principal_posts",
        ),
        (
            "党员和群团",
            Business.COUNTED,
            "members_full members_probationary members_developing members_activists"
            " members_applicants members_belong has_union has_league has_women",
        ),
        (
            "社会组织",
            {Business.Kind.SOCIAL},
            "approved_by approval_number affiliation",
        ),
        ("商户", {Business.Kind.MERCHANT}, "licence_name lease_until rent_paid"),
        (
            "新就业群体",
            {Business.Kind.NEW_GROUP},
            "group_kind platform joins_party_life",
        ),
    )

    VISIBILITY = {
        INTERNAL: "id business main_business revenue output_value has_premises"
        " foreign_funded headquarters registered_address registered_elsewhere"
        " has_union has_league has_women approved_by approval_number affiliation"
        " licence_name lease_until rent_paid group_kind platform",
        # Whose Party membership it is can be told in a shop of three (Right.SEE_MEMBERS).
        PERSONAL: "principal_name principal_role principal_politics principal_posts"
        " members_full members_probationary members_developing members_activists"
        " members_applicants members_belong joins_party_life",
    }
    RESTRICTED = frozenset(VISIBILITY[PERSONAL].split())
    NAMES = tuple(name for _, _, names in GROUPS for name in names.split())

    objects = OfficialFactsQuerySet.as_manager()

    class Meta:
        verbose_name = "区表填报项"

    def __str__(self):
        return f"{self.business} 区表填报项"

    @classmethod
    def of(cls, business):
        """The row of a business, or an empty one that is not stored."""
        try:
            return business.official
        except cls.DoesNotExist:
            return cls(business=business)

    @property
    def mass_groups(self):
        """已建群团, as forms ask for them in one cell: 工会、妇联; 无; or not known."""
        known = [
            (self.has_union, "工会"),
            (self.has_league, "共青团"),
            (self.has_women, "妇联"),
        ]
        if all(answer is False for answer, _ in known):
            return "无"
        return "、".join(name for answer, name in known if answer)
