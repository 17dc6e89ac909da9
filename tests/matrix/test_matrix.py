"""Who sees what: roles, addresses and territories, all against the table.

A part that a seed picks runs with the suite; `make prove-matrix` asks all of it.
"""

import os
import zlib

import pytest
from django.test import Client

from tests.matrix.asking import (
    body_of,
    in_a_cell,
    marks_in,
    rows_written,
    url_of,
)
from tests.matrix.table import ACCOUNTS, LINES, SHARED, Account
from tests.matrix.world import IDENTITY, MARKS, PHONES, TERRITORIES

SHARE = int(os.environ.get("MATRIX_SHARE", "24"))
SEED = int(os.environ.get("MATRIX_SEED", "0"))
# Addresses that end the session of whoever asks.
ENDS = {"account_logout"}
REFUSED = {401, 403, 404, 405}
# A look that leaves its trace: files that go out, and what a phone took along.
TRACES = {
    "accounts_signedin",
    "django_session",
    "audit_entry",
    "audit_change",
    "dashboard_routetaken",
    "audit_reading",
    "accounts_refusal",
}

# Of the ground, and of what serves everybody on it: open to each post in the subtree.
KNOWN_TO_ALL = [
    "网格",
    "大厦",
    "指导员",
    "荣誉",
    "阵地",
    "活动",
    "系列",
    "提供方",
    "会议室",
    "预订",
    "功能",
    "居委会",
]
SESSIONS = {"accounts_signedin", "django_session"}
# That it was refused is counted, and a line of the audit log.
REFUSED_ACT = {"accounts_refusal": 2, "audit_entry": 1}

# Twelve kinds of data: the words planted, the roles that may read them somewhere, and
# an address where one of them does.
CANARIES = {
    "names": (
        ["茶行"],
        "staff worker clerk branch building chief leader unit station",
        ("clerk", "enterprises:business_detail"),
    ),
    "phones": (list(PHONES.values()), "", None),
    "case content": (["帮办对象", "帮办内容", "弄堂"], "", None),
    "Party membership": (
        ["负责人"],
        "worker clerk branch building chief leader",
        ("clerk", "enterprises:official_edit"),
    ),
    "drafts": (
        ["草稿情况", "填报草稿"],
        "staff worker clerk branch building chief leader unit",
        ("clerk", "party:plan_detail"),
    ),
    "opinions": (
        ["单位意见"],
        "staff worker clerk branch building chief leader unit",
        ("branch", "issues:meeting_detail"),
    ),
    "confidential demand": (["保密诉求原话"], "", None),
    "notes": (
        ["商户备注", "手记", "走访备注"],
        "staff worker clerk branch building chief leader",
        ("clerk", "enterprises:business_detail"),
    ),
    "photo": (
        ["照片", "证据", "现场照片", "顾客照片"],
        "staff worker clerk branch building chief leader unit",
        ("staff", "visits:photo_picture"),
    ),
    "export": (["上报模板"], "clerk", ("clerk", "enterprises:template_list")),
    "audit": (["审计内容"], "auditor", None),
    # Where one stands in a file's column of phones: for who is to mend that row.
    "identity numbers": ([IDENTITY], "clerk", ("clerk", "enterprises:import_wrong")),
}


def asked(account, line, territory, method):
    """Is this cell of the part that runs?"""
    cell = f"{account} {line.name} {territory} {method}"
    return (zlib.crc32(cell.encode()) + SEED) % SHARE == 0


def cells(account, method):
    for line in LINES.values():
        if line.name not in ENDS:
            for territory in account.asks_in(line):
                if asked(account, line, territory, method):
                    yield line, territory


def whole_words(kind, words):
    if kind in ("phones", "identity numbers"):
        return words
    return [mark * 2 + word for mark in MARKS.values() for word in words]


def canaries_in(text, role):
    """The kinds of data in a text that are not for that role."""
    return [
        kind
        for kind, (words, roles, _) in CANARIES.items()
        if role not in roles.split()
        and any(word in text for word in whole_words(kind, words))
    ]


def strange_words(account, line, territory, text):
    """Territories whose words stand there, though the account has no business there."""
    known = set(account.reach)
    if line.kind.startswith("token:"):
        known |= {territory, "parent"}
    # What a grid above has serves those below: stations, activities, their names.
    known |= {"parent"}
    looks_for = "offer" in line.rights or line.name.endswith("/needs")
    if account.role == "unit" and account.place == "own" and looks_for:
        known |= {"own", "child"}  # may offer what is looked for there and below
    if account.place == "own":  # names of the ground that all posts there know
        for mark in (MARKS["own"], MARKS["child"]):
            for known_to_all in KNOWN_TO_ALL:
                text = text.replace(mark * 2 + known_to_all, "")
    return marks_in(text) - known


# --- looking -----------------------------------------------------------------------------


@pytest.mark.parametrize("account", ACCOUNTS, ids=str)
def test_nobody_sees_what_the_table_does_not_give_him(account, world, record_property):
    territories, clients = world
    client, faults, count = clients[account], [], 0
    for line, territory in cells(account, "GET"):
        url = url_of(line, territories[territory])
        answer, wrote = in_a_cell(lambda url=url: client.get(url))
        text, cell = body_of(answer), (line.name, territory, answer.status_code)
        count += 1
        if answer.status_code >= 500:
            faults.append((*cell, "broke"))
        if not account.reaches(line, territory) and answer.status_code not in REFUSED:
            faults.append((*cell, "opened"))
        if strange := strange_words(account, line, territory, text):
            faults.append((*cell, "words of", *strange))
        if not line.kind.startswith("token:"):
            faults += [(*cell, kind) for kind in canaries_in(text, account.role)]
        if set(wrote) - TRACES:
            faults.append((*cell, "wrote", wrote))
    record_property("cells", count)
    assert faults == []
    assert count > 0


