"""From a phone in the street to the leader's screen, in real Chromium."""

import datetime as dt
import re

import pytest
from django.utils import timezone

from accounts.rights import Role
from enterprises.models import Coverage
from issues import actions as issues
from tests.browser.conftest import DESK, PHONE
from tests.factories import (
    BodyFactory,
    BuildingFactory,
    BusinessFactory,
    CoverageFactory,
    DemandFactory,
    PostFactory,
    VisitFactory,
)
from visits.models import Demand, Visit

WORDS = "上午九点开市，清运车正好来，味道很大。"


@pytest.fixture
def shop(seeded, grid, branch):
    building = BuildingFactory(grid=grid, name="天山茶城")
    shop = BusinessFactory(
        grid=grid,
        building=building,
        room="B08",
        name="闽南茶行",
        staff_count=4,
        discovered_on=timezone.localdate() - dt.timedelta(days=3),
        contact_phone="19912345678",
    )
    CoverageFactory(
        business=shop,
        organization=branch,
        mode=Coverage.Mode.PLACE,
        since=timezone.localdate() - dt.timedelta(days=3),
    )
    BodyFactory(
        grid=grid, organization=branch, name="天山茶市党支部会议"
    ).buildings.add(building)
    return shop


def figures(page):
    answer = page.request.get("/dashboard/figures.json").json()
    return {figure["key"]: figure["value"] for figure in answer["figures"]}


def test_a_visit_on_a_phone_moves_the_leaders_screen_by_exactly_that(
    visitor, shop, staff, secretary, leader
):
    desk = visitor(leader, DESK)
    before = figures(desk)

    phone = visitor(staff, PHONE)
    phone.goto(f"/visits/new/?business={shop.pk}")
    assert phone.get_by_text("闽南茶行").first.is_visible()
    phone.get_by_text("有诉求", exact=True).first.click()
    phone.get_by_text("负责人", exact=True).first.click()
    phone.get_by_text("无变化", exact=True).first.click()
    phone.get_by_text("环境清运", exact=True).first.click()
    phone.locator("[name=demand-0-words]").fill(WORDS)
    phone.get_by_role("button", name="保存走访").click()
    phone.wait_for_url(re.compile(r"/visits/\d+/"))
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

    visit = Visit.objects.get()
    demand = Demand.objects.get()
    assert (visit.business, demand.words, demand.visit) == (shop, WORDS, visit)
    after = figures(desk)
    moved = {key for key in after if after[key] != before[key]}
    assert after["visits_merchant"] == before["visits_merchant"] + 1
    assert after["visits_merchant_distinct"] == before["visits_merchant_distinct"] + 1
    assert after["demands_raised"] == before["demands_raised"] + 1
    assert after["effective"] == before["effective"] + 1
    assert after["not_due"] == before["not_due"] - 1
    assert "visits_enterprise" not in moved
    assert "issues_raised" not in moved

    office = visitor(secretary, DESK)
    office.goto("/demands/")
    office.get_by_role("link", name=WORDS[:6]).first.click()
    office.get_by_role("link", name="答复").first.click()
    office.locator("textarea").first.fill("市容部门改为每天上午 8 点以前清运。")
    office.locator("main form button.btn-primary").last.click()
    office.wait_for_url(f"**/demands/{demand.pk}/")
    demand.refresh_from_db()
    assert demand.state == Demand.State.ANSWERED

    last = figures(desk)
    assert last["demands_open"] == before["demands_open"]
    assert last["demands_untold"] == before["demands_untold"] + 1
    for page in (phone, office, desk):
        assert page.problems == []


def test_pressing_save_twice_logs_one_visit(visitor, shop, staff):
    page = visitor(staff, PHONE)
    page.goto(f"/visits/new/?business={shop.pk}")
    page.get_by_text("情况正常", exact=True).first.click()
    page.get_by_text("负责人", exact=True).first.click()
    page.get_by_text("无变化", exact=True).first.click()
    form = page.locator("main form").last.evaluate(
        "form => new URLSearchParams(new FormData(form)).toString()"
    )
    for _ in range(2):
        answer = page.request.post(
            f"/visits/new/?business={shop.pk}",
            data=form,
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Referer": page.url,
            },
        )
        assert answer.ok
    assert Visit.objects.count() == 1


PAGES = {
    "staff": [
        "/work/",
        "/merchants/",
        "/businesses/{shop}/",
        "/businesses/{shop}/edit/",
        "/visits/new/",
        "/visits/new/?business={shop}",
        "/visits/",
        "/search/?q=茶",
        "/buildings/",
        "/grids/",
        "/party/",
        "/me/",
    ],
    "secretary": ["/demands/", "/issues/", "/matters/", "/measures/"],
    "leader": ["/dashboard/", "/enterprises/"],
    "clerk": [
        "/imports/",
        "/imports/new/",
        "/businesses/new/",
        "/businesses/twins/",
        "/buildings/{building}/",
        "/party/tree/",
        "/coverage/",
    ],
    "auditor": ["/audit/", "/audit/readings/"],
    "accountant": ["/accounts/"],
    "keeper": ["/holidays/", "/values/"],
}


@pytest.fixture
def auditor(grid):
    return PostFactory(role=Role.AUDITOR, grid=grid).user


@pytest.fixture
def accountant(grid):
    return PostFactory(role=Role.SECURITY_ADMIN, grid=grid).user


@pytest.fixture
def keeper(grid):
    return PostFactory(role=Role.SYSTEM_ADMIN, grid=grid).user


@pytest.mark.parametrize("who", sorted(PAGES))
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    request, visitor, looked_at, shop, who
):
    page = visitor(request.getfixturevalue(who))
    for address in PAGES[who]:
        address = address.format(shop=shop.pk, building=shop.building_id)
        looked_at(page, address, PHONE, DESK)
    assert page.problems == []


def test_axe_finds_nothing_on_the_way_of_a_demand(
    visitor, looked_at, shop, secretary, branch
):
    now = timezone.now()
    demand = DemandFactory(business=shop, words=WORDS)
    issue = issues.propose(
        demand, title="避开开市清运", wish="八点前清运", by=secretary, at=now
    )
    matter = issue.matters.get()
    issues.decide(
        issue,
        opinion="都同意",
        matter=matter,
        content="改到八点前",
        lead=branch,
        due_on=timezone.localdate(now) + dt.timedelta(days=7),
        by=secretary,
        at=now,
    )
    visit = VisitFactory(business=shop)
    fresh = DemandFactory(business=shop)
    page = visitor(secretary)
    for address in (
        demand.get_absolute_url(),
        issue.get_absolute_url(),
        matter.get_absolute_url(),
        visit.get_absolute_url(),
        f"/demands/{fresh.pk}/answer/",
        f"/demands/{fresh.pk}/decline/",
        f"/demands/{fresh.pk}/propose/",
    ):
        looked_at(page, address, PHONE, DESK)
    assert page.problems == []
