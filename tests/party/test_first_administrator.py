"""How an office begins: one account, made on the server, and never a second one so."""

import datetime as dt

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from accounts.rights import Role
from grids.models import Grid, Post
from tests.factories import PostFactory
from tianshan.audit.models import Entry

pytestmark = pytest.mark.django_db
PASSWORD = "Shan-road-2026"
STREET = {"street": ["310105006", "天山路街道"], "live_on": dt.date(2027, 1, 4)}


@pytest.fixture
def terminal(monkeypatch):
    """`terminal(*typed)`: somebody sits there and types this."""

    def at(*typed):
        answers = iter(typed)
        monkeypatch.setattr("sys.stdin.isatty", lambda: True)
        monkeypatch.setattr("getpass.getpass", lambda *args: next(answers))

    return at


def run(name="first", **more):
    call_command("first_administrator", name, "王管理", **more)


def test_a_fresh_office_has_its_first_administrator(client, terminal, capsys):
    terminal(PASSWORD, PASSWORD)
    run(**STREET)
    user = User.objects.get()
    post = user.posts.get()
    assert (post.role, post.grid.name) == (Role.SECURITY_ADMIN, "天山路街道")
    assert user.password_is_first
    assert PASSWORD not in "".join(capsys.readouterr())
    lines = Entry.objects.order_by("pk").values_list("verb", "by")
    assert list(lines) == [("account.made", None), ("post.given", None)]
    client.post("/login/", {"login": "first", "password": PASSWORD})
    assert client.get("/accounts/").url == "/password/"
    new = {"oldpassword": PASSWORD, "password1": "Kong-jian-26"}
    client.post("/password/", new | {"password2": new["password1"]})
    assert client.get("/accounts/").status_code == 200


def test_there_is_no_second_one_as_long_as_there_is_one(street, terminal):
    terminal(PASSWORD, PASSWORD)
    PostFactory(role=Role.SECURITY_ADMIN, grid=street)
    with pytest.raises(CommandError, match="已经有安全管理员"):
        run()
    assert not User.objects.filter(username="first").exists()


def test_an_office_whose_last_one_is_disabled_gets_in_again(street, terminal):
    terminal(PASSWORD, PASSWORD)
    PostFactory(role=Role.SECURITY_ADMIN, grid=street, user__is_active=False)
    run()
    held = Post.objects.get(user__username="first")
    assert (held.grid, held.since) == (street, timezone.localdate())


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (("short1A", "short1A"), "至少"),
        (("Tianshan-2026", "Tianshan-2026"), "账号名"),
        ((PASSWORD, "Shan-road-2027"), "两次输的不一样"),
    ],
)
def test_a_password_that_the_rules_refuse_makes_nobody(terminal, typed, words):
    terminal(*typed)
    with pytest.raises(CommandError, match=words):
        run(**STREET)
    assert not User.objects.exists()
    assert not Grid.objects.exists()


def test_no_password_comes_from_elsewhere_than_a_terminal(monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    with pytest.raises(CommandError, match="终端"):
        run(**STREET)


def test_a_street_has_to_be_named_where_there_is_none(terminal):
    terminal(PASSWORD, PASSWORD)
    with pytest.raises(CommandError, match="还没有街道"):
        run()


def test_a_name_that_is_taken_or_unfit_is_refused(street, terminal):
    terminal(PASSWORD, PASSWORD)
    PostFactory(role=Role.AUDITOR, grid=street, user__username="first")
    with pytest.raises(CommandError, match="已经有了"):
        run("First")
    with pytest.raises(CommandError, match="英文字母"):
        run("王管理")
