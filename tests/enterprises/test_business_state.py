"""Whether a business operates: dated, and the place goes with it."""

import datetime as dt

import pytest
from django.urls import reverse

from dashboard.models import Standing
from enterprises import actions, imports
from enterprises.models import Business
from tests.enterprises.files import code, line, workbook
from tests.factories import NOON, TODAY, BusinessFactory

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def test_who_closes_and_opens_again_is_back_in_the_figures(staff, grid):
    shop = BusinessFactory(grid=grid, room="A07")
    for state, days in (("closed", 5), ("operating", 1)):
        actions.set_state(
            shop, state=state, since=TODAY - days * DAY, by=staff, at=NOON
        )

    standing = Standing.objects.get(business=shop, until=None)
    assert standing.operating
    between = Standing.objects.on(TODAY - 3 * DAY).get(business=shop)
    assert not between.operating
    first, second = shop.occupancies.order_by("since")
    assert (first.until, second.since) == (TODAY - 5 * DAY, TODAY - DAY)
    assert (second.room, second.until, second.main) == ("A07", None, True)


def test_a_rest_ends_no_place(staff, grid):
    shop = BusinessFactory(grid=grid)
    for state, days in (("suspended", 5), ("operating", 1)):
        actions.set_state(
            shop, state=state, since=TODAY - days * DAY, by=staff, at=NOON
        )
    assert shop.occupancies.count() == 1


def test_an_import_that_opens_a_closed_one_gives_its_place_back(grid, clerk):
    for state in ("在营", "注销", "在营"):
        batch = imports.upload(
            name="a.xlsx",
            content=workbook(line("甲店", code=code(1), room="101", state=state)),
            grid=grid,
            known_since=TODAY - 300 * DAY,
            by=clerk,
            at=NOON,
        )
        imports.start(batch, by=clerk, at=NOON)
        imports.finish(batch, at=NOON)

    shop = Business.objects.get()
    assert Standing.objects.get(business=shop, until=None).operating
    assert shop.occupancies.filter(until=None, main=True).count() == 1


def test_what_is_typed_in_full_width_exports_and_imports_as_the_same(staff, grid):
    shop = BusinessFactory(grid=grid)
    changes = {"name": "ＡＢ茶行", "note": "Ａ （全角）"}
    actions.edit(shop, changes=changes, seen={}, by=staff, at=NOON)
    shop.refresh_from_db()
    assert shop.name == "AB茶行"
    assert shop.note == "A (全角)"


@pytest.mark.parametrize("field", ["staff_count", "members_count"])
def test_a_number_beyond_reason_is_refused_with_a_word(field, client_of, staff, grid):
    shop = BusinessFactory(grid=grid)
    url = reverse("enterprises:business_edit", args=[shop.pk])
    client = client_of(staff)
    seen = client.get(url).context["seen"]
    answer = client.post(url, {"name": shop.name, "seen": seen, field: "9999999999"})
    assert answer.status_code == 200
    assert answer.context["form"].errors[field]
