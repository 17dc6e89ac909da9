"""Telling askers: attempts in vain, taking back, and who waits to be told."""

import datetime as dt
import uuid

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from dashboard.models import Standing
from tests.factories import (
    NOON,
    TODAY,
    BusinessFactory,
    CoverageFactory,
    DemandFactory,
    VisitFactory,
)
from tianshan.audit.models import Entry
from tianshan.ledgers import FIGURES, Scope
from tianshan.ledgers.models import BulkEdit
from visits import actions, telling
from visits.models import Demand, TellingAttempt, Visit

DAY = dt.timedelta(days=1)
LATER = NOON + 2 * DAY


@pytest.fixture
def demand(shop, branch, clerk):
    CoverageFactory(business=shop, organization=branch)
    raised = DemandFactory(business=shop, words="垃圾车来得太早。")
    return actions.answer(raised, words="改到七点半清运", by=clerk, at=NOON)


@pytest.fixture
def in_vain(demand, staff):
    def tried(on=TODAY, time="morning", **how):
        facts = {"how": "phone", "by": staff, "at": LATER, **how}
        return telling.try_telling(demand, on=on, time=time, **facts)

    return tried


def now(demand):
    return Demand.objects.get(pk=demand.pk)


def figures(user, grid, day):
    scope = Scope(user, grid, day - 30 * DAY, day, day)
    keys = ["demands_untold", "demands_to_tell", "demands_unreached", "demands_told"]
    return [FIGURES[key].count(scope) for key in keys]


def test_one_attempt_in_vain_leaves_the_telling_owed(demand, in_vain):
    in_vain()
    assert now(demand).unreached_on is None
    assert Demand.objects.waiting_to_be_told().get() == demand
    assert now(demand).next_due == demand.tell_by
    assert Entry.objects.filter(verb="demand.telling_tried").count() == 1


@pytest.mark.parametrize(("on", "time"), [(TODAY + DAY, "morning"), (TODAY, "evening")])
def test_two_at_different_times_are_a_result_counted_apart_from_told(
    demand, in_vain, leader, grid, on, time
):
    in_vain()
    in_vain(on, time)

    assert now(demand).unreached_on == on
    assert (now(demand).state, now(demand).next_due) == (Demand.State.ANSWERED, None)
    assert not Demand.objects.waiting_to_be_told().exists()
    assert Demand.objects.unreached().get() == demand
    assert figures(leader, grid, TODAY + 2 * DAY) == [1, 0, 1, 0]


def test_two_at_the_same_time_of_a_day_are_one(demand, in_vain):
    in_vain()
    with pytest.raises(actions.Refused, match="换一天"):
        in_vain(how="visit")
    assert now(demand).attempts.count() == 1
    assert now(demand).unreached_on is None


def test_not_reached_is_not_told_so_coverage_stays_ineffective(demand, in_vain):
    """The rule of `visits.telling`: attempts buy nobody into effective coverage."""
    in_vain()
    in_vain(TODAY + DAY)
    standing = Standing.objects.get(business=demand.business, until=None)
    assert standing.untold_from == demand.tell_by + DAY


def test_whoever_was_not_reached_can_still_be_told(demand, in_vain, staff):
    in_vain()
    in_vain(TODAY + DAY)
    actions.tell(demand, how="visit", on=TODAY + 2 * DAY, by=staff, at=LATER)
    assert now(demand).state == Demand.State.TOLD
    assert now(demand).unreached_on is None
    assert now(demand).attempts.count() == 2


@pytest.mark.parametrize(
    ("on", "said"), [(TODAY + 9 * DAY, "在将来"), (TODAY - DAY, "不能更早")]
)
def test_an_attempt_is_neither_ahead_of_time_nor_before_the_outcome(in_vain, on, said):
    with pytest.raises(actions.Refused, match=said):
        in_vain(on)
    assert not TellingAttempt.objects.exists()


@pytest.mark.parametrize(
    "state", sorted(set(Demand.State) - Demand.STEPS["try_telling"])
)
def test_an_attempt_is_refused_where_nothing_is_to_be_told(in_vain, demand, state):
    demand.state = state
    told = {"told_on": TODAY} if state in Demand.HEARD else {}
    dropped = {
        "dropped_on": TODAY,
        "dropped_by": demand.recorded_by,
        "dropped_why": "误记",
        "dropped_from": "answered",
    }
    open_again = {"outcome_on": None, "tell_by": None}
    Demand.objects.filter(pk=demand.pk).update(
        state=state,
        **told,
        **(dropped if state in Demand.DROPPED else {}),
        **(open_again if state in Demand.OPEN else {}),
    )
    with pytest.raises(actions.Refused, match="请刷新"):
        in_vain()


