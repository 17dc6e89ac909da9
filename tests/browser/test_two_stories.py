"""The tea market and 金虹桥, by the pages alone: from a visit to the merchant's own rating.

Each account does its own: who visits, who sorts, the leader who calls together, who
chairs, the units that confirm their parts, one of them without an account.
"""

import datetime as dt
import re
from dataclasses import dataclass
from io import BytesIO

import pytest
from django.utils import timezone
from docx import Document

from issues.models import Issue, Level, MeasurePart, Meeting
from public import links
from services.models import Order
from tests.browser.conftest import DESK, PHONE
from tests.factories import (
    LIVE_ON,
    BodyFactory,
    BuildingFactory,
    BusinessFactory,
    CoverageFactory,
    HoldingFactory,
    ItemFactory,
    StationFactory,
    UnitFactory,
    UnitOfficerFactory,
)
from tests.issues.pictures import jpeg
from tests.services.conftest import serving
from visits.models import Demand


@dataclass
class Wish:
    """What is asked for, and what becomes of it."""

    words: str
    category: str
    wish: str
    measure: str
    lead: str
    before: str
    after: str
    supporting: tuple = ()  # (unit, what)


RENT = Wish(
    "租金一年一缴，压力太大了，能不能分几次。",
    "租金",
    "租金从一年一缴改为分次缴",
    "与业主方协商调整租金缴纳方式",
    "天山茶城业主方",
    "租金一年一缴",
    "租金三个月一缴",
    (("街道城运中心", "汇总各户的缴纳期限"), ("市场监督管理所", "核对合同文本")),
)
WASTE = Wish(
    "垃圾九点来收，正好开门，味道大。",
    "环境清运",
    "避开开市时间清运",
    "两支清运队合并，改到开市以前",
    "市容管理所",
    "上午九点清运",
    "八点以前清运",
)
LOANS = Wish(
    "春茶上市前收茶要垫钱，周转不开。",
    "资金",
    "春茶上市前有钱收茶",
    "请五家银行把产品摆在一起讲，现场演示申请",
    "街道党群服务中心",
    "各家自己找银行",
    "五家银行的产品可以当面比",
)
LIFTS = Wish(
    "早高峰等电梯要二十分钟，员工老是迟到。",
    "电梯设施",
    "缓解早高峰电梯拥堵",
    "高峰时段电梯分区停靠",
    "金虹桥物业服务中心",
    "早高峰等梯约 20 分钟",
    "分区停靠后约 8 分钟",
    (("街道城运中心", "接入电梯运行数据"),),
)

COUNSEL = Wish(
    "员工加班多，渴望有心理咨询。",
    "职工关爱",
    "员工心理咨询",
    "",
    "",
    "",
    "心理咨询师来了两位，谈了六人",
)


@pytest.fixture
def units(grid):
    """Member units by name; 城运中心 alone has an account here."""
    names = {wish.lead for wish in (RENT, WASTE, LOANS, LIFTS)}
    names |= {unit for unit, _ in RENT.supporting}
    made = {name: UnitFactory(name=name, grid=grid) for name in sorted(names)}
    UnitOfficerFactory(
        post__grid=grid, post__user__username="unit", unit=made["街道城运中心"]
    )
    return made


def seat(body, units, *names):
    for place, name in enumerate(names, start=1):
        body.members.create(
            title=f"{name}负责人", unit=units[name], position=place, since=LIVE_ON
        )


@pytest.fixture
def market(seeded, grid, branch, units):
    """Three tea shops; their quarter's branch, and the market's governance committee."""
    building = BuildingFactory(grid=grid, name="天山茶城")
    HoldingFactory(organization=branch, building=building)
    BodyFactory(
        grid=grid, name="天山茶市党支部会议", organization=branch
    ).buildings.add(building)
    committee = BodyFactory(
        grid=grid,
        level=Level.COMMITTEE,
        name="天山茶城治理委员会",
        chair_title="治理委员会主任",
    )
    committee.buildings.add(building)
    seat(committee, units, RENT.lead, WASTE.lead, LOANS.lead, "街道城运中心")
    shops = [
        BusinessFactory(grid=grid, building=building, room=room, name=name)
        for room, name in (
            ("B08", "闽南茶行"),
            ("B12", "云岭茶庄"),
            ("C03", "武夷岩茶"),
        )
    ]
    for shop in shops:
        CoverageFactory(business=shop, organization=branch)
    return shops


@pytest.fixture
def towers(seeded, grid, tower, building_secretary, units):
    """A firm in the tower, and the committee that holds it."""
    organization = tower.holdings.get().organization
    body = BodyFactory(
        grid=grid,
        level=Level.COMMITTEE,
        name="金虹桥楼宇党委例会",
        organization=organization,
        chair_title="金虹桥楼宇党委书记",
    )
    body.buildings.add(tower)
    seat(body, units, LIFTS.lead, "街道城运中心")
    firm = BusinessFactory(grid=grid, building=tower, room="1201", name="恒通商务")
    CoverageFactory(business=firm, organization=organization)
    return firm


