"""What phones send: stored once, kept by the phone until then, lost by nobody."""

import datetime as dt
import json
import uuid

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.rights import Role
from enterprises import actions as enterprises
from tests.factories import DemandFactory, PostFactory
from visits import actions, sync_visit
from visits.models import Demand, DoorReport, Promise, Visit

URL = "/visits/sync/"
JSON = "application/json"
LONG_AGO = dt.timedelta(days=365)


@pytest.fixture
def client(client_of, staff):
    return client_of(staff)


@pytest.fixture
def record(shop, staff):
    """`record(**changes)`: a plain visit as a phone sends it, filled in just now."""

    def made(fields=None, **changes):
        now = timezone.now().isoformat()
        shown = sync_visit.as_shown(shop)
        return {
            "kind": "visit",
            "key": str(uuid.uuid4()),
            "author": staff.pk,
            "filled_at": now,
            "sent_at": now,
            "business": shop.pk,
            "seen": shown["seen"],
            "fields": {
                **shown["facts"],
                "outcome": "normal",
                "people_met": "owner",
                "facts": "same",
                "method": "on_spot",
                "visited_on": "",
                "note": "",
                **(fields or {}),
            },
            **changes,
        }

    return made


def send(client, body):
    return client.post(
        URL, json.dumps(body), content_type=JSON, headers={"Accept": JSON}
    )


def test_the_first_is_stored_and_each_repeat_is_the_same(client, shop, staff, record):
    body = record({"note": "生意平稳 🍵"})

    first, again = send(client, body), send(client, body)

    visit = Visit.objects.get()
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json() == {"number": visit.pk, "href": visit.get_absolute_url()}
    assert (visit.business, visit.visitor, visit.note) == (shop, staff, "生意平稳 🍵")
    assert visit.visited_on == timezone.localdate()
    assert visit.facts_confirmed
    assert visit.claimed_at is None


def test_the_same_sent_again_on_a_later_day_is_the_same(client, record):
    body = record()
    send(client, body)
    later = timezone.now() + dt.timedelta(days=2)
    again = send(client, {**body, "sent_at": later.isoformat(), "seen": "other"})
    assert again.status_code == 200
    assert Visit.objects.count() == 1


def test_other_content_under_the_key_is_said_with_the_number(client, record):
    body = record()
    number = send(client, body).json()["number"]

    answer = send(client, {**body, "fields": {**body["fields"], "note": "补一句"}})

    assert answer.status_code == 409
    assert answer.json()["number"] == number
    assert "已经存过" in answer.json()["reason"]
    assert Visit.objects.get().note == ""


def test_the_key_of_another_is_his_own(client, client_of, grid, record):
    body = record()
    send(client, body)
    other = PostFactory(role=Role.GRID_STAFF, grid=grid).user
    assert send(client_of(other), {**body, "author": other.pk}).status_code == 201
    assert Visit.objects.count() == 2


def test_another_session_stores_nothing(client_of, grid, record):
    other = PostFactory(role=Role.GRID_STAFF, grid=grid).user
    answer = send(client_of(other), record())
    assert answer.status_code == 403
    assert "本人登录" in answer.json()["reason"]
    assert not Visit.objects.exists()


def test_without_a_session_the_phone_waits(db):
    answer = Client().get(URL, headers={"Accept": JSON})
    assert answer.status_code == 401
    assert "author" not in answer.json()


def test_a_stale_token_is_refused_and_a_fresh_one_is_taken(staff, record):
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff)
    body = json.dumps(record())
    told = client.get(URL).json()
    assert told["author"] == {"id": staff.pk, "name": staff.display_name}

    def post(token):
        return client.post(
            URL, body, content_type=JSON, headers={"X-CSRFToken": token}
        ).status_code

    assert post("x" * 32) == 403
    assert not Visit.objects.exists()
    assert post(told["token"]) == 201


def test_whoever_logs_no_visits_is_told_so(client_of, leader):
    assert client_of(leader).get(URL).status_code == 403


# --- what can never succeed, and what may --------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"1",
        b'"x"',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_what_is_no_record_is_refused_in_words(client, raw):
    answer = client.post(URL, raw, content_type=JSON)
    assert answer.status_code == 422
    assert answer.json()["reason"] == "记录不完整。"


