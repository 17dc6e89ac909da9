"""The whole way through the pages: from a merchant's words to her being told."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from issues.models import Issue
from tests.factories import DemandFactory
from visits.models import Demand

pytestmark = pytest.mark.django_db


def test_a_demand_goes_from_proposal_to_closed(shop, body, unit, secretary, client_of):
    today = timezone.localdate()
    first = DemandFactory(business=shop(name="陈香普洱"), raised_on=today)
    second = DemandFactory(business=shop(name="静庐茶器"), raised_on=today)
    client = client_of(secretary)

    def post(name, pk, **data):
        answer = client.post(reverse(f"issues:{name}", args=[pk]), data)
        assert answer.status_code == 302, answer.context["form"].errors

    post(
        "issue_propose",
        first.pk,
        title="茶城减负与清运",
        brand="金团领航·善治立方",
        wish="避开开市清运",
        level=1,
    )
    issue = Issue.objects.get()
    matter = issue.matters.get()
    post("matter_join", second.pk, matter=matter.pk)
    post(
        "issue_decide",
        issue.pk,
        opinion="线路可以重排，八点以前清完。",
        matter=matter.pk,
        content="每天 8 点以前清运",
        lead=f"unit-{unit.pk}",
        due_on=(today + dt.timedelta(14)).isoformat(),
    )
    post("measure_finish", issue.measures.get().pk, result="已改线")
    post(
        "matter_end",
        matter.pk,
        ending="solved",
        before="上午 9 点",
        after="8 点以前",
        benefited=412,
    )
    post("matter_tell", matter.pk, demands=first.pk, how="visit", on=today.isoformat())
    issue.refresh_from_db()
    assert issue.state == Issue.State.FEEDBACK
    post("matter_tell", matter.pk, demands=second.pk, how="phone", on=today.isoformat())

    issue.refresh_from_db()
    assert (issue.state, issue.closed_on) == (Issue.State.CLOSED, today)
    assert set(Demand.objects.values_list("state", "told_how")) == {
        ("told", "visit"),
        ("told", "phone"),
    }
    page = client.get(issue.get_absolute_url())
    assert "金团领航·善治立方" in page.text
    assert "提出的人都已回告" in page.text
