"""Who came along on a visit: written down once, counted once, shown with all."""

import pytest
from django.urls import reverse

from tests.factories import PostFactory, UnitFactory, VisitFactory
from tests.visits.test_visit_new import PLAIN, url
from visits.models import Companion, Visit


@pytest.fixture
def client(client_of, staff):
    return client_of(staff)


@pytest.fixture
def colleague(grid):
    return PostFactory(grid=grid, user__display_name="周同事").user


@pytest.fixture
def unit(grid):
    return UnitFactory(grid=grid, name="市场监管所")


def test_a_joint_visit_is_one_visit_with_all_names(
    client, shop, filled, colleague, unit, staff
):
    page = client.get(url(shop))
    assert "周同事" in page.content.decode()
    data = filled(page, **PLAIN, colleagues=[colleague.pk, staff.pk], units=[unit.pk])
    response = client.post(url(shop), data)

    visit = Visit.objects.get()
    assert {one.name for one in visit.companions.all()} == {"周同事", "市场监管所"}
    assert Visit.objects.met().count() == 1
    shown = client.get(response.headers["Location"]).content.decode()
    assert "周同事、市场监管所" in shown


def test_nobody_of_another_grid_is_offered_or_taken(client, shop, filled, stranger):
    page = client.get(url(shop))
    assert stranger.display_name not in page.content.decode()
    client.post(url(shop), filled(page, **PLAIN, colleagues=[stranger.pk]))
    assert not Visit.objects.exists()


def test_the_ledger_shows_and_finds_joint_visits(client, shop, staff, colleague, unit):
    alone = VisitFactory(business=shop, visitor=staff)
    together = VisitFactory(business=shop, visitor=staff)
    Companion.objects.create(visit=together, user=colleague)
    Companion.objects.create(visit=together, unit=unit)
    ledger = reverse("visits:visit_list")

    assert f'data-id="{alone.pk}"' in client.get(ledger).content.decode()
    for value in ("true", "colleague", "unit"):
        page = client.get(f"{ledger}?together={value}").content.decode()
        assert f'data-id="{together.pk}"' in page
        assert f'data-id="{alone.pk}"' not in page
        assert 'data-total="1"' in page
    export = client.get(f"{ledger}?format=csv")
    text = b"".join(export.streaming_content).decode("utf-8-sig")
    assert text.count("周同事、市场监管所") == 1


def test_the_form_sent_again_with_company_is_the_same_visit(
    client, shop, filled, colleague
):
    data = filled(client.get(url(shop)), **PLAIN, colleagues=[colleague.pk])
    client.post(url(shop), data)
    client.post(url(shop), data)
    assert Companion.objects.count() == 1
    other = client.post(url(shop), {**data, "colleagues": []})
    assert other.status_code == 409
