"""The pages of coverage: who answers for whom, and the acts that change it.

An act that covers many shows first how many and who answers for them now; what was
shown is what is confirmed, or it is shown again.
"""

from dataclasses import dataclass
from hashlib import sha256

from django.contrib import messages
from django.db.models import Count
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.rights import Right, needs
from enterprises import coverage
from enterprises.cascade import coverage_chain as chain_of
from enterprises.coverage_forms import (
    AdviserForm,
    AssignForm,
    BackstopForm,
    DissolveForm,
    EndForm,
    JoinForm,
    SetUpForm,
    TakeInForm,
    VoidForm,
)
from enterprises.filters import BusinessFilter
from enterprises.models import (
    Adviser,
    AdviserAssignment,
    Business,
    Coverage,
    CoverageAct,
)
from enterprises.proposals import newcomers_by_holding, proposals
from grids.models import Building, Grid, governed
from party.checks import CHECKS
from party.models import PartyOrganization
from tianshan.ledgers import kept
from tianshan.web import render_inside

SHOWN = 20  # names in a preview
CANDIDATES = 50  # units offered for a joint branch

acting = require_http_methods(["GET", "HEAD", "POST"])


@dataclass
class Preview:
    """Whom an act would cover, and who answers for them on that day."""

    total: int
    now: list  # [(label, count)] by the mode that ranks first
    names: list
    seen: str  # stands for exactly these businesses

    @classmethod
    def of(cls, businesses, on):
        ids = sorted(businesses.values_list("pk", flat=True))
        first = {}
        rows = Coverage.objects.in_force(on).filter(business__in=ids).ranked()
        for business, mode in rows.values_list("business", "mode"):
            first.setdefault(business, mode)
        modes = list(first.values())
        now = [(m.label, modes.count(m)) for m in Coverage.Mode if m in modes]
        return cls(
            total=len(ids),
            now=[*now, ("还没有党组织负责", len(ids) - len(modes))],
            names=list(businesses.order_by("pinyin", "pk")[:SHOWN]),
            seen=sha256(repr((ids, on)).encode()).hexdigest(),
        )


def _organization(request, pk, right=Right.MANAGE_COVERAGE):
    organizations = PartyOrganization.objects.visible_to(request.user, right)
    return get_object_or_404(
        organizations.select_related("grid"), pk=pk, dissolved_on=None
    )


def _now(request):
    return {"by": request.user, "at": timezone.now()}


def _done(request, act, words):
    messages.success(request, words)
    return redirect(act)


# --- begin ---------------------------------------------------------------------------


@needs(Right.MANAGE_PARTY)
@acting
def coverage_set_up(request, pk):
    """单独组建: an enterprise's own organisation, founded and covering at once."""
    business = get_object_or_404(
        Business.objects.visible_to(request.user, Right.MANAGE_COVERAGE), pk=pk
    )
    form = SetUpForm(request.POST or None, user=request.user, business=business)
    if form.is_valid():
        try:
            act = coverage.set_up(business, **form.cleaned_data, **_now(request))
        except coverage.Refused as refused:
            form.add_error(None, str(refused))
        else:
            return _done(request, act, f"已设立{act.organization.name}。")
    context = {"business": business, "form": form}
    return render(request, "enterprises/coverage_set_up.html", context)


@needs(Right.MANAGE_COVERAGE)
@acting
def coverage_join(request, pk):
    """联合组建: choose the units of a joint branch; `?q=` finds others."""
    organization = _organization(request, pk)
    words = request.GET.get("q", "").replace("\x00", "").strip()[:60]
    candidates = _candidates(request, organization, words)
    form = JoinForm(request.POST or None, candidates=candidates)
    if form.is_valid():
        try:
            act = coverage.join(organization, **form.cleaned_data, **_now(request))
        except coverage.Refused as refused:
            form.add_error(None, str(refused))
        else:
            return _done(request, act, f"已把 {act.businesses} 家纳入联合组建。")
    context = {
        "organization": organization,
        "form": form,
        "q": words,
        "found": bool(form.fields["businesses"].queryset),
        "members": organization.coverages.filter(
            mode=Coverage.Mode.JOINT, until=None
        ).select_related("business"),
    }
    return render(request, "enterprises/coverage_join.html", context)


def _candidates(request, organization, words):
    """Those found by the words; without words, those reported as jointly set up."""
    rows = (
        Business.objects.visible_to(request.user, Right.MANAGE_COVERAGE)
        .filter(grid__path__startswith=organization.grid.path)
        .counted()
        .operating()
        .for_list()
    )
    rows = coverage.not_yet_covered(
        rows,
        organization=organization,
        mode=Coverage.Mode.JOINT,
        on=timezone.localdate(),
    )
    if words:
        rows = BusinessFilter({"q": words}, rows, request=request).qs
    else:
        rows = rows.claiming(Business.ReportedMode.JOINT)
    return Business.objects.filter(pk__in=rows.values("pk")[:CANDIDATES]).for_list()


