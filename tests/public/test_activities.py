"""Activities on the card, a sign-up's own link, and the poster at the door."""

import datetime as dt
import re

import pytest
from django.test import Client
from django.urls import reverse

from public.models import Attempt
from public.tokens import row_of, row_token
from services.models import Activity, Attendance, Feedback, Signup
from tests.factories import HOUR, NOON, ActivityFactory, SignupFactory

DAY = dt.timedelta(days=1)


@pytest.fixture
def now(monkeypatch):
    """`now(moment)`: what the clock says from here on."""

    def say(moment):
        monkeypatch.setattr("django.utils.timezone.now", lambda: moment)

    say(NOON)
    return say


@pytest.fixture
def tea(grid):
    return ActivityFactory(
        grid=grid, title="节令茶会", capacity=3, most_each=2, rule="严禁现场交易",
        rule_confirmed_at=NOON,
    )  # fmt: skip


@pytest.fixture
def page(now, printed, tea):
    return reverse("public:card_signup", args=[printed[1], tea.pk])


def send(page, **more):
    client = Client()
    key = client.get(page).context["key"]
    data = {"key": key, "title": "林女士", "phone": "13900001234", "persons": 2}
    return client.post(page, data | {"agreed": "on"} | more)


def test_a_shop_signs_up_by_its_card_and_gets_a_link(page, shop, tea, printed, client):
    listed = client.get(reverse("public:card_activities", args=[printed[1]])).text
    assert "节令茶会" in listed
    assert "严禁现场交易" in client.get(page).text

    answer = send(page)

    row = Signup.objects.get()
    assert (row.business, row.persons, row.by) == (shop, 2, None)
    assert (row.source, row.state) == ("card", "in")
    own = client.get(answer.url)
    assert "报上了，2 位" in own.text
    for secret in ("林女士", "13900001234", shop.contact_phone):
        assert secret not in own.text
    assert own.headers["Cache-Control"] == "no-store, private"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"agreed": ""}, "请先点一下同意"),
        ({"phone": "abc"}, "看着不对"),
        ({"persons": 3}, "每家最多 2 位"),
        ({"website": "x"}, "本来要空着"),
        ({"key": "forged"}, "页面开得太久了"),
    ],
)
def test_what_cannot_be_taken_is_said(page, more, said):
    assert said in send(page, **more).text
    assert not Signup.objects.exists()


def test_the_same_form_twice_is_one_signup(page):
    client = Client()
    data = {
        "key": client.get(page).context["key"],
        "title": "林女士",
        "phone": "13900001234",
        "persons": 1,
        "agreed": "on",
    }
    assert client.post(page, data).url == client.post(page, data).url
    assert Signup.objects.count() == 1


def test_a_shop_signs_up_once(page):
    send(page)
    assert "店里已经有人报过名了" in send(page).text


@pytest.mark.parametrize(
    "change",
    [
        {"state": "draft"},
        {"on_card": False},
        {"closes_at": NOON},
        {"starts": NOON - HOUR},
    ],
)
def test_what_is_not_open_does_not_exist(page, client, change):
    Activity.objects.update(**change)
    assert client.get(page).status_code == 404


def test_another_grids_activity_does_not_exist(printed, now, client, other_grid):
    other = ActivityFactory(grid=other_grid)
    url = reverse("public:card_signup", args=[printed[1], other.pk])
    assert client.get(url).status_code == 404


def test_whoever_waits_confirms_by_the_link_within_the_time(page, tea, now):
    first = SignupFactory(activity=tea, persons=2, number=50)
    link = send(page).url
    client = Client()
    assert "候补中" in client.get(link).text
    step = f"{link}step/"
    Signup.objects.filter(pk=first.pk).update(state="withdrawn")
    Signup.objects.filter(source="card").update(
        state="offered", offer_until=NOON + HOUR
    )
    assert "轮到您了" in client.get(link).text
    client.post(step, {"step": "accept"})
    assert "报上了" in client.get(link).text
    client.post(step, {"step": "withdraw"})
    assert "报名已取消" in client.get(link).text


def test_too_late_is_too_late(page, tea, now):
    link = send(page).url
    Signup.objects.update(state="offered", offer_until=NOON + HOUR)
    now(NOON + HOUR)
    client = Client()
    assert "过时没有确认" in client.get(link).text
    assert client.post(f"{link}step/", {"step": "accept"}).status_code == 422
    assert Signup.objects.get().state == "lapsed"