# --- from the street to the table ----------------------------------------------------


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def raised_on_a_visit(page, business, wish):
    page.goto(f"/visits/new/?business={business.pk}")
    page.get_by_text("有诉求", exact=True).first.click()
    page.get_by_text("负责人", exact=True).first.click()
    page.get_by_text("无变化", exact=True).first.click()
    page.get_by_text(wish.category, exact=True).first.click()
    page.locator("[name=demand-0-words]").fill(wish.words)
    press(page, "保存走访")
    page.wait_for_url(re.compile(r"/visits/\d+/"))
    return Demand.objects.get(business=business)


def sorted_into_an_issue(page, demand, wish, *, title="", level=None, into=None):
    page.goto(f"/demands/triage/?on={demand.pk}")
    page.locator("label:has(#to-issue)").click()
    page.locator("[name=wish]").fill(wish.wish)
    if into:
        page.select_option("[name=issue]", label=str(into))
        assert not page.locator("[name=title]").is_visible()
    else:
        page.locator("[name=title]").fill(title)
        page.locator(f"[name=level][value='{int(level)}']").check()
    page.locator("[data-act]").click()
    page.get_by_text("提出议题 1 件").first.wait_for()
    return Issue.objects.get()


def called_together(page, issue, name):
    page.goto(issue.get_absolute_url())
    page.get_by_text("改变走向").click()
    page.get_by_role("link", name="召集研商").click()
    page.select_option("[name=body]", label=name)
    page.fill("[name=on]", timezone.localdate().isoformat())
    page.fill("[name=place]", "茶城二楼会议室")
    page.fill("[name=reason]", "租金要业主方一起谈，支部谈不下来")
    press(page, "召集")
    page.get_by_text(f"已召集{name}").wait_for()
    return Meeting.objects.get()


def arranged(page, body):
    page.goto("/meetings/")
    page.get_by_role("link", name="拟开会议").click()
    page.select_option("[name=body]", label=body)
    page.select_option("[name=kind]", "regular")
    page.fill("[name=on]", timezone.localdate().isoformat())
    page.fill("[name=place]", "金虹桥一楼会客厅")
    page.locator("main form button.btn-primary").last.click()
    page.get_by_text("议程按规则排出").wait_for()
    return Meeting.objects.get()


# --- the meeting ---------------------------------------------------------------------


def notified_and_attended(page, meeting):
    page.goto(meeting.get_absolute_url())
    press(page, "发通知")
    page.get_by_text("通知已发到各人站内").wait_for()
    page.get_by_role("link", name="登记到会").click()
    for chip in page.locator(".who .chip", has_text="出席").all():
        chip.click()
    press(page, "保存到会")
    page.get_by_text("到会情况已登记。").wait_for()


def decided(page, meeting, wishes):
    """The first measure with the outcome, the others under it; those who support too."""
    page.goto(meeting.get_absolute_url())
    page.get_by_role("link", name="记讨论和结果").click()
    page.fill("[name=discussion]", "各单位逐项说了能做什么、几时做完。")
    page.get_by_label("定了措施").check()
    page.fill("[name=resolution]", "各方同意按下列措施办理。")
    for number, wish in enumerate(wishes):
        _fill_measure(page, wish)
        press(page, "增加措施" if number else "登记结果，下一项")
        page.get_by_text("措施已增加。" if number else "结果已登记。").wait_for()
        page.goto(f"/meetings/items/{meeting.items.get().pk}/")


def _fill_measure(page, wish):
    due_on = timezone.localdate() + dt.timedelta(days=14)
    page.select_option("[name=matter]", label=wish.wish)
    page.fill("[name=content]", wish.measure)
    page.select_option("[name=lead]", label=wish.lead)
    page.fill("[name=due_on]", due_on.isoformat())
    for line, (unit, what) in enumerate(wish.supporting):
        page.select_option(f"[name=support-{line}-holder]", label=unit)
        page.fill(f"[name=support-{line}-content]", what)


def over_with_minutes(page, meeting, wishes):
    page.goto(meeting.get_absolute_url())
    press(page, "散会登记")
    press(page, "确认纪要")
    page.get_by_text("纪要已确认并锁定").wait_for()
    file = page.locator("#minutes .log a").first.get_attribute("href")
    said = Document(BytesIO(page.request.get(file).body())).paragraphs
    said = "\n".join(line.text for line in said)
    for wish in wishes:
        assert f"{wish.measure}。由{wish.lead}主办" in said
        for unit, what in wish.supporting:
            assert f"{unit}：协办第" in said
            assert what in said


