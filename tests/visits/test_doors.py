"""What is seen at doors: reported once, changes nothing until a clerk has checked it."""

import datetime as dt
import threading
import uuid

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from enterprises import actions as enterprises
from enterprises.models import Business
from tests.factories import BuildingFactory, PostFactory
from tests.visits.test_photos import file, shot
from tianshan.audit.models import Entry
from visits import doors
from visits.actions import KeyReused, Refused
from visits.models import DoorReport, Photo

NOW = timezone.now()
TODAY = timezone.localdate(NOW)
Kind, State = DoorReport.Kind, DoorReport.State


def told(kind=Kind.GONE, **more):
    facts = {
        "kind": kind,
        "client_key": uuid.uuid4(),
        "seen_on": TODAY,
        "filled_at": NOW,
        "at": NOW,
        "words": "门上贴了转让",
    }
    return facts | more


@pytest.fixture
def market(grid):
    return BuildingFactory(grid=grid, name="新天山市场")


def test_a_report_changes_nothing_by_itself(staff, shop):
    seen, created = doors.report(**told(business=shop, by=staff))

    assert created
    assert (seen.state, seen.grid, seen.room) == (State.WAITING, shop.grid, "B08")
    shop.refresh_from_db()
    assert (shop.state, shop.version) == ("operating", 1)
    assert [entry.verb for entry in Entry.objects.about(seen)] == ["door.reported"]


def test_the_same_report_again_is_one_and_other_content_is_refused(staff, shop):
    facts = told(business=shop, by=staff)
    first, _ = doors.report(**facts)
    assert doors.report(**facts) == (first, False)
    with pytest.raises(KeyReused):
        doors.report(**facts | {"words": "别的话"})
    assert DoorReport.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seen_on": TODAY + dt.timedelta(1)}, "将来"),
        ({"filled_at": NOW + dt.timedelta(hours=1)}, "将来"),
        ({"filled_at": NOW - dt.timedelta(days=400)}, "一年以前"),
        ({"kind": Kind.OPENED}, "新开一家写地点"),
    ],
)
def test_what_cannot_be_is_refused_in_words(staff, shop, change, words):
    with pytest.raises(Refused, match=words):
        doors.report(**told(business=shop, by=staff) | change)


def test_a_new_shop_needs_a_place_and_a_sign(staff, market):
    with pytest.raises(Refused, match="选楼宇"):
        doors.report(**told(Kind.OPENED, name="新茶行", by=staff))
    with pytest.raises(Refused, match="招牌"):
        doors.report(**told(Kind.OPENED, building=market, words=" ", by=staff))


def test_others_report_nothing_here(stranger, shop, market):
    with pytest.raises(PermissionDenied):
        doors.report(**told(business=shop, by=stranger))
    with pytest.raises(PermissionDenied):
        doors.report(**told(Kind.OPENED, building=market, name="甲", by=stranger))


def test_emoji_long_words_and_cleaned_text_are_kept_whole(client_of, staff, market):
    client = client_of(staff)
    form = client.get(reverse("visits:door_new")).context["form"]
    words = "🍵" * 100 + "a" * 300
    data = {
        "client_key": form["client_key"].value(),
        "filled_at": form["filled_at"].value(),
        "seen_on": TODAY.isoformat(),
        "building": market.pk,
        "room": "A01",
        "name": "茶\x00🍵行\ud83c",
        "words": words,
    }
    # A browser cannot send half a character; whoever writes bytes can.
    body = "&".join(
        f"{name}={_quoted(str(value))}" for name, value in data.items()
    ).encode()
    response = client.post(
        reverse("visits:door_new"), body, "application/x-www-form-urlencoded"
    )
    assert response.status_code == 302
    seen = DoorReport.objects.get()
    assert seen.name.startswith("茶🍵行")
    assert "\x00" not in seen.name
    assert seen.words == words


def _quoted(text):
    return "".join(
        f"%{byte:02X}" for byte in text.encode("utf-8", errors="surrogatepass")
    )


