"""The pages of coverage: preview, act, undo; the numbers that open their rows."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from enterprises import coverage
from enterprises.models import Business, Coverage, CoverageAct
from party.models import PartyOrganization
from tests.factories import (
    LIVE_ON,
    BuildingFactory,
    BusinessFactory,
    CoverageFactory,
    HoldingFactory,
    OrganizationFactory,
)

Kind = PartyOrganization.Kind
Mode = Coverage.Mode


def url(name, *args):
    return reverse(f"enterprises:{name}", args=args)


@pytest.fixture
def market(grid):
    return BuildingFactory(grid=grid, name="天山茶城")


@pytest.fixture
def branch(grid):
    return OrganizationFactory(
        grid=grid, kind=Kind.QUARTER_BRANCH, name="天山茶市党支部"
    )


@pytest.fixture
def shops(grid, market):
    return BusinessFactory.create_batch(3, grid=grid, building=market)


def seen_in(page):
    return re.search(r'name="seen" value="(\w+)"', page.content.decode())[1]


def test_take_in_shows_first_and_covers_what_was_shown(
    clerk, client_of, branch, market, shops
):
    client = client_of(clerk)
    address = url("coverage_take_in", branch.pk)
    facts = {"building": market.pk, "on": "2026-01-05"}
    page = client.post(address, facts)
    assert "会覆盖 3 家" in page.content.decode()
    assert "还没有党组织负责 3 家" in page.content.decode()
    assert not Coverage.objects.exists()

    late = BusinessFactory(grid=market.grid, building=market)
    again = client.post(address, facts | {"seen": seen_in(page)})
    assert "会覆盖 4 家" in again.content.decode()
    assert not Coverage.objects.exists()

    done = client.post(address, facts | {"seen": seen_in(again)})
    act = CoverageAct.objects.get()
    assert done.headers["Location"] == act.get_absolute_url()
    assert act.businesses == Coverage.objects.count() == 4
    assert late.coverages.get().act == act


def test_the_act_s_number_opens_its_rows(clerk, client_of, branch, market, shops):
    act = coverage.take_in(branch, market, on=LIVE_ON, by=clerk, at=timezone.now())
    client = client_of(clerk)
    page = client.get(act.get_absolute_url()).content.decode()
    assert f'/businesses/?act={act.pk}">3<' in page
    rows = client.get(f"/businesses/?act={act.pk}").content.decode()
    assert 'data-total="3"' in rows
    # A further filter keeps it, though the form has no control for it.
    assert f'<input type="hidden" name="act" value="{act.pk}">' in rows


def test_backstop_by_the_page_names_its_contact(clerk, client_of, grid, shops):
    regional = OrganizationFactory(grid=grid, kind=Kind.REGIONAL)
    client = client_of(clerk)
    address = url("coverage_backstop", regional.pk)
    facts = {"place": f"grid-{grid.pk}", "on": "2026-01-05"}
    assert "必填" in client.post(address, facts).content.decode()
    facts["contact"] = "网格联络员"
    page = client.post(address, facts)
    client.post(address, facts | {"seen": seen_in(page)})
    assert set(Coverage.objects.values_list("contact", "mode")) == {
        ("网格联络员", Mode.REGIONAL)
    }


def test_join_offers_those_reported_as_joint_and_finds_others(
    clerk, client_of, grid, market
):
    joint = OrganizationFactory(grid=grid, kind=Kind.JOINT_BRANCH)
    reported = BusinessFactory(
        grid=grid, name="报了联合的", reported_mode=Business.ReportedMode.JOINT
    )
    other = BusinessFactory(grid=grid, name="别的公司")
    client = client_of(clerk)
    address = url("coverage_join", joint.pk)
    page = client.get(address).content.decode()
    assert "报了联合的" in page
    assert "别的公司" not in page
    facts = {"businesses": [other.pk], "on": "2026-01-05"}
    client.post(f"{address}?q=别的", facts)
    assert other.coverages.get().organization == joint
    assert not reported.coverages.exists()


def test_set_up_by_the_page_founds_and_covers(clerk, client_of, grid):
    business = BusinessFactory(grid=grid, name="春晓科技", members_count=4)
    parent = OrganizationFactory(grid=grid)
    client = client_of(clerk)
    address = url("coverage_set_up", business.pk)
    assert "春晓科技党支部" in client.get(address).content.decode()
    facts = {
        "name": "春晓科技党支部",
        "parent": parent.pk,
        "members_full": 4,
        "on": "2026-01-05",
        "approved_by": "社区党委",
    }
    client.post(address, facts)
    row = business.coverages.get()
    assert (row.mode, row.organization.approved_by) == (Mode.OWN, "社区党委")


def test_end_says_who_answers_next(clerk, client_of, grid):
    row = CoverageFactory(business__grid=grid, organization__name="茶市党支部")
    CoverageFactory(
        business=row.business, organization__name="区域党组织", mode=Mode.REGIONAL
    )
    client = client_of(clerk)
    address = url("coverage_end", row.pk)
    assert "由区域党组织负责" in client.get(address).content.decode()
    client.post(address, {"on": "2026-01-05", "reason": "搬走了"})
    row.refresh_from_db()
    assert str(row.until) == "2026-01-05"
    assert client.get(address).status_code == 404


def test_dissolve_says_what_ends_and_void_puts_it_back(
    clerk, client_of, branch, market, shops
):
    coverage.take_in(branch, market, on=LIVE_ON, by=clerk, at=timezone.now())
    client = client_of(clerk)
    address = url("coverage_dissolve", branch.pk)
    page = client.get(address).content.decode()
    assert "会终止 3 家的覆盖" in page
    assert "其中 3 家以后没有党组织负责" in page
    client.post(address, {"on": "2026-01-05", "reason": "任务完成"})
    branch.refresh_from_db()
    assert str(branch.dissolved_on) == "2026-01-05"

    act = CoverageAct.objects.get(kind=CoverageAct.Kind.DISSOLVE)
    client.post(url("coverage_void", act.pk), {"reason": "办错了"})
    branch.refresh_from_db()
    assert branch.dissolved_on is None
    assert branch.coverages.filter(until=None).count() == 3
    assert "已作废" in client.get(act.get_absolute_url()).content.decode()


# --- what is proposed ----------------------------------------------------------------


def test_each_proposal_opens_as_many_rows_as_it_says(
    clerk, client_of, grid, branch, market
):
    BusinessFactory(grid=grid, reported_mode=Business.ReportedMode.OWN)
    BusinessFactory.create_batch(
        2, grid=grid, reported_mode=Business.ReportedMode.JOINT
    )
    borne_out = BusinessFactory(grid=grid, reported_mode=Business.ReportedMode.OWN)
    CoverageFactory(business=borne_out, mode=Mode.OWN)
    BusinessFactory(grid=grid, cover_planned_on="2026-01-05")
    HoldingFactory(organization=branch, building=market)
    BusinessFactory.create_batch(3, grid=grid, building=market)
    taken = BusinessFactory(grid=grid, building=market)
    CoverageFactory(business=taken, organization=branch)

    client = client_of(clerk)
    page = client.get(url("coverage_work"))
    counts = {one.key: one.count for one in page.context["proposals"]}
    assert counts == {"own": 1, "joint": 2, "newcomer": 3, "planned": 1}
    for key, count in counts.items():
        rows = client.get(f"/businesses/?proposed={key}").content.decode()
        assert f'data-total="{count}"' in rows
    (holding,) = page.context["newcomers"]
    assert holding.waiting == 3
    rows = client.get(f"/businesses/?building={market.pk}&waits_for={branch.pk}")
    assert 'data-total="3"' in rows.content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_work_page_costs_the_same_for_any_number(
    clerk, client_of, grid, count, django_assert_max_num_queries
):
    for holding in HoldingFactory.create_batch(
        count,
        organization__kind=Kind.QUARTER_BRANCH,
        organization__grid=grid,
        building__grid=grid,
    ):
        BusinessFactory(grid=grid, building=holding.building)
    client = client_of(clerk)
    with django_assert_max_num_queries(26):
        page = client.get(url("coverage_work"))
    assert len(page.context["newcomers"]) == count


def test_the_chain_s_page_says_what_answers_and_what_might(
    clerk, client_of, grid, branch, market, shops
):
    coverage.take_in(branch, market, on=LIVE_ON, by=clerk, at=timezone.now())
    late = BusinessFactory(
        grid=grid,
        building=market,
        reported_mode=Business.ReportedMode.OWN,
        uncovered_reason="刚开业",
        cover_planned_on="2026-01-05",
    )
    client = client_of(clerk)
    page = client.get(url("coverage_chain", shops[0].pk)).content.decode()
    assert "现行" in page
    page = client.get(url("coverage_chain", late.pk)).content.decode()
    for words in (
        "不计覆盖",
        "纳入，还没有办",
        "刚开业",
        "已经过了",
        "没有派驻党建指导员",
    ):
        assert words in page
    detail = client.get(late.get_absolute_url()).content.decode()
    assert "已经过了" in detail


def test_the_chain_links_only_to_organisations_in_sight(
    client_of, grid, clerk, secretary
):
    own = OrganizationFactory(grid=grid, name="别人的支部")
    row = CoverageFactory(business__grid=grid, organization=own, mode=Mode.OWN)
    # The secretary's own branch covers it as well, which is why it is in sight.
    office = secretary.posts.get().offices.get()
    CoverageFactory(business=row.business, organization=office.organization)
    address = url("coverage_chain", row.business_id)
    for user, links in ((clerk, True), (secretary, False)):
        page = client_of(user).get(address).content.decode()
        assert "别人的支部" in page
        assert (f'href="{own.get_absolute_url()}"' in page) is links


# --- whose ---------------------------------------------------------------------------


def test_who_only_reads_is_offered_no_act(leader, staff, client_of, branch, shops):
    for user in (leader, staff):
        client = client_of(user)
        page = client.get(url("for_organization", branch.pk)).content.decode()
        assert "纳入楼宇" not in page
        for address in (
            url("coverage_take_in", branch.pk),
            url("coverage_dissolve", branch.pk),
            url("coverage_work"),
        ):
            assert client.get(address).status_code == 403


def test_advisers_are_listed_with_their_places(clerk, client_of, grid, market):
    client = client_of(clerk)
    facts = {"title": "党建指导员·一", "employment": "full", "level": "street"}
    client.post(url("adviser_new"), facts | {"grid": grid.pk})
    adviser = market.grid.advisers.get()
    address = url("building_advise", market.pk)
    client.post(address, {"adviser": adviser.pk, "since": "2026-01-05"})
    page = client.get(url("adviser_list")).content.decode()
    assert "天山茶城" in page
    assert "专职" in page
    page = client.get(url("building_coverage", market.pk)).content.decode()
    assert "党建指导员·一" in page
    assignment = adviser.assignments.get()
    client.post(
        url("adviser_end", assignment.pk), {"on": "2026-02-01", "reason": "轮换"}
    )
    page = client.get(url("adviser_list")).content.decode()
    assert "天山茶城" not in page