def test_a_form_is_no_record(client):
    """With a token in it Django has read it before, and gives it out no more."""
    browser = Client(enforce_csrf_checks=True)
    browser.cookies = client.cookies
    token = browser.get(URL).json()["token"]
    answer = browser.post(URL, {"csrfmiddlewaretoken": token, "author": "1"})
    assert answer.status_code == 422
    assert answer.json()["reason"] == "记录不完整。"


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "order"},
        {"kind": None},
        {"kind": ["visit"]},
        {"key": None},
        {"key": "x"},
        {"business": 10**400},
        {"business": "1"},
        {"business": True},
        {"business": -1},
        {"fields": None},
        {"fields": []},
        {"fields": {"outcome": {"a": [1]}}},
        {"fields": {}},
    ],
)
def test_what_is_wrong_in_it_is_refused_in_words(client, record, changes):
    answer = send(client, {**record(), **changes})
    assert answer.status_code == 422, answer.content
    assert answer.json()["reason"]
    assert not Visit.objects.exists()


def test_too_long_a_record_is_refused_before_it_is_read(client, record):
    answer = send(client, record({"note": "长" * 100_000}))
    assert answer.status_code == 413
    answer = send(client, record({"note": "长" * 2_000}))
    assert answer.status_code == 422
    assert "情况" in answer.json()["reason"]


def test_nul_and_halves_of_characters_are_taken_out(client, record):
    assert send(client, record({"note": "a\x00b\ud800c"})).status_code == 201
    assert Visit.objects.get().note == "abc"


@pytest.mark.parametrize("problem", [ValueError("沈女士"), RuntimeError("沈女士")])
def test_an_error_of_ours_means_come_again_and_tells_no_log(
    client, record, monkeypatch, caplog, problem
):
    def fail(*args, **kwargs):
        raise problem

    body = record()
    with monkeypatch.context() as patch:
        patch.setattr(actions, "log_visit", fail)
        answer = send(client, body)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert type(problem).__name__ in caplog.text
    assert "沈女士" not in caplog.text
    assert send(client, body).status_code == 201


def test_the_database_away_means_come_again(client, record, monkeypatch):
    def fail(*args, **kwargs):
        raise OperationalError

    monkeypatch.setattr(actions, "log_visit", fail)
    client.raise_request_exception = False
    answer = send(client, record())
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


def test_a_business_that_has_moved_away_is_said(client, record, shop, other_grid):
    body = record()
    type(shop).objects.filter(pk=shop.pk).update(grid=other_grid)
    answer = send(client, body)
    assert answer.status_code == 422
    assert "不归您走访" in answer.json()["reason"]


# --- facts and demands -----------------------------------------------------------------


def test_facts_that_nobody_touched_undo_nothing(client, record, shop, clerk):
    body = record({"facts": ""})
    enterprises.edit(
        shop,
        changes={"staff_count": 9},
        seen={"staff_count": 4},
        by=clerk,
        at=timezone.now(),
    )
    assert send(client, body).status_code == 201
    shop.refresh_from_db()
    assert shop.staff_count == 9
    assert Visit.objects.get().facts_changed == {}


def test_facts_that_another_changed_too_are_shown_and_may_be_sent_again(
    client, record, shop, clerk
):
    body = record({"facts": "changed", "staff_count": "6"})
    enterprises.edit(
        shop,
        changes={"staff_count": 9},
        seen={"staff_count": 4},
        by=clerk,
        at=timezone.now(),
    )

    answer = send(client, body)

    assert answer.status_code == 422
    told = answer.json()
    assert told["clash"] == ["staff_count"]
    assert told["facts"]["staff_count"] == "9"
    assert told["facts"]["contact_phone"] == "199****5678"
    assert send(client, {**body, "seen": told["seen"]}).status_code == 201
    shop.refresh_from_db()
    assert (shop.staff_count, shop.contact_phone) == (6, "19912345678")


def test_demands_and_what_was_told_come_with_the_visit(client, record, shop, category):
    done = DemandFactory(business=shop)
    told_already = DemandFactory(business=shop)
    for demand in (done, told_already):
        demand.state, demand.outcome = Demand.State.ANSWERED, "已改到八点前"
        demand.outcome_on = demand.tell_by = timezone.localdate()
        demand.save()
    told_already.state, told_already.told_on = Demand.State.TOLD, timezone.localdate()
    told_already.save()
    body = record(
        {
            "outcome": "demand",
            "demand-0-category": category.pk,
            "demand-0-words": "想早点清运",
            "told": [done.pk, told_already.pk],
        }
    )
    assert send(client, body).status_code == 201
    visit = Visit.objects.get()
    assert visit.demands.get().words == "想早点清运"
    done.refresh_from_db()
    told_already.refresh_from_db()
    assert (done.state, done.told_visit) == (Demand.State.TOLD, visit)
    assert told_already.told_visit is None


# --- clocks ------------------------------------------------------------------------------


