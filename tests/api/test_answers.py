"""What the API answers: the rows, cells and numbers of the pages, as it describes."""

import csv
import io
from types import SimpleNamespace

import jsonschema
import pytest
from django.db import OperationalError
from django.test import RequestFactory
from django.urls import reverse
from openapi_spec_validator import validate

from dashboard import wide
from dashboard.api import ledgers as as_json
from dashboard.api import tokens
from dashboard.models import StoredPage
from tests import factories as make
from tests.api.conftest import TODAY, give
from tests.dashboard.test_map import outline
from tests.factories import NOON
from tianshan.ledgers import FIGURES, LEDGERS, Figure
from tianshan.ledgers.ledger import said

pytestmark = pytest.mark.django_db


@pytest.fixture
def opened(world, ask):
    """`(token, get)`: all that the street's leader may put into a token."""
    _, token = give(world.leader, world.street)

    def get(path, query=None, status=200):
        answer = ask(token, path, query)
        assert answer.status_code == status, answer.text
        return answer.json()

    return get


@pytest.fixture
def valid(opened):
    """`valid(name, body)`: as the description's schema of that name has it."""
    document = opened("openapi.json")
    validate(document)

    def check(name, body):
        schema = {"$ref": f"#/components/schemas/{name}"}
        jsonschema.Draft202012Validator(
            schema | {"components": document["components"]},
            format_checker=jsonschema.FormatChecker(),
        ).validate(body)

    check.document = document
    return check


def every_ledger(leader):
    return [key for key in LEDGERS if key in tokens.scopes_for(leader)]


def export(client, ledger, query):
    """The list's own export, `{column: text}` of each row."""
    answer = client.get(ledger.url, query | {"format": "csv"})
    lines = io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))
    return list(csv.reader(lines))


def test_rows_and_cells_are_those_of_the_list(opened, valid, world, client_of):
    browser, rows = client_of(world.leader), 0
    for key in every_ledger(world.leader):
        ledger = LEDGERS[key]
        page = browser.get(ledger.url, {"size": 200})
        body = opened(f"ledgers/{key}", {"size": 200})
        valid(f"ledger_{key}", body)
        assert f'data-total="{body["total"]}"' in page.text, key
        assert len(body["rows"]) == min(body["total"], 200)
        columns = as_json.columns_of(ledger, world.leader)
        shown = [column for column in columns if not column.extra]
        assert [column["key"] for column in body["columns"]] == [c.key for c in shown]
        listed = ledger.annotated(
            ledger.rows(world.leader), shown, user=world.leader, day=TODAY
        )
        for row, told in zip(listed, body["rows"], strict=True):
            assert told["id"] == row.pk
            assert told["cells"] == {c.key: as_json.plain(c.value(row)) for c in shown}
            rows += 1
    assert rows > 100


def test_cells_are_those_of_the_export(opened, world, client_of):
    """Against the file that the page gives: written by other code."""
    for key in (
        "merchants",
        "businesses",
        "visits",
        "demands",
        "measures",
        "buildings",
    ):
        ledger = LEDGERS[key]
        body = opened(f"ledgers/{key}", {"size": 500})
        labels = {c.label: c.key for c in ledger.columns}
        heading, *lines = next(
            lines[place:]
            for lines in [export(client_of(world.leader), ledger, {})]
            for place, line in enumerate(lines)
            if len(line) > 3
        )
        keys = [labels.get(label) for label in heading]
        assert len(lines) >= body["total"] > 0
        for line, row in zip(lines, body["rows"], strict=False):
            for column, text in zip(keys, line, strict=True):
                cell = row["cells"].get(column)
                if cell is None or not text:
                    assert not text, (key, column)
                elif isinstance(cell, int | float) and not isinstance(cell, bool):
                    assert float(text) == cell, (key, column)
                elif isinstance(cell, str) and "T" in cell and "+08:00" in cell:
                    assert cell.replace("T", " ").startswith(text), (key, column)
                else:
                    assert text.lstrip("'") == str(said(cell)), (key, column)


def test_pages_together_are_the_whole(opened, world):
    whole = opened("ledgers/businesses", {"size": 500})
    assert whole["total"] > 20
    found, query = [], {"size": 7}
    while True:
        body = opened("ledgers/businesses", query)
        assert body["total"] == whole["total"]
        found += [row["id"] for row in body["rows"]]
        if body["next"] is None:
            break
        query["page"] = body["page"] + 1
        assert f"page={query['page']}" in body["next"]
        assert "size=7" in body["next"]
    assert found == [row["id"] for row in whole["rows"]]
    beyond = opened("ledgers/businesses", {"page": 99})
    assert (beyond["rows"], beyond["next"], beyond["total"]) == (
        [],
        None,
        whole["total"],
    )


