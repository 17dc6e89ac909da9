"""The pages of organisations: ledger, tree, one of them, forms."""

import pytest
from django.urls import reverse

from enterprises.models import Coverage
from party.models import PartyOrganization
from tests.factories import (
    TODAY,
    BusinessFactory,
    CoverageFactory,
    HoldingFactory,
    OrganizationFactory,
)

Kind = PartyOrganization.Kind


def url(name, *args):
    return reverse(f"party:{name}", args=args)


@pytest.fixture
def tree(grid, other_grid, street):
    """The street's committee, a grid's below it, two branches below that."""
    top = OrganizationFactory(grid=street, name="社区党委", kind=Kind.STREET_COMMITTEE)
    committee = OrganizationFactory(
        grid=grid, name="第三网格党委", kind=Kind.GRID, parent=top
    )
    for name in ("甲支部", "乙支部"):
        OrganizationFactory(grid=grid, name=name, parent=committee)
    OrganizationFactory(grid=other_grid, name="邻网格支部", parent=top)
    OrganizationFactory(grid=grid, name="撤了的支部", dissolved_on=TODAY)
    return committee


@pytest.mark.parametrize("count", [1, 3])
def test_the_ledger_costs_the_same_for_any_number_of_rows(
    clerk, client_of, grid, count, django_assert_max_num_queries
):
    for organization in OrganizationFactory.create_batch(count, grid=grid):
        CoverageFactory(business__grid=grid, organization=organization)
    client = client_of(clerk)
    with django_assert_max_num_queries(7):  # reads the choices of the filters
        client.get(url("organization_list"))
    with django_assert_max_num_queries(5):  # session, user, posts, what changed, rows
        page = client.get(url("organization_list")).content.decode()
    assert f'data-total="{count}"' in page


@pytest.mark.parametrize("count", [1, 3])
def test_the_tree_costs_the_same_for_any_number_of_rows(
    clerk, client_of, grid, count, django_assert_max_num_queries
):
    OrganizationFactory.create_batch(count, grid=grid)
    client = client_of(clerk)
    with django_assert_max_num_queries(6):
        client.get(url("organization_tree"))


def test_the_tree_shows_what_is_in_sight_and_stands(tree, clerk, leader, client_of):
    page = client_of(clerk).get(url("organization_tree")).content.decode()
    for name in ("第三网格党委", "甲支部", "乙支部"):
        assert name in page
    for name in ("邻网格支部", "撤了的支部"):
        assert name not in page
    assert "邻网格支部" in client_of(leader).get(url("organization_tree")).text


def test_the_number_that_an_organisation_covers_opens_its_rows(
    tree, clerk, client_of, grid
):
    shops = BusinessFactory.create_batch(2, grid=grid)
    closed = BusinessFactory(grid=grid, state="closed")
    for shop in (*shops, closed):
        CoverageFactory(business=shop, organization=tree)
    client = client_of(clerk)
    href = f"/businesses/?organization={tree.pk}&amp;state=operating"
    for page in ("organization_tree", "organization_list"):
        assert f'{href}">2<' in client.get(url(page)).content.decode()
    rows = client.get(href.replace("&amp;", "&")).content.decode()
    assert 'data-total="2"' in rows


def test_the_page_shows_checks_officers_posts_and_holdings(
    secretary, branch, client_of
):
    HoldingFactory(organization=branch, building__grid=branch.grid)
    branch.pioneers.create(
        title="诚信经营岗",
        duty="带头明码标价",
        holder="党员商户",
        meeting="支部会议",
        assigned_on=TODAY,
        since=TODAY,
    )
    page = client_of(secretary).get(branch.get_absolute_url()).content.decode()
    for words in ("照规定看一看", "支部工作条例", "诚信经营岗", "楼宇", "secretary"):
        assert words in page
    assert "撤销党组织" not in page


def test_who_is_outside_finds_no_organisation(stranger, branch, client_of):
    client = client_of(stranger)
    assert client.get(branch.get_absolute_url()).status_code == 404
    for name in ("organization_edit", "pioneer_new"):
        assert client.get(url(name, branch.pk)).status_code in (403, 404)


def posted(**facts):
    return {
        "name": "春晓党支部",
        "kind": Kind.BRANCH,
        "members_full": 3,
        "members_probationary": 0,
        "founded_on": "2026-01-05",
        **facts,
    }


def test_new_sets_up_an_organisation_under_the_street_s(
    tree, clerk, client_of, grid, street
):
    top = PartyOrganization.objects.get(name="社区党委")
    facts = posted(grid=grid.pk, parent=top.pk)
    response = client_of(clerk).post(url("organization_new"), facts)
    made = PartyOrganization.objects.get(name="春晓党支部")
    assert response.headers["Location"] == made.get_absolute_url()
    assert (made.parent, made.grid) == (top, grid)


def test_new_says_why_not(tree, clerk, client_of, grid):
    facts = posted(grid=grid.pk, name="甲支部")
    page = client_of(clerk).post(url("organization_new"), facts).content.decode()
    assert "名称不能重复" in page


def form_of(page, organization):
    """What a browser would send back of the page, field by field."""
    form = page.context["form"]
    data = {}
    for field in form:
        value = field.field.prepare_value(field.value())
        value = "" if value is None else str(value)
        data[field.html_name] = data[field.html_initial_name] = value
    return data


def test_edit_saves_only_what_was_changed(clerk, branch, client_of):
    client = client_of(clerk)
    data = form_of(client.get(url("organization_edit", branch.pk)), branch)
    PartyOrganization.objects.filter(pk=branch.pk).update(secretary="新书记")
    client.post(url("organization_edit", branch.pk), data | {"members_full": "9"})
    branch.refresh_from_db()
    assert (branch.members_full, branch.secretary) == (9, "新书记")


def test_edit_shows_both_values_of_what_another_saved_first(clerk, branch, client_of):
    client = client_of(clerk)
    address = url("organization_edit", branch.pk)
    data = form_of(client.get(address), branch) | {"members_full": "9"}
    PartyOrganization.objects.filter(pk=branch.pk).update(members_full=5)
    page = client.post(address, data)
    assert page.status_code == 409
    assert "现在是“5”，您填的是“9”" in page.content.decode()

    again = form_of(page, branch) | {"members_full": "9"}
    again["initial-members_full"] = "5"
    assert client.post(address, again).status_code == 302
    branch.refresh_from_db()
    assert branch.members_full == 9


def test_a_secretary_is_asked_only_for_what_is_the_branch_s(
    secretary, branch, client_of
):
    page = client_of(secretary).get(url("organization_edit", branch.pk))
    assert set(page.context["form"].fields) == {
        "secretary",
        "members_full",
        "members_probationary",
        "members_on",
        "committee_size",
    }


def test_a_pioneer_post_is_written_and_ended(secretary, branch, client_of):
    client = client_of(secretary)
    facts = {
        "title": "诚信经营岗",
        "duty": "带头明码标价",
        "holder": "党员商户",
        "meeting": "支部会议",
        "assigned_on": "2026-01-05",
        "since": "2026-01-05",
    }
    client.post(url("pioneer_new", branch.pk), facts)
    post = branch.pioneers.get()
    facts = {"on": "2026-02-01", "reason": "换了人"}
    client.post(url("pioneer_end", post.pk), facts)
    post.refresh_from_db()
    assert post.end_reason == "换了人"
    assert Coverage.objects.count() == 0
