"""The pages of meetings in a browser: nothing hidden, nothing wide, nothing amiss."""

import datetime as dt

import pytest

from issues import actions, meetings
from tests.browser.conftest import DESK, PHONE
from tests.factories import (
    LIVE_ON,
    NOON,
    TODAY,
    BodyFactory,
    BusinessFactory,
    CoverageFactory,
    DemandFactory,
    UnitFactory,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_pages_of_a_meeting(visitor, axe, seeded, request, size):
    branch, secretary = (
        request.getfixturevalue("branch"),
        request.getfixturevalue("secretary"),
    )
    body = BodyFactory(
        name="天山茶市临时党支部会议", grid=branch.grid, organization=branch
    )
    unit = UnitFactory(name="市容管理所", grid=branch.grid)
    body.members.create(title="市容负责人", unit=unit, position=1, since=LIVE_ON)
    shop = BusinessFactory(grid=branch.grid)
    CoverageFactory(business=shop, organization=branch)
    actions.propose(
        DemandFactory(business=shop),
        title="茶城减负与清运",
        wish="避开开市清运",
        by=secretary,
        at=NOON,
    )
    meeting = meetings.arrange(
        body,
        kind="regular",
        on=TODAY,
        at_time=dt.time(15, 0),
        place="茶市党群服务站",
        by=secretary,
        at=NOON,
    )
    meetings.notify(meeting, by=secretary, at=NOON)
    page = visitor(secretary, size)
    item = meeting.items.get()
    for name, path in (
        ("list", "/meetings/"),
        ("meeting", meeting.get_absolute_url()),
        ("item", f"/meetings/items/{item.pk}/"),
        ("attendance", f"{meeting.get_absolute_url()}attendance/"),
        ("body", body.get_absolute_url()),
        ("pack", f"{meeting.get_absolute_url()}pack/"),
    ):
        page.goto(path)
        wide = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide <= 0, name
        assert axe(page) == [], name
