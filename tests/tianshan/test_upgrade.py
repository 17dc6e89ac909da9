"""An office's database of an earlier release becomes one of this release, rows and all.

`first_release.json` names the migrations that a release ended with. Until there is one
it names an early state; whoever releases sets it, and from then on it stays.
"""

import datetime as dt
import json
import uuid
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from psycopg.sql import SQL, Identifier

from accounts.models import User
from enterprises.models import Business
from grids.models import Grid
from tests import database
from tianshan.audit.models import Entry
from tianshan.database.quick_state import quick_state
from visits.models import Demand, Visit

RELEASE = json.loads(Path(__file__).with_name("first_release.json").read_text())
NAME = "test_of_an_earlier_release"
DAY = dt.date(2026, 9, 1)
NOON = dt.datetime(2026, 9, 1, 4, tzinfo=dt.UTC)


@pytest.fixture
def earlier(django_db_setup, django_db_blocker):
    """The apps of the earlier release, in a database that stands there."""
    with django_db_blocker.unblock():
        before = dict(connection.settings_dict)
        with psycopg.connect(
            host=before["HOST"],
            port=before["PORT"] or None,
            user=before["USER"],
            password=before["PASSWORD"],
            dbname=before["NAME"],
            autocommit=True,
        ) as server:
            database.drop(server, NAME)
            server.execute(SQL("CREATE DATABASE {}").format(Identifier(NAME)))
            database.use(NAME)
            try:
                yield _migrated()
            finally:
                database.use(before["NAME"])
                database.drop(server, NAME)


def _migrated():
    """Its own rooms, with what they stand on; tables of other packages come later."""
    with quick_state():
        return MigrationExecutor(connection).migrate(list(RELEASE.items())).apps


def filled(apps):
    """A street's grid with a shop, a visit and a demand, as they were written then."""

    def make(label, **facts):
        return apps.get_model(label).objects.create(**facts)

    street = make(
        "grids.Grid",
        code="310105006",
        name="天山路街道",
        path="310105006/",
        kind="street",
        live_on=dt.date(2026, 1, 1),
    )
    user = make("accounts.User", username="clerk", display_name="台账员", password="x")
    make("grids.Post", user=user, grid=street, role="grid_clerk", since=street.live_on)
    shop = make(
        "enterprises.Business",
        name="甲茶行",
        kind="merchant",
        state="operating",
        grid=street,
        discovered_on=DAY,
        pinyin="jia cha hang",
        search="",
    )
    visit = make(
        "visits.Visit",
        business=shop,
        grid=street,
        visitor=user,
        visited_on=DAY,
        method="on_spot",
        outcome="normal",
        people_met="owner",
        filled_at=NOON,
        arrived_at=NOON,
        client_key=uuid.uuid4(),
        digest="0" * 64,
    )
    make(
        "visits.Demand",
        business=shop,
        grid=street,
        visit=visit,
        category=apps.get_model("visits.DemandCategory").objects.first(),
        words="垃圾清运不及时",
        raised_on=DAY,
        due_on=DAY + dt.timedelta(days=7),
        source="visit",
        owed_by="台账员",
        recorded_by=user,
        search="",
    )


def test_rows_of_an_earlier_release_are_those_of_this_one(earlier):
    filled(earlier)
    connection.close()

    call_command("migrate", interactive=False, verbosity=0)

    assert not MigrationExecutor(connection).migration_plan(
        MigrationExecutor(connection).loader.graph.leaf_nodes()
    )
    shop = Business.objects.get(name="甲茶行")
    assert Visit.objects.get().business == shop
    assert Demand.objects.get().words == "垃圾清运不及时"
    assert Grid.objects.get(code="310105006").name == "天山路街道"
    # Triggers, rights and new tables are there: pages open and acts leave their lines.
    client = Client()
    client.force_login(User.objects.get(username="clerk"))
    for url in ("/work/", "/merchants/", "/dashboard/", shop.get_absolute_url()):
        assert client.get(url).status_code == 200, url
    count = Entry.objects.count()
    assert client.get("/merchants/?format=csv").status_code == 200
    assert Entry.objects.count() == count + 1


def test_the_list_names_what_is_there(db):
    loader = MigrationExecutor(connection).loader
    assert [key for key in RELEASE.items() if key not in loader.graph.nodes] == []