@pytest.mark.parametrize(
    ("key", "query"),
    [
        ("businesses", {"state": "operating"}),
        ("businesses", {"mode": ["own", "joint"], "sort": "-name"}),
        ("businesses", {"mode": "none"}),
        ("demands", {"sort": "due"}),
        ("visits", {"visited_after": TODAY.replace(day=1).isoformat()}),
        ("businesses", {"on": (TODAY.replace(day=1)).isoformat()}),
    ],
)
def test_filters_and_order_are_those_of_the_list(key, query, opened, world, client_of):
    ledger = LEDGERS[key]
    known = as_json.filters_of(ledger, _request(world.leader))
    if not set(query) <= {*known, "sort", "on"}:
        pytest.fail(f"the ledger {key} has no {query}")
    body = opened(f"ledgers/{key}", query)
    page = client_of(world.leader).get(ledger.url, query | {"size": 200}).text
    assert f'data-total="{body["total"]}"' in page
    ids = [f'data-id="{row["id"]}"' for row in body["rows"]]
    places = [page.index(each) for each in ids]
    assert places == sorted(places)


def _request(user):
    request = RequestFactory().get("/")
    request.user = user
    return request


def test_figures_are_those_of_figures_json(opened, valid, world, client_of):
    for grid in (world.street, *world.grids):
        query = {
            "grid": grid.code,
            "start": TODAY.replace(month=1, day=1),
            "end": TODAY,
        }
        body = opened("figures", query)
        valid("Figures", body)
        page = client_of(world.leader).get(reverse("dashboard:figures_json"), query)
        theirs = page.json()
        assert body["scope"] == theirs["scope"]
        keys = ("key", "label", "value", "unit", "definition")
        assert [[f[k] for k in keys] for f in body["figures"]] == [
            [f[k] for k in keys] for f in theirs["figures"]
        ]
        assert sum(bool(figure["value"]) for figure in body["figures"]) > 20


def test_each_figure_has_as_many_rows_as_it_says(opened, ask, world):
    _, token = give(world.leader, world.street)
    counted = 0
    for figure in opened("figures")["figures"]:
        if figure["rows"] is None:
            continue
        body = ask(token, figure["rows"].partition("/api/v1/")[2]).json()
        is_sum = FIGURES[figure["key"]].adds
        assert body["sum" if is_sum else "total"] == figure["value"], figure["key"]
        counted += 1
    assert counted == sum(isinstance(figure, Figure) for figure in FIGURES.values())


@pytest.mark.parametrize("by", ["", "coverage", "visit", "demands"])
def test_the_map_is_geojson_with_the_maps_figures(by, opened, valid, world):
    building = world.buildings[0]
    building.longitude, building.latitude = "121.4045", "31.2125"
    building.save()
    outline(121.40, 31.21, grid=world.grids[0])
    body = opened("map.geojson", {"by": by} if by else {})
    valid("Map", body)
    kinds = [feature["properties"]["kind"] for feature in body["features"]]
    assert kinds.count("grid") == 1
    assert kinds.count("building") == len(world.buildings)
    placed = [f for f in body["features"] if f["properties"].get("id") == building.pk]
    assert placed[0]["geometry"] == {
        "type": "Point",
        "coordinates": [121.4045, 31.2125],
    }
    numbers = {f["key"]: f["value"] for f in opened("figures")["figures"]}
    for key in ("in_scope", "covered", "effective"):
        of_all = sum(
            feature["properties"]["figures"][key]
            for feature in body["features"]
            if feature["properties"]["kind"] == "building"
        )
        assert of_all == numbers[key]
    assert numbers["in_scope"] > 0


def test_the_description_names_all_that_the_token_opens(opened, valid, ask, world):
    paths = set(valid.document["paths"])
    index = opened("")
    valid("Index", index)
    urls = [each["url"] for each in (*index["ledgers"], *index["others"])]
    assert {url.partition("testserver")[2] for url in urls} < paths
    assert len(paths) == len(urls) + 2
    _, narrow = give(world.leader, world.grids[0], ["merchants"])
    document = ask(narrow, "openapi.json").json()
    validate(document)
    assert sorted(document["paths"]) == [
        "/api/v1/",
        "/api/v1/ledgers/merchants",
        "/api/v1/openapi.json",
    ]


def test_the_description_names_the_parameters_that_the_ledger_takes(
    valid, opened, world
):
    operation = valid.document["paths"]["/api/v1/ledgers/businesses"]["get"]
    names = {each["name"] for each in operation["parameters"]}
    assert {"q", "state", "mode", "building", "page", "size", "sort", "figure"} <= names
    for each in operation["parameters"]:
        if "enum" in each["schema"] and each["name"] != "figure":
            for value in each["schema"]["enum"]:
                opened("ledgers/businesses", {each["name"]: value})


