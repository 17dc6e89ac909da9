"""Today's route as a phone keeps it, and the page that it fills."""

import datetime as dt
import json

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.factories import (
    BuildingFactory,
    BusinessFactory,
    DemandFactory,
    UnitFactory,
    VisitFactory,
)
from visits import promises
from visits.models import Demand

URL = "/visits/plan/route.json"


@pytest.fixture
def shop(grid):
    return BusinessFactory(
        grid=grid,
        building=BuildingFactory(grid=grid, name="天山茶城"),
        name="闽南茶行",
        room="B08",
        contact_phone="19912345678",
        discovered_on=timezone.localdate() - dt.timedelta(days=3),
    )


def test_it_holds_the_due_shops_in_few_words_and_no_number(client_of, staff, shop):
    DemandFactory(business=shop, words="想早点清运" * 30)

    told = client_of(staff).get(URL)

    route = told.json()
    [stop] = route["stops"]
    assert route["author"] == {"id": staff.pk, "name": staff.display_name}
    assert route["day"] == timezone.localdate().isoformat()
    assert (stop["id"], stop["name"], stop["building"], stop["room"]) == (
        shop.pk,
        "闽南茶行",
        "天山茶城",
        "B08",
    )
    assert stop["lamp"]["words"]
    assert stop["facts"]["contact_phone"] == "199****5678"
    assert "19912345678" not in told.content.decode()
    assert len(stop["open"][0]) == 60
    assert stop["last"] == ""
    assert "no-store" in told.headers["Cache-Control"]


def test_it_brings_what_is_to_be_told(client_of, staff, shop):
    today = timezone.localdate()
    DemandFactory(
        business=shop,
        words="想早点清运",
        state=Demand.State.ANSWERED,
        outcome="改到八点前",
        outcome_on=today,
        tell_by=today,
    )
    [stop] = client_of(staff).get(URL).json()["stops"]
    assert [(item["asked"], item["words"]) for item in stop["tell"]] == [
        ("想早点清运", "改到八点前")
    ]


def test_a_shop_that_is_not_due_comes_when_it_is_asked_for(client_of, staff, grid):
    other = BusinessFactory(grid=grid, name="不到期", kind="property")
    client = client_of(staff)
    assert client.get(URL).json()["stops"] == []
    [stop] = client.get(URL, {"business": other.pk}).json()["stops"]
    assert (stop["name"], stop["lamp"]) == ("不到期", None)


@pytest.mark.parametrize("asked", ["x", "-1", "9" * 30, "１"])
def test_a_shop_that_is_none_is_passed_over(client_of, staff, db, asked):
    assert client_of(staff).get(URL, {"business": asked}).json()["stops"] == []


def test_shops_of_another_grid_stay_there(client_of, stranger, shop):
    told = client_of(stranger).get(URL, {"business": shop.pk})
    assert told.json()["stops"] == []


def test_the_page_for_phones_is_the_same_for_everybody(client_of, staff, shop):
    """It is kept on phones: nothing of a user, a shop or a session may be in it."""
    url = reverse("visits:field_shell")
    anybody = Client().get(url)
    assert anybody.content == client_of(staff).get(url).content
    assert anybody.status_code == 200
    assert not anybody.cookies
    assert anybody.headers["Cache-Control"] == "public, no-cache"
    page = anybody.content.decode()
    assert 'name="outcome"' in page
    assert "csrfmiddlewaretoken" not in page


def test_the_worker_keeps_the_page_and_files_that_exist(client_of, db):
    from django.contrib.staticfiles import finders

    answer = Client().get(reverse("visits:field_worker"))
    assert answer.headers["Service-Worker-Allowed"] == "/"
    first, second = answer.content.decode().splitlines()
    shell = json.loads(first.removeprefix("self.SHELL = ").removesuffix(";"))
    assert shell["page"] == "/work/field/"
    assert second.startswith("importScripts(")
    for address in shell["files"]:
        assert finders.find(address.removeprefix("/static/")), address


def test_every_module_of_the_page_is_kept(db):
    """One left out would be missing in a basement."""
    import re
    from pathlib import Path

    from django.conf import settings

    from visits.field_views import MODULES

    static = Path(settings.BASE_DIR) / "static"
    folder = static / "field"
    door = re.findall(r'from "\./field/([a-z]+)\.js"', (static / "door.js").read_text())
    seen, todo = set(), ["app", *door]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            text = (folder / f"{name}.js").read_text()
            todo += re.findall(r'from "\./([a-z]+)\.js"', text)
    assert seen == set(MODULES)


def test_it_brings_what_was_promised_and_who_may_come_along(
    client_of, staff, clerk, stranger, shop
):
    visit = VisitFactory(business=shop, visitor=clerk)
    made = promises.promise(
        visit,
        words="带停车单来",
        due_on=timezone.localdate(),
        by=clerk,
        at=timezone.now(),
    )
    unit = UnitFactory(grid=shop.grid, name="天山城管中队")
    route = client_of(staff).get(URL).json()
    [stop] = route["stops"]
    assert stop["promises"] == [
        {
            "id": made.pk,
            "words": "带停车单来",
            "by": "clerk",
            "due": made.due_on.isoformat(),
        }
    ]
    company = route["company"][str(stop["grid"])]
    assert company["colleagues"] == [{"id": clerk.pk, "name": "clerk"}]
    assert company["units"] == [{"id": unit.pk, "name": "天山城管中队"}]


@pytest.mark.parametrize("count", [1, 3])
def test_it_costs_the_same_for_any_number_of_shops(
    client_of, staff, shop, count, django_assert_num_queries
):
    for number in range(1, count):
        BusinessFactory(
            grid=shop.grid,
            building=shop.building,
            room=f"C0{number}",
            discovered_on=shop.discovered_on,
        )
    client = client_of(staff)
    client.get(URL)  # what is read once in a while is known
    with django_assert_num_queries(20):
        assert len(client.get(URL).json()["stops"]) == count
