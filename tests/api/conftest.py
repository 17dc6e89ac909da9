import datetime as dt

import pytest
from django.core.cache import cache

from accounts.rights import Role
from dashboard.api import tokens
from dashboard.api.doors import PROBLEM
from tests.dashboard.world import TODAY, a_random_world
from tests.factories import NOON

DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def at_noon(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)


@pytest.fixture(autouse=True)
def nobody_asked():
    cache.clear()


@pytest.fixture
def world(db):
    world = a_random_world(3, businesses=30)
    world.leader = world.user(Role.STREET_LEADER)
    return world


def give(by, grid, scopes=None, until=TODAY + 90 * DAY, at=NOON):
    scopes = tokens.scopes_for(by) if scopes is None else scopes
    return tokens.give(
        label="西大厅系统", grid=grid, scopes=[*scopes], until=until, by=by, at=at
    )


@pytest.fixture
def ask(client):
    """`ask(token, path, **query)`: what a system without any cookie is answered."""

    def get(token, path, query=None, **headers):
        headers = {"Authorization": f"Bearer {token}"} | headers
        answer = client.get(f"/api/v1/{path}", query or {}, headers=headers)
        assert not answer.cookies
        assert "no-store" in answer.headers["Cache-Control"]
        if answer.status_code >= 400:
            assert answer.headers["Content-Type"] == PROBLEM
        return answer

    return get
