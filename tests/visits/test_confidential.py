"""Confidential demands: counted and seen by all, read by the handler alone."""

import io
import zipfile

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import get_resolver, reverse
from django.urls.exceptions import NoReverseMatch
from django.utils import timezone

from accounts.rights import Role
from tests.factories import (
    NOON,
    CoverageFactory,
    DemandFactory,
    PostFactory,
    VisitFactory,
)
from tests.test_urls import walk
from tianshan.audit.models import Entry, Reading
from tianshan.ledgers import LEDGERS
from visits import actions, confidential
from visits.models import Demand, Secret

PLANTED = "玄圃积玉"  # in no page, export or answer unless the words leak
OUTCOME = "昆山片玉"


@pytest.fixture
def demand(shop, branch, category, clerk, staff):
    CoverageFactory(business=shop, organization=branch)
    return actions.raise_demand(
        shop,
        category=category,
        words=f"店里的事：{PLANTED}",
        source=Demand.Source.CALL,
        raised_on=timezone.localdate(),
        said_by="沈女士",
        handler=clerk,
        by=staff,
        at=timezone.now(),
    )


@pytest.fixture
def answered(demand, clerk):
    return actions.answer(demand, words=OUTCOME, by=clerk, at=timezone.now())


def test_one_demand_is_judged_as_rows_are(answered, shop, category, clerk, staff):
    open_to_all = DemandFactory(business=shop, category=category)
    for demand, user in ((answered, clerk), (answered, staff), (open_to_all, staff)):
        rows = Demand.objects.filter(pk=demand.pk).handled_by(user)
        assert demand.may_be_handled_by(user) == rows.exists()
    assert answered.may_be_handled_by(clerk)
    assert not answered.may_be_handled_by(staff)


def test_the_row_itself_holds_no_word(answered):
    answered.refresh_from_db()
    text = f"{answered.words} {answered.outcome} {answered.search}"
    assert PLANTED not in text
    assert OUTCOME not in text
    secret = Secret.objects.get()
    assert PLANTED in secret.words
    assert secret.outcome == OUTCOME


def test_its_history_and_the_audit_hold_no_word_either(
    answered, django_assert_num_queries
):
    told = [str(row) for row in answered.events.values_list()]
    told += [str(row) for row in Secret.objects.get().events.values_list()]
    told += [str(row) for row in Entry.objects.values_list()]
    assert not [line for line in told if PLANTED in line or OUTCOME in line]


def addresses(demand):
    """Every page of the portal, about this business, this demand and its visit."""
    about = {
        "enterprises": demand.business_id,
        "visits": demand.pk,
        "issues": demand.pk,
        "dashboard": demand.business_id,
        "grids": demand.business.building_id,
        "party": demand.business.building_id,
    }
    for name, pattern in walk(get_resolver().url_patterns):
        room = name.partition(":")[0]
        parts = {
            key: about.get(room, demand.pk)
            if "int" in type(converter).__name__.lower()
            else "demands"
            for key, converter in pattern.pattern.converters.items()
        }
        try:
            yield reverse(name, kwargs=parts)
        except NoReverseMatch:
            continue
    for ledger in LEDGERS.values():
        for query in ("format=csv", "format=xlsx", "format=print", f"q={PLANTED}"):
            yield f"{ledger.url}?{query}"
    for key in ("demands", "telling", "businesses"):
        yield reverse("ledgers:peek", args=[key, demand.pk])
    yield f"/search/?q={PLANTED}"
    yield f"/search/?q={OUTCOME}"
    yield "/dashboard/figures.json"
    yield f"/visits/new/?business={demand.business_id}"
    yield f"/demands/new/?business={demand.business_id}"
    yield f"/demands/telling/texts/?ids={demand.pk}"
    yield f"/demands/telling/slips/?ids={demand.pk}"


def body_of(response):
    body = (
        b"".join(response.streaming_content) if response.streaming else response.content
    )
    if body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            body = b" ".join(archive.read(name) for name in archive.namelist())
    return body.decode(errors="replace")


@pytest.mark.parametrize("who", ["chief", "clerk"])
def test_no_page_export_search_or_answer_shows_a_word(
    client_of, answered, request, who
):
    """Not even to the handler: he reads on the one page that notes it, by POST."""
    client = client_of(request.getfixturevalue(who))
    client.raise_request_exception = True
    seen, leaks = 0, []
    for url in dict.fromkeys(addresses(answered)):
        if who == "clerk" and url.endswith(
            ("/tell/", "/answer/", "/withdraw/", "/mistake/")
        ):
            continue  # the handler's own steps; each notes that he read
        response = client.get(url, follow=False)
        text = body_of(response)
        typed = "q=" in url  # the search box says back what was typed
        seen += response.status_code == 200
        for word in (PLANTED, OUTCOME):
            if word in text.replace(f'value="{word}"', "").replace(
                f"q={word}", ""
            ) and (not typed or "店里的事" in text):
                leaks.append(url)
    assert leaks == []
    assert seen > 30


