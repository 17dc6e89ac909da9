"""What is promised on a visit, with its day: kept with one tap, or taken back."""

import datetime as dt
import uuid

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from tests.factories import VisitFactory
from tests.visits.test_visit_new import PLAIN, url
from tianshan.audit.models import Entry
from visits import promises
from visits.actions import Refused, log_visit, void_visit
from visits.models import Promise, Visit

NOW = timezone.now()
TODAY = timezone.localdate(NOW)
State = Promise.State


@pytest.fixture
def client(client_of, staff):
    return client_of(staff)


@pytest.fixture
def made(shop, staff):
    visit = VisitFactory(business=shop, visitor=staff)
    day = visit.visited_on + dt.timedelta(7)
    return promises.promise(visit, words="带停车单来", due_on=day, by=staff, at=NOW)


def log(shop, staff, **more):
    facts = {
        "client_key": uuid.uuid4(),
        "outcome": Visit.Outcome.NORMAL,
        "people_met": Visit.Met.OWNER,
        "visited_on": TODAY,
        "filled_at": NOW,
        "by": staff,
        "at": NOW,
    }
    return log_visit(shop, **facts | more)[0]


def test_a_promise_is_written_with_the_visit_and_shown_on_the_next(
    client, shop, staff, filled
):
    page = client.get(url(shop))
    client.post(
        url(shop),
        filled(
            page,
            **PLAIN,
            promise_words="带停车单来",
            promise_on=(TODAY + dt.timedelta(3)).isoformat(),
        ),
    )

    made = Promise.objects.get()
    assert (made.words, made.state, made.by) == ("带停车单来", State.OPEN, staff)
    again = client.get(url(shop))
    assert "带停车单来" in again.content.decode()
    client.post(url(shop), filled(again, **PLAIN, kept=[made.pk]))
    made.refresh_from_db()
    assert made.state == State.KEPT
    assert made.kept_visit == Visit.objects.latest("pk")
    verbs = [entry.verb for entry in Entry.objects.about(made)]
    assert set(verbs) == {"promise.made", "promise.kept"}


@pytest.mark.parametrize(
    ("words", "day", "said"),
    [
        ("带单子", "", "请选答应在哪天以前办到"),
        ("", TODAY.isoformat(), "请写答应了什么"),
        ("带单子", "2020-01-01", "早于走访"),
    ],
)
def test_half_a_promise_is_asked_about(client, shop, filled, words, day, said):
    data = filled(client.get(url(shop)), **PLAIN, promise_words=words, promise_on=day)
    assert said in client.post(url(shop), data).content.decode()
    assert not Visit.objects.exists()


def test_who_met_nobody_promised_nothing(shop, staff, made):
    absent = {"outcome": Visit.Outcome.ABSENT, "people_met": ""}
    with pytest.raises(Refused):
        log(shop, staff, **absent, promise={"words": "甲", "due_on": TODAY})
    with pytest.raises(Refused):
        log(shop, staff, **absent, kept=[made])


def test_one_tap_keeps_it_and_one_takes_the_tap_back(client, made):
    client.post(reverse("visits:promise_keep", args=[made.pk]))
    made.refresh_from_db()
    assert (made.state, made.ended_on) == (State.KEPT, TODAY)
    client.post(reverse("visits:promise_reopen", args=[made.pk]))
    made.refresh_from_db()
    assert (made.state, made.ended_on, made.ended_by) == (State.OPEN, None, None)


def test_taking_back_says_why(client, made):
    page = reverse("visits:promise_take_back", args=[made.pk])
    assert client.post(page, {"reason": ""}).status_code == 422
    client.post(page, {"reason": "物业不同意"})
    made.refresh_from_db()
    assert (made.state, made.reason) == (State.TAKEN_BACK, "物业不同意")
    assert "物业不同意" in client.get(made.visit.get_absolute_url()).content.decode()


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("step", list(Promise.STEPS))
def test_each_step_starts_where_the_table_says(made, staff, state, step):
    Promise.objects.filter(pk=made.pk).update(
        state=state,
        ended_on=None if state == State.OPEN else TODAY,
        ended_by=None if state == State.OPEN else staff,
        reason="不办" if state == State.TAKEN_BACK else "",
    )
    acts = {
        "keep": promises.keep,
        "reopen": promises.reopen,
        "take_back": lambda made, **who: promises.take_back(made, reason="x", **who),
    }
    if state in Promise.STEPS[step]:
        assert acts[step](made, by=staff, at=NOW).state != state
    else:
        with pytest.raises(Refused):
            acts[step](made, by=staff, at=NOW)


def test_strangers_neither_see_nor_keep_it(client_of, stranger, leader, made):
    with pytest.raises(PermissionDenied):
        promises.keep(made, by=stranger, at=NOW)
    address = reverse("visits:promise_keep", args=[made.pk])
    assert client_of(stranger).post(address).status_code == 404
    assert client_of(leader).post(address).status_code == 403


def test_a_phone_that_does_not_know_that_it_is_kept_loses_no_visit(shop, staff, made):
    promises.keep(made, by=staff, at=NOW)
    visit = log(shop, staff, kept=[made])
    made.refresh_from_db()
    assert made.kept_visit is None
    assert visit.pk


def test_voiding_the_visit_puts_its_promises_right(shop, staff, made):
    other = log(
        shop,
        staff,
        kept=[made],
        promise={"words": "再来一次", "due_on": TODAY},
    )
    void_visit(other, reason="记错了店", by=staff, at=NOW)
    made.refresh_from_db()
    assert (made.state, made.kept_visit) == (State.OPEN, None)
    assert Promise.objects.get(visit=other).state == State.TAKEN_BACK
