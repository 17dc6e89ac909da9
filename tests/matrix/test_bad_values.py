"""Bad values on every form, filter and JSON body: no answer of ours breaks.

Forms are found on the pages that each account is shown. A seeded part runs with the
suite; `make prove-bad-values` fires all of it.
"""

import copy
import html.parser
import json
import os
import random
import time

import pytest
from django.test import Client

from tests.matrix.asking import body_of, in_a_cell, url_of
from tests.matrix.bad_values import BODIES, CLASSES, PAYLOAD
from tests.matrix.table import ACCOUNTS, LINES

SHOTS = int(os.environ.get("BAD_VALUES", "1500"))
SEED = int(os.environ.get("BAD_VALUES_SEED", "1"))
# Seconds an answer may take, if asked for: how long it takes says little on a busy machine.
SLOW = float(os.environ.get("BAD_VALUES_SECONDS", "inf"))
SHOOTERS = [
    account
    for account in ACCOUNTS
    if account.place in ("own", "street") and account.unit == 1
]
# What any page may be asked for beside its own filters.
QUERY = "q page sort columns figure grid start end format view period state ids size"
QUERY = QUERY.split()
JSON_DOORS = ("visits:record_sync", "visits:photo_upload", "services:door_sync")


class Forms(html.parser.HTMLParser):
    """The forms of a page: (method, address, {field: value})."""

    def __init__(self, address):
        super().__init__()
        self.address, self.found, self.field = address, [], None

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "form":
            action = given.get("action") or self.address
            method = (given.get("method") or "get").lower()
            self.found.append((method, action, {}))
        elif self.found and given.get("name"):
            fields = self.found[-1][2]
            if tag == "input" and given.get("type") in ("checkbox", "radio"):
                if "checked" in given or given["name"] not in fields:
                    fields[given["name"]] = given.get("value") or "on"
            elif tag == "input" and given.get("type") != "file":
                fields[given["name"]] = given.get("value") or ""
            elif tag in ("textarea", "select", "button"):
                fields.setdefault(given["name"], given.get("value") or "")
                self.field = given["name"] if tag == "select" else None
        elif tag == "option" and self.field and "selected" in given:
            self.found[-1][2][self.field] = given.get("value") or ""


def forms_of(client, url):
    answer = client.get(url)
    if answer.status_code != 200 or "html" not in answer.headers["Content-Type"]:
        return []
    page = Forms(url)
    page.feed(body_of(answer))
    return [
        form
        for form in page.found
        if form[1].startswith(("/", "?")) and "logout" not in form[1]
    ]


def targets(account, territories, chance):
    """Addresses of a seeded choice of what the account reaches."""
    reached = [
        line
        for line in LINES.values()
        if account.reaches(line, "own")
        and line.name not in ("account_logout", *JSON_DOORS)
    ]
    chance.shuffle(reached)
    for line in reached:
        yield line, url_of(line, territories["own"])


def shot_at(form, chance):
    """The form with one or two of its fields, or one that it has not, gone wrong."""
    method, action, fields = form
    data = dict(fields)
    names = list(fields) or ["x"]
    classes = []
    for _ in range(chance.choice([1, 1, 2])):
        name = chance.choice([*names, "__all__", "id", "state"])
        kind = chance.choice(list(CLASSES))
        data[name] = CLASSES[kind]
        classes.append((name, kind))
    return method, action, data, classes


def encoded(data):
    """As a browser would send it; what UTF-8 cannot hold goes as bytes of its own.

    In lists: of bytes by themselves Django's client makes a field of each.
    """
    return {
        name: [
            each.encode("utf-8", "surrogatepass")
            for each in (value if isinstance(value, list) else [value])
        ]
        for name, value in data.items()
    }


def fire(client, method, action, data):
    """One shot, and the page to which it leads."""
    cookies = copy.deepcopy(client.cookies)
    began = time.monotonic()

    def ask():
        if method == "post":
            answer = client.post(action, encoded(data))
        else:
            answer = client.get(action, encoded(data))
        texts = [body_of(answer)]
        status, kind = answer.status_code, answer.headers.get("Content-Type", "")
        where = answer.headers.get("Location", "")
        if status == 302 and where.startswith("/") and not where.startswith("//"):
            after = client.get(where)
            texts.append(body_of(after))
            status = max(status, after.status_code if after.status_code >= 500 else 0)
        return status, kind, where, texts

    (status, kind, where, texts), _ = in_a_cell(ask)
    client.cookies = cookies
    faults = []
    if status >= 500:
        faults.append(f"{status}")
    if "html" in kind and any(PAYLOAD in text for text in texts):
        faults.append("unescaped")
    if where.startswith(("//", "http://", "https://")):
        faults.append("leads away")
    if time.monotonic() - began > SLOW:
        faults.append("slow")
    return faults


@pytest.mark.parametrize("account", SHOOTERS, ids=str)
def test_no_value_breaks_a_form_or_a_filter(account, world, record_property):
    territories, clients = world
    client, chance = clients[account], random.Random(f"{SEED}{account}")
    budget, found, shots = SHOTS // len(SHOOTERS), [], 0
    each = max(8, budget // 60)
    for _, url in targets(account, territories, chance):
        if shots >= budget:
            break
        forms, _ = in_a_cell(lambda url=url: forms_of(client, url))
        queries = ("get", url, dict.fromkeys(QUERY, ""))
        for _ in range(each):
            form = chance.choice([*forms, queries] if forms else [queries])
            method, action, data, classes = shot_at(form, chance)
            if action.startswith("?"):
                action = url + action
            if form is queries:
                data = {name: data[name] for name, _ in classes}
            shots += 1
            if faults := fire(client, method, action, data):
                found.append((method, action, classes, faults))
    record_property("shots", shots)
    assert found == []
    assert shots >= 8


@pytest.mark.parametrize("name", JSON_DOORS)
@pytest.mark.parametrize("role", ["staff", "station"])
def test_no_body_breaks_an_address_that_reads_json(name, role, world):
    territories, clients = world
    account = next(a for a in SHOOTERS if a.role == role)
    client, chance = clients[account], random.Random(SEED)
    url = url_of(LINES[name], territories["own"])
    bodies = dict(BODIES)
    me = int(client.session["_auth_user_id"])
    for kind in ("visit", "demand", "door", None):
        for field in ("key", "business", "filled_at", "outcome", "words", "visited_on"):
            value = CLASSES[chance.choice(list(CLASSES))]
            body = {"author": me, "kind": kind, field: value}
            bodies[f"{kind} {field}"] = json.dumps(body).encode()
    found = []
    for what, body in bodies.items():
        answer, _ = in_a_cell(
            lambda body=body: client.post(url, body, content_type="application/json")
        )
        if answer.status_code >= 500:
            found.append((what, answer.status_code, body[:80]))
    assert found == []


@pytest.mark.parametrize("charset", ["utf-7", "gbk", "utf-16", "none-such"])
def test_no_character_set_breaks_a_form(charset, db):
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.get("/login/")
    answer = client.generic(
        "POST",
        "/login/",
        b"login=%ff%fe&password=x",
        content_type=f"application/x-www-form-urlencoded; charset={charset}",
    )
    assert answer.status_code in (400, 403)


def test_there_are_ninety_classes_and_a_page_that_does_not_escape_is_seen():
    assert len(CLASSES) >= 90
    page = Forms("/x/")
    page.feed(
        '<form method="post"><input name="a" value="1"><select name="b">'
        '<option value="2" selected></select></form>'
    )
    assert page.found == [("post", "/x/", {"a": "1", "b": "2"})]
