"""Party organisations: ledger, tree, one of them, its facts and its pioneer posts."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.rights import Right, needs
from grids.models import Building, Post
from party import actions
from party.checks import CHECKS
from party.forms import (
    EndPioneerForm,
    NewOrganizationForm,
    OrganizationForm,
    PioneerForm,
)
from party.ledgers import ORGANIZATIONS
from party.models import (
    OrganizationBuilding,
    PartyOrganization,
    PioneerPost,
    in_force,
)
from party.tree import tree
from tianshan.ledgers.views import ledger_page
from tianshan.values.pages import card as extra_card
from tianshan.web import render_inside


@needs(Right.SEE_PARTY)
@require_safe
def organization_list(request):
    return ledger_page(request, ORGANIZATIONS)


@needs(Right.SEE_PARTY)
@require_safe
def organization_tree(request):
    context = {"nodes": tree(request.user, timezone.localdate())}
    return render(request, "party/organization_tree.html", context)


def _may(user, organization, right):
    rows = PartyOrganization.objects.visible_to(user, right)
    return rows.filter(pk=organization.pk).exists()


@needs(Right.SEE_PARTY)
@require_safe
def organization_detail(request, pk):
    """Approval, term, members; the checks; what it holds; its posts and officers."""
    organizations = PartyOrganization.objects.visible_to(request.user)
    organization = get_object_or_404(
        organizations.select_related("grid", "parent"), pk=pk
    )
    open_now = organization.dissolved_on is None
    day = timezone.localdate()
    context = {
        "organization": organization,
        "parent_seen": organizations.filter(pk=organization.parent_id).exists(),
        "children": organizations.filter(parent=organization).standing().for_list(),
        "holdings": organization.holdings.filter(in_force()).select_related("building"),
        "officers": organization.officers.filter(
            post__in=Post.objects.in_force()
        ).select_related("post__user"),
        "pioneers": organization.pioneers.in_force().order_by("since", "pk"),
        "past_pioneers": organization.pioneers.exclude(until=None).order_by("-until"),
        "findings": CHECKS.of(organization, day) if open_now else [],
        "may_manage": open_now and _may(request.user, organization, Right.MANAGE_PARTY),
        "may_keep": open_now
        and _may(request.user, organization, Right.KEEP_ORGANIZATION),
        "extra": extra_card(
            organization, of="organization", page="party:organization_extra"
        ),
    }
    return render(request, "party/organization_detail.html", context)


@needs(Right.MANAGE_PARTY)
@require_http_methods(["GET", "HEAD", "POST"])
def organization_new(request):
    """Set up an organisation that is no enterprise's own."""
    form = NewOrganizationForm(request.POST or None, user=request.user)
    if form.is_valid():
        try:
            organization = actions.found(
                **form.cleaned_data, by=request.user, at=timezone.now()
            )
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"已设立{organization.name}。")
            return redirect(organization)
    return render(request, "party/organization_new.html", {"form": form})


@needs(Right.KEEP_ORGANIZATION)
@require_http_methods(["GET", "HEAD", "POST"])
def organization_edit(request, pk):
    """Correct the facts; two people at once are told of each other."""
    organization = get_object_or_404(
        PartyOrganization.objects.visible_to(request.user, Right.KEEP_ORGANIZATION),
        pk=pk,
        dissolved_on=None,
    )
    form = OrganizationForm(
        request.POST or None,
        instance=organization,
        user=request.user,
        whole=_may(request.user, organization, Right.MANAGE_PARTY),
    )
    clashes = []
    if form.is_valid():
        try:
            changed = actions.edit(
                organization,
                changes=form.changes(),
                seen=form.seen(),
                by=request.user,
                at=timezone.now(),
            )
        except actions.Conflict as conflict:
            clashes = [
                {
                    "label": form.fields[name].label,
                    "theirs": stored,
                    "mine": form.cleaned_data[name],
                }
                for name, stored in conflict.fields.items()
            ]
            form.refreshed(conflict.organization)
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            said = "已保存。" if changed else "没有变化，未作改动。"
            messages.success(request, said)
            return redirect(organization)
    context = {"organization": organization, "form": form, "clashes": clashes}
    status = 409 if clashes else 200
    return render(request, "party/organization_edit.html", context, status=status)


# --- pioneer posts -------------------------------------------------------------------


@needs(Right.KEEP_ORGANIZATION)
@require_http_methods(["GET", "HEAD", "POST"])
def pioneer_new(request, pk):
    """Record a post that a meeting gave to a member."""
    organization = get_object_or_404(
        PartyOrganization.objects.visible_to(request.user, Right.KEEP_ORGANIZATION),
        pk=pk,
        dissolved_on=None,
    )
    form = PioneerForm(request.POST or None)
    if form.is_valid():
        try:
            post = actions.assign_pioneer(
                organization, **form.cleaned_data, by=request.user, at=timezone.now()
            )
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"已登记先锋岗位“{post.title}”。")
            return redirect(organization)
    context = {"organization": organization, "form": form}
    return render(request, "party/pioneer_new.html", context)


@needs(Right.KEEP_ORGANIZATION)
@require_http_methods(["GET", "HEAD", "POST"])
def pioneer_end(request, pk):
    post = get_object_or_404(
        PioneerPost.objects.visible_to(
            request.user, Right.KEEP_ORGANIZATION
        ).select_related("organization"),
        pk=pk,
        until=None,
    )
    form = EndPioneerForm(request.POST or None)
    if form.is_valid():
        try:
            actions.end_pioneer(
                post, **form.cleaned_data, by=request.user, at=timezone.now()
            )
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"“{post.title}”已卸任。")
            return redirect(post.organization)
    return render(request, "party/pioneer_end.html", {"post": post, "form": form})


# --- inside other pages --------------------------------------------------------------


@needs(Right.SEE_PARTY)
@require_safe
def for_building(request, pk):
    """The organisations that hold a building; its page loads this in place."""
    building = get_object_or_404(Building.objects.visible_to(request.user), pk=pk)
    holdings = (
        OrganizationBuilding.objects.visible_to(request.user)
        .filter(in_force(), building=building)
        .select_related("organization")
    )
    context = {"building": building, "holdings": holdings}
    return render_inside(request, "party/for_building.html", context)
