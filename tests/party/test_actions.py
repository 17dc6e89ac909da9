"""Organisations: set up, corrected, with pioneer posts; who may."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from accounts.rights import Role
from party import actions
from party.actions import Conflict, Refused
from party.models import PartyOrganization, PioneerPost
from tests.factories import NOON, TODAY, OrganizationFactory, PostFactory
from tianshan.audit.models import Entry

Kind = PartyOrganization.Kind


def found(grid, by, **facts):
    facts = {"name": "春晓党支部", "kind": Kind.BRANCH, "founded_on": TODAY, **facts}
    return actions.found(grid=grid, by=by, at=NOON, **facts)


def edit(organization, changes, by, seen=None):
    seen = {name: getattr(organization, name) for name in changes} | (seen or {})
    return actions.edit(organization, changes=changes, seen=seen, by=by, at=NOON)


# --- set up --------------------------------------------------------------------------


def test_found_keeps_the_approval_and_counts_the_term(clerk, grid):
    branch = found(
        grid,
        clerk,
        approved_by="社区党委",
        approved_to="党群服务中心",
        approved_on=TODAY,
        approval_number="天社委〔2026〕7号",
        elected_on=dt.date(2026, 3, 1),
    )
    assert branch.establishment == "631"
    assert (branch.term_years, branch.term_ends_on) == (3, dt.date(2029, 2, 28))
    assert Entry.objects.get().verb == "organization.founded"


def test_found_gives_a_community_committee_five_years(street):
    worker = PostFactory(role=Role.PARTY_WORKER, grid=street).user
    top = found(
        street, worker, kind=Kind.STREET_COMMITTEE, elected_on=dt.date(2024, 2, 29)
    )
    assert (top.term_years, top.term_ends_on) == (5, dt.date(2029, 2, 28))


def test_found_refuses_a_term_of_a_temporary_branch(clerk, grid):
    with pytest.raises(Refused, match="不换届"):
        found(grid, clerk, kind=Kind.TEMPORARY_BRANCH, elected_on=TODAY)
    assert found(grid, clerk, kind=Kind.TEMPORARY_BRANCH).establishment == "931"


def test_found_refuses_a_day_ahead_and_a_dissolved_superior(clerk, grid):
    with pytest.raises(Refused, match="将来"):
        found(grid, clerk, founded_on=TODAY + dt.timedelta(days=1))
    gone = OrganizationFactory(grid=grid, dissolved_on=TODAY)
    with pytest.raises(Refused, match="已撤销"):
        found(grid, clerk, parent=gone)


@pytest.mark.parametrize("who", ["staff", "stranger", "secretary", "leader"])
def test_found_belongs_to_those_who_manage_the_grid(request, grid, who):
    with pytest.raises(PermissionDenied):
        found(grid, request.getfixturevalue(who))


# --- correct -------------------------------------------------------------------------


def test_edit_changes_and_says_what(clerk, branch):
    PartyOrganization.objects.filter(pk=branch.pk).update(establishment="631")
    assert edit(branch, {"members_full": 8, "name": branch.name}, clerk) == [
        "members_full"
    ]
    branch.refresh_from_db()
    assert (branch.members_full, branch.version) == (8, 2)
    assert Entry.objects.get().data == {"fields": ["members_full"]}


def test_edit_tells_of_what_another_saved_first(clerk, branch):
    PartyOrganization.objects.filter(pk=branch.pk).update(members_full=5)
    with pytest.raises(Conflict) as told:
        edit(branch, {"members_full": 8}, clerk, seen={"members_full": 0})
    assert told.value.fields == {"members_full": 5}
    edit(branch, {"secretary": "书记"}, clerk)
    branch.refresh_from_db()
    assert (branch.members_full, branch.secretary) == (5, "书记")


def test_edit_counts_the_term_anew_after_an_election(clerk, grid):
    branch = found(grid, clerk, elected_on=dt.date(2023, 5, 1))
    edit(branch, {"elected_on": dt.date(2026, 5, 1)}, clerk)
    branch.refresh_from_db()
    assert branch.term_ends_on == dt.date(2029, 4, 30)


def test_edit_refuses_a_superior_below_itself(clerk, branch):
    below = OrganizationFactory(grid=branch.grid, parent=branch)
    for parent in (branch, below):
        with pytest.raises(Refused, match="下级"):
            edit(branch, {"parent": parent}, clerk)


def test_the_branch_secretary_keeps_its_numbers_and_not_its_name(secretary, branch):
    edit(branch, {"members_full": 6, "secretary": "书记"}, secretary)
    with pytest.raises(PermissionDenied):
        edit(branch, {"name": "别的名称"}, secretary)
    with pytest.raises(PermissionDenied):
        edit(OrganizationFactory(grid=branch.grid), {"members_full": 6}, secretary)


def test_nobody_edits_a_dissolved_organisation(clerk, branch):
    PartyOrganization.objects.filter(pk=branch.pk).update(dissolved_on=TODAY)
    with pytest.raises(Refused, match="撤销"):
        edit(branch, {"members_full": 8}, clerk)


# --- pioneer posts -------------------------------------------------------------------


def assign(organization, by, **facts):
    facts = {
        "title": "诚信经营岗",
        "duty": "带头明码标价",
        "holder": "党员商户",
        "meeting": "支部会议",
        "assigned_on": TODAY,
        "since": TODAY,
        **facts,
    }
    return actions.assign_pioneer(organization, by=by, at=NOON, **facts)


def test_a_pioneer_post_is_given_in_a_meeting_and_ends(secretary, branch):
    post = assign(branch, secretary)
    assert list(branch.pioneers.in_force(TODAY)) == [post]
    actions.end_pioneer(post, on=TODAY, reason="换了人", by=secretary, at=NOON)
    assert not branch.pioneers.in_force(TODAY).exists()
    with pytest.raises(Refused, match="已于"):
        actions.end_pioneer(post, on=TODAY, reason="再来", by=secretary, at=NOON)
    verbs = Entry.objects.order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["pioneer.assigned", "pioneer.ended"]


def test_a_name_is_stored_only_with_consent_and_goes_with_the_post(secretary, branch):
    with pytest.raises(Refused, match="同意"):
        assign(branch, secretary, holder_name="某某")
    with pytest.raises(IntegrityError), transaction.atomic():
        PioneerPost.objects.create(
            organization=branch,
            title="岗",
            duty="责",
            holder="党员",
            meeting="会",
            assigned_on=TODAY,
            since=TODAY,
            holder_name="某某",
        )
    post = assign(branch, secretary, holder_name="某某", name_consented_on=TODAY)
    actions.end_pioneer(post, on=TODAY, reason="换了人", by=secretary, at=NOON)
    post.refresh_from_db()
    assert post.holder_name == ""
    assert not hasattr(post.events.first(), "holder_name")


def test_pioneer_posts_belong_to_the_branch_and_the_grid(staff, stranger, branch):
    for user in (staff, stranger):
        with pytest.raises(PermissionDenied):
            assign(branch, user)
