"""Putting a visit right: what it said stays readable, what hangs on it follows."""

import datetime as dt
import uuid

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from dashboard.models import Standing
from enterprises import actions as enterprises
from tests.factories import DemandFactory, PostFactory, VisitFactory
from tests.visits.test_doubles import counted
from tianshan.audit.models import Entry
from tianshan.workdays import Calendar
from visits import correcting, dropping, promises, telling
from visits.actions import (
    Refused,
    answer,
    log_visit,
    owe,
    raise_demand,
    tell,
    void_visit,
)
from visits.models import Correction, Demand, Visit

NOW = timezone.now()
TODAY = timezone.localdate(NOW)
DAY = dt.timedelta(1)


@pytest.fixture
def visit(shop, staff):
    return VisitFactory(business=shop, visitor=staff, visited_on=TODAY, note="原来的话")


def put_right(visit, by, reason="", **changes):
    return correcting.correct(visit, changes=changes, reason=reason, by=by, at=NOW)


def test_its_visitor_puts_it_right_and_the_old_words_stay(client_of, staff, visit):
    client = client_of(staff)
    page = reverse("visits:visit_correct", args=[visit.pk])
    form = client.get(page).context["form"]
    data = {name: form[name].value() or "" for name in form.fields}

    client.post(page, {**data, "note": "改过的话"})

    visit.refresh_from_db()
    assert visit.note == "改过的话"
    shown = client.get(visit.get_absolute_url()).content.decode()
    assert "情况由“原来的话”改为“改过的话”" in shown
    assert "visit.corrected" in [entry.verb for entry in Entry.objects.about(visit)]


def test_nothing_changed_leaves_no_trace(staff, visit):
    assert put_right(visit, staff, note="原来的话") is None
    assert not Correction.objects.exists()


def test_a_clerk_needs_a_reason_and_a_colleague_may_not(clerk, grid, visit):
    with pytest.raises(Refused, match="原因"):
        put_right(visit, clerk, note="新")
    put_right(visit, clerk, note="新", reason="电话里核对过")
    for user in (PostFactory(grid=grid).user,):
        with pytest.raises(PermissionDenied):
            put_right(visit, user, note="再改", reason="看着不顺")


def test_figures_and_standing_follow(client_of, chief, staff, shop, visit):
    client = client_of(chief)
    assert counted(client) == 1
    assert Standing.objects.on(TODAY).get(business=shop).visited

    put_right(visit, staff, outcome=Visit.Outcome.ABSENT)

    visit.refresh_from_db()
    assert visit.people_met == ""
    assert counted(client) == 0
    assert not Standing.objects.on(TODAY).get(business=shop).visited


def test_the_day_moves_what_was_visited_until(staff, shop, visit):
    before = Standing.objects.on(TODAY).get(business=shop).visited_until
    put_right(visit, staff, visited_on=TODAY - 3 * DAY)
    after = Standing.objects.on(TODAY).get(business=shop).visited_until
    assert before - after == 3 * DAY


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"visited_on": TODAY + DAY}, "将来"),
        ({"visited_on": TODAY - 400 * DAY}, "一年以前"),
        ({"people_met": ""}, "见到了谁"),
        ({"outcome": "demand"}, "记诉求"),
    ],
)
def test_what_cannot_be_is_refused_in_words(staff, visit, changes, words):
    with pytest.raises(Refused, match=words):
        put_right(visit, staff, **changes)
    visit.refresh_from_db()
    assert (visit.outcome, visit.visited_on) == ("normal", TODAY)


def test_what_hangs_on_it_holds_it(staff, shop):
    asked = VisitFactory(
        business=shop, visitor=staff, visited_on=TODAY, outcome="demand"
    )
    DemandFactory(business=shop, visit=asked)
    for changes in ({"outcome": "absent"}, {"outcome": "normal"}):
        with pytest.raises(Refused):
            put_right(asked, staff, **changes)
    promised = VisitFactory(business=shop, visitor=staff, visited_on=TODAY)
    promises.promise(promised, words="甲", due_on=TODAY, by=staff, at=NOW)
    with pytest.raises(Refused, match="答应"):
        put_right(promised, staff, outcome="absent")


