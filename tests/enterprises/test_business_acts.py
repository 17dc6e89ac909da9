"""The named acts of a business's life: each works, leaves its trace, and refuses."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from dashboard.models import Standing
from enterprises import actions
from enterprises.models import Business
from tests.factories import (
    NOON,
    TODAY,
    BuildingFactory,
    BusinessFactory,
    CoverageFactory,
    PostFactory,
    VisitFactory,
)
from tianshan.audit.models import Entry

DAY = dt.timedelta(days=1)
CODE = "91310105MA1FW0000D"
OTHER_CODE = "91310105MA1FW00001"


@pytest.fixture
def business(grid):
    return BusinessFactory(
        grid=grid,
        building=BuildingFactory(grid=grid, name="天山茶城"),
        room="B08",
        name="闽南茶行",
        code=CODE,
        contact_name="沈女士",
        contact_phone="19912345678",
    )


def entry(verb):
    return Entry.objects.get(verb=verb)


def url(name, *args):
    return reverse(f"enterprises:{name}", args=args)


# --- new ---------------------------------------------------------------------------


def new(by, grid, **facts):
    facts = {
        "kind": "merchant",
        "name": "云南茶号",
        "building": None,
        "room": "",
    } | facts
    return actions.open_business(grid=grid, since=TODAY, by=by, at=NOON, **facts)


def test_a_new_business_has_its_place_its_state_and_its_standing(staff, grid):
    business = new(staff, grid, room="C01", contact_phone="19900000001")

    place, state = business.occupancies.get(), business.operations.get()
    assert (place.room, place.grid, place.since) == ("C01", grid, TODAY)
    assert (state.state, state.since) == ("operating", TODAY)
    assert Standing.objects.filter(business=business, operating=True).exists()
    assert entry("business.opened").subject_id == business.pk


def test_what_may_be_known_is_not_made_twice_unless_with_a_reason(
    staff, grid, business
):
    place = {"building": business.building, "room": "B08"}
    with pytest.raises(actions.LikelyTwins) as likely:
        new(staff, grid, name="闽南茶叶行", **place)
    assert [twin for twin, _ in likely.value.twins] == [business]

    made = new(staff, grid, name="闽南茶叶行", anyway="老板不同", **place)
    assert made.pk != business.pk
    assert entry("business.opened").data["reason"] == "老板不同"
    assert entry("business.opened").data["alike"] == [business.pk]


def test_a_code_that_is_taken_is_refused_whatever_the_reason(staff, grid, business):
    with pytest.raises(actions.Refused):
        new(staff, grid, code=CODE, anyway="不一样")


def test_new_ones_belong_to_who_may_edit_in_the_grid(stranger, leader, secretary, grid):
    for user in (stranger, leader, secretary):
        with pytest.raises(PermissionDenied):
            new(user, grid)


def test_the_page_shows_what_it_may_be_and_takes_the_reason(
    client_of, staff, grid, business
):
    client = client_of(staff)
    data = {
        "kind": "merchant",
        "name": "闽南茶叶行",
        "building": business.building_id,
        "room": "B08",
        "since": "2026-01-05",
    }
    page = client.post(url("business_new"), data)
    assert page.status_code == 422
    assert "仍然新建" in page.content.decode()
    assert business.get_absolute_url() in page.content.decode()
    done = client.post(url("business_new"), {**data, "anyway": "老板不同"})
    assert done.status_code == 302
    assert Business.objects.filter(name="闽南茶叶行", grid=grid).count() == 1


def test_while_typing_only_what_is_in_sight_is_shown(
    client_of, staff, stranger, business
):
    address = url("business_likely")
    query = {"name": "闽南茶行", "building": business.building_id, "code": CODE}
    htmx = {"HX-Request": "true"}
    mine = client_of(staff).get(address, query, headers=htmx)
    assert "闽南茶行" in mine.content.decode()
    theirs = client_of(stranger).get(address, query, headers=htmx)
    assert "闽南茶行" not in theirs.content.decode()


# --- changed owner -------------------------------------------------------------------


def change(by, business, **more):
    facts = {"owner": "林先生", "phone": "19900000002", "code": "", "reason": ""} | more
    return actions.change_owner(business, since=TODAY, by=by, at=NOON, **facts)


def test_the_same_shop_under_a_new_owner_keeps_its_past(staff, business):
    VisitFactory(business=business)
    change(staff, business)

    business.refresh_from_db()
    assert (business.contact_name, business.code) == ("林先生", CODE)
    assert business.visits.count() == 1
    rows = business.ownerships.order_by("since", "pk").values_list("owner", "until")
    assert list(rows) == [("沈女士", TODAY), ("林先生", None)]
    assert entry("business.owner_changed").data["since"] == TODAY.isoformat()


def test_another_shop_at_the_same_place_starts_anew_and_is_linked(staff, business):
    CoverageFactory(business=business)
    after = actions.succeed(
        business,
        name="新茶号",
        code=OTHER_CODE,
        owner="林先生",
        phone="",
        since=TODAY,
        reason="转让",
        by=staff,
        at=NOON,
    )

    business.refresh_from_db()
    assert business.state == "closed"
    assert business.occupancies.get().until == TODAY
    assert (after.succeeds, after.room, after.building) == (
        business,
        "B08",
        business.building,
    )
    assert after.occupancies.get(until=None).since == TODAY
    assert not after.coverages.exists()
    assert Standing.objects.on(TODAY).get(business=after).operating
    assert Entry.objects.filter(verb="business.succeeded").count() == 2


def test_another_shop_has_another_code(staff, business):
    with pytest.raises(actions.Refused):
        actions.succeed(
            business,
            name="新茶号",
            code=CODE,
            owner="林先生",
            phone="",
            since=TODAY,
            reason="",
            by=staff,
            at=NOON,
        )


def test_the_owner_of_one_that_has_left_does_not_change(staff, business):
    actions.set_state(business, state="closed", since=TODAY, by=staff, at=NOON)
    with pytest.raises(actions.Refused):
        change(staff, business)


def test_the_page_offers_both_ways(client_of, staff, business):
    client = client_of(staff)
    address = url("business_owner", business.pk)
    assert "还是这家店" in client.get(address).content.decode()
    data = {"owner": "林先生", "since": "2026-01-05"}
    assert client.post(address, {**data, "how": "another"}).status_code == 422
    done = client.post(address, {**data, "how": "another", "name": "新茶号"})
    after = Business.objects.get(name="新茶号")
    assert done.headers["Location"] == after.get_absolute_url()


# --- states --------------------------------------------------------------------------


@pytest.mark.parametrize("step", list(Business.STEPS))
@pytest.mark.parametrize("state", list(Business.State))
def test_a_step_goes_only_from_its_states(staff, grid, step, state):
    business = BusinessFactory(grid=grid, state=state)

    def take():
        return actions.take_step(
            business, step, since=TODAY, reason="核实过", by=staff, at=NOON
        )

    if state not in Business.STEPS[step]:
        with pytest.raises(actions.Refused):
            take()
        return
    assert take().state == Business.LEADS_TO[step]
    assert entry("business.state_set").data["reason"] == "核实过"


def test_who_comes_back_is_at_the_last_place_again(staff, business):
    actions.take_step(
        business, "close", since=TODAY - DAY, reason="关店", by=staff, at=NOON
    )
    actions.take_step(
        business, "reopen", since=TODAY, reason="又开了", by=staff, at=NOON
    )
    place = business.occupancies.get(until=None)
    assert (place.room, place.since) == ("B08", TODAY)
    assert Standing.objects.on(TODAY).get(business=business).operating
    assert not Standing.objects.on(TODAY - DAY).get(business=business).operating


@pytest.mark.parametrize(
    "act",
    [
        lambda b, by: actions.take_step(
            b, "suspend", since=TODAY, reason="装修", by=by, at=NOON
        ),
        lambda b, by: change(by, b),
        lambda b, by: actions.correct_dates(
            b, discovered_on=TODAY, dates={}, reason="填错", by=by, at=NOON
        ),
        lambda b, by: actions.assign_caretaker(
            b, user=None, since=TODAY, by=by, at=NOON
        ),
        lambda b, by: actions.note(b, kind="note", words="在装修", by=by, at=NOON),
    ],
)
def test_acts_belong_to_who_may(leader, stranger, business, act):
    for user in (leader, stranger):
        with pytest.raises(PermissionDenied):
            act(business, user)


# --- moved ---------------------------------------------------------------------------


def test_moving_into_a_grid_that_one_does_not_govern_is_refused(
    staff, business, other_grid
):
    with pytest.raises(PermissionDenied):
        actions.move(
            business,
            grid=other_grid,
            building=None,
            room="1",
            since=TODAY,
            by=staff,
            at=NOON,
        )


def test_the_page_moves_to_another_stall(client_of, staff, business):
    address = url("business_move", business.pk)
    data = {"building": business.building_id, "room": "B09", "since": "2026-01-05"}
    assert client_of(staff).post(address, data).status_code == 302
    business.refresh_from_db()
    assert business.room == "B09"
    assert client_of(staff).post(address, data).status_code == 422  # nothing changed


# --- who owes the visits ---------------------------------------------------------------


def test_a_caretaker_follows_another_from_a_day_on(chief, staff, grid, business):
    colleague = PostFactory(grid=grid).user
    for user, since in ((staff, TODAY - DAY), (colleague, TODAY)):
        actions.assign_caretaker(business, user=user, since=since, by=chief, at=NOON)
    rows = business.caretakers.order_by("since").values_list("user", "until")
    assert list(rows) == [(staff.pk, TODAY), (colleague.pk, None)]
    with pytest.raises(actions.Refused):
        actions.assign_caretaker(
            business, user=colleague, since=TODAY, by=chief, at=NOON
        )
    actions.assign_caretaker(business, user=None, since=TODAY, by=chief, at=NOON)
    assert not business.caretakers.filter(until=None).exists()


def test_nobody_owes_visits_who_may_not_make_them(chief, stranger, leader, business):
    for user in (stranger, leader):
        with pytest.raises(actions.Refused):
            actions.assign_caretaker(
                business, user=user, since=TODAY, by=chief, at=NOON
            )


# --- dates ---------------------------------------------------------------------------


def test_dates_put_right_are_recomputed(staff, business):
    CoverageFactory(business=business, since=TODAY - 300 * DAY)
    place, state = business.occupancies.get(), business.operations.get()
    day = TODAY - 20 * DAY
    actions.correct_dates(
        business,
        discovered_on=day,
        dates={place: (day, None), state: (day, None)},
        reason="填错年份",
        by=staff,
        at=NOON,
    )
    business.refresh_from_db()
    assert business.discovered_on == day
    assert (
        not Standing.objects.on(day - DAY)
        .filter(business=business, operating=True)
        .exists()
    )
    assert entry("business.dates_corrected").data["reason"] == "填错年份"


def test_dates_that_overlap_or_end_before_they_begin_are_refused(staff, business):
    actions.take_step(
        business, "suspend", since=TODAY - DAY, reason="装修", by=staff, at=NOON
    )
    first, second = business.operations.order_by("since")
    for dates in (
        {first: (first.since, TODAY), second: (TODAY - DAY, None)},
        {first: (TODAY, TODAY - DAY)},
        {first: (first.since, None)},
        {second: (TODAY + 400 * DAY, None)},
    ):
        with pytest.raises(actions.Refused):
            actions.correct_dates(
                business,
                discovered_on=business.discovered_on,
                dates=dates,
                reason="填错",
                by=staff,
                at=NOON,
            )
        first.refresh_from_db()
        second.refresh_from_db()


def test_the_page_of_dates_saves(client_of, staff, business):
    place, state = business.occupancies.get(), business.operations.get()
    data = {
        "discovered_on": "2025-03-01",
        f"occupancy_{place.pk}_since": "2025-03-01",
        f"operation_{state.pk}_since": "2025-03-01",
        "reason": "填错",
    }
    address = url("business_dates", business.pk)
    assert client_of(staff).post(address, data).status_code == 302
    place.refresh_from_db()
    assert place.since == dt.date(2025, 3, 1)


# --- notes -----------------------------------------------------------------------------


def test_a_note_is_corrected_and_voided_by_its_writer_alone(staff, clerk, business):
    entry = actions.note(business, kind="note", words="在装修", by=staff, at=NOON)
    with pytest.raises(PermissionDenied):
        actions.correct_note(entry, words="x", by=clerk, at=NOON)
    actions.correct_note(entry, words="装修到月底", by=staff, at=NOON)
    actions.void_note(entry, reason="记错店", by=staff, at=NOON)
    entry.refresh_from_db()
    assert (entry.words, entry.void_reason) == ("装修到月底", "记错店")
    for again in (
        lambda: actions.correct_note(entry, words="x", by=staff, at=NOON),
        lambda: actions.void_note(entry, reason="再一次", by=staff, at=NOON),
    ):
        with pytest.raises(actions.Refused):
            again()


def test_notes_are_read_within_the_scope(client_of, staff, leader, stranger, business):
    actions.note(business, kind="note", words="老板月底回来", by=staff, at=NOON)
    address = url("business_journal", business.pk)
    assert "老板月底回来" in client_of(leader).get(address).content.decode()
    assert "<textarea" not in client_of(leader).get(address).content.decode()
    assert client_of(stranger).get(address).status_code == 404
    done = client_of(staff).post(address, {"kind": "note", "words": "又来过"})
    assert done.status_code == 302
    assert business.journal.count() == 2


@pytest.mark.parametrize(
    "name",
    ["business_move", "business_owner", "business_dates", "business_journal"],
)
def test_pages_of_acts_are_drawn_for_who_may(client_of, staff, business, name):
    assert client_of(staff).get(url(name, business.pk)).status_code == 200


@pytest.mark.parametrize("name", ["business_priority", "business_caretaker"])
def test_marking_and_assigning_are_pages_of_the_chief(
    client_of, chief, staff, business, name
):
    address = url(name, business.pk)
    assert client_of(chief).get(address).status_code == 200
    assert client_of(staff).get(address).status_code == 403
    data = {"since": "2026-01-05", "reason": "消防", "user": staff.pk}
    assert client_of(chief).post(address, data).status_code == 302


@pytest.mark.parametrize("step", list(Business.STEPS))
def test_pages_of_steps_act(client_of, staff, business, step):
    address = url("business_step", business.pk, step)
    assert client_of(staff).get(address).status_code == 200
    data = {"since": "2026-01-05", "reason": "核实过"}
    expected = 302 if step in business.open_steps else 422
    assert client_of(staff).post(address, data).status_code == expected
    assert (
        client_of(staff).get(url("business_step", business.pk, "vanish")).status_code
        == 404
    )
