"""The wall: totals of one grid by a link, equal to figures.json, until it is revoked."""

import datetime as dt
import re

import pytest
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from accounts.rights import Role
from dashboard import wall as walls
from dashboard.models import WallLink
from tests import factories as make
from tests.dashboard.world import TODAY, a_random_world
from tests.factories import NOON
from tianshan.audit.models import Entry
from tianshan.ledgers.figures import FEWEST

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
SHOWN = re.compile(r'data-figure="(\w+)">([\d,.]+)')


@pytest.fixture(autouse=True)
def nobody_guessed():
    cache.clear()


def give(by, grid, period="all", until=TODAY + 90 * DAY, at=NOON):
    return walls.give(label="西墙", grid=grid, period=period, until=until, by=by, at=at)


def look(client, token):
    return client.get(reverse("dashboard:wall"), {"token": token})


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("period", "start"), [("all", None), ("month", 1)])
def test_its_numbers_are_those_of_figures_json(seed, period, start, client_of, client):
    world = a_random_world(seed, businesses=40)
    leader = world.user(Role.STREET_LEADER)
    for grid in (world.street, *world.grids):
        _, token = give(leader, grid, period)
        page = look(client, token).text
        first = TODAY.replace(day=1) if start else grid.live_on
        query = {"grid": grid.code, "start": first, "end": TODAY}
        answer = client_of(leader).get(reverse("dashboard:figures_json"), query).json()
        said = {f["key"]: f["value"] for f in answer["figures"]}
        shown = SHOWN.findall(page)
        assert len(shown) > 30
        for key, number in shown:
            assert float(number.replace(",", "")) == said[key], key
        assert f"{first.year}年{first.month}月{first.day}日至" in page
        assert grid.name in page


def test_it_names_no_business_no_person_and_no_issue(client, leader, grid):
    shop = make.BusinessFactory(grid=grid, name="云栖茶庄", contact_name="沈女士")
    make.CoverageFactory(business=shop)
    make.DemandFactory(business=shop, words="搬运车堵门", raised_on=TODAY - 30 * DAY)
    make.MeasureFactory(
        matter__issue__body__grid=grid,
        matter__issue__title="错峰停车",
        content="调整清运时间",
        decided_on=TODAY - 20 * DAY,
        due_on=TODAY - 2 * DAY,
    )
    _, token = give(leader, grid)
    page = look(client, token).text
    assert '<b data-figure="issues_level_' in page
    for word in ("云栖茶庄", "沈女士", "搬运车", "错峰停车", "调整清运", "leader"):
        assert word not in page
    assert "<a " not in page, "nothing to open without an account"


@pytest.mark.parametrize(("businesses", "shown"), [(FEWEST - 1, False), (FEWEST, True)])
def test_a_share_of_a_few_is_not_shown(businesses, shown, client, leader, grid, tower):
    tower.longitude, tower.latitude = "121.4045", "31.2125"
    tower.save()
    make.BusinessFactory.create_batch(businesses, grid=grid, building=tower)
    _, token = give(leader, grid)
    page = look(client, token).text
    assert tower.name in page
    assert ("0%</tspan>" in page) == shown
    assert (f'<th scope="row">{tower.name}' in page) == shown


# --- the link ------------------------------------------------------------------------


def test_wrong_revoked_and_expired_links_are_one_answer(client, leader, grid):
    link, token = give(leader, grid)
    _, expired = give(leader, grid, until=TODAY - DAY)
    _, last_day = give(leader, grid, until=TODAY)
    assert look(client, token).status_code == 200
    assert look(client, last_day).status_code == 200
    walls.revoke(link, by=leader, at=NOON)
    answers = [look(client, each) for each in (token, expired, "x" * 32, "", "茶")]
    answers.append(client.get(reverse("dashboard:wall")))
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert "请向给链接的人要一个新的" in answers[0].text
    assert {answer.headers["Cache-Control"] for answer in answers} == {
        "no-store, private"
    }