def test_what_is_void_stays_as_it_is(client_of, staff, visit):
    void_visit(visit, reason="记错了店", by=staff, at=NOW)
    with pytest.raises(Refused, match="作废"):
        put_right(visit, staff, note="再改")
    page = reverse("visits:visit_correct", args=[visit.pk])
    assert client_of(staff).get(page).status_code == 403


def test_who_does_not_see_it_does_not_find_it(client_of, stranger, visit):
    page = reverse("visits:visit_correct", args=[visit.pk])
    assert client_of(stranger).get(page).status_code == 404


# --- a visit with demands ----------------------------------------------------------------


@pytest.fixture
def asked(visit, shop, staff, category):
    """A demand that was written down on the visit."""
    return raise_demand(
        shop,
        category=category,
        words="清运太晚",
        source=Demand.Source.VISIT,
        raised_on=TODAY,
        visit=visit,
        by=staff,
        at=NOW,
    )


def test_another_date_moves_its_demands_and_their_deadlines(visit, asked, staff):
    old = asked.due_on
    day = TODAY - 3 * DAY
    put_right(visit, staff, visited_on=day)
    asked.refresh_from_db()
    assert (asked.raised_on, asked.first_word_on) == (day, day)
    assert asked.due_on == Calendar.load().add(day, 5)
    first, now = asked.dues.order_by("pk")
    assert (first.due_on, now.due_on) == (old, asked.due_on)
    assert "走访日期更正" in now.reason
    verbs = [entry.verb for entry in Entry.objects.about(asked)]
    assert "demand.followed" in verbs


def test_a_day_of_its_own_and_a_deadline_that_was_set_stay(visit, asked, staff, clerk):
    day = TODAY + 30 * DAY
    owe(asked, due_on=day, owed_by="会议", reason="会上定的", by=clerk, at=NOW)
    put_right(visit, staff, visited_on=TODAY - DAY)
    asked.refresh_from_db()
    assert (asked.raised_on, asked.due_on) == (TODAY - DAY, day)
    Demand.objects.filter(pk=asked.pk).update(raised_on=TODAY)
    put_right(visit, staff, visited_on=TODAY - 2 * DAY)
    asked.refresh_from_db()
    assert asked.raised_on == TODAY


def test_by_phone_nobody_was_spoken_to_face_to_face(visit, asked, staff):
    put_right(visit, staff, method=Visit.Method.PHONE)
    asked.refresh_from_db()
    assert (asked.source, asked.first_word_on) == (Demand.Source.CALL, None)
    put_right(visit, staff, method=Visit.Method.ON_SPOT)
    asked.refresh_from_db()
    assert (asked.source, asked.first_word_on) == (Demand.Source.VISIT, TODAY)


def test_a_day_after_the_outcome_is_refused(shop, staff, clerk, category):
    day = TODAY - 4 * DAY
    visit = VisitFactory(business=shop, visitor=staff, visited_on=day)
    asked = raise_demand(
        shop,
        category=category,
        words="清运太晚",
        source=Demand.Source.VISIT,
        raised_on=day,
        visit=visit,
        by=staff,
        at=NOW,
    )
    answer(asked, words="改到八点", by=clerk, at=NOW - 2 * DAY)
    with pytest.raises(Refused, match="就有了结果"):
        put_right(visit, staff, visited_on=TODAY)
    asked.refresh_from_db()
    assert asked.raised_on == day


def test_what_was_told_moves_along_but_not_before_its_outcome(shop, staff, clerk):
    on = TODAY - 2 * DAY
    done = DemandFactory(business=shop, raised_on=TODAY - 9 * DAY)
    done = answer(done, words="改到八点", by=clerk, at=NOW - 2 * DAY)
    visit = VisitFactory(business=shop, visitor=staff, visited_on=TODAY)
    tell(done, how="visit", on=TODAY, visit=visit, by=staff, at=NOW)
    put_right(visit, staff, visited_on=on, method=Visit.Method.PHONE)
    done.refresh_from_db()
    assert (done.told_on, done.told_how) == (on, "phone")
    assert done.rate_by == Calendar.load().add(on, 10)
    with pytest.raises(Refused, match="走访不能更早"):
        put_right(visit, staff, visited_on=on - DAY)


