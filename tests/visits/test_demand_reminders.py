"""Who is reminded that an answer falls due, and has it on the list of things to do."""

import datetime as dt

import pytest

from tests.factories import (
    TODAY,
    BusinessFactory,
    CoverageFactory,
    DemandFactory,
    fields_of,
)
from visits import reminders, todo

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(1)


@pytest.fixture
def covered(grid, branch):
    business = BusinessFactory(grid=grid, name="春和茶行")
    CoverageFactory(business=business, organization=branch)
    return business


def told(day):
    return {
        (user.username, one.words) for one in reminders.read(day) for user in one.users
    }


def test_the_secretary_is_reminded_the_day_before_the_day_and_after(
    covered, secretary, clerk
):
    demand = DemandFactory(business=covered, due_on=TODAY)
    about = f"{demand.category}（{covered.building or covered.grid}）"

    assert told(TODAY - 7 * DAY) == set()
    assert told(TODAY - DAY) == {("secretary", f"诉求答复{TODAY:%m-%d} 到期：{about}")}
    assert told(TODAY) == {("secretary", f"诉求答复今天到期：{about}")}
    assert told(TODAY + DAY) == {("secretary", f"诉求答复已超期：{about}")}
    assert told(TODAY + reminders.AFTER) == set()


def test_no_reminder_names_the_asker_or_repeats_the_words(covered, secretary):
    DemandFactory(business=covered, due_on=TODAY, words="房东姓沈")

    said = "".join(words for _, words in told(TODAY))
    assert "春和茶行" not in said
    assert "沈" not in said


def test_for_whom_nobody_covers_the_clerk_is_reminded(grid, secretary, clerk):
    DemandFactory(business=BusinessFactory(grid=grid), due_on=TODAY)

    assert {name for name, _ in told(TODAY)} == {clerk.username}
    assert len(todo.to_answer(clerk, TODAY)) == 1
    assert todo.to_answer(secretary, TODAY) == []


def test_what_is_in_a_matter_is_reminded_of_by_its_measures(covered, secretary):
    DemandFactory(business=covered, state="joined", due_on=TODAY)

    assert told(TODAY) == set()


def test_what_came_of_it_is_to_be_told(covered, secretary, clerk):
    demand = DemandFactory(business=covered, state="answered", **fields_of("answered"))

    assert {words[:4] for _, words in told(demand.tell_by)} == {"诉求回告"}
    assert [one.url for one in todo.to_tell(secretary, TODAY)] == [
        demand.get_absolute_url()
    ]
    assert todo.to_answer(secretary, TODAY) == todo.to_tell(clerk, TODAY) == []


def test_a_confidential_one_is_its_handlers_alone(covered, secretary, clerk):
    DemandFactory(
        business=covered, due_on=TODAY, confidential=True, handler=clerk, words="内情"
    )

    assert {name for name, _ in told(TODAY)} == {clerk.username}
    assert todo.to_answer(secretary, TODAY) == []
    assert "内情" not in "".join(one.words for one in todo.to_answer(clerk, TODAY))
