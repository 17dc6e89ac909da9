"""The list of a unit's parts, the page of one, and its steps by form."""

import datetime as dt
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from issues import fixing, parts
from issues.models import MeasurePart
from issues.models.part import State
from tests.factories import NOON, TODAY, UnitFactory, UnitOfficerFactory

pytestmark = pytest.mark.django_db
DUE = NOON.date().replace(day=29)


def jpeg():
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def helping(grid):
    office = UnitOfficerFactory(
        post__grid=grid, unit=UnitFactory(name="城运中心", grid=grid)
    )
    return office.post.user


@pytest.fixture
def part(proposed, decide, helping):
    unit = helping.posts.get().unit_offices.get().unit
    decide(proposed, supporting=[(unit, "接入巡查", DUE)])
    return MeasurePart.objects.get(lead=False)


def test_an_officer_lists_its_own_and_sees_the_partners(
    client_of, part, helping, officer
):
    page = client_of(helping).get("/measures/parts/")
    assert page.context["page"].paginator.count == 1
    assert "接入巡查" in page.text
    assert client_of(officer).get("/measures/parts/").text.count("data-id") == 1
    other = part.measure.parts.get(lead=True)
    assert client_of(helping).get(other.get_absolute_url()).status_code == 200


def test_whoever_has_no_part_in_it_finds_nothing(client_of, part, stranger, grid):
    outside = UnitOfficerFactory(post__grid=grid, unit=UnitFactory(grid=grid))
    for user in (stranger, outside.post.user):
        assert client_of(user).get(part.get_absolute_url()).status_code == 404


def test_names_of_askers_stay_out_of_a_units_pages(client_of, part, helping):
    client = client_of(helping)
    for url in (part.get_absolute_url(), part.measure.issue.get_absolute_url()):
        assert "春和茶行" not in client.get(url).text


def test_an_organisation_that_supports_sees_the_issue(
    client_of, part, sibling, secretary
):
    client = client_of(sibling)
    issue = part.measure.issue
    assert client.get(issue.get_absolute_url()).status_code == 404
    fixing.add_part(
        part.measure,
        holder=sibling.organization,
        content="劝导",
        due_on=DUE,
        by=secretary,
        at=NOON,
    )
    assert client.get(issue.get_absolute_url()).status_code == 200


def test_confirming_by_the_page(client_of, part, helping):
    client = client_of(helping)
    url = f"{part.get_absolute_url()}confirm/"
    page = client.get(part.get_absolute_url()).text
    assert url in page
    assert "refuse/" in page
    assert "pause/" not in page
    client.post(url)
    part.refresh_from_db()
    assert part.state == State.CONFIRMED
    assert "状态已变化" in client.get(url, follow=True).text


def test_the_clerk_says_how_the_unit_answered(client_of, part, clerk):
    client = client_of(clerk)
    url = f"{part.get_absolute_url()}confirm/"
    page = client.post(url)
    assert "城运中心怎么答复的" in page.text
    assert client.post(url, {"how": "phone"}).status_code == 302
    page = client.get(part.get_absolute_url()).text
    assert "（代城运中心，电话）" in page


def test_refused_shows_where_it_is_stuck(client_of, part, helping, secretary):
    client = client_of(helping)
    url = f"{part.get_absolute_url()}refuse/"
    assert "必" in client.post(url, {"reason": "不归我"}).text
    client.post(url, {"reason": "不归我", "instead": "市场监督所"})
    page = client_of(secretary).get(part.get_absolute_url()).text
    assert "城运中心退回了，等天山茶市临时党支部会议改派" in page
    assert "reassign/" in page


def test_a_measure_is_not_offered_as_done_over_an_unfinished_part(
    client_of, part, helping, officer, secretary
):
    client, measure = client_of(secretary), part.measure
    finish = f"/measures/{measure.pk}/finish/"
    lead = measure.parts.get(lead=True)
    pages = (measure.issue, measure.matter, lead)
    parts.confirm(part, by=helping, at=NOON)
    parts.confirm(lead, by=officer, at=NOON)
    for page in pages:
        text = client.get(page.get_absolute_url()).text
        assert finish not in text
        assert "城运中心的分工还没有完成，措施不能办结" in text

    parts.finish(part, result="已接入", by=helping, at=NOON)
    for page in pages:
        assert finish in client.get(page.get_absolute_url()).text


def test_a_report_with_a_photo(client_of, part, helping, secretary):
    parts.confirm(part, by=helping, at=NOON)
    client = client_of(helping)
    url = f"{part.get_absolute_url()}report/"
    bad = SimpleUploadedFile("a.jpg", b"<html>", "image/jpeg")
    assert "第 1 张" in client.post(url, {"words": "已装", "photos": bad}).text
    good = SimpleUploadedFile("a.jpg", jpeg(), "image/jpeg")
    assert client.post(url, {"words": "已装", "photos": good}).status_code == 302
    photo = part.log.last().photos.get()
    seen = client_of(secretary).get(f"/measures/parts/photos/{photo.pk}/?small=1")
    assert seen.status_code == 200
    assert seen.headers["Content-Type"] == "image/jpeg"


def test_the_reckoning_opens_with_its_days(client_of, part):
    page = client_of_reader(client_of, part)
    assert "逐日推算" in page
    assert "周末" in page
    between = [one for one in page.split("<li>") if "不计" in one]
    assert between


def client_of_reader(client_of, part):
    user = part.unit.officers.get().post.user
    return client_of(user).get(part.get_absolute_url()).text


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number(
    client_of, part, count, helping, secretary, django_assert_num_queries
):
    for _ in range(count - 1):
        fixing.add_part(
            part.measure,
            holder=part.unit,
            content="再查",
            due_on=TODAY + dt.timedelta(9),
            by=secretary,
            at=NOON,
        )
    client = client_of(helping)
    client.get("/measures/parts/")
    MeasurePart.objects.filter(pk=part.pk).update(content="接入巡查。")
    with django_assert_num_queries(6):
        client.get("/measures/parts/")