# --- acting ------------------------------------------------------------------------------


@pytest.mark.parametrize("account", ACCOUNTS, ids=str)
def test_nobody_changes_what_the_table_does_not_give_him(
    account, world, record_property
):
    """An empty form, outside: refused, and no row of any table is written but the line
    that says so."""
    territories, clients = world
    client, faults, count = clients[account], [], 0
    for line, territory in cells(account, "POST"):
        url = url_of(line, territories[territory])
        answer, wrote = in_a_cell(lambda url=url: client.post(url))
        cell = (line.name, territory, answer.status_code)
        count += 1
        if answer.status_code >= 500:
            faults.append((*cell, "broke"))
        outside = not account.reaches(line, territory)
        if outside and answer.status_code not in REFUSED:
            faults.append((*cell, "taken"))
        noted = {table: wrote.pop(table, 0) for table in REFUSED_ACT}
        if outside and set(wrote) - SESSIONS:
            faults.append((*cell, "wrote", wrote))
        to_note = outside and "anyone" not in line.rights and "token" not in line.rights
        if to_note and answer.status_code in (403, 404) and noted != REFUSED_ACT:
            faults.append((*cell, "not noted", noted))
        if outside and answer.status_code not in (403, 404) and any(noted.values()):
            faults.append((*cell, "noted", noted))
    record_property("cells", count)
    assert faults == []
    assert count > 0


# --- forged requests -----------------------------------------------------------------------


def test_no_address_takes_a_post_without_its_token(world):
    """No token, a wrong one, and one from another site: for every address, by its clerk."""
    territories, clients = world
    clerk = next(a for a in ACCOUNTS if str(a) == "clerk-own")
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    browser.cookies = clients[clerk].cookies
    browser.get("/password/")
    variants = (
        {},
        {"HTTP_X_CSRFTOKEN": "x" * 64},
        {"HTTP_ORIGIN": "https://elsewhere.example", "HTTP_X_CSRFTOKEN": "x" * 64},
    )
    found = []
    for number, line in enumerate(LINES.values()):
        if line.name in ENDS or "token" in line.rights:  # no cookie opens those
            continue
        url = url_of(line, territories["own"])
        before = rows_written()
        for variant in variants if SHARE == 1 else [variants[number % 3]]:
            answer = browser.post(url, **variant)
            if answer.status_code != 403:
                found.append((line.name, answer.status_code, variant))
        if rows_written() != before:
            found.append((line.name, "wrote"))
    assert found == []


# --- the twins: what is there is found by whoever may ----------------------------------------


@pytest.mark.parametrize(
    "kind", [kind for kind, (_, _, where) in CANARIES.items() if where]
)
def test_each_canary_sings_for_whoever_may_hear_it(kind, world):
    territories, clients = world
    words, roles, (role, name) = CANARIES[kind]
    assert role in roles.split()
    account = Account(role, "own")
    answer = clients[account].get(url_of(LINES[name], territories["own"]))
    assert answer.status_code == 200
    assert any(word in body_of(answer) for word in whole_words(kind, words))


def test_a_look_at_a_template_without_sheets_writes_nothing(world):
    territories, clients = world
    url = url_of(LINES["enterprises:template_detail"], territories["own"])
    clerk = clients[Account("clerk", "own")]
    answer, wrote = in_a_cell(lambda: clerk.get(url))
    assert (answer.status_code, set(wrote) - TRACES) == (200, set())


@pytest.mark.parametrize(
    ("role", "place", "name", "territory"),
    [
        ("staff", "own", "enterprises:business_detail", "own"),
        ("staff", "own", "enterprises:business_detail", "child"),
        ("staff", "sibling", "enterprises:business_detail", "sibling"),
        ("leader", "street", "enterprises:business_detail", "sibling"),
        ("branch", "own", "visits:demand_detail", "own"),
        ("chief", "own", "issues:issue_detail", "own"),
        ("unit", "own", "issues:part_detail", "own"),
        ("station", "own", "services:order_detail", "own"),
        ("coordinator", "street", "cases:case_detail", "own"),
        ("clerk", "own", "enterprises:import_detail", "own"),
        ("clerk", "own", "dashboard:form_detail", "own"),
        ("leader", "street", "dashboard:report_detail", "own"),
        ("staff", "own", "services:activity_detail", "parent"),
    ],
)
def test_what_the_table_gives_is_there(role, place, name, territory, world):
    territories, clients = world
    account = Account(role, place)
    line = LINES[name]
    assert account.reaches(line, territory)
    assert clients[account].get(url_of(line, territories[territory])).status_code == 200


def test_every_kind_stands_in_every_territory(world):
    territories, _ = world
    kinds = {
        line.of
        for line in LINES.values()
        if line.of not in SHARED | {"-"} and not line.kind.startswith("token:")
    }
    for name in TERRITORIES:
        assert kinds <= set(territories[name].at)
    assert len(kinds) > 60