def test_attempts_are_for_those_who_visit_the_business(demand, in_vain, leader):
    with pytest.raises(PermissionDenied):
        in_vain(by=leader)


def test_an_attempt_can_be_taken_back(demand, in_vain, staff):
    in_vain()
    second = in_vain(TODAY + DAY)
    telling.take_back_attempt(second, by=staff, at=LATER)
    assert now(demand).unreached_on is None
    with pytest.raises(actions.Refused, match="已经撤销"):
        telling.take_back_attempt(second, by=staff, at=LATER)
    in_vain(TODAY + DAY)
    assert now(demand).unreached_on == TODAY + DAY


def test_a_telling_can_be_taken_back(demand, staff):
    actions.tell(demand, how="phone", on=TODAY, by=staff, at=NOON)
    telling.take_back(demand, by=staff, at=NOON)
    assert (now(demand).state, now(demand).told_on) == (Demand.State.ANSWERED, None)
    with pytest.raises(actions.Refused, match="请刷新"):
        telling.take_back(demand, by=staff, at=NOON)


# --- what visits say of it ---------------------------------------------------------


def log(shop, by, at=NOON, **changes):
    content = {
        "client_key": uuid.uuid4(),
        "outcome": Visit.Outcome.ABSENT,
        "visited_on": at.date(),
        "filled_at": at,
        "at": at,
    }
    return actions.log_visit(shop, by=by, **{**content, **changes})[0]


def test_a_visit_that_met_nobody_is_an_attempt_to_tell(demand, staff):
    visit = log(demand.business, staff)
    attempt = now(demand).attempts.get()
    assert (attempt.visit, attempt.how, attempt.on) == (visit, "visit", TODAY)
    log(demand.business, staff, at=NOON + DAY)
    assert now(demand).unreached_on == TODAY + DAY


def test_two_absences_at_the_same_time_are_one_attempt(demand, staff):
    log(demand.business, staff)
    log(demand.business, staff)
    assert now(demand).attempts.count() == 1


def test_a_void_visit_was_no_attempt(demand, staff):
    log(demand.business, staff)
    second = log(demand.business, staff, at=NOON + DAY)
    with pytest.raises(actions.Refused, match="作废那条走访"):
        telling.take_back_attempt(second.attempts_to_tell.get(), by=staff, at=LATER)
    actions.void_visit(second, reason="记错了店", by=staff, at=LATER)
    assert now(demand).unreached_on is None
    assert now(demand).attempts.standing().count() == 1


def test_a_telling_on_a_visit_is_taken_back_with_the_visit(demand, staff):
    visit = VisitFactory(business=demand.business, visitor=staff)
    actions.tell(demand, how="visit", on=TODAY, visit=visit, by=staff, at=NOON)
    with pytest.raises(actions.Refused, match="作废那条走访"):
        telling.take_back(demand, by=staff, at=NOON)


# --- texts ---------------------------------------------------------------------------


def test_the_text_says_whose_words_and_what_came_of_them(demand):
    text = telling.text_for(demand)
    assert text.startswith("沈女士，您好！")
    assert "“垃圾车来得太早”，有结果了：改到七点半清运。" in text
    assert demand.grid.name in text
    assert "19912345678" not in text


def test_a_declined_one_is_told_why(shop, clerk):
    declined = actions.decline(
        DemandFactory(business=shop),
        reason="租约是您和房东之间的事，可以找司法所免费调解。",
        by=clerk,
        at=NOON,
    )
    assert "办不了，原因是：租约是您和房东之间的事" in telling.text_for(declined)


def test_one_text_serves_all_who_are_told_the_same(demand, clerk):
    other = DemandFactory(
        business=BusinessFactory(grid=demand.grid, name="长风咖啡"),
        category=demand.category,
        words="早上太吵",
    )
    other = actions.answer(other, words="改到七点半清运", by=clerk, at=NOON)
    text = telling.text_for_all([demand, other])
    assert "各位好" in text
    assert "沈女士" not in text
    assert "垃圾车" not in text
    other.outcome = "已报修"
    assert telling.text_for_all([demand, other]) == ""
    assert telling.text_for_all([demand]) == ""


# --- the pages -----------------------------------------------------------------------


