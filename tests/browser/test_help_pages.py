"""Help, and what a token opens, on a phone of which the words are twice as large."""

import datetime as dt

import pytest
from django.utils import timezone

from accounts.rights import Role
from dashboard.api import tokens
from tests.browser.conftest import DESK, PHONE, ZOOMED


@pytest.mark.parametrize("role", [Role.GRID_STAFF, Role.STREET_LEADER])
def test_the_pages_of_help_fit(visitor, looked_at, staff, role):
    page = visitor(staff, PHONE)
    looked_at(page, f"/help/{role}/", DESK, PHONE, ZOOMED)
    assert page.problems == []


def test_a_token_is_revoked_on_a_phone(visitor, looked_at, clerk, grid):
    now = timezone.now()
    tokens.give(
        label="区级看板",
        grid=grid,
        scopes=["grids", "merchants"],
        until=timezone.localdate(now) + dt.timedelta(days=30),
        by=clerk,
        at=now,
    )
    page = visitor(clerk, PHONE)
    looked_at(page, "/tokens/", DESK, PHONE, ZOOMED)
    page.set_viewport_size(PHONE)
    revoke = page.get_by_role("button", name="停用区级看板")
    box = revoke.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
    revoke.click()
    page.get_by_text("已停用“区级看板”").wait_for()
    assert page.problems == []
