"""The own link of a demand: how far it is, in plain words; and the asker's rating."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from issues import actions as issues
from issues import fixing
from public import links
from public.models import DemandLink
from tests.factories import BodyFactory
from tianshan.audit.models import Entry, Reading
from visits import actions
from visits.models import Demand, Rating

WELL = {"verdict": "satisfied", "words": "快"}


@pytest.fixture
def demand(sent):
    return Demand.objects.get()


def words_of(client, url):
    """The steps as the page shows them, the one in hand in brackets."""
    steps = client.get(url).context["steps"]
    return [f"[{s.words}]" if s.state == "c" else s.words for s in steps]


def test_the_way_is_told_in_a_merchants_words(
    client, sent, demand, secretary, branch, shop
):
    assert words_of(client, sent)[0] == "[收到了]"
    body = BodyFactory(grid=shop.grid, organization=branch)
    body.buildings.add(shop.building)
    now = timezone.now()
    issue = issues.propose(
        demand, title="错开开市", wish="八点前清运", by=secretary, at=now
    )
    assert words_of(client, sent) == ["收到了", "[正在商量]", "定了", "办好了"]
    matter = issue.matters.get()
    issues.decide(
        issue,
        opinion="都同意",
        matter=matter,
        content="改到八点前清运",
        lead=branch,
        due_on=timezone.localdate(now) + dt.timedelta(days=7),
        by=secretary,
        at=now,
    )
    assert words_of(client, sent) == ["收到了", "正在商量", "[定了]", "办好了"]
    page = client.get(sent).content.decode()
    assert "改到八点前清运" in page
    measure = matter.measures.get()
    fixing.finish_measure(measure, result="已改", by=secretary, at=now)
    issues.end_matter(
        matter,
        ending="solved",
        before="九点",
        after="八点前",
        benefited=1,
        by=secretary,
        at=now,
    )
    assert words_of(client, sent)[-1] == "办好了"
    page = client.get(sent).content.decode()
    assert "八点前" in page
    assert "请您评一评" in page
    # Nobody's name, no day of the office's own, no office.
    for inside in ("secretary", branch.name, "都同意", "议题", "办结", "年11月"):
        assert inside not in page


def test_a_demand_declined_says_why(client, sent, demand, secretary):
    reason = "租约是您和房东之间的事，可以找司法所免费调解。"
    actions.decline(demand, reason=reason, by=secretary, at=timezone.now())
    assert words_of(client, sent) == ["收到了", "办不了，原因在下面"]
    assert reason in client.get(sent).content.decode()


def test_the_asker_rates_by_the_link(client, sent, demand, secretary):
    assert "请您评一评" not in client.get(sent).content.decode()
    early = client.post(f"{sent}rate/", WELL)
    assert "还没有结果" in early.content.decode()
    actions.answer(demand, words="改到八点前。", by=secretary, at=timezone.now())
    response = client.post(f"{sent}rate/", WELL)
    assert response.headers["Location"] == sent
    rating = Rating.objects.get()
    assert (rating.verdict, rating.words, rating.called_by) == ("satisfied", "快", None)
    entry = Entry.objects.get(verb="demand.rated")
    assert entry.data["link"] == DemandLink.objects.get().pk
    page = client.get(sent).content.decode()
    assert "您评过" in page
    assert "请您评一评" not in page
    again = client.post(f"{sent}rate/", WELL)
    assert "您已经评过了" in again.content.decode()
    assert Rating.objects.count() == 1


def test_not_satisfied_asks_what_for_and_keeps_what_was_typed(
    client, sent, demand, secretary
):
    actions.answer(demand, words="改到八点前。", by=secretary, at=timezone.now())
    page = client.post(f"{sent}rate/", {"verdict": "not", "words": ""})
    assert "哪里不满意" in page.content.decode()
    assert page.status_code == 422
    client.post(f"{sent}rate/", {"verdict": "not", "words": "还是九点。"})
    assert words_of(client, sent)[-1] == "[正在重新办]"


def test_nobody_with_an_account_rates(client_of, sent, demand, secretary, staff):
    actions.answer(demand, words="改到八点前。", by=secretary, at=timezone.now())
    for user in (secretary, staff):
        page = client_of(user).post(f"{sent}rate/", WELL)
        assert "不能代提出的人评价" in page.content.decode()
    assert not Rating.objects.exists()


def test_a_link_opens_that_one_demand_and_a_void_one_nothing(
    client, sent, scan, demand, secretary, stranger
):
    other = scan("另一件事。").headers["Location"]
    assert "另一件事" not in client.get(sent).content.decode()
    with pytest.raises(PermissionDenied):
        links.revoke_all(demand, by=stranger, at=timezone.now())
    links.revoke_all(demand, by=secretary, at=timezone.now())
    gone, never = (
        client.get(url) for url in (sent, reverse("public:demand", args=["B" * 32]))
    )
    assert gone.status_code == never.status_code == 404
    assert gone.content == never.content
    assert client.post(f"{sent}rate/", WELL).status_code == 404
    assert client.get(other).status_code == 200


def test_staff_give_a_link_anew_and_that_is_logged(
    client, client_of, sent, demand, secretary, staff
):
    url = reverse("public:link_give", args=[demand.pk])
    assert client_of(staff).post(url).status_code == 403
    response = client_of(secretary).post(url)
    address = response.context["address"]
    assert response.headers["Cache-Control"].count("no-store") == 1
    assert client.get(address).status_code == 200
    assert client.get(sent).status_code == 200  # the sender's own stays good
    given = DemandLink.objects.get(made_by=secretary)
    assert Entry.objects.get(verb="link.given").subject_id == given.pk
    token = address.rstrip("/").rsplit("/", 1)[1]
    assert token not in str(list(DemandLink.objects.values()))


def test_the_number_that_was_left_is_shown_once_and_logged(
    scan, client_of, secretary, leader
):
    scan(phone="13900000001")
    demand = Demand.objects.get()
    url = reverse("public:phone", args=[demand.pk])
    assert client_of(leader).post(url).status_code == 403
    page = client_of(secretary).post(url).content.decode()
    assert "tel:13900000001" in page
    reading = Reading.objects.get()
    assert (reading.by, reading.field) == (secretary, "phone")
