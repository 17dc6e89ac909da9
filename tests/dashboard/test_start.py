"""Where a day begins: the start page, today's work, search, and the watchers' pages."""

import datetime as dt
import re

import pytest
from django.db import DatabaseError

from accounts.rights import Role
from enterprises.models import Caretaker
from tests import factories as make
from tests.factories import LIVE_ON, TODAY
from visits.models import Demand

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("role", "page"),
    [
        (Role.GRID_STAFF, "/work/"),
        (Role.PARTY_WORKER, "/work/"),
        (Role.GRID_CLERK, "/businesses/"),
        (Role.BRANCH_SECRETARY, "/demands/"),
        (Role.BUILDING_SECRETARY, "/demands/"),
        (Role.GRID_CHIEF, "/dashboard/"),
        (Role.STREET_LEADER, "/dashboard/"),
        (Role.UNIT_OFFICER, "/measures/"),
        (Role.SECURITY_ADMIN, "/accounts/"),
        (Role.AUDITOR, "/audit/"),
        (Role.SYSTEM_ADMIN, "/holidays/"),
        (Role.STATION_STAFF, "/me/"),
        (Role.CASE_COORDINATOR, "/cases/"),
        (Role.HELPER, "/cases/"),
    ],
)
def test_each_role_starts_on_its_own_page(role, page, client_of, grid):
    client = client_of(make.PostFactory(role=role, grid=grid).user)
    answer = client.get("/")
    address, _, query = answer.url.partition("?")
    assert (answer.status_code, address) == (302, page)
    assert query == "" or page == "/demands/"
    assert client.get(page).status_code == 200


def test_a_secretary_starts_with_what_waits_the_most_urgent_first(
    client_of, secretary, branch, grid
):
    shop = make.BusinessFactory(grid=grid)
    make.CoverageFactory(business=shop, organization=branch)
    late, soon = (
        make.DemandFactory(business=shop, due_on=TODAY + days * DAY) for days in (-3, 2)
    )
    make.DemandFactory(
        business=shop, state="told", outcome_on=TODAY, tell_by=TODAY, told_on=TODAY
    )
    page = client_of(secretary).get("/", follow=True).text
    assert re.findall(r'data-id="(\d+)"', page) == [str(late.pk), str(soon.pk)]


def test_without_an_account_the_start_is_the_sign_in(client, db):
    assert client.get("/").url.startswith("/login/")


def test_my_page_says_what_i_may_and_why(client_of, chief, grid):
    page = client_of(chief).get("/me/").text
    assert f"{grid.name}及下级网格里的全部记录" in page
    assert "定三级议题" in page


# --- today's work ------------------------------------------------------------------


def a_shop(grid, name, left, **fields):
    """A shop whose last visit suffices for `left` more days."""
    shop = make.BusinessFactory(grid=grid, name=name, **fields)
    make.VisitFactory(business=shop, visited_on=TODAY + (left - 90) * DAY)
    return shop


def test_work_lists_what_falls_due_within_a_week(client_of, staff, grid, other_grid):
    a_shop(grid, "超期的店", -3)
    a_shop(grid, "今天的店", 0)
    a_shop(grid, "七天的店", 7)
    a_shop(grid, "八天的店", 8)
    a_shop(other_grid, "别处的店", 0)
    page = client_of(staff).get("/work/").text
    assert "超 3 天" in page
    assert "今天到期" in page
    assert "七天的店" in page
    assert "八天的店" not in page
    assert "别处的店" not in page


def test_a_caretaker_sees_the_own_ones_only(client_of, staff, grid):
    tower = make.BuildingFactory(grid=grid)
    a_shop(grid, "三楼的店", 0, building=tower, room="301")
    a_shop(grid, "五楼的店", 0, building=tower, room="501")
    single = a_shop(grid, "单管的店", 0)
    care = {"user": staff, "grid": grid, "since": LIVE_ON}
    Caretaker.objects.create(building=tower, floor="3", **care)
    Caretaker.objects.create(business=single, **care)
    page = client_of(staff).get("/work/").text
    assert "三楼的店" in page
    assert "单管的店" in page
    assert "五楼的店" not in page


def test_a_link_leads_to_the_visit_of_that_business(client_of, staff, grid):
    shop = a_shop(grid, "云栖茶庄", 0)
    client = client_of(staff)
    href = f"/visits/new/?business={shop.pk}"
    assert f'href="{href}"' in client.get("/work/").text
    assert shop.name in client.get(href, follow=True).text


def test_askers_to_be_told_are_listed(client_of, staff, grid):
    for name, state in (("等回告的店", "answered"), ("回告过的店", "told")):
        make.DemandFactory(
            business__grid=grid,
            business__name=name,
            state=state,
            outcome="明天起改到八点。",
            outcome_on=TODAY,
            tell_by=TODAY + 3 * DAY,
            told_on=TODAY if state == Demand.State.TOLD else None,
        )
    page = client_of(staff).get("/work/").text
    told = page[page.index('id="tell"') :]
    assert "等回告的店" in told
    assert "回告过的店" not in told


def test_the_leader_has_no_rounds_to_make(client_of, leader):
    assert client_of(leader).get("/work/").status_code == 403


# --- search ------------------------------------------------------------------------


def test_search_finds_by_initials_and_never_beyond_ones_own(
    client_of, staff, grid, other_grid
):
    make.BusinessFactory(grid=grid, name="云栖茶庄")
    make.BusinessFactory(grid=other_grid, name="云顶茶庄")
    make.BuildingFactory(grid=grid, name="天山茶城")
    client = client_of(staff)
    page = client.get("/search/", {"q": "yqcz"}).text
    assert "云栖茶庄" in page
    assert "云顶茶庄" not in client.get("/search/", {"q": "茶庄"}).text
    assert "天山茶城" in client.get("/search/", {"q": "茶城"}).text


@pytest.mark.parametrize("q", ["", "   ", "\x00", "%", "x" * 5000])
def test_search_bears_whatever_is_typed(q, client_of, staff):
    assert client_of(staff).get("/search/", {"q": q}).status_code == 200


# --- for those who watch the machine -------------------------------------------------


def test_health_and_readiness_need_no_account(client, db):
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200


def test_not_ready_without_the_database(client, db, monkeypatch):
    def away(connection):
        raise DatabaseError

    monkeypatch.setattr("dashboard.views.MigrationExecutor", away)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert client.get("/healthz").status_code == 200


def test_not_ready_before_the_tables_are(client, db, monkeypatch):
    monkeypatch.setattr(
        "dashboard.views.MigrationExecutor.migration_plan",
        lambda self, targets: [("dashboard", "0099_later")],
    )
    assert client.get("/readyz").status_code == 503