# --- checked ---------------------------------------------------------------------------


@pytest.fixture
def opened(staff, market):
    return doors.report(
        **told(
            Kind.OPENED,
            building=market,
            room="C11",
            name="武夷岩茶铺",
            contact_name="林女士",
            contact_phone="19912340001",
            by=staff,
        )
    )[0]


def confirm(client, seen, **changes):
    """Press 属实 with the form as it was drawn."""
    page = client.get(seen.get_absolute_url())
    form = page.context["form"]
    data = {name: form[name].value() for name in form.fields}
    data = {name: "" if value is None else value for name, value in data.items()}
    address = reverse("visits:door_confirm", args=[seen.pk])
    return client.post(address, {**data, **changes})


def test_a_new_shop_is_opened_with_what_was_seen(client_of, clerk, staff, opened):
    page = client_of(clerk).get(opened.get_absolute_url()).content.decode()
    assert "19912340001" not in page

    response = confirm(client_of(clerk), opened)

    assert response.headers["Location"] == reverse("visits:door_list")
    opened.refresh_from_db()
    business = Business.objects.get(name="武夷岩茶铺")
    assert (opened.state, opened.result) == (State.CONFIRMED, business)
    assert (business.building, business.room) == (opened.building, "C11")
    assert business.contact_phone == "19912340001"
    mine = client_of(staff).get(reverse("visits:door_list")).content.decode()
    assert "已登记新的一家" in mine


def test_a_likely_twin_is_shown_and_may_be_the_one(client_of, clerk, opened, market):
    from tests.factories import BusinessFactory

    there = BusinessFactory(
        grid=market.grid, building=market, room="C11", name="武夷岩茶铺"
    )
    client = client_of(clerk)

    asked = confirm(client, opened)
    assert asked.status_code == 422
    assert "就是台账里的武夷岩茶铺" in asked.content.decode()
    assert Business.objects.count() == 1
    client.post(reverse("visits:door_known", args=[opened.pk, there.pk]))

    opened.refresh_from_db()
    assert (opened.state, opened.result) == (State.CONFIRMED, there)
    assert Business.objects.count() == 1


@pytest.mark.parametrize(("step", "state"), [("leave", "moved"), ("close", "closed")])
def test_gone_is_moved_away_or_closed(client_of, clerk, staff, shop, step, state):
    seen, _ = doors.report(**told(business=shop, by=staff))
    response = confirm(client_of(clerk), seen, step=step, reason="去看过，店已空")
    assert response.status_code == 302
    shop.refresh_from_db()
    assert shop.state == state


def test_another_owner_runs_the_same_shop_or_opens_another(
    client_of, clerk, staff, shop
):
    seen, _ = doors.report(
        **told(Kind.NEW_OWNER, business=shop, contact_name="林先生", by=staff)
    )
    confirm(client_of(clerk), seen, how="same")
    shop.refresh_from_db()
    assert (shop.contact_name, shop.state) == ("林先生", "operating")
    again, _ = doors.report(
        **told(
            Kind.NEW_OWNER,
            business=shop,
            contact_name="周女士",
            name="周记茶行",
            by=staff,
        )
    )
    confirm(client_of(clerk), again, how="another")
    again.refresh_from_db()
    assert (again.result.name, again.result.succeeds) == ("周记茶行", shop)


def test_declining_tells_the_reporter_why(client_of, clerk, staff, shop):
    seen, _ = doors.report(**told(business=shop, by=staff))
    address = reverse("visits:door_decline", args=[seen.pk])
    assert client_of(clerk).post(address, {"decline-reason": ""}).status_code == 422

    client_of(clerk).post(address, {"decline-reason": "只是装修，下月开门"})

    seen.refresh_from_db()
    shop.refresh_from_db()
    assert (seen.state, shop.state) == (State.DECLINED, "operating")
    assert "只是装修" in client_of(staff).get(seen.get_absolute_url()).content.decode()


