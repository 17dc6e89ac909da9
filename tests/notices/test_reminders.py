"""Reminders: in working hours alone, once each, and to groups where one is named."""

import datetime as dt
import http.server
import json
import threading

import pytest
from django.core.management import call_command
from django.utils import timezone

from tianshan.notices import groups, reminders, tasks, todo
from tianshan.notices.models import Notice, Posting
from tianshan.notices.reminders import Reminder

pytestmark = pytest.mark.django_db
CODE = "310105006603"


@pytest.fixture(autouse=True)
def only_ours(monkeypatch):
    """What rooms say stands in their own tests."""
    monkeypatch.setattr(reminders, "READERS", [])
    monkeypatch.setattr(reminders, "LINES", [])
    monkeypatch.setattr(todo, "SOURCES", {})


def at(month, day, hour, minute=0):
    return dt.datetime(
        2026, month, day, hour, minute, tzinfo=timezone.localtime().tzinfo
    )


@pytest.mark.parametrize(
    ("moment", "allowed"),
    [
        (at(10, 15, 9), True),  # a Thursday
        (at(10, 15, 8, 59), False),
        (at(10, 15, 17, 59), True),
        (at(10, 15, 18), False),
        (at(10, 17, 10), False),  # a Saturday
        (at(10, 10, 10), True),  # a Saturday that is worked
        (at(10, 1, 10), False),  # National Day
    ],
)
def test_only_in_working_hours(moment, allowed):
    assert reminders.in_hours(moment) == allowed


@pytest.fixture
def clock(monkeypatch):
    """`clock(moment)`: what time it is for command and worker."""

    def set_to(moment):
        monkeypatch.setattr(timezone, "now", lambda: moment)

    return set_to


@pytest.mark.parametrize(
    ("moment", "next_one"),
    [
        (at(10, 15, 17, 59), at(10, 15, 17, 59)),
        (at(10, 15, 3), at(10, 15, 9)),
        (at(10, 15, 18), at(10, 16, 9)),
        (at(10, 16, 20), at(10, 19, 9)),  # a Friday evening
        (at(10, 9, 20), at(10, 10, 9)),  # before a Saturday that is worked
        (at(9, 30, 23), at(10, 8, 9)),  # before National Day
        (at(10, 3, 8), at(10, 8, 9)),
    ],
)
def test_the_next_moment_at_which_one_may_be_reminded(moment, next_one):
    assert reminders.next_in_hours(moment) == next_one


def test_what_moves_by_the_clock_moves_at_night_and_says_nothing(
    staff, clock, monkeypatch
):
    moved = []
    monkeypatch.setattr(reminders, "BEFORE", [moved.append])
    reminders.READERS.append(
        lambda day: [Reminder((staff,), "k", "迟了", "/measures/")]
    )
    clock(at(10, 17, 3))
    call_command("remind")
    assert moved == [at(10, 17, 3)]
    assert not Notice.objects.exists()


def test_the_command_says_it_once(staff, clock):
    reminders.READERS.append(
        lambda day: [
            Reminder((staff,), f"late-{day}", "分工已超期：清运", "/measures/")
        ]
    )
    clock(at(10, 15, 20))
    call_command("remind")
    assert not Notice.objects.exists()

    clock(at(10, 15, 10))
    call_command("remind")
    call_command("remind")
    assert [notice.words for notice in Notice.objects.all()] == ["分工已超期：清运"]


def test_the_worker_asks_the_clock_again(staff, clock):
    """Enqueued at 17:59 and taken up in the evening, it says nothing."""
    reminders.READERS.append(
        lambda day: [Reminder((staff,), "k", "迟了", "/measures/")]
    )
    clock(at(10, 15, 20))
    tasks.send_reminders.enqueue()
    assert not Notice.objects.exists()


def test_a_digest_a_day_for_whom_something_waits(staff, clerk, clock):
    def read(user, day):
        return [todo.Todo("一项", "/measures/")] * 2 if user == staff else []

    todo.register(
        todo.Source("a", "等您确认的分工", "checks", read, "issues:part_list")
    )
    for day in (15, 15, 16):
        clock(at(10, day, 9, 30))
        call_command("remind")
    words = [(notice.to, notice.words) for notice in Notice.objects.order_by("pk")]
    assert words == [(staff, "今天等您办：等您确认的分工 2 项")] * 2


# --- groups ---------------------------------------------------------------------------


class Group:
    """A group's web-hook on this machine: `answers` are given in turn."""

    def __init__(self):
        group = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                group.got.append(json.loads(body))
                answer = group.answers.pop(0)
                if answer == "silence":
                    group.let_go.wait(10)
                    return
                self.send_response(302 if answer == "elsewhere" else answer)
                if answer == "elsewhere":
                    self.send_header("Location", group.url + "other")
                self.end_headers()
                code = 0 if answer == 200 and not group.refuse else 93000
                self.wfile.write(json.dumps({"errcode": code}).encode())

            def log_message(self, *args):
                pass

        self.got, self.answers, self.refuse = [], [], False
        self.let_go = threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/send?key=secret-key"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.let_go.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def group(settings, monkeypatch):
    group = Group()
    settings.WECOM_WEBHOOKS = {CODE: group.url}
    monkeypatch.setattr(groups, "TIMEOUT", 0.5)
    reminders.LINES.append(lambda code, day: [f"超期 1 项（{code}）", "- 清运"])
    yield group
    group.close()


def test_a_group_is_told_once_a_day(group, clock):
    clock(at(10, 15, 10))
    group.answers = [200]
    call_command("remind")
    call_command("remind")
    assert group.got == [
        {"msgtype": "text", "text": {"content": f"超期 1 项（{CODE}）\n- 清运"}}
    ]
    assert Posting.objects.get().sent_at


@pytest.mark.parametrize("failure", [500, "silence", "elsewhere"])
def test_what_failed_is_tried_again_by_the_next_run(group, clock, failure, caplog):
    clock(at(10, 15, 10))
    group.answers = [failure, 200]
    call_command("remind")
    posting = Posting.objects.get()
    assert posting.sent_at is None
    assert posting.problem
    assert "secret-key" not in caplog.text + posting.problem
    call_command("remind")
    posting.refresh_from_db()
    assert (posting.tries, posting.problem) == (2, "")
    assert posting.sent_at


def test_it_gives_up_for_the_day(group, clock):
    clock(at(10, 15, 10))
    group.refuse, group.answers = True, [200] * 9
    for _ in range(8):
        call_command("remind")
    assert len(group.got) == Posting.MOST
    assert Posting.objects.get().problem == "errcode 93000"


def test_nothing_is_posted_where_no_group_is_named(settings, clock, staff):
    settings.WECOM_WEBHOOKS = {}
    reminders.LINES.append(lambda code, day: ["超期 1 项"])
    clock(at(10, 15, 10))
    call_command("remind")
    assert not Posting.objects.exists()


def test_a_long_list_is_cut_at_what_a_group_takes(group):
    group.answers = [200]
    groups.post(group.url, "超期" * 2000)
    assert len(group.got[0]["text"]["content"].encode()) <= groups.MOST
