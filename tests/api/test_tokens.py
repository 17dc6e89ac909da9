"""A token: shown once, kept as a hash, bound to its grid, scopes, end and maker."""

import datetime as dt
import re

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.rights import Right, roles_with
from dashboard.api import doors, tokens
from dashboard.api.models import ApiToken
from grids.models import Post
from tests import factories as make
from tests.api.conftest import DAY, TODAY, give
from tests.factories import NOON
from tianshan.audit.models import Entry
from tianshan.ledgers import LEDGERS
from visits.actions import raise_demand
from visits.models import Demand

pytestmark = pytest.mark.django_db
ALL = ("", "openapi.json", "ledgers/merchants", "figures", "map.geojson")


@pytest.mark.parametrize("path", ALL)
def test_each_way_of_having_no_token_in_force_is_one_answer(path, ask, client, leader):
    street = leader.posts_in_force[0].grid
    row, token = give(leader, street)
    _, expired = give(leader, street, until=TODAY - DAY)
    _, last_day = give(leader, street, until=TODAY)
    assert ask(token, path).status_code == 200
    assert ask(last_day, path).status_code == 200
    tokens.revoke(row, by=leader, at=NOON)
    answers = [ask(each, path) for each in (token, expired, "x" * 43, "", "茶" * 9)]
    answers.append(ask(last_day, path, Authorization=f"Basic {last_day}"))
    answers.append(client.get(f"/api/v1/{path}"))
    answers.append(client.get(f"/api/v1/{path}?token={last_day}"))
    assert {answer.status_code for answer in answers} == {401}
    bodies = [answer.json() for answer in answers]
    assert len({body.pop("request_id") for body in bodies}) == len(bodies)
    assert all(body == bodies[0] for body in bodies)
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {
        'Bearer realm="tianshan"'
    }


def test_a_session_opens_nothing_and_is_left_alone(client_of, leader):
    browser = client_of(leader)
    before = dict(browser.cookies)
    with CaptureQueriesContext(connection) as asked:
        answer = browser.get("/api/v1/figures")
    assert not [each for each in asked if "django_session" in each["sql"]]
    assert answer.status_code == 401
    assert not answer.cookies
    assert dict(browser.cookies) == before


