"""What every model owes: a class for each field, visible_to, and history."""

import re

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection

from enterprises.models import Business
from tests.factories import BusinessFactory
from tianshan.audit.classes import CLASSES

ROOMS = {
    "accounts",
    "grids",
    "party",
    "enterprises",
    "visits",
    "issues",
    "services",
    "cases",
    "dashboard",
    "public",
    "audit",
    "workdays",
    "ledgers",
    "values",
    "notices",
}
# Computed from other rows, or itself a log: their changes are written elsewhere.
WITHOUT_HISTORY = {
    "Attempt",  # counted for a day, then gone for good
    "Refusal",  # counted for an hour; what it comes to is a line of the audit log
    "SignInPause",  # counted for a day, then gone for good
    "SignedIn",  # moves each minute; its beginning and end are lines of the audit log
    "RouteTaken",  # its history would say who was out when
    "Standing",
    "StandingSum",
    "StoredPage",
    "Entry",
    "Reading",
    "Seal",
    "Change",
    "ImportRow",
    "ImportProgress",
    "Enterprise",
    "Merchant",
}


def own_models():
    return [
        model
        for model in apps.get_models()
        if model._meta.app_label in ROOMS and not model.__name__.endswith("Event")
    ]


@pytest.mark.parametrize("model", own_models())
def test_each_field_has_exactly_one_visibility_class(model):
    named = [name for fields in model.VISIBILITY.values() for name in fields.split()]
    fields = [
        field.name
        for field in (*model._meta.concrete_fields, *model._meta.local_many_to_many)
    ]
    assert set(model.VISIBILITY) <= set(CLASSES)
    assert sorted(named) == sorted(set(fields))


@pytest.mark.parametrize("model", own_models())
def test_each_model_answers_visible_to(model):
    assert callable(model.objects.visible_to)


@pytest.mark.parametrize(
    "model", [m for m in own_models() if m.__name__ not in WITHOUT_HISTORY]
)
def test_each_model_is_tracked(model):
    assert f"{model.__name__}Event" in {m.__name__ for m in apps.get_models()}


def history(business):
    return list(
        business.events.order_by("pgh_id").values_list("pgh_label", "staff_count")
    )


def test_no_write_escapes_the_history(db):
    """update(), bulk_update, raw SQL and delete leave a row each, like save()."""
    business = BusinessFactory(staff_count=1)
    business.staff_count = 2
    business.save()
    Business.objects.filter(pk=business.pk).update(staff_count=3)
    business.staff_count = 4
    Business.objects.bulk_update([business], ["staff_count"])
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE enterprises_business SET staff_count = 5 WHERE id = %s",
            [business.pk],
        )
    assert [staff for _, staff in history(business)] == [1, 2, 3, 4, 5]


def test_nothing_changed_leaves_no_history(db):
    business = BusinessFactory(staff_count=1)
    before = len(history(business))
    Business.objects.filter(pk=business.pk).update(staff_count=1)
    assert len(history(business)) == before


def test_only_buildings_and_stations_have_a_position():
    """Nobody's way is kept: no other field holds a place on the map."""
    fields = {
        (model.__name__, field.name)
        for model in own_models()
        for field in model._meta.concrete_fields
        if re.search(
            r"latitude|longitude|coord|gps|geo|track|(^|_)(lat|lng|lon)(_|$)",
            field.name,
        )
    }
    assert fields == {
        (model, name)
        for model in ("Building", "Station")
        for name in ("latitude", "longitude")
    }


def test_no_script_asks_where_one_is():
    scripts = [
        p
        for p in (settings.BASE_DIR / "static").rglob("*.js")
        if "vendor" not in p.parts
    ]
    assert scripts
    assert [p.name for p in scripts if "geolocation" in p.read_text()] == []
