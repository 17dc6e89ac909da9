"""The official rates of the two coverages (组织覆盖、工作覆盖), with both their parts.

Definitions follow what is published on them (组织覆盖率 = 单独组建与联合组建企业数 ÷
实体运营非公企业数; 应建 from the rules on branches); bars are rules of the grid in which an enterprise is.
"""

from django.db.models import FilteredRelation, Q
from django.db.models.functions import Coalesce

from enterprises.models import AdviserAssignment, Business, Coverage, Enterprise
from grids.rules import Rules
from tianshan.ledgers import FIGURES, Figure, Rate, Unit, part

BUILT = (Coverage.Mode.OWN, Coverage.Mode.JOINT)


def at_least(scope, count, bar):
    """Those whose count reaches the bar of their grid on the scope's day."""
    reached = Q()
    for least, grids in Rules.load().grids_by(bar, scope.day).items():
        # A bar of nought is none: those whose count is unknown pass as well.
        enough = Q(**{f"{count}__gte": least}) if least else Q()
        reached |= Q(grid__among=grids) & enough
    return reached


def operating(scope):
    """Enterprises in operation on the scope's day, at or above the grid's bar, beside
    the row of Standing that holds on the day."""
    held = FilteredRelation(
        "standings",
        condition=Q(standings__since__lte=scope.day)
        & (Q(standings__until=None) | Q(standings__until__gt=scope.day)),
    )
    full = Coalesce("official__members_full", "members_count")
    rows = Enterprise.objects.visible_to(scope.user).alias(held=held, members=full)
    return rows.filter(
        at_least(scope, "staff_count", "counted_from_staff"),
        held__operating=True,
        held__kind=Business.Kind.ENTERPRISE,
        held__grid__among=scope.grid.subtree,
    )


def in_mode(*modes):
    """Those whose first-ranking coverage on the day is by one of the modes."""
    return lambda scope: Q(held__mode__in=modes)


built, built_alone = in_mode(*BUILT), in_mode(Coverage.Mode.OWN)


def must_build(scope):
    """With so many full members that a branch is due; where those are not known by
    themselves, all members count."""
    return at_least(scope, "members", "must_build_at")


def built_of_must(scope):
    return must_build(scope) & built(scope)


def reached(scope):
    """With an organisation by any mode, an adviser, or a mass organisation."""
    assigned = AdviserAssignment.objects.in_force(scope.day)
    return (
        Q(held__mode__gt="")
        | Q(pk__in=assigned.exclude(business=None).values("business"))
        | Q(building__in=assigned.exclude(building=None).values("building"))
        | Q(official__has_union=True)
        | Q(official__has_league=True)
        | Q(official__has_women=True)
    )


def everyone(scope):
    return Q()


def figure(key, label, definition, condition):
    return Figure(
        key,
        label,
        Unit.BUSINESSES,
        definition,
        "enterprises",
        **part(operating, condition),
    )


def register():
    FIGURES.add(
        figure(
            "enterprises_operating",
            "实体运营企业",
            "时段最后一天在营的企业；网格设了最低从业人数的，从业人数够的才算。",
            everyone,
        ),
        figure(
            "enterprises_built",
            "单独和联合组建",
            "实体运营企业中，单独组建或联合组建了党组织的。",
            built,
        ),
        figure(
            "enterprises_built_alone",
            "单独组建",
            "实体运营企业中，单独组建了党组织的。",
            built_alone,
        ),
        figure(
            "enterprises_must_build",
            "应建",
            "实体运营企业中，正式党员 3 名以上的（人数以网格设置为准；"
            "没有填正式党员数的，按党员数算）。",
            must_build,
        ),
        figure(
            "enterprises_built_of_must",
            "应建已建",
            "应建的企业中，已经单独组建或联合组建党组织的。",
            built_of_must,
        ),
        figure(
            "enterprises_reached",
            "工作覆盖",
            "实体运营企业中，有党组织覆盖（任一方式）、派驻了党建指导员，"
            "或建了工会、共青团、妇联的。",
            reached,
        ),
        Rate(
            "org_coverage",
            "组织覆盖率",
            "单独和联合组建的企业数 ÷ 实体运营企业数。",
            "enterprises_built",
            "enterprises_operating",
        ),
        Rate(
            "own_org_rate",
            "单独组建率",
            "单独组建的企业数 ÷ 实体运营企业数。",
            "enterprises_built_alone",
            "enterprises_operating",
        ),
        Rate(
            "should_have_built",
            "应建已建率",
            "应建已建的企业数 ÷ 应建的企业数。",
            "enterprises_built_of_must",
            "enterprises_must_build",
        ),
        Rate(
            "work_coverage",
            "工作覆盖率",
            "工作覆盖的企业数 ÷ 实体运营企业数。",
            "enterprises_reached",
            "enterprises_operating",
        ),
    )