@needs(Right.MANAGE_COVERAGE)
@acting
def coverage_take_in(request, pk):
    """楼宇·市场·街区纳入: all who operate in a building, and later who came since."""
    organization = _organization(request, pk)
    form = TakeInForm(
        request.POST or None,
        initial={"building": request.GET.get("building")},
        user=request.user,
    )
    preview = None
    if form.is_valid():
        facts = form.cleaned_data
        rows = coverage.to_take_in(
            organization, facts["building"], on=facts["on"], by=request.user
        )
        preview = Preview.of(rows, facts["on"])
        if request.POST.get("seen") == preview.seen:
            try:
                act = coverage.take_in(organization, **facts, **_now(request))
            except coverage.Refused as refused:
                form.add_error(None, str(refused))
            else:
                return _done(request, act, f"已纳入 {act.businesses} 家。")
    context = {"organization": organization, "form": form, "preview": preview}
    return render(request, "enterprises/coverage_take_in.html", context)


@needs(Right.MANAGE_COVERAGE)
@acting
def coverage_backstop(request, pk):
    """区域性兜底: the regional organisation answers for a building or a grid."""
    organization = _organization(request, pk)
    form = BackstopForm(
        request.POST or None,
        initial={"place": request.GET.get("place")},
        user=request.user,
    )
    preview = None
    if form.is_valid():
        facts = form.cleaned_data
        rows = coverage.to_backstop(
            organization,
            facts["place"],
            on=facts["on"],
            by=request.user,
            everyone=facts["everyone"],
        )
        preview = Preview.of(rows, facts["on"])
        if request.POST.get("seen") == preview.seen:
            try:
                act = coverage.backstop(organization, **facts, **_now(request))
            except coverage.Refused as refused:
                form.add_error(None, str(refused))
            else:
                return _done(request, act, f"已兜底覆盖 {act.businesses} 家。")
    context = {"organization": organization, "form": form, "preview": preview}
    return render(request, "enterprises/coverage_backstop.html", context)


# --- end and undo --------------------------------------------------------------------


@needs(Right.MANAGE_COVERAGE)
@acting
def coverage_end(request, pk):
    """End one coverage; the page says who answers for the business after it."""
    organizations = PartyOrganization.objects.visible_to(
        request.user, Right.MANAGE_COVERAGE
    )
    row = get_object_or_404(
        Coverage.objects.visible_to(request.user, Right.MANAGE_COVERAGE)
        .filter(organization__in=organizations)
        .select_related("business", "organization"),
        pk=pk,
        until=None,
    )
    form = EndForm(request.POST or None)
    if form.is_valid():
        try:
            act = coverage.end(row, **form.cleaned_data, **_now(request))
        except coverage.Refused as refused:
            form.add_error(None, str(refused))
        else:
            return _done(request, act, "已记下终止覆盖。")
    others = row.business.coverages.in_force().exclude(pk=row.pk)
    context = {
        "row": row,
        "form": form,
        "next": others.select_related("organization").ranked().first(),
    }
    return render(request, "enterprises/coverage_end.html", context)


@needs(Right.MANAGE_PARTY)
@acting
def coverage_dissolve(request, pk):
    """撤销: what ends with the organisation, and who answers afterwards."""
    organization = _organization(request, pk, Right.MANAGE_PARTY)
    form = DissolveForm(
        request.POST or None, user=request.user, organization=organization
    )
    if form.is_valid():
        try:
            act = coverage.dissolve(organization, **form.cleaned_data, **_now(request))
        except coverage.Refused as refused:
            form.add_error(None, str(refused))
        else:
            return _done(request, act, f"已撤销{organization.name}。")
    today = timezone.localdate()
    charges = coverage.in_its_charge(organization, today)
    others = Coverage.objects.in_force(today).exclude(organization=organization)
    context = {
        "organization": organization,
        "form": form,
        "children": organization.children.standing(),
        "ends": charges.values("business").distinct().count(),
        "left_bare": charges.exclude(business__in=others.values("business"))
        .values("business")
        .distinct()
        .count(),
        "holdings": organization.holdings.filter(until=None).select_related("building"),
    }
    return render(request, "enterprises/coverage_dissolve.html", context)