def test_the_list_holds_what_waits_and_narrows_by_where_and_how_long(
    client_of, staff, stranger, demand, clerk, in_vain
):
    elsewhere = DemandFactory(business=BusinessFactory(grid=demand.grid, room="1203"))
    actions.answer(elsewhere, words="已报修", by=clerk, at=NOON)
    DemandFactory(business=demand.business)
    client = client_of(staff)

    def rows(query=""):
        page = client.get(f"/demands/telling/{query}")
        assert page.status_code == 200
        return {row.pk for row in page.context["page"].object_list}

    assert rows() == {demand.pk, elsewhere.pk}
    assert rows("?floor=12") == {elsewhere.pk}
    assert rows(f"?building={demand.business.building_id}") == {demand.pk}
    assert rows("?age=month") == {demand.pk, elsewhere.pk}
    assert rows("?q=mnch") == {demand.pk}
    in_vain()
    in_vain(TODAY + DAY)
    assert rows("?reach=unreached") == {demand.pk}
    assert rows("?reach=waiting") == {elsewhere.pk}
    page = client_of(stranger).get("/demands/telling/")
    assert not page.context["page"].object_list


def test_told_in_vain_told_and_taken_back_on_the_pages(client_of, staff, demand):
    client = client_of(staff)
    page = client.get(reverse("visits:demand_tell", args=[demand.pk]))
    assert "改到七点半清运" in page.text
    attempt = {
        "attempt-how": "phone",
        "attempt-on": demand.outcome_on.isoformat(),
        "attempt-time": "morning",
    }
    tried = reverse("visits:demand_tried", args=[demand.pk])
    assert client.post(tried, attempt).status_code == 302
    assert "换一天" in client.post(tried, attempt).text
    assert client.post(tried, {**attempt, "attempt-time": "evening"}).status_code == 302
    assert "两次未联系上" in client.get(demand.get_absolute_url()).text

    back = reverse("visits:attempt_back", args=[demand.attempts.first().pk])
    client.post(back)
    assert now(demand).unreached_on is None
    said = {"how": "slip", "on": demand.outcome_on.isoformat()}
    client.post(reverse("visits:demand_tell", args=[demand.pk]), said)
    assert (now(demand).state, now(demand).told_how) == ("told", "slip")
    client.post(reverse("visits:demand_untell", args=[demand.pk]))
    assert now(demand).state == Demand.State.ANSWERED


def test_several_are_told_at_once_and_put_back_at_once(client_of, staff, demand, clerk):
    other = DemandFactory(business=BusinessFactory(grid=demand.grid))
    actions.answer(other, words="改到七点半清运", by=clerk, at=NOON)
    client = client_of(staff)
    ids = f"{demand.pk}.{other.pk}"

    texts = client.get(f"/demands/telling/texts/?ids={ids}")
    assert len(texts.context["texts"]) == 1
    sheet = client.get(f"/demands/telling/slips/?ids={ids}")
    assert len(sheet.context["slips"]) == 2
    assert "19912345678" not in sheet.text

    form = {
        "next": "/demands/telling/",
        "pick": [demand.pk, other.pk],
        "how": "message",
        "on": TODAY.isoformat(),
        "step": "preview",
    }
    url = reverse("ledgers:bulk_edit", args=["telling", "told"])
    preview = client.post(url, form)
    assert len(preview.context["plan"].change) == 2
    seen = preview.context["plan"].seen
    assert client.post(url, {**form, "step": "apply", "seen": seen}).status_code == 302
    assert {now(demand).state, now(other).state} == {"told"}

    done = BulkEdit.objects.get()
    client.post(reverse("ledgers:bulk_undo", args=[done.pk]))
    assert {now(demand).state, now(other).state} == {"answered"}


def test_ticked_rows_lead_to_their_slips(client_of, staff, demand):
    answer = client_of(staff).post(
        reverse("ledgers:picked", args=["telling"]),
        {"act": "slips", "pick": [demand.pk], "next": "/demands/telling/"},
    )
    assert answer.headers["Location"] == f"/demands/telling/slips/?ids={demand.pk}"


@pytest.mark.parametrize("name", ["telling_texts", "telling_slips"])
def test_slips_and_texts_are_for_those_who_visit(
    client_of, leader, stranger, demand, name
):
    url = f"{reverse(f'visits:{name}')}?ids={demand.pk}"
    assert client_of(leader).get(url).status_code == 403
    assert demand.words not in client_of(stranger).get(url).text
