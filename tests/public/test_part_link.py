"""A unit without an account answers by the link of its part, and of that part alone."""

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from issues import parts
from issues.models import MeasurePart
from issues.models.part import State
from issues.taking import Refused
from public import part_links
from public.models import PartLink
from tests.factories import NOON, MeasureFactory, UnitFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def part(grid, chief):
    measure = MeasureFactory(matter__grid=grid, matter__issue__body__grid=grid)
    return parts.assign(
        measure,
        UnitFactory(name="城运中心", grid=grid),
        lead=False,
        content="接入巡查",
        due_on=measure.due_on,
        by=chief,
        at=NOON,
    )


@pytest.fixture
def token(part, clerk):
    return part_links.give(part, by=clerk, at=NOON)


@pytest.fixture
def url(token):
    return reverse("public:part", args=[token])


def now(part):
    part.refresh_from_db()
    return part.state


def test_the_page_says_what_is_asked_and_names_no_asker(client, url, part):
    page = client.get(url)
    assert "接入巡查" in page.text
    assert page.headers["Cache-Control"] == "no-store, private"
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"


def test_only_a_hash_is_kept(token):
    assert token not in str(PartLink.objects.values().get())


def test_confirming_and_reporting(client, url, part):
    assert client.post(url, {"step": "confirm"}).status_code == 302
    assert now(part) == State.CONFIRMED
    assert client.post(url, {"step": "report", "report-words": ""}).status_code == 422
    client.post(url, {"step": "report", "report-words": "已装探头"})
    act = part.log.last()
    assert (act.words, act.by, act.link) == (
        "已装探头",
        None,
        PartLink.objects.get().pk,
    )
    assert "已装探头" in client.get(url).text


def test_refusing_says_who_should(client, url, part):
    client.post(url, {"step": "refuse", "refuse-reason": "不归我"})
    assert now(part) == State.WAITING
    words = {"refuse-reason": "不归我", "refuse-instead": "市场监督所"}
    client.post(url, {"step": "refuse", **words})
    assert now(part) == State.REFUSED


@pytest.mark.parametrize("step", ["finish", "ask_extension", "pause", "excuse", "x"])
def test_nothing_else_is_done_by_it(client, url, part, step):
    assert client.post(url, {"step": step}).status_code == 200
    assert now(part) == State.WAITING


def test_whose_part_it_no_longer_is_acts_no_more(client, url, part, grid):
    part.log.all()
    parts.refuse(part, reason="不归我", instead="市容部门", by=None, link=1, at=NOON)
    parts.write(
        MeasurePart.objects.get(pk=part.pk),
        "reassign",
        at=NOON,
        taker={"by": part.measure.issue.raised_by, "for_whom": "", "how": "own"},
        unit=UnitFactory(name="市容部门", grid=grid),
    )
    assert client.post(url, {"step": "confirm"}).status_code == 422
    assert now(part) == State.WAITING
    assert "改由别的单位办" in client.get(url).text


def test_a_wrong_and_a_void_one_are_answered_alike(client, url, part, clerk):
    wrong = client.get(reverse("public:part", args=["x" * 32]))
    part_links.revoke_all(part, by=clerk, at=NOON)
    void = client.get(url)
    assert (wrong.status_code, void.status_code) == (404, 404)
    assert client.post(url, {"step": "confirm"}).status_code == 404


def test_a_link_is_void_by_those_who_give_it_and_ends_with_the_part(
    part, clerk, leader
):
    with pytest.raises(PermissionDenied):
        part_links.revoke_all(part, by=leader, at=NOON)
    parts.excuse(part, reason="会上定免办", by=clerk, at=NOON)
    with pytest.raises(Refused, match="不用再发链接"):
        part_links.give(part, by=clerk, at=NOON)


def test_too_many_forms_wait(client, url, part, monkeypatch):
    monkeypatch.setattr("public.limits.take", lambda *args, **kwargs: False)
    assert client.post(url, {"step": "confirm"}).status_code == 429
    assert now(part) == State.WAITING


def test_who_has_an_account_does_it_there(client_of, url, part, clerk):
    assert client_of(clerk).post(url, {"step": "confirm"}).status_code == 422
    assert now(part) == State.WAITING


@pytest.mark.parametrize(
    ("who", "status"), [("clerk", 200), ("chief", 404), ("staff", 403), ("leader", 403)]
)
def test_links_are_given_by_the_clerk_or_the_body(
    request, client_of, part, who, status
):
    """The chief chairs no body here: the measure is a branch's."""
    user = request.getfixturevalue(who)
    answer = client_of(user).post(reverse("public:part_link_give", args=[part.pk]))
    assert answer.status_code in (status, 403 if status == 404 else status)
    assert PartLink.objects.count() == (1 if status == 200 else 0)
