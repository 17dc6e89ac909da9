"""The pages of a building's plan and the ledger of its items."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from accounts.rights import Role
from party import plans
from party.models import BuildingPlan, PlanItem
from party.plan_forms import PlanForm
from tests.factories import (
    NOON,
    OfficerFactory,
    OrganizationFactory,
    PlanFactory,
    PlanItemFactory,
    UnitFactory,
    UnitOfficerFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(tower):
    plan = PlanFactory(building=tower)
    PlanItemFactory(plan=plan, content="电梯高峰分流")
    return plan


@pytest.fixture
def plan(draft, building_secretary):
    return plans.confirm_plan(draft, by=building_secretary, at=NOON)


@pytest.fixture
def item(plan):
    return plan.items.get()


def page(client, name, pk):
    return client.get(reverse(f"party:{name}", args=[pk]))


READ = ("plan_detail", "plan_compare", "plan_print")
WRITE = ("plan_edit", "plan_item_new")


@pytest.mark.parametrize("name", READ)
def test_whoever_sees_the_building_by_grid_reads_its_plan(
    client_of, staff, leader, building_secretary, plan, name
):
    for user in (staff, leader, building_secretary):
        assert page(client_of(user), name, plan.pk).status_code == 200


@pytest.mark.parametrize("name", READ)
def test_outside_there_is_no_plan(client_of, stranger, secretary, plan, name):
    for user in (stranger, secretary):
        assert page(client_of(user), name, plan.pk).status_code == 404


@pytest.mark.parametrize("name", WRITE)
def test_only_who_keeps_plans_gets_the_forms(
    client_of, staff, building_secretary, draft, name
):
    assert page(client_of(staff), name, draft.pk).status_code == 403
    assert page(client_of(building_secretary), name, draft.pk).status_code == 200


def test_buttons_show_to_who_may_press_them(client_of, staff, chief, draft, plan):
    BuildingPlan.objects.filter(pk=plan.pk).update(
        state="draft", confirmed_on=None, confirmed_by=None
    )
    assert "确认并锁定" in page(client_of(chief), "plan_detail", plan.pk).text
    assert "确认并锁定" not in page(client_of(staff), "plan_detail", plan.pk).text


def test_from_the_building_to_a_confirmed_plan(client_of, building_secretary, tower):
    """The whole journey in forms, without script."""
    client = client_of(building_secretary)
    empty = page(client, "plan_for_building", tower.pk)
    assert "起草方案" in empty.text

    year = timezone.localdate().year
    new = reverse("party:plan_new", args=[tower.pk])
    plan_url = client.post(new, {"year": year}).headers["Location"]
    plan = BuildingPlan.objects.get()
    seen = PlanForm.seen_text(plan)
    texts = {"situation": "贸易企业为主", "setup": "楼宇党委", "goals": "八成"}
    client.post(reverse("party:plan_edit", args=[plan.pk]), texts | {"seen": seen})
    due = timezone.localdate() + dt.timedelta(30)
    added = client.post(
        reverse("party:plan_item_new", args=[plan.pk]),
        {"content": "错峰停车", "owner": "", "title": "物业经理", "due_on": due},
    )
    assert added.status_code == 302
    client.post(reverse("party:plan_confirm", args=[plan.pk]))

    shown = client.get(plan_url).text
    for words in ("已确认", "贸易企业为主", "错峰停车", "物业经理"):
        assert words in shown
    assert "修订方案" in page(client, "plan_for_building", tower.pk).text


def test_an_item_with_two_owners_or_none_is_sent_back(
    client_of, building_secretary, draft
):
    client = client_of(building_secretary)
    url = reverse("party:plan_item_new", args=[draft.pk])
    organization = draft.building.holdings.get().organization
    data = {"content": "错峰停车", "due_on": "2030-01-01"}
    for owner in (
        {"owner": "", "title": ""},
        {"owner": f"organization-{organization.pk}", "title": "楼长"},
    ):
        response = client.post(url, data | owner)
        assert response.status_code == 400
        assert "只定一个" in response.text
    one = {"owner": f"organization-{organization.pk}", "title": ""}
    assert client.post(url, data | one).status_code == 302


def test_who_wrote_the_same_part_in_between_is_shown(
    client_of, building_secretary, draft
):
    client = client_of(building_secretary)
    seen = PlanForm.seen_text(draft)
    texts = {name: getattr(draft, name) for name in plans.TEXTS}
    BuildingPlan.objects.filter(pk=draft.pk).update(goals="别人写的")
    url = reverse("party:plan_edit", args=[draft.pk])

    clash = client.post(url, texts | {"goals": "我写的", "seen": seen})

    assert clash.status_code == 409
    assert "别人写的" in clash.text
    assert "我写的" in clash.text
    again = {"goals": "我写的", "seen": clash.context["seen"]}
    assert client.post(url, texts | again).status_code == 302
    draft.refresh_from_db()
    assert draft.goals == "我写的"


STEPS = {
    "plan_item_start": {},
    "plan_item_report": {"words": "物业已出方案"},
    "plan_item_extend": {"due_on": "2030-01-01", "reason": "等设备"},
    "plan_item_finish": {"result": "等梯 8 分钟"},
    "plan_item_cancel": {"reason": "物业不同意"},
}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_is_taken_from_the_page_of_the_item(
    client_of, building_secretary, staff, item, name
):
    url = reverse(f"party:{name}", args=[item.pk])
    assert client_of(staff).post(url, STEPS[name]).status_code == 403
    client = client_of(building_secretary)
    if STEPS[name]:
        assert client.get(url).status_code == 200
        assert client.post(url, dict.fromkeys(STEPS[name], " ")).status_code == 400
    assert client.post(url, STEPS[name]).status_code == 302
    shown = page(client, "plan_item", item.pk).text
    assert all(
        str(word) in shown for word in STEPS[name].values() if word != "2030-01-01"
    )
    assert item.notes.count() == 1


def test_owners_see_their_items_and_no_more(client_of, grid, plan, item):
    organization, unit = OrganizationFactory(grid=grid), UnitFactory(grid=grid)
    secretary = OfficerFactory(
        post__role=Role.BRANCH_SECRETARY, post__grid=grid, organization=organization
    ).post.user
    officer = UnitOfficerFactory(post__grid=grid, unit=unit).post.user
    of_branch = PlanItemFactory(plan=plan, owner_title="", organization=organization)
    of_unit = PlanItemFactory(plan=plan, owner_title="", unit=unit)
    for user, own in ((secretary, of_branch), (officer, of_unit)):
        client = client_of(user)
        assert page(client, "plan_item", own.pk).status_code == 200
        assert page(client, "plan_item", item.pk).status_code == 404
        assert page(client, "plan_detail", plan.pk).status_code == 404
        ledger = client.get("/buildings/plans/")
        assert [row.pk for row in ledger.context["page"].object_list] == [own.pk]


def test_the_notes_of_earlier_editions_stand_with_the_item(
    client_of, building_secretary, plan, item
):
    keep = {"by": building_secretary, "at": NOON}
    plans.report_item(item, words="去年已出方案", **keep)
    after = plans.draft_plan(plan.building, year=2027, **keep)
    shown = page(client_of(building_secretary), "plan_item", after.items.get().pk).text
    assert "去年已出方案" in shown
    assert "由 2026 版 转入" in shown


# --- ledger ------------------------------------------------------------------------


def total(client, query=""):
    return client.get(f"/buildings/plans/{query}").context["total"]


def test_filters_of_the_ledger(client_of, building_secretary, plan, item):
    today = timezone.localdate()
    late = {"since": today - dt.timedelta(60), "due_on": today - dt.timedelta(5)}
    PlanItemFactory(plan=plan, content="错峰停车", **late)
    done = PlanItem.State.DONE
    PlanItemFactory(plan=plan, state=done, done_on=today, result="好了", **late)
    client = client_of(building_secretary)
    assert total(client) == 3
    assert total(client, "?light=red") + total(client, "?state=done") <= 3
    assert total(client, "?state=done") == 1
    assert total(client, "?q=cftc") == 1
    assert total(client, f"?building={plan.building_id}") == 3
    assert total(client, "?year=2025") == 0
    csv = client.get("/buildings/plans/?format=csv&q=cftc")
    assert "错峰停车" in b"".join(csv.streaming_content).decode()


def test_a_draft_is_not_on_the_ledger(client_of, staff, draft):
    assert total(client_of(staff)) == 0


@pytest.mark.parametrize("count", [1, 3])
def test_the_ledger_costs_the_same_for_any_number_of_rows(
    client_of, chief, tower, plan, django_assert_max_num_queries, count
):
    PlanItemFactory.create_batch(count - 1, plan=plan)
    client = client_of(chief)
    with django_assert_max_num_queries(10):
        assert total(client) == count


@pytest.mark.parametrize("count", [1, 3])
def test_a_plan_costs_the_same_for_any_number_of_items(
    client_of, chief, plan, django_assert_max_num_queries, count
):
    PlanItemFactory.create_batch(count - 1, plan=plan)
    client = client_of(chief)
    with django_assert_max_num_queries(9):
        assert len(page(client, "plan_detail", plan.pk).context["lines"]) == count


def test_the_printed_page_holds_each_item_once(client_of, chief, plan):
    PlanItemFactory.create_batch(2, plan=plan)
    text = page(client_of(chief), "plan_print", plan.pk).text
    assert text.count("data-id=") == plan.items.count() == 3
    assert "金虹桥国际中心一楼一方案" in text


@pytest.fixture
def owners(grid):
    """An officer of an organisation, and one of a unit, each owner of an item."""
    office = OfficerFactory(
        post__role=Role.BRANCH_SECRETARY,
        post__grid=grid,
        organization=OrganizationFactory(grid=grid),
    )
    seat = UnitOfficerFactory(post__grid=grid, unit=UnitFactory(grid=grid))
    return [
        (office.post.user, {"organization": office.organization, "owner_title": ""}),
        (seat.post.user, {"unit": seat.unit, "owner_title": ""}),
    ]


@pytest.mark.parametrize("which", [0, 1])
def test_who_answers_for_an_item_notes_its_progress_and_no_more(
    client_of, owners, plan, item, which
):
    user, owner = owners[which]
    mine = PlanItemFactory(plan=plan, content="楼道整治", **owner)
    client = client_of(user)
    assert "登记进展" in page(client, "plan_item", mine.pk).text
    address = reverse("party:plan_item_report", args=[mine.pk])
    done = client.post(address, {"words": "已进场两天"}, follow=True)
    assert "已进场两天" in done.text
    mine.refresh_from_db()
    assert mine.state == PlanItem.State.RUNNING
    assert page(client, "plan_item_finish", mine.pk).status_code in (403, 404)
    assert page(client, "plan_item_report", item.pk).status_code == 404
    with pytest.raises(PermissionDenied):
        plans.report_item(item, words="别人的", by=user, at=NOON)


def test_a_draft_is_discarded_by_its_page(client_of, building_secretary, draft):
    client = client_of(building_secretary)
    assert "放弃草稿" in page(client, "plan_detail", draft.pk).text
    address = reverse("party:plan_discard", args=[draft.pk])
    assert client.post(address, {"reason": ""}).status_code == 400
    done = client.post(address, {"reason": "楼里换了物业"}, follow=True)
    assert "草稿已放弃：楼里换了物业" in done.text
    assert client.post(address, {"reason": "再来"}).status_code == 400