def test_attempts_to_tell_follow_a_visit_at_which_nobody_was(shop, staff, clerk):
    done = DemandFactory(business=shop, raised_on=TODAY - 9 * DAY)
    done = answer(done, words="改到八点", by=clerk, at=NOW - 3 * DAY)
    visit = VisitFactory(
        business=shop,
        visitor=staff,
        visited_on=TODAY,
        outcome="absent",
        people_met="",
    )
    telling.count_absence(visit, by=staff, at=NOW)
    put_right(visit, staff, visited_on=TODAY - DAY)
    assert [one.on for one in done.attempts.standing()] == [TODAY - DAY]
    put_right(visit, staff, outcome="normal", people_met="owner")
    assert not done.attempts.standing().exists()


def test_void_asks_what_becomes_of_its_demands(client_of, visit, asked, staff):
    client = client_of(staff)
    page = client.get(visit.get_absolute_url()).content.decode()
    assert "这次记的 1 件诉求一并记为误记" in page
    url = reverse("visits:visit_void", args=[visit.pk])
    refused = client.post(url, {"reason": "记错了店"})
    assert refused.status_code == 422
    assert "还记了 1 件诉求" in refused.content.decode()
    visit.refresh_from_db()
    assert visit.voided_at is None

    client.post(url, {"reason": "记错了店", "with_demands": "on"})
    visit.refresh_from_db()
    asked.refresh_from_db()
    assert visit.void_reason == "记错了店"
    assert (asked.state, asked.dropped_why) == ("mistaken", "走访作废：记错了店")
    assert "demand.mistaken" in [e.verb for e in Entry.objects.about(asked)]


def test_void_keeps_a_visit_whose_asker_knows_the_outcome(visit, asked, staff, clerk):
    answer(asked, words="改到八点", by=clerk, at=NOW)
    with pytest.raises(Refused, match="台账员"):
        void_visit(visit, reason="错", with_demands=True, by=staff, at=NOW)
    tell(asked, how="phone", on=TODAY, by=staff, at=NOW)
    with pytest.raises(Refused, match="已经知道结果"):
        void_visit(visit, reason="错", with_demands=True, by=clerk, at=NOW)
    visit.refresh_from_db()
    assert visit.voided_at is None


def test_void_leaves_a_confidential_demand_to_its_handler(
    visit, shop, staff, clerk, category
):
    hidden = raise_demand(
        shop,
        category=category,
        words="别告诉别人",
        source=Demand.Source.VISIT,
        raised_on=TODAY,
        visit=visit,
        handler=clerk,
        by=staff,
        at=NOW,
    )
    with pytest.raises(Refused, match="经办人clerk"):
        void_visit(visit, reason="错", with_demands=True, by=staff, at=NOW)
    void_visit(visit, reason="错", with_demands=True, by=clerk, at=NOW)
    hidden.refresh_from_db()
    assert hidden.state == Demand.State.MISTAKEN


def test_void_passes_over_demands_that_were_dropped_before(visit, asked, staff, clerk):
    dropping.withdraw(asked, reason="本人说算了", by=clerk, at=NOW)
    void_visit(visit, reason="错", by=staff, at=NOW)
    asked.refresh_from_db()
    assert asked.dropped_why == "本人说算了"


# --- a visit that changed the shop's state ---------------------------------------------


@pytest.fixture
def seen_shut(shop, staff):
    """A visit of three days ago at which the shop was seen to have closed."""
    visit, _ = log_visit(
        shop,
        client_key=uuid.uuid4(),
        outcome=Visit.Outcome.NORMAL,
        people_met=Visit.Met.OWNER,
        visited_on=TODAY - 3 * DAY,
        filled_at=NOW,
        facts={"state": "closed"},
        by=staff,
        at=NOW,
    )
    return visit


def days_of(shop):
    """`[(state, since, until), …]`, and since when to when it was in its places."""
    states = shop.operations.order_by("since", "pk")
    places = shop.occupancies.order_by("since", "pk")
    return (
        [(row.state, row.since, row.until) for row in states],
        [(row.since, row.until) for row in places],
    )


