"""Putting a visit right: what it said stays readable, what hangs on it follows."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from dashboard.models import Standing
from tests.factories import DemandFactory, PostFactory, VisitFactory
from tests.visits.test_doubles import counted
from tianshan.audit.models import Entry
from visits import correcting, promises
from visits.actions import Refused, void_visit
from visits.models import Correction, Visit

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
    for changes in ({"outcome": "absent"}, {"visited_on": TODAY - DAY}):
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
