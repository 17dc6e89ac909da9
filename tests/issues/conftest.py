"""A market whose branch deliberates, its grid's committee and conference."""

import datetime as dt

import pytest

from accounts.rights import Role
from issues import actions, fixing, meetings
from issues.models import Level, Meeting
from tests.factories import (
    LIVE_ON,
    NOON,
    TODAY,
    BodyFactory,
    BuildingFactory,
    BusinessFactory,
    CoverageFactory,
    DemandFactory,
    HoldingFactory,
    OfficerFactory,
    OrganizationFactory,
    UnitFactory,
    UnitOfficerFactory,
    walk,
)
from tianshan.ledgers import gathering


@pytest.fixture
def market(grid, branch):
    building = BuildingFactory(name="天山茶城", grid=grid)
    HoldingFactory(organization=branch, building=building)
    return building


@pytest.fixture
def body(grid, branch, market):
    body = BodyFactory(name="天山茶市临时党支部会议", grid=grid, organization=branch)
    body.buildings.add(market)
    return body


@pytest.fixture
def conference(grid):
    return BodyFactory(name="第三网格党建联席会", level=Level.CONFERENCE, grid=grid)


@pytest.fixture
def shop(grid, market, branch):
    """`shop(**facts)`: a merchant of the market, covered by the branch."""

    def made(**facts):
        facts = {"grid": grid, "building": market, **facts}
        business = BusinessFactory(**facts)
        CoverageFactory(business=business, organization=branch)
        return business

    return made


@pytest.fixture
def demand(shop):
    return DemandFactory(business=shop(name="春和茶行", room="A07"))


@pytest.fixture
def unit(grid):
    return UnitFactory(name="市容部门", grid=grid)


@pytest.fixture
def officer(grid, unit):
    office = UnitOfficerFactory(post__grid=grid, unit=unit)
    return office.post.user


@pytest.fixture
def sibling(grid):
    """The secretary of another branch of the same grid, with a body of its own."""
    organization = OrganizationFactory(name="金虹桥党支部", grid=grid)
    building = BuildingFactory(name="金虹桥国际中心", grid=grid)
    HoldingFactory(organization=organization, building=building)
    body = BodyFactory(
        name="金虹桥临时党支部会议", grid=grid, organization=organization
    )
    body.buildings.add(building)
    office = OfficerFactory(
        post__role=Role.BRANCH_SECRETARY, post__grid=grid, organization=organization
    )
    user = office.post.user
    user.building = building
    user.organization = organization
    return user


@pytest.fixture
def proposed(demand, body, secretary):
    with gathering():  # Standing is written once, not for each act within
        return actions.propose(
            demand, title="茶城减负与清运", wish="避开开市清运", by=secretary, at=NOON
        )


@pytest.fixture
def decide(secretary, unit):
    """`decide(issue)`: decided as the secretary would, with one measure."""

    def decided(issue, **changes):
        facts = {
            "opinion": "线路可以重排。",
            "matter": changes.get("matter") or issue.matters.get(),
            "content": "每天 8 点以前清运",
            "lead": unit,
            "due_on": NOON.date().replace(day=29),
            "by": secretary,
            "at": NOON,
            **changes,
        }
        with gathering():
            return actions.decide(issue, **facts)

    return decided


@pytest.fixture
def ended(proposed, decide, secretary):
    """The issue once its measure is done and its matter has ended."""
    decide(proposed)
    measure = proposed.measures.get()
    fixing.finish_measure(measure, result="已改线", by=secretary, at=NOON)
    actions.end_matter(
        proposed.matters.get(),
        ending="solved",
        before="上午 9 点",
        after="8 点以前",
        benefited=412,
        by=secretary,
        at=NOON,
    )
    proposed.refresh_from_db()
    return proposed


@pytest.fixture
def put():
    """`put(issue, state)`: the issue in a state, by steps of the table."""

    def placed(issue, state):
        issue.refresh_from_db()
        return walk(issue, state)

    return placed


@pytest.fixture
def sitting(body, unit, branch):
    """The branch's body with two who sit in it: the unit's head and the branch's."""
    for place, (title, seat) in enumerate(
        [("市容部门负责人", {"unit": unit}), ("支部委员", {"organization": branch})], 1
    ):
        body.members.create(title=title, position=place, since=LIVE_ON, **seat)
    return body


@pytest.fixture
def arrange(sitting, secretary):
    """`arrange(**changes)`: a regular meeting of the branch's body, today at three."""

    def arranged(**changes):
        facts = {
            "kind": Meeting.Kind.REGULAR,
            "on": TODAY,
            "at_time": dt.time(15, 0),
            "place": "茶市党群服务站",
            "by": secretary,
            "at": NOON,
            **changes,
        }
        return meetings.arrange(facts.pop("body", sitting), **facts)

    return arranged


@pytest.fixture
def in_session(proposed, arrange, secretary):
    """A meeting that was notified, with the proposed issue on the table."""
    return meetings.notify(arrange(), by=secretary, at=NOON)


@pytest.fixture
def attended(secretary):
    """`attended(meeting)`: the first invited came, the others sent word."""

    def marked(meeting):
        rows = list(meeting.attendances.all())
        states = {row.pk: ("leave", "书面意见") for row in rows}
        states[rows[0].pk] = ("present", "")
        return meetings.mark(meeting, states=states, by=secretary, at=NOON)

    return marked


@pytest.fixture
def settled(in_session, unit, secretary, attended):
    """A meeting that is over: one issue on its table, one measure decided."""
    item = in_session.items.get()
    meetings.conclude(
        item,
        outcome="decided",
        resolution="线路可以重排，错开开市。",
        discussion="市容部门说线路可以重排。",
        version=item.version,
        matter=item.issue.matters.get(),
        content="每天 8 点以前清运",
        lead=unit,
        due_on=TODAY + dt.timedelta(14),
        by=secretary,
        at=NOON,
    )
    attended(in_session)
    return meetings.hold(in_session, by=secretary, at=NOON)