def test_it_leaves_no_session_and_is_kept_by_nobody(client, leader, grid):
    _, token = give(leader, grid)
    answer = look(client, token)
    assert not answer.cookies
    assert not client.cookies
    assert answer.headers["Cache-Control"] == "no-store, private"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]


def test_the_token_is_kept_as_a_hash_alone(leader, grid):
    link, token = give(leader, grid)
    link.refresh_from_db()
    assert len(token) == 32
    assert token not in repr(vars(link))
    assert token not in repr(list(Entry.objects.values()))


def test_who_guesses_too_often_gets_nothing_not_even_a_right_one(client, leader, grid):
    _, token = give(leader, grid)
    for number in range(30):
        assert look(client, f"wrong-{number}").status_code == 404
    assert look(client, "wrong").status_code == 429
    assert look(client, token).status_code == 429
    other = look_from(client, token, "198.51.100.7")
    assert other.status_code == 200, "another house is not punished"


def look_from(client, token, address):
    return client.get(reverse("dashboard:wall"), {"token": token}, REMOTE_ADDR=address)


def test_looking_is_noted_to_ten_minutes(client, leader, grid, monkeypatch):
    link, token = give(leader, grid)
    for minutes, noted in ((0, 0), (5, 0), (11, 11)):
        at = NOON + dt.timedelta(minutes=minutes)
        monkeypatch.setattr("django.utils.timezone.now", lambda at=at: at)
        assert look(client, token).status_code == 200
        link.refresh_from_db()
        assert link.seen_at == NOON + dt.timedelta(minutes=noted)


# --- keeping links -------------------------------------------------------------------


def test_the_address_is_shown_once_and_opens_the_wall(client_of, client, chief, grid):
    keeper, url = client_of(chief), reverse("dashboard:wall_list")
    form = {"label": "西墙", "grid": grid.pk, "period": "month", "until": TODAY + DAY}
    page = keeper.post(url, form).text
    token = re.search(r"/wall/\?token=([\w-]+)", page)[1]
    assert look(client, token).status_code == 200
    assert [entry.verb for entry in Entry.objects.all()] == ["wall.link_given"]
    again = keeper.get(url).text
    assert "西墙" in again
    assert token not in again


def test_a_revoked_link_says_who_and_is_revoked_once(client_of, client, chief, grid):
    link, token = give(chief, grid)
    keeper = client_of(chief)
    url = reverse("dashboard:wall_revoke", args=[link.pk])
    for _ in range(2):
        assert keeper.post(url).status_code == 302
    assert look(client, token).status_code == 404
    verbs = [entry.verb for entry in Entry.objects.order_by("pk")]
    assert verbs == ["wall.link_given", "wall.link_revoked"]
    assert "已停用" in keeper.get(reverse("dashboard:wall_list")).text


@pytest.mark.parametrize("days", [-1, 367])
def test_a_link_ends_within_a_year(days, client_of, chief, grid):
    form = {"label": "西墙", "grid": grid.pk, "period": "all"}
    form["until"] = TODAY + days * DAY
    answer = client_of(chief).post(reverse("dashboard:wall_list"), form)
    assert answer.status_code == 400
    assert not WallLink.objects.exists()


def test_nobody_gives_or_revokes_a_link_beyond_their_grids(
    client_of, chief, staff, leader, other_grid, street
):
    for grid in (other_grid, street):
        with pytest.raises(PermissionDenied):
            give(chief, grid)
    link, _ = give(leader, other_grid)
    url = reverse("dashboard:wall_revoke", args=[link.pk])
    assert client_of(chief).post(url).status_code == 404
    assert client_of(staff).post(url).status_code == 403
    assert client_of(staff).get(reverse("dashboard:wall_list")).status_code == 403
    with pytest.raises(PermissionDenied):
        walls.revoke(link, by=chief, at=NOON)
    assert "西墙" not in client_of(chief).get(reverse("dashboard:wall_list")).text