def test_everybody_sees_that_it_is_there_and_whose_it_is(client_of, leader, demand):
    page = client_of(leader).get("/demands/")
    assert "保密，clerk经办" in page.text
    assert page.context["total"] == 1
    detail = client_of(leader).get(demand.get_absolute_url()).text
    assert "clerk经办" in detail
    assert "看内容" not in detail


def test_the_handler_reads_and_each_time_is_noted(client_of, clerk, demand):
    client = client_of(clerk)
    assert "看内容（会留痕）" in client.get(demand.get_absolute_url()).text
    url = reverse("visits:demand_words", args=[demand.pk])
    for times in (1, 2):
        assert PLANTED in client.post(url).text
        assert Reading.objects.filter(by=clerk, field="words").count() == times


@pytest.mark.parametrize("who", ["staff", "chief", "secretary", "leader", "stranger"])
def test_nobody_else_reads(client_of, request, demand, who):
    user = request.getfixturevalue(who)
    url = reverse("visits:demand_words", args=[demand.pk])
    assert client_of(user).post(url).status_code in (403, 404)
    with pytest.raises(PermissionDenied):
        confidential.read_words(demand, by=user, at=NOON)
    assert not Reading.objects.exists()


@pytest.mark.parametrize("who", ["chief", "secretary"])
def test_nobody_else_takes_its_steps(demand, request, who):
    user = request.getfixturevalue(who)
    with pytest.raises(PermissionDenied):
        actions.answer(demand, words="好的", by=user, at=NOON)


def test_it_is_told_by_its_handler_alone(answered, clerk, chief):
    today = timezone.localdate()
    now = timezone.now()
    with pytest.raises(PermissionDenied):
        actions.tell(answered, how="phone", on=today, by=chief, at=now)
    assert actions.tell(answered, how="phone", on=today, by=clerk, at=now)


def test_it_goes_into_no_matter(demand, secretary):
    demand = confidential.hand_over(
        demand, handler=secretary, by=demand.handler, at=NOON
    )
    with pytest.raises(actions.Refused, match="不并入事项"):
        actions.join(demand, having=None, by=secretary, at=NOON)


def test_handed_over_the_old_handler_reads_no_more(client_of, demand, clerk, chief):
    url = reverse("visits:demand_hand_over", args=[demand.pk])
    assert client_of(clerk).post(url, {"handler": chief.pk}).status_code == 302
    demand.refresh_from_db()
    assert (demand.handler, demand.owed_by) == (chief, chief.display_name)
    with pytest.raises(PermissionDenied):
        confidential.read_words(demand, by=clerk, at=NOON)
    assert confidential.read_words(demand, by=chief, at=NOON)


def test_a_chief_names_another_handler_without_reading(client_of, demand, chief, grid):
    other = PostFactory(role=Role.PARTY_WORKER, grid=grid).user
    url = reverse("visits:demand_hand_over", args=[demand.pk])
    page = client_of(chief).get(url)
    assert PLANTED not in page.text
    assert client_of(chief).post(url, {"handler": other.pk}).status_code == 302
    demand.refresh_from_db()
    assert demand.handler == other


def test_a_handler_must_be_able_to_deal_with_it(shop, category, staff, clerk):
    with pytest.raises(actions.Refused, match="另选经办人"):
        actions.raise_demand(
            shop,
            category=category,
            words="店里的事",
            source="call",
            raised_on=timezone.localdate(),
            handler=staff,
            by=clerk,
            at=timezone.now(),
        )


def test_made_confidential_and_open_again(shop, clerk):
    demand = DemandFactory(business=shop, words=PLANTED)
    visit = VisitFactory(business=shop)
    Demand.objects.filter(pk=demand.pk).update(visit=visit)
    hidden = confidential.make_confidential(demand, handler=clerk, by=clerk, at=NOON)
    assert PLANTED not in f"{hidden.words}{hidden.search}"
    assert Secret.objects.get().words == PLANTED
    shown = confidential.make_open(hidden, by=clerk, at=NOON)
    assert shown.words == PLANTED
    assert PLANTED in shown.search
    assert not Secret.objects.exists()
    assert shown.owed_by != clerk.display_name


def test_the_entry_page_takes_one_with_its_handler(
    client_of, staff, clerk, shop, category
):
    said = {
        "source": "call",
        "category": category.pk,
        "words": PLANTED,
        "raised_on": timezone.localdate().isoformat(),
        "confidential": "on",
        "handler": clerk.pk,
    }
    url = f"{reverse('visits:demand_new')}?business={shop.pk}"
    client = client_of(staff)
    assert "要选一个经办人" in client.post(url, {**said, "handler": ""}).text
    assert client.post(url, said).status_code == 302
    assert client.post(url, said).status_code == 302  # pressed twice
    demand = Demand.objects.get()
    assert (demand.handler, demand.words) == (clerk, actions.HIDDEN_WORDS)
