"""Needs and what is offered for them: S3 (five banks) and S8 (the teacher) included."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied

from accounts.rights import Role
from enterprises.models import Business
from services import providers, resources
from services.models import Match, Need, Offer, Provider
from tests.factories import (
    NOON,
    TODAY,
    BusinessFactory,
    CoverageFactory,
    NeedAskerFactory,
    NeedFactory,
    PostFactory,
    ProviderFactory,
    UnitFactory,
    UnitOfficerFactory,
)
from tianshan.ledgers import touched
from tianshan.notices.models import Notice

Choice = Match.Choice
DAY = dt.timedelta(days=1)


@pytest.fixture
def home(grid):
    return BusinessFactory(grid=grid, name="阳光心园", kind=Business.Kind.INSTITUTION)


@pytest.fixture
def need(grid, home):
    """A teacher by a date, asked for by one institution."""
    need = NeedFactory(
        grid=grid, wanted_on=TODAY + 20 * DAY, wanted_for="文艺汇演", people=12
    )
    NeedAskerFactory(need=need, business=home)
    return need


@pytest.fixture
def shops(grid, branch):
    """Twelve merchants of the branch, short of cash before the spring tea."""
    made = [BusinessFactory(grid=grid, name=f"茶行{n:02}") for n in range(12)]
    for shop in made:
        CoverageFactory(business=shop, organization=branch)
    return made


def act(by, at=NOON):
    return {"by": by, "at": at}


def test_five_banks_side_by_side_and_each_merchant_chooses(shops, secretary, grid):
    """S3: 小额贷款 before the spring tea; no amounts, the asker chooses."""
    need = resources.ask(
        shops[:1],
        title="春茶采购周转",
        skill="小额贷款",
        compares=["年利率", "放款要几天"],
        **act(secretary),
    )
    for shop in shops[1:]:
        resources.join(need, shop, **act(secretary))
    banks = [
        ProviderFactory(name=f"{n}银行", grid=grid, skills=["小额贷款"])
        for n in ("农业", "工商", "厦门", "光大", "兴业")
    ]
    for bank in banks:
        resources.offer(
            need,
            bank,
            terms={"年利率": "3.4 %", "放款要几天": "2", "额度": "不记"},
            **act(secretary),
        )
    first = need.offers.order_by("pk")[0]
    assert first.terms == {"年利率": "3.4 %", "放款要几天": "2"}

    for asker in need.askers.all()[:3]:
        resources.choose(asker, first, choice=Choice.DONE, **act(secretary))
    need.refresh_from_db()
    assert need.state == Need.State.OPEN
    for asker in need.askers.all()[3:]:
        resources.choose(asker, first, choice=Choice.NOT, **act(secretary))
    resources.meet(need, outcome="办了 3 家", **act(secretary))
    need.refresh_from_db()
    assert (need.state, need.outcome) == (Need.State.MET, "办了 3 家")


def test_a_teacher_who_leaves_before_the_show_is_replaced(need, clerk, staff, grid):
    """S8: withdrawn with a hard date: a task, its dates in working days, candidates."""
    old, new = (
        ProviderFactory(name="原老师", grid=grid),
        ProviderFactory(name="音乐工作室", grid=grid, capacity=15, slots="周三下午"),
    )
    ProviderFactory(name="书法班", grid=grid, skills=["书法"])
    providers.note_contact(new, words="愿意试试", **act(clerk))
    offer = resources.offer(need, old, terms={}, **act(clerk))
    asker = need.askers.get()
    resources.choose(asker, offer, choice=Choice.DONE, **act(clerk))
    need.refresh_from_db()
    assert need.state == Need.State.MET

    task = resources.withdraw_offer(offer, why="因故不能教", **act(clerk))

    need.refresh_from_db()
    assert need.state == Need.State.OPEN
    # 4 November is a Wednesday: five working days before it is 28 October.
    assert need.wanted_on == dt.date(2026, 11, 4)
    assert (task.settle_by, task.ask_by) == (
        dt.date(2026, 10, 28),
        dt.date(2026, 10, 26),
    )
    assert not task.rushed
    assert "补位" in Notice.objects.visible_to(clerk).get().words
    assert not Notice.objects.visible_to(staff).exists()
    [(who, reasons, last)] = resources.candidates(need)
    assert who == new
    assert reasons == [
        "能提供“尤克里里”",
        "同一网格",
        "一次能服务 15 人",
        "有空：周三下午",
    ]
    assert last.words == "愿意试试"

    second = resources.offer(need, new, terms={}, **act(clerk))
    resources.choose(asker, second, choice=Choice.DONE, **act(clerk))
    task.refresh_from_db()
    need.refresh_from_db()
    assert (task.closed_on, need.state) == (TODAY, Need.State.MET)


def test_a_place_is_filled_only_by_the_choice_of_who_lost_it(need, clerk, grid):
    """Two ask; the teacher of one leaves. What the other says closes no task."""
    first = need.askers.get()
    other = resources.join(need, BusinessFactory(grid=grid), **act(clerk))
    old, kept, new = (
        resources.offer(need, ProviderFactory(grid=grid), terms={}, **act(clerk))
        for _ in range(3)
    )
    resources.choose(first, old, choice=Choice.DONE, **act(clerk))
    resources.choose(other, kept, choice=Choice.DONE, **act(clerk))
    task = resources.withdraw_offer(old, why="病了", **act(clerk, NOON + DAY))
    resources.choose(other, new, choice=Choice.LOOKING, **act(clerk, NOON + DAY))
    task.refresh_from_db()
    assert task.closed_on is None
    resources.choose(first, new, choice=Choice.DONE, **act(clerk, NOON + DAY))
    task.refresh_from_db()
    assert task.closed_how == "已找到人补位"


def test_a_need_put_off_puts_its_replacement_off(need, clerk, grid):
    offer = resources.offer(need, ProviderFactory(grid=grid), terms={}, **act(clerk))
    resources.choose(need.askers.get(), offer, choice=Choice.DONE, **act(clerk))
    late = act(clerk, NOON + 18 * DAY)
    task = resources.withdraw_offer(offer, why="病了", **late)
    assert task.rushed
    # Two weeks on: 18 November, five working days before it is the 11th.
    resources.postpone(need, wanted_on=TODAY + 34 * DAY, why="推迟", **late)
    task.refresh_from_db()
    assert need.replacements.get().settle_by == dt.date(2026, 11, 11)
    assert (task.ask_by, task.rushed) == (dt.date(2026, 11, 9), False)


def test_too_little_time_is_said_and_the_days_are_never_past(need, clerk, grid):
    offer = resources.offer(need, ProviderFactory(grid=grid), terms={}, **act(clerk))
    resources.choose(need.askers.get(), offer, choice=Choice.DONE, **act(clerk))
    late = NOON + 18 * DAY
    task = resources.withdraw_offer(offer, why="病了", **act(clerk, late))
    assert task.rushed
    assert task.ask_by == task.settle_by == TODAY + 18 * DAY


def test_who_was_not_chosen_leaves_without_a_task(need, clerk, grid):
    offer = resources.offer(need, ProviderFactory(grid=grid), terms={}, **act(clerk))
    resources.choose(need.askers.get(), offer, choice=Choice.LOOKING, **act(clerk))
    assert resources.withdraw_offer(offer, why="没空", **act(clerk)) is None
    with pytest.raises(resources.Refused, match="已经退出"):
        resources.withdraw_offer(offer, why="没空", **act(clerk))
    with pytest.raises(resources.Refused, match="请选别家"):
        resources.choose(need.askers.get(), offer, choice=Choice.DONE, **act(clerk))


def test_a_need_without_a_date_opens_no_task(need, clerk, grid):
    need.wanted_on, need.wanted_for = None, ""
    need.save()
    offer = resources.offer(need, ProviderFactory(grid=grid), terms={}, **act(clerk))
    resources.choose(need.askers.get(), offer, choice=Choice.DONE, **act(clerk))
    assert resources.withdraw_offer(offer, why="没空", **act(clerk)) is None
    need.refresh_from_db()
    assert need.state == Need.State.OPEN


def test_a_date_that_is_past_takes_nothing_until_it_is_moved(need, clerk, home, grid):
    with pytest.raises(resources.Refused, match="已经过去"):
        resources.ask(
            [home],
            title="老师",
            skill="合唱",
            wanted_on=TODAY - DAY,
            **act(clerk),
        )
    late = act(clerk, NOON + 30 * DAY)
    provider = ProviderFactory(grid=grid)
    offer = resources.offer(need, provider, terms={}, **act(clerk))
    with pytest.raises(resources.Refused, match="已经过去了，先改期"):
        resources.offer(need, ProviderFactory(grid=grid), terms={}, **late)
    with pytest.raises(resources.Refused, match="已经过去了，先改期"):
        resources.choose(need.askers.get(), offer, choice=Choice.DONE, **late)
    with pytest.raises(resources.Refused, match="已经过去"):
        resources.postpone(need, wanted_on=TODAY, why="改了", **late)
    resources.postpone(need, wanted_on=TODAY + 40 * DAY, why="汇演推迟", **late)
    resources.choose(need.askers.get(), offer, choice=Choice.DONE, **late)


def test_a_year_that_is_a_slip_is_no_date_of_a_need(need, clerk, home):
    far = dt.date(2206, 10, 15)
    with pytest.raises(resources.Refused, match="请核对年份"):
        resources.postpone(need, wanted_on=far, why="汇演改期", **act(clerk))
    with pytest.raises(resources.Refused, match="请核对年份"):
        resources.ask([home], title="老师", skill="书法", wanted_on=far, **act(clerk))


def test_whose_own_business_offers_stands_aside(need, clerk, grid, home):
    """回避: neither sees what others offer, nor does anything."""
    mine = BusinessFactory(grid=grid, name="我的琴行")
    providers.own(mine, **act(clerk))
    resources.offer(
        need, ProviderFactory(grid=grid, business=mine), terms={}, **act(clerk)
    )
    assert resources.stands_aside(clerk, need)
    with pytest.raises(resources.Refused, match="回避"):
        resources.offer(need, ProviderFactory(grid=grid), terms={}, **act(clerk))
    with pytest.raises(resources.Refused, match="回避"):
        resources.give_up(need, outcome="没有", **act(clerk))


def test_no_provider_sees_anothers_offer_or_who_asks(need, clerk, grid, client_of):
    units = [UnitFactory(grid=grid, name=name) for name in ("农行", "工行")]
    officers, offers = [], []
    for unit in units:
        officer = UnitOfficerFactory(
            post=PostFactory(role=Role.UNIT_OFFICER, grid=grid), unit=unit
        ).post.user
        provider = ProviderFactory(grid=grid, unit=unit, name=f"{unit}小微部")
        officers.append(officer)
        offers.append(
            resources.offer(
                need, provider, terms={}, words=f"{unit}的话", **act(officer)
            )
        )
    assert list(Offer.objects.visible_to(officers[0])) == [offers[0]]
    assert list(Provider.objects.visible_to(officers[0])) == [offers[0].provider]
    page = client_of(officers[0]).get(need.get_absolute_url()).text
    assert "农行的话" in page
    for hidden in ("工行", "阳光心园"):
        assert hidden not in page
    with pytest.raises(PermissionDenied):
        resources.withdraw_offer(offers[1], why="不让他做", **act(officers[0]))
    with pytest.raises(PermissionDenied):
        resources.choose(
            need.askers.get(), offers[0], choice=Choice.DONE, **act(officers[0])
        )
    resources.withdraw_offer(offers[0], why="人手不够", **act(officers[0]))


def test_who_may_ask_and_tend(need, shops, secretary, stranger, staff, home):
    with pytest.raises(PermissionDenied):
        resources.ask([home], title="老师", skill="合唱", **act(secretary))
    with pytest.raises(PermissionDenied):
        resources.join(need, shops[0], **act(secretary))
    with pytest.raises(PermissionDenied):
        resources.give_up(need, outcome="没有", **act(stranger))
    assert not Need.objects.visible_to(stranger).exists()
    assert resources.may_tend(staff, need)


def test_one_offer_of_a_provider_and_one_word_on_it(need, clerk, grid):
    provider = ProviderFactory(grid=grid)
    offer = resources.offer(need, provider, terms={}, **act(clerk))
    with pytest.raises(resources.Refused, match="已经提过"):
        resources.offer(need, provider, terms={}, **act(clerk))
    asker = need.askers.get()
    resources.choose(asker, offer, choice=Choice.DONE, **act(clerk))
    resources.choose(asker, offer, choice=Choice.NOT, **act(clerk))
    need.refresh_from_db()
    assert need.state == Need.State.OPEN
    assert Match.objects.count() == 2
    assert Match.objects.in_force().get().choice == Choice.NOT


def test_endings_need_a_reason_and_can_be_undone(need, clerk, grid):
    with pytest.raises(resources.Refused, match="没有一方办了"):
        resources.meet(need, outcome="", **act(clerk))
    with pytest.raises(resources.Refused, match="请写原因"):
        resources.give_up(need, outcome=" ", **act(clerk))
    resources.give_up(need, outcome="附近没有这样的老师", **act(clerk))
    need.refresh_from_db()
    with pytest.raises(resources.Refused, match="没有办成"):
        resources.withdraw(need, outcome="不要了", **act(clerk))
    resources.seek_again(need, **act(clerk))
    need.refresh_from_db()
    assert (need.state, need.ended_on, need.outcome) == (Need.State.OPEN, None, "")


def test_a_withdrawn_need_stays_withdrawn(need, clerk):
    resources.withdraw(need, outcome="不办汇演了", **act(clerk))
    with pytest.raises(resources.Refused, match="已撤回"):
        resources.seek_again(need, **act(clerk))


def test_a_banner_is_recorded(need, clerk):
    thanks = {"whom": "阳光心园全体学员", "to": "街道党群服务中心"}
    words = "扶弱助残献爱心，党群同心护家园"
    with pytest.raises(resources.Refused, match="将来"):
        resources.thank(
            need, kind="banner", words=words, on=TODAY + DAY, **thanks, **act(clerk)
        )
    resources.thank(need, kind="banner", words=words, on=TODAY, **thanks, **act(clerk))
    assert need.thanks.get().words == words


def test_a_provider_ends_once_it_has_no_offer_open(need, clerk, grid):
    provider = ProviderFactory(grid=grid)
    offer = resources.offer(need, provider, terms={}, **act(clerk))
    with pytest.raises(resources.Refused, match="先请它退出"):
        providers.end(provider, why="搬走", **act(clerk))
    resources.withdraw_offer(offer, why="搬走", **act(clerk))
    providers.end(provider, why="搬走", **act(clerk))
    with pytest.raises(resources.Refused, match="不再提供"):
        resources.offer(need, Provider.objects.get(), terms={}, **act(clerk))


def test_askers_of_two_grids_are_held_by_the_street(grid, other_grid, street, home):
    worker = PostFactory(role=Role.PARTY_WORKER, grid=street).user
    other = BusinessFactory(grid=other_grid)
    need = resources.ask([home, other], title="老师", skill="合唱", **act(worker))
    assert need.grid == street


def test_who_took_an_offer_up_has_taken_part_until_it_is_withdrawn(clerk, grid):
    firm = BusinessFactory(grid=grid, kind=Business.Kind.ENTERPRISE)
    need = resources.ask([firm], title="老师", skill="尤克里里", **act(clerk))
    offer = resources.offer(need, ProviderFactory(grid=grid), terms={}, **act(clerk))

    def absent_from():
        return firm.standings.get(until=None).absent_from

    touched([firm.pk])
    before = absent_from()
    resources.choose(need.askers.get(), offer, choice=Choice.DONE, **act(clerk))
    assert absent_from() == TODAY + 366 * DAY > before
    resources.withdraw_offer(offer, why="没空", **act(clerk))
    assert absent_from() == before
