"""Ledgers and pages of businesses."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q, Value
from django.db.models.functions import Coalesce
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.rights import Right, needs
from enterprises import actions, history
from enterprises.coverage_views import chain_context
from enterprises.forms import (
    EDITED,
    PAGE_TOO_OLD,
    BusinessForm,
    Choice,
    ReasonForm,
    Seen,
)
from enterprises.ledgers import BUSINESSES, ENTERPRISES, MERCHANTS
from enterprises.models import Business, Caretaker
from grids.floors import floor_of
from grids.models import Building
from tianshan import audit
from tianshan.ledgers.moments import moments_of
from tianshan.ledgers.views import ledger_page
from tianshan.values.extra import fields_of
from tianshan.values.pages import card as extra_card
from tianshan.web import render_inside
from tianshan.web.masks import masked_phone

# What one may do to a business, asked together with it.
SHOWN_ACTS = {
    "may_edit": Right.EDIT_BUSINESSES,
    "may_visit": Right.LOG_VISITS,
    "may_call": Right.CALL,
    "may_mark": Right.MARK_PRIORITY,
    "may_assign": Right.ASSIGN_CARETAKERS,
    "may_cover": Right.MANAGE_COVERAGE,
}
SHOWN = 20  # lines of a timeline or of a history on one page


@needs(Right.SEE_BUSINESSES)
@require_safe
def business_list(request):
    return ledger_page(request, BUSINESSES)


@needs(Right.SEE_BUSINESSES)
@require_safe
def enterprise_list(request):
    return ledger_page(request, ENTERPRISES)


@needs(Right.SEE_BUSINESSES)
@require_safe
def merchant_list(request):
    return ledger_page(request, MERCHANTS)


@needs(Right.SEE_BUSINESSES)
@require_safe
def business_detail(request, pk):
    """Facts, the chain of coverage with its reasons, places, who owes the visits.

    What a business was merged into is where its page leads.
    """
    businesses = Business.objects.visible_to(request.user)
    business = (
        businesses.with_rights(request.user, **SHOWN_ACTS)
        .select_related("grid", "building")
        .filter(pk=pk)
        .first()
    )
    if business is None:
        tombstone = get_object_or_404(Business.objects.exclude(merged_into=None), pk=pk)
        return redirect(get_object_or_404(businesses, pk=tombstone.merged_into_id))
    caretakers = Caretaker.objects.visible_to(request.user).in_force()
    of_this = Q(business=business)
    if business.building_id:
        of_this |= Q(building=business.building_id)
    context = {
        "business": business,
        **chain_context(request.user, business),
        "dated": _dated(business),
        "caretakers": [
            care
            for care in caretakers.filter(of_this).select_related("user")
            if care.covers_room(business.room)
        ],
        "phone": masked_phone(business.contact_phone),
        "extra": extra_card(
            business,
            of="business",
            kind=business.kind,
            page="enterprises:business_extra",
        ),
    }
    return render(request, "enterprises/business_detail.html", context)


def may_do(user, business, right):
    return Business.objects.visible_to(user, right).filter(pk=business.pk).exists()


def _dated(business):
    """Places, states and owners, as one list: what holds first, then the latest."""
    nothing = Value("")
    places = business.occupancies.values_list(
        "since", "until", "pk", Coalesce("building__name", "grid__name"), "room", "main"
    ).annotate(said=nothing)
    states = business.operations.values_list(
        "since", "until", "pk", nothing, nothing, Value(True), "state"
    )
    names = ("since", "until", "pk", "place", "room", "main", "state")
    rows = [
        dict(zip(names, row, strict=True)) for row in places.union(states, all=True)
    ]
    for row in rows:
        row["said"] = Business.State(row["state"]).label if row["state"] else ""
    return sorted(
        rows,
        key=lambda row: (row["until"] is None, row["since"], row["pk"]),
        reverse=True,
    )


@needs(Right.SEE_BUSINESSES)
@require_safe
def business_timeline(request, pk):
    """What passed between a business and us, as every room tells it, latest first."""
    business = get_object_or_404(Business.objects.visible_to(request.user), pk=pk)
    kind = request.GET.get("kind", "")
    tabs, moments = moments_of(request.user, business, kind=kind)
    context = {
        "business": business,
        "tabs": tabs,
        "kind": kind if kind in {tab["key"] for tab in tabs} else "",
        "all": sum(tab["count"] for tab in tabs),
        "page": Paginator(moments, SHOWN).get_page(request.GET.get("page")),
    }
    return render_inside(request, "enterprises/business_timeline.html", context)


@needs(Right.SEE_BUSINESSES)
@require_safe
def business_history(request, pk):
    """Who changed what, when, from what to what, and why."""
    business = get_object_or_404(Business.objects.visible_to(request.user), pk=pk)
    groups = history.changes(business)
    page = Paginator(groups, SHOWN).get_page(request.GET.get("page"))
    context = {"business": business, "page": page}
    return render_inside(request, "enterprises/business_history.html", context)


@needs(Right.EDIT_BUSINESSES)
@require_http_methods(["GET", "HEAD", "POST"])
def business_edit(request, pk):
    """Correct the facts of a business.

    What two people changed at once is chosen field by field: mine or what is stored.
    """
    business = get_object_or_404(
        Business.objects.visible_to(request.user, Right.EDIT_BUSINESSES), pk=pk
    )
    data, seen, choice = None, Seen.of(business, EDITED), None
    if request.method == "POST":
        seen = Seen.read(request.POST.get("seen", ""), business)
        choice = Choice.read(request.POST, business, seen)
        data = choice.apply(request.POST)
    form = BusinessForm(data, instance=business, masks=seen.masks if seen else ())
    if form.is_bound and seen is None:
        form.add_error(None, PAGE_TOO_OLD)
    if choice and choice.missing:
        form.add_error(None, "有人同时改过，请逐项选定用哪一个。")

    if form.is_valid():
        try:
            changed = actions.edit(
                business,
                changes={name: form.cleaned_data[name] for name in EDITED},
                seen=seen.values,
                by=request.user,
                at=timezone.now(),
            )
        except actions.Conflict as conflict:  # the page says it, field by field
            business = conflict.business
            fresh = Seen.of(business, EDITED)
            choice = choice.among(conflict.fields, opened=seen, stored=fresh)
            seen.refresh(form, fresh)
            seen = fresh
        else:
            messages.success(
                request, "已保存。" if changed else "资料没有变化，未作改动。"
            )
            return redirect(business)

    clashes = choice.rows(form) if choice else []
    context = {
        "business": business,
        "form": form,
        "seen": (seen or Seen.of(business, EDITED)).text,
        "clashes": clashes,
        "opened": choice.opened.text if clashes else "",
        "saved_by": history.last_change_by(business) if clashes else "",
    }
    context["asks_more"] = bool(fields_of("business", business.kind))
    status = 409 if clashes else 200
    return render(request, "enterprises/business_edit.html", context, status=status)


@needs(Right.SEE_BUSINESSES)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def business_phone(request, pk):
    """Show the phone in full: one tap within one's own caseload, elsewhere with a
    reason; both are logged before anything is shown."""
    business = get_object_or_404(Business.objects.visible_to(request.user), pk=pk)
    own = may_do(request.user, business, Right.CALL)
    if not business.contact_phone:
        raise PermissionDenied
    form = ReasonForm(request.POST or None)
    number = None
    if request.method == "POST" and (own or form.is_valid()):
        why = "联系自己负责的对象" if own else form.cleaned_data["why"]
        audit.read(
            business, "contact_phone", by=request.user, at=timezone.now(), why=why
        )
        number = business.contact_phone
    context = {"business": business, "form": form, "number": number, "own": own}
    return render(request, "enterprises/business_phone.html", context)


@needs(Right.SEE_BUSINESSES)
@require_safe
def for_building(request, pk):
    """Who owes the visits of a building, floor by floor; its page loads this."""
    building = get_object_or_404(Building.objects.visible_to(request.user), pk=pk)
    caretakers = (
        Caretaker.objects.visible_to(request.user)
        .in_force()
        .filter(building=building)
        .select_related("user")
    )
    rows = [{"care": care, "floor": floor_of(care.floor)} for care in caretakers]
    rows.sort(key=lambda row: (bool(row["care"].floor), row["floor"].order))
    context = {"building": building, "rows": rows}
    return render_inside(request, "enterprises/for_building.html", context)