@pytest.mark.parametrize("state", [State.CONFIRMED, State.DECLINED])
def test_what_is_checked_is_checked_once(clerk, staff, shop, state):
    seen, _ = doors.report(**told(business=shop, by=staff))
    DoorReport.objects.filter(pk=seen.pk).update(
        state=state, checked_by=clerk, checked_at=NOW, answer="已办"
    )
    who = {"by": clerk, "at": NOW}
    with pytest.raises(Refused):
        doors.decline(seen, reason="再看", **who)
    with pytest.raises(Refused):
        doors.confirm_gone(seen, step="leave", since=TODAY, reason="空了", **who)
    shop.refresh_from_db()
    assert shop.state == "operating"


def test_only_those_who_check_may_check(client_of, staff, stranger, shop, grid):
    seen, _ = doors.report(**told(business=shop, by=staff))
    for user in (staff, PostFactory(grid=grid).user, stranger):
        with pytest.raises(PermissionDenied):
            doors.decline(seen, reason="不是", by=user, at=NOW)
        for name in ("door_confirm", "door_decline"):
            address = reverse(f"visits:{name}", args=[seen.pk])
            assert client_of(user).post(address, {}).status_code in (403, 404)
    assert client_of(stranger).get(seen.get_absolute_url()).status_code == 404


def test_a_refused_act_leaves_the_report_waiting(clerk, staff, shop):
    seen, _ = doors.report(**told(business=shop, by=staff))
    with pytest.raises(enterprises.Refused):
        doors.confirm_gone(
            seen,
            step="leave",
            since=TODAY + dt.timedelta(9),
            reason="空了",
            by=clerk,
            at=NOW,
        )
    seen.refresh_from_db()
    assert seen.state == State.WAITING


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number(
    client_of, clerk, staff, shop, count, django_assert_max_num_queries
):
    for _ in range(count):
        doors.report(**told(business=shop, by=staff))
    client = client_of(clerk)
    client.get(reverse("visits:door_list"))
    with django_assert_max_num_queries(12):
        client.get(reverse("visits:door_list"))


def test_a_report_takes_photos_and_its_checker_sees_them(client_of, staff, clerk, shop):
    client = client_of(staff)
    address = f"{reverse('visits:door_new')}?business={shop.pk}"
    form = client.get(address).context["form"]
    data = {
        "kind": "gone",
        "seen_on": TODAY.isoformat(),
        "client_key": form["client_key"].value(),
        "filled_at": form["filled_at"].value(),
        "photos": [file(shot())],
    }
    response = client.post(address, data)
    photo = Photo.objects.get()
    thumbnail = reverse("visits:photo_thumbnail", args=[photo.pk])
    page = client_of(clerk).get(response.headers["Location"]).content.decode()
    assert thumbnail in page
    assert client_of(clerk).get(thumbnail).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_the_same_report_twenty_times_at_once_is_one(staff, shop):
    facts = told(business=shop, by=staff)
    found, gate = [], threading.Barrier(20)

    def send():
        gate.wait()
        try:
            found.append(doors.report(**facts)[1])
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [False] * 19 + [True]
    assert DoorReport.objects.count() == 1


def test_the_page_opened_again_makes_no_second_report(client_of, staff, clerk, shop):
    """Back, reload, send once more: another key, the same words, one report."""
    client = client_of(staff)
    address = f"{reverse('visits:door_new')}?business={shop.pk}"
    for _ in range(2):
        form = client.get(address).context["form"]
        data = {
            "kind": "gone",
            "words": "门上贴了转让",
            "seen_on": TODAY.isoformat(),
            "client_key": form["client_key"].value(),
            "filled_at": form["filled_at"].value(),
        }
        answer = client.post(address, data, follow=True)
    assert "已经报过" in answer.text
    report = DoorReport.objects.get()
    # Once a clerk has checked it, the same words are news again.
    doors.decline(report, reason="只是装修", by=clerk, at=timezone.now())
    form = client.get(address).context["form"]
    key = form["client_key"].value()
    client.post(address, {**data, "client_key": key})
    assert DoorReport.objects.count() == 2