# --- the parts -----------------------------------------------------------------------


def done_by_its_officer(phone, what):
    """Confirmed, reported on with a photo, and done, by the unit's own account."""
    phone.goto("/notices/")
    phone.get_by_role("link", name=what).first.click()
    phone.get_by_role("link", name="确认分工").click()
    press(phone, "确认，由我们办")
    phone.get_by_role("link", name="报进展").click()
    phone.fill("[name=words]", "已经逐户核对。")
    photo = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": jpeg().read()}
    phone.set_input_files("[name=photos]", photo)
    press(phone, "报进展")
    phone.get_by_text("进展已记下。").wait_for()
    phone.get_by_role("link", name="登记完成").click()
    phone.fill("[name=result]", f"{what}，已完成。")
    press(phone, "登记完成")
    phone.get_by_text("分工已登记完成。").wait_for()


def confirmed_by_its_link(desk, chromium, part):
    """The clerk hands out the link; the unit confirms by it, on a phone."""
    desk.goto(part.get_absolute_url())
    press(desk, "发专用链接")
    address = desk.locator("#address").input_value()
    context = chromium.new_context(viewport=PHONE, locale="zh-CN")
    phone = context.new_page()
    phone.goto(address)
    press(phone, "确认，由我们办")
    phone.get_by_text("记下了").wait_for()
    context.close()


def done_through_the_clerk(desk, part):
    """A unit that answers by phone: the clerk writes down for whom, and how it said so."""
    for link, button, told in (
        ("确认分工", "确认，由我们办", "已确认。"),
        ("登记完成", "登记完成", "分工已登记完成。"),
    ):
        desk.goto(part.get_absolute_url())
        desk.get_by_role("link", name=link).click()
        if link == "登记完成":
            desk.fill("[name=result]", "合同文本已核对。")
        desk.get_by_label("电话").check()
        press(desk, button)
        desk.get_by_text(told).wait_for()


# --- to the merchant's rating --------------------------------------------------------


def ended_and_told(page, issue, wish):
    matter = issue.matters.get(title=wish.wish)
    page.goto(f"/measures/{matter.measures.get().pk}/finish/")
    page.fill("[name=result]", f"{wish.measure}，已落实。")
    page.locator("main form button.btn-primary").last.click()
    page.get_by_text("措施已登记完成。").wait_for()
    page.goto(f"/matters/{matter.pk}/end/")
    page.locator("[name=ending][value=solved]").check()
    page.fill("[name=before]", wish.before)
    page.fill("[name=after]", wish.after)
    page.locator("main form button.btn-primary").last.click()
    page.get_by_text("事项已办结").wait_for()
    page.goto(f"/matters/{matter.pk}/tell/")
    notice = page.locator("#notice").input_value()
    assert f"原来{wish.before}，现在{wish.after}" in notice
    page.locator("[name=how][value=notice]").check()
    page.locator("main form button.btn-primary").last.click()
    page.get_by_text("已记 1 件回告。").wait_for()


def rated_by_the_merchant(chromium, live_server, demand, wish, clerk):
    """On a phone without an account, by the link that the asker alone has."""
    token = links.give(demand, by=clerk, at=timezone.now())
    context = chromium.new_context(
        viewport=PHONE, locale="zh-CN", base_url=live_server.url
    )
    phone = context.new_page()
    phone.goto(f"/q/d/{token}/")
    assert phone.get_by_text(wish.after).first.is_visible()
    phone.get_by_role("radio", name="满意", exact=True).check()
    press(phone, "提交评价")
    phone.get_by_role("heading", name="您评过").wait_for()
    context.close()


def shown_as_closed(page, issue, demands):
    """The page says what changed, by photo too, and at which meeting it was decided."""
    page.goto(issue.get_absolute_url())
    assert page.locator("#changes ins").count() == len(demands)
    assert page.locator("#photos img").count() == 1
    history = page.locator("#history").inner_text()
    assert "研商定措施" in history
    assert str(issue.items.get().meeting) in history
    issue.refresh_from_db()
    states = set(Demand.objects.values_list("state", flat=True))
    assert (states, issue.state) == ({"rated"}, Issue.State.CLOSED)