@needs(Right.SEE_PARTY)
@require_safe
def coverage_act(request, pk):
    """One act: its paper, whom it covered or let go, whether it was voided."""
    act = get_object_or_404(
        CoverageAct.objects.visible_to(request.user).for_list(), pk=pk
    )
    right = Right.MANAGE_PARTY if act.is_founding else Right.MANAGE_COVERAGE
    may_void = CoverageAct.objects.visible_to(request.user, right)
    context = {
        "act": act,
        "seen": Business.objects.visible_to(request.user).by_act(act).count(),
        "may_void": not act.voided_at and may_void.filter(pk=act.pk).exists(),
    }
    return render(request, "enterprises/coverage_act.html", context)


@needs(Right.MANAGE_COVERAGE)
@acting
def coverage_void(request, pk):
    """Void an act made by mistake; says first what later acts would keep."""
    act = get_object_or_404(
        CoverageAct.objects.visible_to(request.user, Right.MANAGE_COVERAGE).for_list(),
        pk=pk,
        voided_at=None,
    )
    form = VoidForm(request.POST or None)
    if form.is_valid():
        try:
            left = coverage.void(act, **form.cleaned_data, **_now(request))
        except coverage.Refused as refused:
            form.add_error(None, str(refused))
        else:
            words = f"；{len(left)} 家之后又办过，没有动" if left else ""
            return _done(request, act, f"已作废，恢复原状{words}。")
    context = {"act": act, "form": form, "left": coverage.kept_by_later_acts(act)}
    return render(request, "enterprises/coverage_void.html", context)


# --- inside other pages --------------------------------------------------------------


@needs(Right.SEE_BUSINESSES)
@require_safe
def coverage_chain(request, pk):
    """The cascade of one business with its reasons; its page shows it in place."""
    business = get_object_or_404(
        Business.objects.visible_to(request.user)
        .with_rights(request.user, may_cover=Right.MANAGE_COVERAGE)
        .select_related("grid", "building"),
        pk=pk,
    )
    context = {"business": business, **chain_context(request.user, business)}
    return render_inside(request, "enterprises/coverage_chain.html", context)


def chain_context(user, business):
    """What the chain's part of a page needs: the chain, which of its organisations
    the reader may open, and what the reader may do (`business.may_cover`: anything)."""
    chain = chain_of(business)
    seen, managed = _sight_of(user)
    context = {"chain": chain, "seen": seen, "manages": ()}
    if business.may_cover:
        context["manages"] = {
            row.pk
            for step in chain
            for row in step.rows
            if row.until is None and row.organization_id in managed
        }
        context["may_found"] = user.may(Right.MANAGE_PARTY)
        context["may_advise"] = may_advise(user, business)
    return context


def _sight_of(user):
    """The keys of the organisations that a user may open, and of those whose coverage
    the user manages; kept until something of them changes."""
    organizations = PartyOrganization.objects

    def read():
        seen = organizations.visible_to(user)
        managed = organizations.visible_to(user, Right.MANAGE_COVERAGE)
        return [set(rows.values_list("pk", flat=True)) for rows in (seen, managed)]

    return kept.keep(("sight", kept.who(user), timezone.localdate()), read)


def may_advise(user, place):
    return place.grid_id in governed(user, Right.MANAGE_COVERAGE)


@needs(Right.SEE_PARTY)
@require_safe
def for_organization(request, pk):
    """How many an organisation covers, by mode, what may be done, what was done."""
    organization = get_object_or_404(
        PartyOrganization.objects.visible_to(request.user), pk=pk
    )
    rows = (
        Coverage.objects.filter(
            business__in=Business.objects.visible_to(request.user).operating()
        )
        .in_force()
        .filter(organization=organization)
        .values("mode", "rank")
        .annotate(count=Count("business", distinct=True))
        .order_by("rank")
    )
    manages = PartyOrganization.objects.visible_to(request.user, Right.MANAGE_COVERAGE)
    may_act = (
        organization.dissolved_on is None
        and manages.filter(pk=organization.pk).exists()
    )
    kinds = [
        kind
        for kind, may_cover in coverage.MAY_COVER.items()
        if organization.kind in may_cover and kind != CoverageAct.Kind.SET_UP
    ]
    context = {
        "organization": organization,
        "counts": [{**row, "label": Coverage.Mode(row["mode"]).label} for row in rows],
        "acts": organization.acts.for_list(),
        "newcomers": newcomers_by_holding(request.user, organization=organization)
        if may_act
        else [],
        "kinds": kinds if may_act else [],
    }
    return render_inside(request, "enterprises/for_organization.html", context)


