"""Told > rated; silence is no satisfaction; 不满意 owes a second answer, then the body."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from dashboard.models import Standing
from grids.models import Grid
from tests.factories import (
    NOON,
    TODAY,
    BusinessFactory,
    CoverageFactory,
    DemandFactory,
    VisitFactory,
    fields_of,
)
from tianshan.audit.models import Entry
from tianshan.ledgers import FIGURES, Scope
from visits import actions, ratings
from visits.models import Demand, Rating

DAY = dt.timedelta(days=1)
NOT, WELL = Rating.Verdict.NOT, Rating.Verdict.SATISFIED


def at(days):
    return NOON + days * DAY


@pytest.fixture
def shop(grid, branch):
    shop = BusinessFactory(grid=grid)
    CoverageFactory(business=shop, organization=branch)
    VisitFactory(business=shop)
    return shop


@pytest.fixture
def told(shop, secretary):
    """Answered and told on TODAY, a Thursday."""
    demand = DemandFactory(business=shop)
    actions.answer(demand, words="改到八点前。", by=secretary, at=NOON)
    return actions.tell(demand, how="phone", on=TODAY, by=secretary, at=NOON)


def untold(shop, day):
    return Standing.objects.on(day).filter(business=shop).get().untold_from


def figure(leader, key, start=TODAY - 30 * DAY, end=TODAY + 60 * DAY):
    street = Grid.objects.get(code="310105006")
    scope = Scope(user=leader, grid=street, start=start, end=end, today=end)
    return FIGURES[key].rows(scope).count()


def test_a_told_asker_rates_and_that_ends_it(told, shop):
    rating = ratings.rate(told, verdict=WELL, words=" 谢谢 ", at=at(1))

    told.refresh_from_db()
    assert told.state == Demand.State.RATED
    assert (rating.words, rating.round, rating.called_by) == ("谢谢", 1, None)
    assert rating.outcome == "改到八点前。"
    assert told.next_due is None
    entry = Entry.objects.get(verb="demand.rated")
    assert (entry.by, entry.data["verdict"]) == (None, "satisfied")
    assert untold(shop, TODAY + 30 * DAY) is None


def test_rating_an_outcome_that_nobody_told_says_that_it_is_known(shop, secretary):
    demand = DemandFactory(business=shop)
    actions.answer(demand, words="改到八点前。", by=secretary, at=NOON)
    ratings.rate(demand, verdict=WELL, words="", at=at(1))

    demand.refresh_from_db()
    assert (demand.told_how, demand.told_by) == (Demand.Told.LINK, None)
    assert demand.told_on == TODAY + DAY
    assert untold(shop, TODAY + 30 * DAY) is None


@pytest.mark.parametrize("state", sorted(set(Demand.State) - Demand.STEPS["rate"]))
def test_rating_is_refused_from_any_other_state(shop, state):
    demand = DemandFactory(business=shop, state=state, **fields_of(state))
    with pytest.raises(actions.Refused):
        ratings.rate(demand, verdict=WELL, words="", at=at(1))
    assert not Rating.objects.exists()


def test_the_asker_has_ten_working_days_and_then_counts_as_silent(told, leader):
    # 15 October 2026 is a Thursday; the 10th working day after it is 29 October.
    assert told.rate_by == dt.date(2026, 10, 29)
    last = timezone.make_aware(dt.datetime(2026, 10, 29, 23, 50))
    assert ratings.may_rate(told, timezone.localdate(last))
    with pytest.raises(actions.Refused, match="时间已经过了"):
        ratings.rate(told, verdict=WELL, words="", at=last + DAY)
    until = {"start": TODAY}
    assert figure(leader, "demands_unrated", end=dt.date(2026, 10, 29), **until) == 0
    assert figure(leader, "demands_unrated", end=dt.date(2026, 10, 30), **until) == 1
    assert figure(leader, "demands_satisfied", **until) == 0
    assert figure(leader, "demands_rated", **until) == 0
    assert figure(leader, "demands_rating_due", **until) == 1


def test_not_satisfied_needs_a_word_and_owes_a_second_answer(told, shop, secretary):
    with pytest.raises(actions.Refused, match="哪里不满意"):
        ratings.rate(told, verdict=NOT, words="  ", at=at(1))
    ratings.rate(told, verdict=NOT, words="还是九点来。", at=at(1))

    told.refresh_from_db()
    assert told.state == Demand.State.REOPENED
    assert told.due_on == dt.date(2026, 10, 23)  # 5 working days from the rating
    assert told.dues.last().reason == "提出的人不满意，再答复一次"
    # Condition (c) fails from the day of the rating, not before, until it is answered
    # and told again.
    assert untold(shop, TODAY) is None
    assert untold(shop, TODAY + DAY) == TODAY + DAY
    again = actions.answer(told, words="换了作业队。", by=secretary, at=at(4))
    assert (again.told_on, again.rate_by, again.resolved) == (None, None, True)
    assert again.first_outcome_on == TODAY
    assert untold(shop, TODAY + 3 * DAY) == TODAY + DAY
    assert untold(shop, TODAY + 4 * DAY) == again.tell_by + DAY
    actions.tell(again, how="phone", on=TODAY + 5 * DAY, by=secretary, at=at(5))
    assert untold(shop, TODAY + 5 * DAY) is None
    assert untold(shop, TODAY + 2 * DAY) == TODAY + DAY  # the past stays as it was

    ratings.rate(again, verdict=WELL, words="", at=at(6))
    rounds = told.ratings.values_list("round", "verdict", "outcome")
    assert list(rounds) == [
        (1, "not", "改到八点前。"),
        (2, "satisfied", "换了作业队。"),
    ]


@pytest.fixture
def twice(told, secretary):
    """Found wanting twice."""
    ratings.rate(told, verdict=NOT, words="还是九点来。", at=at(1))
    actions.answer(told, words="换了作业队。", by=secretary, at=at(2))
    actions.tell(told, how="phone", on=TODAY + 2 * DAY, by=secretary, at=at(2))
    ratings.rate(told, verdict=NOT, words="还是老样子。", at=at(3))
    told.refresh_from_db()
    return told


def test_a_second_time_it_goes_to_the_body_and_may_end_as_explained(
    twice, shop, secretary
):
    assert list(Demand.objects.at_body()) == [twice]
    with pytest.raises(actions.Refused):
        actions.answer(twice, words="再答一次", by=secretary, at=at(4))
    ratings.explain(twice, words="会上商量过，路窄只能九点。", by=secretary, at=at(4))
    twice.refresh_from_db()
    assert (twice.state, twice.resolved) == (Demand.State.ENDED, False)
    actions.tell(twice, how="visit", on=TODAY + 5 * DAY, by=secretary, at=at(5))
    twice.refresh_from_db()
    # Nobody is asked a third time, and the rating stays.
    assert twice.rate_by is None
    assert not ratings.may_rate(twice, TODAY + 5 * DAY)
    with pytest.raises(actions.Refused, match="两次"):
        ratings.rate(twice, verdict=WELL, words="", at=at(6))
    assert twice.ratings.by_askers().last().verdict == NOT
    assert untold(shop, TODAY + 5 * DAY) is None


def test_only_who_brings_things_before_a_body_writes_what_it_said(twice, staff, leader):
    for user in (staff, leader):
        with pytest.raises(PermissionDenied):
            ratings.explain(twice, words="会上说过了。", by=user, at=at(4))


@pytest.mark.parametrize("state", sorted(set(Demand.State) - {"at_body"}))
def test_explaining_is_refused_from_any_other_state(shop, secretary, state):
    demand = DemandFactory(business=shop, state=state, **fields_of(state))
    with pytest.raises(actions.Refused):
        ratings.explain(demand, words="会上说过了。", by=secretary, at=at(4))


def test_a_call_back_by_a_third_person_moves_nothing(told, clerk, secretary, leader):
    with pytest.raises(PermissionDenied):
        ratings.call_back(told, verdict=WELL, words="", by=secretary, at=at(1))
    ratings.call_back(told, verdict=WELL, words="挺好", by=clerk, at=at(1))
    told.refresh_from_db()
    assert told.state == Demand.State.TOLD
    with pytest.raises(actions.Refused, match="已经有人回访"):
        ratings.call_back(told, verdict=NOT, words="", by=clerk, at=at(2))
    assert figure(leader, "demands_called_back") == 1
    assert figure(leader, "demands_called_back_satisfied") == 1
    assert figure(leader, "demands_rated") == figure(leader, "demands_satisfied") == 0
    # The asker may still say something else.
    ratings.rate(told, verdict=NOT, words="没有改。", at=at(2))
    assert figure(leader, "demands_rated_not") == 1
    assert figure(leader, "demands_called_back_satisfied") == 1


def test_the_rates_have_their_own_denominators(shop, secretary, leader):
    """Two answered, one declined, one open; of the answered one is rated well, one not."""
    made = [DemandFactory(business=shop) for _ in range(4)]
    for demand in made[:2]:
        actions.answer(demand, words="改到八点前。", by=secretary, at=NOON)
    actions.decline(
        made[2], reason="这件事按合同约定归业主和物业商量。", by=secretary, at=NOON
    )
    ratings.rate(made[0], verdict=Rating.Verdict.MOSTLY, words="", at=at(1))
    ratings.rate(made[1], verdict=NOT, words="没有改。", at=at(1))
    counted = {
        key: figure(leader, key)
        for key in (
            "demands_with_outcome",
            "demands_resolved",
            "demands_rated",
            "demands_satisfied",
            "demands_rated_not",
            "demands_unsatisfied",
            "demands_told",
        )
    }
    assert counted == {
        "demands_with_outcome": 3,
        "demands_resolved": 1,
        "demands_rated": 2,
        "demands_satisfied": 1,
        "demands_rated_not": 1,
        "demands_unsatisfied": 1,
        "demands_told": 2,
    }


def test_a_second_answer_leaves_past_days_as_they_were(told, secretary, leader):
    ratings.rate(told, verdict=NOT, words="还是九点来。", at=at(3))
    actions.answer(told, words="换了作业队。", by=secretary, at=at(6))

    def then(key, days):
        return figure(leader, key, start=TODAY, end=TODAY + days * DAY)

    assert [then("demands_open", days) for days in (0, 3, 6)] == [0, 0, 0]
    assert [then("demands_unsatisfied", days) for days in (2, 3, 5, 6)] == [0, 1, 1, 0]
    assert [then("demands_untold", days) for days in (2, 3, 6)] == [0, 0, 1]


def test_the_pages_of_the_two_steps(told, client_of, clerk, secretary, chief):
    """A third person finds the call back among the steps; who handled it does not."""
    page = client_of(clerk).get(told.get_absolute_url())
    assert "记回访" in page.content.decode()
    assert (
        "记回访"
        not in client_of(secretary).get(told.get_absolute_url()).content.decode()
    )
    url = f"/demands/{told.pk}/call-back/"
    done = client_of(clerk).post(url, {"verdict": "mostly", "words": "还行"})
    assert done.status_code == 302
    assert (
        "第三人回访" in client_of(clerk).get(told.get_absolute_url()).content.decode()
    )

    ratings.rate(told, verdict=NOT, words="没有改。", at=at(2))
    told.refresh_from_db()
    assert told.state == Demand.State.REOPENED
    assert (
        "再答复" in client_of(secretary).get(told.get_absolute_url()).content.decode()
    )
