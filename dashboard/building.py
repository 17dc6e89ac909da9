"""What a building's page and plan say of it in figures, each with the rows behind it."""

import datetime as dt

from django.urls import reverse
from django.utils.http import urlencode

from accounts.rights import Right, may
from dashboard import elevation
from enterprises.models import Business
from issues.models import Issue
from visits.models import Demand, Visit

QUARTER = dt.timedelta(days=90)
Kind = Business.Kind


def _known(values):
    """Their sum, and how many were not filled in."""
    values = list(values)
    known = [value for value in values if value is not None]
    return sum(known), len(values) - len(known)


def _unfilled(count):
    return f"{count} 家未填" if count else ""


def facts(building, blocks, day):
    """Who is here, computed: staff and members are sums of what each has filled in."""
    counted = elevation.in_class(blocks, elevation.COUNTED)
    staff, no_staff = _known(block.business.staff_count for block in counted)
    members, no_members = _known(block.business.members_count for block in counted)
    rooms = {block.room for block in blocks if block.room}
    return {
        "counted": len(counted),
        "enterprises": sum(b.business.kind == Kind.ENTERPRISE for b in counted),
        "merchants": sum(b.business.kind == Kind.MERCHANT for b in counted),
        "covered": len(elevation.in_class(blocks, elevation.COVERED)),
        "effective": sum(block.is_effective(day) for block in blocks),
        "staff": staff,
        "no_staff": _unfilled(no_staff),
        "members": members,
        "no_members": _unfilled(no_members),
        "rooms": len(rooms),
        "vacant": max(building.units - len(rooms), 0) if building.units else None,
    }


def plan_figures(building, day):
    """What a plan's account of the situation begins with, of the whole building."""
    blocks = elevation.blocks_of(building, day, Business.objects.all())
    now = facts(building, blocks, day)
    visits = Visit.objects.met().filter(
        building=building, visited_on__year=day.year, visited_on__lte=day
    )
    rows = [
        ("counted", "在册", now["counted"], "家", ""),
        ("enterprises", "企业", now["enterprises"], "家", ""),
        ("merchants", "商户", now["merchants"], "家", ""),
        ("covered", "有形覆盖", now["covered"], "家", ""),
        ("effective", "有效覆盖", now["effective"], "家", ""),
        ("staff", "从业人员", now["staff"], "人", now["no_staff"]),
        ("members", "党员", now["members"], "名", now["no_members"]),
        ("visits", f"{day.year} 年以来走访", visits.count(), "家次", ""),
        ("demands", "在办诉求", sum(block.demands for block in blocks), "件", ""),
    ]
    if now["vacant"] is not None:
        rows.append(("vacant", "空置单元", now["vacant"], "个", ""))
    return [
        dict(zip(("key", "label", "value", "unit", "note"), row, strict=True))
        for row in rows
    ]


def counts(building, user, day):
    """The strip of a building's page: of what the user may see, with links."""
    blocks = elevation.blocks_of(building, day, Business.objects.visible_to(user))
    elevation.colour(blocks, "coverage", day)

    def cells(key):
        return elevation.ledger_url(building, day, "coverage", key)

    now = facts(building, blocks, day)
    strip = now | {
        "total": len(blocks),
        "all_url": cells(elevation.ALL),
        "counted_url": cells(elevation.COUNTED),
        "covered_url": cells(elevation.COVERED),
        "effective_url": cells("effective"),
    }
    since = day - QUARTER
    visits = Visit.objects.visible_to(user).met()
    strip["visits"] = visits.filter(
        building=building, visited_on__range=(since, day)
    ).count()
    strip["visits_url"] = _url(
        "visits:visit_list",
        building=building.pk,
        method=Visit.Method.ON_SPOT,
        outcome=[Visit.Outcome.NORMAL, Visit.Outcome.DEMAND],
        void="false",
        visited_after=since,
        visited_before=day,
    )
    if may(user, Right.SEE_DEMANDS):
        demands = Demand.objects.visible_to(user).filter(business__building=building)
        strip["demands"] = demands.open().count()
        strip["overdue"] = demands.overdue(day).count()
        strip["demands_url"] = _url(
            "visits:demand_list", building=building.pk, state=sorted(Demand.OPEN)
        )
    if may(user, Right.SEE_ISSUES):
        issues = Issue.objects.visible_to(user).filter(building=building)
        strip["issues"] = issues.count()
        strip["issues_open"] = issues.open().count()
        strip["issues_url"] = _url("issues:issue_list", building=building.pk)
    return strip


def _url(name, **query):
    return f"{reverse(name)}?{urlencode(query, doseq=True)}"
