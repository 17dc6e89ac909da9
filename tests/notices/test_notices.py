"""Notices: one a person and key, read by their own reader, counted at the bell."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from tests.factories import NOON
from tianshan.notices import notify, todo
from tianshan.notices.models import Notice
from tianshan.workdays.lights import Light

pytestmark = pytest.mark.django_db


def tell(users, key="measure-1-due", **changed):
    how = {"words": "措施明天到期：换垃圾桶", "url": "/measures/", "at": NOON}
    return notify(users, key=key, **(how | changed))


def test_a_notice_of_one_key_comes_once_to_each_person(staff, clerk):
    assert tell([staff]) == 1
    assert tell([staff, clerk, clerk]) == 1
    assert tell([staff, clerk]) == 0
    assert tell([staff], key="measure-1-late") == 1
    assert Notice.objects.count() == 3


def test_two_senders_at_once_leave_one(staff, monkeypatch):
    tell([staff])
    # The second sender looked before the first had written.
    monkeypatch.setattr(Notice.objects, "filter", lambda **how: Notice.objects.none())
    tell([staff])
    assert Notice.objects.count() == 1


def test_whose_account_is_closed_gets_none(staff):
    staff.is_active = False
    staff.save()
    assert tell([staff]) == 0


@pytest.mark.parametrize("url", ["https://example.com/", "//example.com/", ""])
def test_a_notice_leads_nowhere_else(staff, url):
    with pytest.raises(IntegrityError), transaction.atomic():
        tell([staff], url=url)


def test_the_bell_counts_what_is_unread(client_of, staff, clerk):
    client = client_of(staff)
    assert client.get("/notices/unread/").text.strip() == ""
    tell([staff, clerk])
    tell([staff], key="b")
    assert ">2<" in client.get("/notices/unread/").text
    client.get(Notice.objects.get(to=staff, key="b").get_absolute_url())
    assert ">1<" in client.get("/notices/unread/").text


def test_opening_a_notice_reads_it_and_leads_on(client_of, staff):
    tell([staff])
    notice = Notice.objects.get()
    client = client_of(staff)
    assert client.head(notice.get_absolute_url()).status_code == 302
    notice.refresh_from_db()
    assert notice.read_at is None
    answer = client.get(notice.get_absolute_url())
    assert answer.headers["Location"] == "/measures/"
    notice.refresh_from_db()
    assert notice.read_at


def test_anothers_notice_is_not_there(client_of, staff, clerk):
    tell([staff])
    client = client_of(clerk)
    assert client.get(Notice.objects.get().get_absolute_url()).status_code == 404
    assert "换垃圾桶" not in client.get("/notices/?show=all").text
    client.post("/notices/read/", {"up_to": Notice.objects.get().pk})
    assert Notice.objects.unread().count() == 1


def test_all_read_leaves_what_came_later(client_of, staff):
    tell([staff])
    shown = Notice.objects.get().pk
    tell([staff], key="later", words="措施已超期：换垃圾桶")
    client = client_of(staff)
    client.post("/notices/read/", {"up_to": shown})
    page = client.get("/notices/").text
    assert "已超期" in page
    assert "明天到期" not in page
    assert "明天到期" in client.get("/notices/?show=all").text
    assert client.post("/notices/read/", {"up_to": "x"}).status_code == 302


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_costs_the_same_for_any_number(
    client_of, staff, count, django_assert_num_queries, monkeypatch
):
    monkeypatch.setattr(todo, "SOURCES", {})
    for number in range(count):
        tell([staff], key=str(number))
    client = client_of(staff)
    with django_assert_num_queries(8):
        client.get("/notices/")


def test_what_waits_comes_from_the_rooms(client_of, staff, monkeypatch):
    monkeypatch.setattr(todo, "SOURCES", {})

    def read(user, day):
        light = Light("red", "红灯 超期 2 个工作日")
        rows = [
            todo.Todo(f"确认措施 {number}", "/measures/", light=light, note="城运中心")
            for number in range(10)
        ]
        return rows if user == staff else []

    todo.register(
        todo.Source("parts", "等您确认的措施", "checks", read, "issues:measure_list")
    )
    with pytest.raises(ValueError):
        todo.register(todo.Source("parts", "", "", read, ""))
    found = todo.todo_of(staff, dt.date(2026, 11, 2))
    assert [(source.key, len(rows), total) for source, rows, total in found] == [
        ("parts", todo.SHOWN, 10)
    ]
    page = client_of(staff).get("/notices/").text
    assert "看全部 10 项" in page
    assert "超期 2 个工作日" in page
    assert "确认措施 9" not in page


def test_nothing_to_do_says_so(client_of, clerk, monkeypatch):
    monkeypatch.setattr(todo, "SOURCES", {})
    assert "现在没有等您办的" in client_of(clerk).get("/notices/").text