def test_a_forged_link_opens_nothing(page, tea, now):
    row = SignupFactory(activity=tea)
    good = row_token("signup", row.pk)
    other = row_token("signup", row.pk + 1)
    for token in (f"{row.pk}-x", other, good.replace(str(row.pk), "9", 1), "一", "1"):
        url = reverse("public:signup", args=[token])
        assert Client().get(url).status_code == 404
    assert row_of("poster", good) is None


# --- the poster --------------------------------------------------------------------------


@pytest.fixture
def poster(tea, now):
    return reverse("public:poster", args=[row_token("poster", tea.pk)])


def check_in(poster, **more):
    client = Client()
    data = {"key": client.get(poster).context["key"], "title": "王先生", "persons": 1}
    return client.post(poster, data | more)


def test_the_poster_lets_in_during_the_activity_alone(poster, tea, now):
    for moment in (tea.starts - HOUR, tea.ends + HOUR):
        now(moment)
        assert "现在不是签到的时间" in check_in(poster).text
    now(tea.starts - 0.5 * HOUR)
    answer = check_in(poster, employer="暖新巢")
    assert "签到好了" in Client().get(answer.url).text
    row = Attendance.objects.get()
    assert (row.how, row.employer, row.by) == ("poster", "暖新巢", None)


def test_who_signed_up_is_found_by_the_employer_and_counted_once(
    poster, tea, shop, now
):
    row = SignupFactory(activity=tea, business=shop, persons=2)
    now(tea.starts)
    check_in(poster, employer=shop.name, persons=2)
    check_in(poster, employer=shop.name, persons=2)
    came = Attendance.objects.get()
    assert (came.signup, came.business, came.persons) == (row, shop, 2)


def test_the_same_form_twice_counts_once(poster, tea, now):
    now(tea.starts)
    client = Client()
    data = {"key": client.get(poster).context["key"], "title": "王先生", "persons": 1}
    client.post(poster, data)
    client.post(poster, data)
    assert Attendance.objects.count() == 1


def test_whoever_came_says_how_it_was(poster, tea, now):
    assert "说说这次活动" not in Client().get(poster).text
    now(tea.starts)
    client = Client()
    key = client.get(poster).context["key"]
    answer = client.post(f"{poster}feedback/", {"key": key, "verdict": "good"})
    assert "谢谢您的评价" in client.get(answer.url).text
    assert Feedback.objects.get().by is None


def test_a_cancelled_activity_has_no_poster(poster, tea, now):
    Activity.objects.update(state="cancelled", cancelled_at=NOON, cancelled_why="下雨")
    assert Client().get(poster).status_code == 404


def test_the_poster_of_a_cancelled_activity_says_so_to_all_who_scan_it(
    poster, tea, now
):
    Activity.objects.update(state="cancelled", cancelled_at=NOON, cancelled_why="下雨")
    assert "取消了" in Client().get(poster).text
    assert "下雨" in Client().get(poster).text
    # A hall full of people behind one address: nobody has tried a wrong link.
    assert not Attempt.objects.filter(kind=Attempt.Kind.GUESS).exists()
    assert not Attendance.objects.exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"closes_at": NOON}, "的报名已经截止了"),
        (
            {"state": "cancelled", "cancelled_at": NOON, "cancelled_why": "下雨"},
            "取消了",
        ),
    ],
)
def test_who_had_it_open_when_it_closed_hears_so_and_sees_what_is(
    page, tea, change, said, grid
):
    other = ActivityFactory(grid=grid, title="夏至茶会")
    client = Client()
    data = {"key": client.get(page).context["key"], "title": "林女士", "persons": 1}
    data |= {"phone": "13900001234", "agreed": "on"}
    Activity.objects.filter(pk=tea.pk).update(**change)
    answer = client.post(page, data)
    assert answer.status_code == 404
    assert said in answer.text
    assert other.title in answer.text
    assert not Signup.objects.exists()


def test_who_holds_it_prints_the_poster(poster, tea, client_of, staff, leader):
    url = reverse("public:poster_print", args=[tea.pk])
    page = client_of(staff).get(url)
    assert "扫码签到" in page.text
    assert re.search(r"<svg class=\"qr\"", page.text)
    assert client_of(leader).get(url).status_code == 403