@pytest.mark.parametrize("off", [LONG_AGO * 2, -LONG_AGO * 2, dt.timedelta(days=2)])
def test_a_wrong_clock_loses_nothing_and_both_times_are_kept(client, record, off):
    """Filled in three hours ago by a clock that is off."""
    now = timezone.now()
    claim = now - dt.timedelta(hours=3) + off
    body = record(filled_at=claim.isoformat(), sent_at=(now + off).isoformat())

    assert send(client, body).status_code == 201

    visit = Visit.objects.get()
    assert visit.claimed_at == claim
    assert abs(visit.filled_at - (now - dt.timedelta(hours=3))) < dt.timedelta(
        minutes=1
    )
    assert visit.visited_on == timezone.localdate(visit.filled_at)
    page = client.get(visit.get_absolute_url()).content.decode()
    assert "手机的时钟当时是" in page


def test_a_clock_put_right_in_between_falls_back_on_the_route(client, record):
    now = timezone.now()
    route = now - dt.timedelta(hours=5)
    claim = now - LONG_AGO
    body = record(filled_at=claim.isoformat(), route_at=route.isoformat())
    assert send(client, body).status_code == 201
    visit = Visit.objects.get()
    assert (visit.filled_at, visit.claimed_at) == (route, claim)


@pytest.mark.parametrize("claim", [None, "", "gestern", 5, "9999-12-31T23:59:59+00:00"])
def test_no_moment_at_all_is_now(client, record, claim):
    body = record(filled_at=claim, sent_at=claim)
    assert send(client, body).status_code == 201
    assert Visit.objects.get().visited_on == timezone.localdate()


def test_a_day_that_its_author_set_holds(client, record):
    day = timezone.localdate() - dt.timedelta(days=2)
    assert send(client, record({"visited_on": day.isoformat()})).status_code == 201
    assert Visit.objects.get().visited_on == day


def test_an_honest_clock_claims_nothing(client, record):
    claim = timezone.now() - dt.timedelta(days=3)
    assert send(client, record(filled_at=claim.isoformat())).status_code == 201
    visit = Visit.objects.get()
    assert (visit.filled_at, visit.claimed_at) == (claim, None)


def test_its_address_is_the_one_that_phones_know():
    assert reverse("visits:record_sync") == URL


# --- what was seen at a door -----------------------------------------------------------


@pytest.fixture
def door(staff):
    """`door(fields, **changes)`: what was seen at a door, as a phone sends it."""

    def made(fields=None, **changes):
        now = timezone.now().isoformat()
        return {
            "kind": "door",
            "key": str(uuid.uuid4()),
            "author": staff.pk,
            "filled_at": now,
            "sent_at": now,
            "fields": {"words": "门上贴了转让", **(fields or {})},
            **changes,
        }

    return made


def test_a_door_is_stored_once_and_other_content_is_said(client, shop, door):
    body = door({"kind": "gone"}, business=shop.pk)
    first = send(client, body)
    assert (first.status_code, send(client, body).status_code) == (201, 200)
    report = DoorReport.objects.get()
    assert first.json() == {"number": report.pk, "href": report.get_absolute_url()}
    assert (report.business, report.kind) == (shop, DoorReport.Kind.GONE)
    body["fields"]["words"] = "别的话"
    again = send(client, body)
    assert (again.status_code, again.json()["number"]) == (409, report.pk)


def test_a_new_shop_comes_with_its_place(client, shop, door):
    place = {"building": shop.building_id, "room": "C11", "name": "🍵\x00新茶行"}
    assert send(client, door(place)).status_code == 201
    report = DoorReport.objects.get()
    assert (report.kind, report.room, report.name) == ("opened", "C11", "🍵新茶行")
    assert report.building == shop.building


def test_a_door_that_says_too_little_or_is_not_ones_own_is_said(
    client, client_of, stranger, shop, door
):
    nothing = send(client, door({"words": "", "name": ""}))
    assert nothing.status_code == 422
    assert "招牌" in nothing.json()["reason"]
    theirs = door({"kind": "gone"}, business=shop.pk, author=stranger.pk)
    assert send(client_of(stranger), theirs).status_code == 422
    assert not DoorReport.objects.filter(business=shop).exists()


def test_company_and_a_promise_come_with_the_visit(client, record, grid):
    colleague = PostFactory(grid=grid).user
    fields = {
        "colleagues": [str(colleague.pk)],
        "promise_words": "带停车单来",
        "promise_on": timezone.localdate().isoformat(),
    }
    assert send(client, record(fields)).status_code == 201
    visit = Visit.objects.get()
    assert visit.companions.get().user == colleague
    assert visit.promises.get().words == "带停车单来"