def test_the_tea_markets_three_wishes_go_by_the_leader_to_the_governance_committee(
    visitor,
    chromium,
    live_server,
    market,
    units,
    staff,
    secretary,
    leader,
    chief,
    clerk,
):
    wishes = (RENT, WASTE, LOANS)
    street, office = visitor(staff, PHONE), visitor(secretary, DESK)
    issue, demands = None, []
    for shop, wish in zip(market, wishes, strict=True):
        demand = raised_on_a_visit(street, shop, wish)
        issue = sorted_into_an_issue(
            office, demand, wish, title="茶城减负", level=Level.BRANCH, into=issue
        )
        demands.append(demand)
    assert issue.body.name == "天山茶市党支部会议"

    meeting = called_together(visitor(leader, DESK), issue, "天山茶城治理委员会")
    # Hers no longer.
    assert office.request.get(f"/issues/{issue.pk}/decide/").status == 403

    chair = visitor(chief, DESK)
    notified_and_attended(chair, meeting)
    decided(chair, meeting, wishes)
    over_with_minutes(chair, meeting, wishes)

    officer = units["街道城运中心"].officers.get().post.user
    done_by_its_officer(visitor(officer, PHONE), RENT.supporting[0][1])
    desk = visitor(clerk, DESK)
    lead = MeasurePart.objects.get(lead=True, unit=units[RENT.lead])
    confirmed_by_its_link(desk, chromium, lead)
    done_through_the_clerk(desk, MeasurePart.objects.get(content=RENT.supporting[1][1]))
    lead.refresh_from_db()
    assert lead.log.last().who == "天山茶城业主方（专用链接）"

    for wish in wishes:
        ended_and_told(chair, issue, wish)
    for demand, wish in zip(demands, wishes, strict=True):
        rated_by_the_merchant(chromium, live_server, demand, wish, clerk)
    shown_as_closed(chair, issue, demands)
    for page in (street, office, chair, desk):
        assert page.problems == []


def test_the_lifts_of_the_tower_go_through_the_building_committees_meeting(
    visitor, chromium, live_server, towers, units, staff, building_secretary, clerk
):
    demand = raised_on_a_visit(visitor(staff, PHONE), towers, LIFTS)
    office = visitor(building_secretary, DESK)
    issue = sorted_into_an_issue(
        office, demand, LIFTS, title="金虹桥高峰电梯", level=Level.COMMITTEE
    )
    assert issue.body.name == "金虹桥楼宇党委例会"

    meeting = arranged(office, "金虹桥楼宇党委例会")
    notified_and_attended(office, meeting)
    decided(office, meeting, [LIFTS])
    over_with_minutes(office, meeting, [LIFTS])
    officer = units["街道城运中心"].officers.get().post.user
    done_by_its_officer(visitor(officer, PHONE), LIFTS.supporting[0][1])
    lead = MeasurePart.objects.get(lead=True)
    confirmed_by_its_link(visitor(clerk, DESK), chromium, lead)
    ended_and_told(office, issue, LIFTS)
    rated_by_the_merchant(chromium, live_server, demand, LIFTS, clerk)
    shown_as_closed(office, issue, [demand])
    assert office.problems == []


def test_the_towers_wish_for_counselling_becomes_an_order_of_a_station(
    visitor,
    chromium,
    live_server,
    towers,
    grid,
    staff,
    building_secretary,
    chief,
    clerk,
):
    """企业点单·网格派单·阵地接单, and what was given is the answer to the demand."""
    station = StationFactory(name="宁聚里·金虹桥党群服务站", grid=grid)
    item = ItemFactory(name="心理咨询", stations=[station])
    today = timezone.localdate().isoformat()
    demand = raised_on_a_visit(visitor(staff, PHONE), towers, COUNSEL)

    office = visitor(building_secretary, DESK)
    office.goto(demand.get_absolute_url())
    office.get_by_role("link", name="转为点单").first.click()
    office.select_option("[name=item]", str(item.pk))
    office.fill("[name=people]", "6")
    office.locator("main form button.btn-primary").click()
    office.wait_for_url(re.compile(r"/orders/\d+/"))
    order = Order.objects.get(demand=demand)

    grid_chief = visitor(chief, DESK)
    grid_chief.goto(order.get_absolute_url())
    grid_chief.locator(".next a", has_text="派单").click()
    grid_chief.get_by_label(station.name).check()
    press(grid_chief, "派单")
    grid_chief.get_by_text("已派单，等阵地答复。").wait_for()

    worker = visitor(serving(station, "阵地工作人员"), PHONE)
    worker.goto(order.get_absolute_url())
    press(worker, "接单")
    for step, facts in (
        ("排期", {"on": today, "place": "金虹桥 18 层会议室"}),
        ("登记完成", {"on": today, "given": COUNSEL.after, "came": "6"}),
    ):
        worker.locator(".next a", has_text=step).click()
        for name, value in facts.items():
            worker.fill(f"[name={name}]", value)
        press(worker, step)
        worker.get_by_text(f"已{step}").first.wait_for()

    office.goto(f"/demands/{demand.pk}/tell/")
    office.get_by_text("电话告知", exact=True).click()
    press(office, "记下回告")
    office.wait_for_url(f"**/demands/{demand.pk}/")
    rated_by_the_merchant(chromium, live_server, demand, COUNSEL, clerk)
    demand.refresh_from_db()
    assert demand.state == Demand.State.RATED
    for page in (office, grid_chief, worker):
        assert page.problems == []