BAD = [
    ("ledgers/merchants", {"page": "0"}, "page"),
    ("ledgers/merchants", {"page": "-1"}, "page"),
    ("ledgers/merchants", {"page": "二"}, "page"),
    ("ledgers/merchants", {"page": "9" * 30}, "page"),
    ("ledgers/merchants", {"page": "١"}, "page"),
    ("ledgers/merchants", {"size": "501"}, "size"),
    ("ledgers/merchants", {"size": "1.5"}, "size"),
    ("ledgers/merchants", {"sort": "nothing"}, "sort"),
    ("ledgers/merchants", {"columns": "name,nothing"}, "columns"),
    ("ledgers/merchants", {"colums": "name"}, "colums"),
    ("ledgers/merchants", {"building": "x"}, "building"),
    ("ledgers/merchants", {"building": "9" * 40}, "building"),
    ("ledgers/merchants", {"state": "nothing"}, "state"),
    ("ledgers/merchants", {"figure": "nothing"}, "figure"),
    ("ledgers/merchants", {"figure": "formal_coverage"}, "figure"),
    ("ledgers/merchants", {"start": "2026-01-01"}, "figure"),
    ("ledgers/merchants", {"on": "2026-02-30"}, None),
    ("ledgers/merchants", {"on": "2999-01-01"}, None),
    ("ledgers/merchants", {"ids": "1.x"}, "ids"),
    ("ledgers/merchants", {"ids": ".".join(map(str, range(1, 1100)))}, "ids"),
    ("ledgers/merchants", {"q": "19912345678"}, "q"),
    ("ledgers/merchants", {"format": "csv"}, "format"),
    ("ledgers/visits", {"on": "2026-01-01"}, "on"),
    ("figures", {"start": "gestern"}, None),
    ("figures", {"start": "2026-02-01", "end": "2026-01-01"}, None),
    ("figures", {"building": "1"}, "building"),
    ("figures", {"grid": "\x7f"}, None),
    ("map.geojson", {"by": "nothing"}, "by"),
    ("", {"page": "1"}, "page"),
    ("openapi.json", {"v": "1"}, "v"),
]


@pytest.mark.parametrize(("path", "query", "parameter"), BAD)
def test_a_bad_query_is_refused_in_words(path, query, parameter, ask, leader):
    _, token = give(leader, leader.posts_in_force[0].grid)
    answer = ask(token, path, query)
    assert answer.status_code == 400, answer.text
    body = answer.json()
    assert body.get("parameter") == parameter
    assert body["title"] == "请求不对"
    assert any("一" <= sign <= "鿿" for sign in body["detail"])


@pytest.mark.parametrize("path", ["nothing", "ledgers/nothing", "ledgers/cases", "v2/"])
def test_what_is_not_there_is_a_problem_too(path, ask, leader):
    _, token = give(leader, leader.posts_in_force[0].grid)
    answer = ask(token, path)
    assert answer.status_code in (403, 404)
    assert answer.json()["status"] == answer.status_code


def test_problems_are_as_described(valid, ask, world):
    _, token = give(world.leader, world.street, ["merchants"])
    for path, status in (
        ("figures", 403),
        ("nothing", 404),
        ("ledgers/merchants?page=0", 400),
    ):
        answer = ask(token, path)
        assert answer.status_code == status
        valid("Problem", answer.json())
    valid("Problem", ask("wrong", "").json())


def test_an_error_of_ours_is_a_problem_without_its_cause(
    ask, client, leader, monkeypatch
):
    _, token = give(leader, leader.posts_in_force[0].grid)
    monkeypatch.setattr(as_json, "answer", lambda *_: 1 / 0)
    client.raise_request_exception = False
    answer = ask(token, "ledgers/merchants")
    assert answer.status_code == 500
    assert "ZeroDivision" not in answer.text
    assert answer.json()["title"] == "服务器出错"


def test_a_database_that_is_away_is_a_problem_to_come_back_after(
    ask, client, leader, monkeypatch
):
    _, token = give(leader, leader.posts_in_force[0].grid)

    def away(*_):
        raise OperationalError("gone")

    client.raise_request_exception = False
    monkeypatch.setattr(as_json, "answer", away)
    answer = ask(token, "ledgers/merchants")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"


@pytest.mark.parametrize("path", ["figures", "map.geojson"])
def test_a_wide_scope_is_counted_by_the_worker_for_this_token_alone(
    path, ask, leader, grid, monkeypatch
):
    """As `dashboard.wide` does for pages; who may look no more has nothing counted."""
    whole = leader.posts_in_force[0].grid
    make.BusinessFactory(grid=grid)
    row, token = give(leader, whole)
    at_once = ask(token, path).json()

    waiting, count = [], wide.count.call
    jobs = SimpleNamespace(enqueue=lambda *asked: waiting.append(asked))
    monkeypatch.setattr(wide, "WIDE", 0)
    monkeypatch.setattr(wide, "count", jobs)
    first = ask(token, path)
    assert (first.status_code, first.headers["Retry-After"]) == (503, "5")
    assert "正在统计" in first.json()["detail"]
    count(*waiting.pop())
    assert ask(token, path).json() == at_once

    StoredPage.objects.all().delete()
    ask(token, path)
    tokens.revoke(row, by=leader, at=NOON)
    count(*waiting.pop())
    assert not StoredPage.objects.exists()


@pytest.mark.parametrize("count", [1, 3])
def test_a_ledger_costs_the_same_for_any_number_of_rows(
    count, ask, leader, grid, django_assert_num_queries
):
    make.BusinessFactory.create_batch(count, grid=grid)
    _, token = give(leader, grid)
    ask(token, "ledgers/businesses")
    with django_assert_num_queries(COST):
        ask(token, "ledgers/businesses")


COST = 6