@pytest.mark.parametrize("path", ALL)
def test_nothing_can_be_sent(path, client, leader):
    _, token = give(leader, leader.posts_in_force[0].grid)
    for method in ("post", "put", "patch", "delete", "options"):
        send = getattr(client, method)
        answer = send(f"/api/v1/{path}", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 405
        assert answer.headers["Allow"] == "GET, HEAD"
        assert answer.json()["title"] == "只能读取"


def test_the_token_is_kept_as_a_hash_alone(leader):
    row, token = give(leader, leader.posts_in_force[0].grid)
    row.refresh_from_db()
    assert len(token) == 43
    assert token not in repr(vars(row))
    assert token not in repr(list(Entry.objects.values()))
    assert "token_hash" not in {
        field.name for field in row.events.model._meta.concrete_fields
    }


@pytest.mark.parametrize(
    ("scope", "path"),
    [
        ("merchants", "ledgers/merchants"),
        ("figures", "figures"),
        ("map", "map.geojson"),
    ],
)
def test_a_token_opens_its_scopes_and_no_other(scope, path, ask, leader):
    street = leader.posts_in_force[0].grid
    _, narrow = give(leader, street, [scope])
    _, others = give(leader, street, set(tokens.scopes_for(leader)) - {scope})
    assert ask(narrow, path).status_code == 200
    assert ask(others, path).status_code == 403
    paths = {"ledgers/merchants", "ledgers/visits", "figures", "map.geojson"}
    for other in paths - {path}:
        assert ask(narrow, other).status_code == 403
    assert ask(narrow, "ledgers/nothing").status_code == 404


def test_a_token_sees_its_grid_and_no_other(ask, leader, grid, other_grid):
    mine = make.BusinessFactory(grid=grid, name="云栖茶庄")
    theirs = make.BusinessFactory(grid=other_grid, name="隔壁茶庄")
    _, token = give(leader, grid)
    rows = ask(token, "ledgers/businesses").json()["rows"]
    assert [row["id"] for row in rows] == [mine.pk]
    asked = ask(token, "ledgers/businesses", {"ids": f"{mine.pk}.{theirs.pk}"})
    assert [row["id"] for row in asked.json()["rows"]] == [mine.pk]
    for path in ("figures", "map.geojson"):
        assert ask(token, path).json()["scope"]["grid"] == grid.code
        assert ask(token, path, {"grid": other_grid.code}).status_code == 404
        assert ask(token, path, {"grid": grid.parent.code}).status_code == 404


def test_it_ends_with_the_post_of_its_maker(ask, leader, grid):
    _, token = give(leader, grid)
    assert ask(token, "").status_code == 200
    Post.objects.filter(user=leader).update(until=TODAY)
    assert ask(token, "").status_code == 401


def test_it_ends_with_the_account_of_its_maker(ask, leader, grid):
    _, token = give(leader, grid)
    leader.is_active = False
    leader.save()
    assert ask(token, "").status_code == 401


def test_what_is_its_makers_own_is_not_its(ask, clerk, grid):
    """A confidential demand shows its words to who handles it, never to a system."""
    shop = make.BusinessFactory(grid=grid, contact_phone="19912345678")
    raise_demand(
        shop,
        category=make.CategoryFactory(),
        words="不想让人知道的事",
        source=Demand.Source.CALL,
        raised_on=TODAY,
        said_by="沈女士",
        handler=clerk,
        by=clerk,
        at=NOON,
    )
    _, token = give(clerk, grid)
    for key in ("demands", "businesses", "merchants", "enterprises"):
        body = ask(token, f"ledgers/{key}").text
        assert "不想让人知道的事" not in body
        assert "19912345678" not in body
    assert "199****5678" in ask(token, "ledgers/businesses").text


def test_columns_that_need_a_right_of_their_own_are_left_out(ask, leader, grid):
    restricted = [
        (ledger.key, column.key)
        for ledger in LEDGERS.values()
        for column in ledger.columns
        if column.right and leader.may(column.right) and ledger.opens_to(leader)
    ]
    assert restricted
    _, token = give(leader, grid)
    for ledger, column in restricted:
        answer = ask(token, f"ledgers/{ledger}", {"columns": column})
        assert answer.status_code == 400
        assert answer.json()["parameter"] == "columns"


def test_use_is_noted_to_the_minute(ask, leader, grid, monkeypatch):
    row, token = give(leader, grid)
    for seconds, noted in ((20, 0), (50, 0), (90, 1), (110, 1), (200, 3)):
        at = NOON + dt.timedelta(seconds=seconds)
        monkeypatch.setattr("django.utils.timezone.now", lambda at=at: at)
        assert ask(token, "").status_code == 200
        row.refresh_from_db()
        assert row.used_at == NOON + dt.timedelta(minutes=noted)


def test_too_many_calls_wait_and_others_do_not(ask, leader, grid, monkeypatch):
    monkeypatch.setitem(doors.RATES, "call", "3/m/key")
    _, token = give(leader, grid)
    _, other = give(leader, grid)
    assert [ask(token, "").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = ask(token, "")
    assert refused.headers["Retry-After"] == "60"
    assert "Retry-After" in refused.json()["detail"]
    assert ask(other, "").status_code == 200


def test_guessing_is_slowed_and_a_right_token_is_not(ask, leader, grid, monkeypatch):
    monkeypatch.setitem(doors.RATES, "wrong", "3/h/ip")
    _, token = give(leader, grid)
    statuses = [ask(f"wrong-{n}", "").status_code for n in range(4)]
    assert statuses == [401, 401, 401, 429]
    assert ask(token, "").status_code == 200


def test_each_act_is_recorded(ask, leader, grid):
    row, token = give(leader, grid, ["merchants", "figures"])
    make.BusinessFactory(grid=grid, kind="merchant")
    ask(token, "ledgers/merchants", {"sort": "name", "size": 5})
    ask(token, "ledgers/merchants", {"sort": "nothing"})
    ask(token, "figures")
    tokens.revoke(row, by=leader, at=NOON)
    assert tokens.revoke(row, by=leader, at=NOON) is False
    given, read, revoked = Entry.objects.order_by("pk")
    assert given.verb == "api.token_given"
    assert given.data["fields"] == ["merchants", "figures"]
    assert (read.verb, read.subject_id, read.by) == ("api.ledger_read", row.pk, leader)
    assert read.data == {"ledger": "merchants", "rows": 1, "filters": ["sort"]}
    assert (revoked.verb, revoked.by) == ("api.token_revoked", leader)


# --- keeping tokens ------------------------------------------------------------------


def post(client, grid, **changed):
    form = {"label": "西大厅系统", "grid": grid.pk, "scopes": ["merchants", "figures"]}
    form["until"] = TODAY + DAY
    return client.post(reverse("dashboard:token_list"), form | changed)


def test_a_token_is_shown_once_and_opens_what_was_ticked(client_of, ask, clerk, grid):
    keeper = client_of(clerk)
    page = post(keeper, grid).text
    token = re.search(r'id="token"[^>]*>([\w-]{43})<', page)[1]
    assert f"Bearer {token}" in page
    opened = ask(token, "").json()
    assert [ledger["key"] for ledger in opened["ledgers"]] == ["merchants"]
    assert [other["key"] for other in opened["others"]] == ["figures"]
    again = keeper.get(reverse("dashboard:token_list")).text
    assert "西大厅系统" in again
    assert token not in again


@pytest.mark.parametrize(
    "changed",
    [
        {"until": TODAY - DAY},
        {"until": TODAY + 367 * DAY},
        {"scopes": []},
        {"scopes": ["cases"]},
        {"scopes": ["nothing"]},
        {"label": ""},
    ],
)
def test_a_form_that_asks_too_much_gives_nothing(changed, client_of, clerk, grid):
    assert post(client_of(clerk), grid, **changed).status_code == 400
    assert not ApiToken.objects.exists()


def test_nobody_gives_or_revokes_beyond_their_grids(
    client_of, clerk, staff, leader, other_grid, grid
):
    assert post(client_of(clerk), other_grid).status_code == 400
    with pytest.raises(PermissionDenied):
        give(clerk, other_grid)
    with pytest.raises(PermissionDenied):
        give(clerk, grid, ["cases"])
    row, _ = give(leader, other_grid)
    url = reverse("dashboard:token_revoke", args=[row.pk])
    assert client_of(clerk).post(url).status_code == 404
    assert client_of(staff).post(url).status_code == 403
    with pytest.raises(PermissionDenied):
        tokens.revoke(row, by=clerk, at=NOON)
    for name in ("token_list", "token_guide", "token_openapi"):
        assert client_of(staff).get(reverse(f"dashboard:{name}")).status_code == 403
    assert (
        "西大厅系统" not in client_of(clerk).get(reverse("dashboard:token_list")).text
    )


def test_another_keeper_of_the_grid_revokes(client_of, ask, clerk, leader, grid):
    row, token = give(leader, grid)
    answer = client_of(clerk).post(reverse("dashboard:token_revoke", args=[row.pk]))
    assert answer.status_code == 302
    assert ask(token, "").status_code == 401
    assert "已停用" in client_of(clerk).get(reverse("dashboard:token_list")).text


def test_no_keeper_puts_help_cases_or_accounts_into_a_token(street):
    for role in roles_with(Right.KEEP_TOKENS):
        may = tokens.scopes_for(make.PostFactory(role=role, grid=street).user)
        assert {"merchants", "figures", "map"} <= set(may)
        assert not {"cases", "accounts", "audit"} & set(may)


def test_the_guide_names_every_ledger_and_its_addresses(client_of, clerk):
    page = client_of(clerk).get(reverse("dashboard:token_guide")).text
    for key in set(tokens.scopes_for(clerk)) - set(tokens.OTHERS):
        assert f"/api/v1/ledgers/{key}<" in page
    for path in ("/api/v1/figures", "/api/v1/map.geojson", "/api/v1/openapi.json"):
        assert path in page
