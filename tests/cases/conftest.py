"""A coordinator, two helpers of the street, and a case of each state."""

import datetime as dt

import pytest
from django.utils import timezone

from accounts.rights import Role
from cases import actions
from cases.models import Consent, ConsentItem, HelpCase, HelpItem, StepRead
from grids.models import Neighborhood
from tests.conftest import gave_password
from tests.factories import PostFactory

FACTS = {
    "name": "张阿姨",
    "phone": "199 0000 7351",
    "address": "紫藤弄 88 号 903 室",
    "birth_year": "1948",
    "note": "看不清屏幕，子女在外地",
}


def holder(role, grid, name):
    return PostFactory(
        role=role, grid=grid, user__username=name, user__display_name=name
    ).user


@pytest.fixture
def client_of(client_of):
    """As everywhere, and the password was given a moment ago: else no case opens."""
    return lambda user: gave_password(client_of(user), user)


@pytest.fixture
def coordinator(street):
    return holder(Role.CASE_COORDINATOR, street, "coordinator")


@pytest.fixture
def helper(street):
    return holder(Role.HELPER, street, "helper")


@pytest.fixture
def second(street):
    return holder(Role.HELPER, street, "second")


@pytest.fixture
def maotai(street):
    committee = Neighborhood.objects.create(code="310105006004", name="茅台居委会")
    street.neighborhoods.add(committee)
    return committee


@pytest.fixture
def renewal(db):
    return HelpItem.objects.get(name="残疾证换证")


@pytest.fixture
def register(coordinator, maotai, renewal):
    """`register(helper=…, **more)`: a case that the coordinator wrote down."""

    def made(helper=None, *, by=coordinator, at=None, **more):
        at = at or timezone.now()
        said = {
            "item": renewal,
            "place": "home",
            "neighborhood": maotai,
            "expires_on": timezone.localdate(at) + dt.timedelta(days=20),
            "facts": FACTS,
        }
        return actions.register(**said | more, helper=helper, by=by, at=at)

    return made


@pytest.fixture
def case(register, helper):
    return register(helper)


@pytest.fixture
def agreed(helper):
    """`agreed(case)`: begun, agreed to and read, a step before its end."""

    def made(case, *, by=helper, at=None):
        at = at or timezone.now()
        case = actions.start(case, by=by, at=at)
        yes = dict.fromkeys(ConsentItem.objects.active(), Consent.Answer.YES)
        actions.ask_consent(case, answers=yes, by=by, at=at)
        read = dict.fromkeys(case.item.steps, StepRead.Outcome.READ)
        return actions.read_steps(case, outcomes=read, by=by, at=at)

    return made


@pytest.fixture
def finished(agreed, helper):
    def made(case, *, by=helper, at=None):
        at = at or timezone.now()
        begun = at - dt.timedelta(minutes=9)
        case = agreed(case, by=by, at=begun)
        return actions.finish(
            case,
            result=HelpCase.Result.APPROVED,
            pressed_by=HelpCase.Pressed.SELF,
            began_at=begun,
            ended_at=at,
            read_back=True,
            by=by,
            at=at,
        )

    return made