@needs(Right.SEE_PARTY)
@require_safe
def building_coverage(request, pk):
    """Who covers a building, by mode; who came and is not taken in; its advisers."""
    building = get_object_or_404(Building.objects.visible_to(request.user), pk=pk)
    inside = (
        Business.objects.visible_to(request.user)
        .filter(building=building)
        .counted()
        .operating()
    )
    today = timezone.localdate()
    regional = PartyOrganization.objects.visible_to(
        request.user, Right.MANAGE_COVERAGE
    ).standing()
    context = {
        "building": building,
        "preview": Preview.of(inside, today),
        "newcomers": newcomers_by_holding(request.user, building=building),
        "regional": regional.filter(kind=PartyOrganization.Kind.REGIONAL),
        "assignments": AdviserAssignment.objects.visible_to(request.user)
        .in_force()
        .filter(building=building)
        .select_related("adviser"),
        "may_advise": may_advise(request.user, building),
    }
    return render_inside(request, "enterprises/building_coverage.html", context)


# --- what waits ----------------------------------------------------------------------


@needs(Right.MANAGE_COVERAGE)
@require_safe
def coverage_work(request):
    """What is proposed and not done: each a number that opens its rows."""
    user, today = request.user, timezone.localdate()
    organizations = PartyOrganization.objects.visible_to(user)
    context = {
        "today": today,
        "proposals": proposals(user, today),
        "newcomers": newcomers_by_holding(user),
        "checks": [
            {
                "label": label,
                "value": value,
                "count": CHECKS.narrow(organizations.standing(), value, today).count(),
            }
            for value, label in CHECKS.choices()
            if value != "any"
        ],
        "acts": CoverageAct.objects.visible_to(user).for_list()[:10],
    }
    return render(request, "enterprises/coverage_work.html", context)


# --- advisers ------------------------------------------------------------------------


@needs(Right.SEE_PARTY)
@require_safe
def adviser_list(request):
    """The advisers and where each is; work coverage, beside the cascade."""
    advisers = Adviser.objects.visible_to(request.user).select_related("grid")
    assignments = (
        AdviserAssignment.objects.visible_to(request.user)
        .in_force()
        .select_related("business", "building", "adviser")
        .order_by("since", "pk")
    )
    places = {}
    for assignment in assignments:
        places.setdefault(assignment.adviser_id, []).append(assignment)
    context = {
        "advisers": [
            {"adviser": adviser, "assignments": places.get(adviser.pk, [])}
            for adviser in advisers.order_by("grid__path", "title")
        ],
        "may_manage": Grid.objects.governed_by(
            request.user, Right.MANAGE_COVERAGE
        ).exists(),
    }
    return render(request, "enterprises/adviser_list.html", context)


@needs(Right.MANAGE_COVERAGE)
@acting
def adviser_new(request):
    form = AdviserForm(request.POST or None, user=request.user)
    if form.is_valid():
        try:
            adviser = coverage.enter_adviser(**form.cleaned_data, **_now(request))
        except coverage.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"已登记{adviser.title}。")
            return redirect("enterprises:adviser_list")
    return render(request, "enterprises/adviser_new.html", {"form": form})


@needs(Right.MANAGE_COVERAGE)
@acting
def business_advise(request, pk):
    """Give a business an adviser."""
    business = get_object_or_404(
        Business.objects.visible_to(request.user, Right.MANAGE_COVERAGE), pk=pk
    )
    return _advise(request, business)


@needs(Right.MANAGE_COVERAGE)
@acting
def building_advise(request, pk):
    """Give a whole building an adviser: all that is in it, and all that comes."""
    grids = Grid.objects.governed_by(request.user, Right.MANAGE_COVERAGE)
    building = get_object_or_404(Building.objects.filter(grid__in=grids), pk=pk)
    return _advise(request, building)


def _advise(request, place):
    form = AssignForm(request.POST or None, user=request.user)
    if form.is_valid():
        facts = form.cleaned_data
        try:
            coverage.assign_adviser(
                facts["adviser"], place, since=facts["since"], **_now(request)
            )
        except coverage.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"已派驻{place.name}。")
            return redirect(place)
    return render(request, "enterprises/advise.html", {"place": place, "form": form})


@needs(Right.MANAGE_COVERAGE)
@acting
def adviser_end(request, pk):
    """End an adviser's assignment."""
    assignment = get_object_or_404(
        AdviserAssignment.objects.visible_to(
            request.user, Right.MANAGE_COVERAGE
        ).select_related("adviser", "business", "building"),
        pk=pk,
        until=None,
    )
    form = EndForm(request.POST or None)
    if form.is_valid():
        try:
            coverage.end_adviser(assignment, **form.cleaned_data, **_now(request))
        except coverage.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{assignment.adviser.title}的派驻已结束。")
            return redirect(assignment.place)
    context = {"assignment": assignment, "form": form}
    return render(request, "enterprises/adviser_end.html", context)
