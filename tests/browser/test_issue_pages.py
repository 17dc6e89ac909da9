"""The pages of an issue in Chromium: nothing for axe to say, and a brief of one page."""

import re

import pytest
from django.urls import reverse

from issues.models import Deliberation, Level
from issues.models.rules import RULES, Step
from tests.browser.conftest import DESK, PHONE
from tests.factories import (
    NOON,
    TODAY,
    BodyFactory,
    BuildingFactory,
    BusinessFactory,
    DemandFactory,
    IssueFactory,
    MatterDemandFactory,
    MatterFactory,
    MeasureFactory,
    take,
)

LONG = "长" * 1000


@pytest.fixture
def longest(grid, street):
    """All fields as long as they may be, and more of everything than fits."""
    bodies = [BodyFactory(level=level, grid=grid, name=level.label) for level in Level]
    issue = IssueFactory(
        body=bodies[0], title=LONG[:80], brand=LONG[:60], grid=grid, raised_on=TODAY
    )
    for place in range(6):
        building = BuildingFactory(grid=grid, name=f"楼{place}" + LONG[:20])
        matter = MatterFactory(issue=issue, title=LONG[:80])
        for _ in range(3):
            business = BusinessFactory(grid=grid, building=building)
            demand = DemandFactory(business=business, state="joined", words=LONG)
            MatterDemandFactory(matter=matter, demand=demand)
        MeasureFactory(matter=matter, content=LONG[:200])
        Deliberation.objects.create(
            issue=issue,
            level=1,
            body=bodies[0],
            opinion=LONG,
            held_on=TODAY,
            by=issue.raised_by,
        )
    up = next(rule for rule in RULES if rule.step == Step.ESCALATE)
    for body in bodies[1:]:
        take(issue, up, body=body, at=NOON)
    return issue


def test_the_brief_fits_one_page_and_a_phone(longest, chief, visitor):
    page = visitor(chief, DESK)
    page.goto(reverse("issues:issue_brief", args=[longest.pk]))

    paper = page.pdf(prefer_css_page_size=True)

    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", paper)) == 1
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing_on_the_pages(longest, chief, leader, visitor, axe, size):
    page = visitor(chief, size)
    steps = [Step.SUSPEND, Step.PASS_UP, Step.SEND_BACK]
    for address in (
        longest.get_absolute_url(),
        reverse("issues:issue_board"),
        reverse("issues:issue_brief", args=[longest.pk]),
        *(reverse("issues:issue_step", args=[longest.pk, step]) for step in steps),
    ):
        page.goto(address)
        assert axe(page) == [], address
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= size["width"], address
    assert page.problems == []