def test_a_promise_ticked_off_is_kept_and_one_that_was_kept_passes(
    client, record, shop, staff
):
    client_visit = record({"promise_words": "带单子来", "promise_on": _today()})
    send(client, client_visit)
    made = Promise.objects.get()
    assert send(client, record({"kept": [made.pk]})).status_code == 201
    made.refresh_from_db()
    assert made.state == Promise.State.KEPT
    assert send(client, record({"kept": [made.pk]})).status_code == 201


def _today():
    return timezone.localdate().isoformat()


def test_a_colleague_who_has_left_since_came_along_all_the_same(client, record, grid):
    post = PostFactory(grid=grid)
    filled = (timezone.now() - dt.timedelta(days=2)).isoformat()
    post.until = timezone.localdate() - dt.timedelta(days=1)
    post.save()
    gone = send(client, record({"colleagues": [post.user_id]}, filled_at=filled))
    assert gone.status_code == 201
    assert Visit.objects.get().companions.get().user == post.user
    assert send(client, record({"colleagues": [post.user_id]})).status_code == 422


def test_a_confidential_demand_of_a_visit_goes_to_who_may_handle_it(
    client, record, category, clerk, staff
):
    fields = {
        "outcome": "demand",
        "demand-0-category": str(category.pk),
        "demand-0-words": "别告诉别人",
        "demand-0-confidential": "on",
    }
    assert send(client, record(fields)).status_code == 201
    demand = Demand.objects.get()
    assert (demand.handler, demand.recorded_by) == (clerk, staff)
    assert demand.words == actions.HIDDEN_WORDS
    assert demand.secret.words == "别告诉别人"


def test_a_confidential_demand_nobody_may_handle_stays_on_the_phone(
    client, record, category
):
    fields = {
        "outcome": "demand",
        "demand-0-category": str(category.pk),
        "demand-0-words": "别告诉别人",
        "demand-0-confidential": "on",
    }
    answer = send(client, record(fields))
    assert answer.status_code == 422
    assert "没有人能经办" in answer.json()["reason"]
    assert not Visit.objects.exists()


# --- demands without a visit -------------------------------------------------------------


@pytest.fixture
def call(staff, shop, category):
    """`call(fields, **changes)`: what was asked for by phone, as a phone sends it."""

    def made(fields=None, **changes):
        now = timezone.now().isoformat()
        return {
            "kind": "demand",
            "key": str(uuid.uuid4()),
            "author": staff.pk,
            "filled_at": now,
            "sent_at": now,
            "business": shop.pk,
            "fields": {
                "source": "call",
                "category": str(category.pk),
                "words": "夜里太吵",
                "said_by": "沈女士",
                "raised_on": "",
                "confidential": "",
                **(fields or {}),
            },
            **changes,
        }

    return made


def test_a_demand_without_a_visit_is_stored_once_with_its_source(
    client, call, shop, staff
):
    filled = timezone.now() - dt.timedelta(days=1)
    body = call({"source": "message"}, filled_at=filled.isoformat())
    first = send(client, body)
    assert (first.status_code, send(client, body).status_code) == (201, 200)
    demand = Demand.objects.get()
    assert first.json() == {"number": demand.pk, "href": demand.get_absolute_url()}
    assert (demand.business, demand.source, demand.said_by) == (
        shop,
        "message",
        "沈女士",
    )
    assert demand.raised_on == timezone.localdate(filled)
    assert (demand.recorded_by, demand.visit) == (staff, None)
    body["fields"]["words"] = "别的话"
    again = send(client, body)
    assert (again.status_code, again.json()["number"]) == (409, demand.pk)


def test_a_demand_sent_again_after_its_answer_is_no_second_one(client, call, clerk):
    body = call()
    send(client, body)
    actions.answer(Demand.objects.get(), words="已处理", by=clerk, at=timezone.now())
    assert send(client, body).status_code == 200
    assert Demand.objects.count() == 1


def test_a_confidential_call_goes_to_who_may_handle_it(client, call, clerk):
    assert send(client, call({"confidential": "on"})).status_code == 201
    demand = Demand.objects.get()
    assert (demand.confidential, demand.handler) == (True, clerk)


@pytest.mark.parametrize("source", ["", "visit", "card"])
def test_a_demand_of_no_known_source_is_refused(client, call, source):
    answer = send(client, call({"source": source}))
    assert answer.status_code == 422
    assert "来源" in answer.json()["reason"]


def test_a_demand_of_a_shop_elsewhere_is_refused(
    client_of, stranger, call, staff, client
):
    assert send(client_of(stranger), call(author=stranger.pk)).status_code == 422
    assert not Demand.objects.exists()