def test_the_state_that_was_seen_follows_the_day(seen_shut, shop, staff):
    day = TODAY - 5 * DAY
    put_right(seen_shut, staff, visited_on=day)
    first = shop.discovered_on
    assert days_of(shop) == (
        [("operating", first, day), ("closed", day, None)],
        [(first, day)],
    )
    assert not Standing.objects.on(day).get(business=shop).operating
    assert Standing.objects.on(day - DAY).get(business=shop).operating
    assert "business.dates_corrected" in [e.verb for e in Entry.objects.about(shop)]
    # And what the visit did is still undone with it.
    void_visit(seen_shut, reason="看错了", by=staff, at=NOW)
    assert days_of(shop) == ([("operating", first, None)], [(first, None)])


def test_a_shop_seen_open_again_is_in_its_place_from_the_new_day(
    seen_shut, shop, staff
):
    shop.refresh_from_db()
    again, _ = log_visit(
        shop,
        client_key=uuid.uuid4(),
        outcome=Visit.Outcome.NORMAL,
        people_met=Visit.Met.OWNER,
        visited_on=TODAY,
        filled_at=NOW,
        facts={"state": "operating"},
        by=staff,
        at=NOW,
    )
    put_right(again, staff, visited_on=TODAY - DAY)
    shut, back = TODAY - 3 * DAY, TODAY - DAY
    states, places = days_of(shop)
    assert states[1:] == [("closed", shut, back), ("operating", back, None)]
    assert places == [(shop.discovered_on, shut), (back, None)]

    for visit, day, words in (
        (again, shut - DAY, "日期不能更早.*更正日期"),
        (seen_shut, TODAY, "日期不能更晚.*更正日期"),
    ):
        with pytest.raises(Refused, match=words):
            put_right(visit, staff, visited_on=day)
    assert days_of(shop) == (states, places)
    seen_shut.refresh_from_db()
    assert seen_shut.visited_on == shut


def test_the_method_of_such_a_visit_is_put_right_too(seen_shut, shop, staff, clerk):
    before = days_of(shop)
    put_right(seen_shut, clerk, reason="是电话里问的", method=Visit.Method.PHONE)
    seen_shut.refresh_from_db()
    assert seen_shut.method == Visit.Method.PHONE
    assert days_of(shop) == before


def test_a_state_that_was_set_otherwise_since_keeps_its_days(
    seen_shut, shop, staff, clerk
):
    rows = list(shop.operations.order_by("since"))
    dates = {row: (row.since, row.until) for row in rows}
    day = TODAY - 2 * DAY
    dates[rows[0]], dates[rows[1]] = (rows[0].since, day), (day, None)
    enterprises.correct_dates(
        shop,
        discovered_on=shop.discovered_on,
        dates=dates,
        reason="通知上写的",
        by=clerk,
        at=NOW,
    )
    put_right(seen_shut, staff, visited_on=TODAY - 4 * DAY)
    assert days_of(shop)[0][-1] == ("closed", day, None)


def test_places_of_one_day_are_told_apart(shop, staff, clerk, grid):
    """It moved and closed on the same day: only the place it had last comes back."""
    day = TODAY - 3 * DAY
    enterprises.move(
        shop, grid=grid, building=None, room="C1", since=day, by=clerk, at=NOW
    )
    visit, _ = log_visit(
        shop,
        client_key=uuid.uuid4(),
        outcome=Visit.Outcome.NORMAL,
        people_met=Visit.Met.OWNER,
        visited_on=day,
        filled_at=NOW,
        facts={"state": "closed"},
        by=staff,
        at=NOW,
    )
    with pytest.raises(Refused, match="才搬进现址"):
        put_right(visit, staff, visited_on=day - DAY)
    put_right(visit, staff, visited_on=TODAY)
    assert days_of(shop)[1] == [(shop.discovered_on, day), (day, TODAY)]
    put_right(visit, staff, visited_on=day)
    void_visit(visit, reason="看错了", by=staff, at=NOW)
    assert days_of(shop)[1] == [(shop.discovered_on, day), (day, None)]
