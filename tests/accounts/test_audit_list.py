"""The auditor reads acts and readings in words; nobody else reads them."""

import ast
import csv
import datetime as dt
import io
from pathlib import Path

import pytest
from django.conf import settings

from accounts.rights import Role
from tests.factories import NOON, BusinessFactory, PostFactory
from tianshan import audit
from tianshan.audit.models import Entry, Seal
from tianshan.audit.verbs import KEYS, KINDS, VERBS

pytestmark = pytest.mark.django_db
ROOMS = (
    "accounts",
    "grids",
    "party",
    "enterprises",
    "visits",
    "issues",
    "services",
    "cases",
    "dashboard",
    "public",
)


@pytest.fixture
def auditor(grid):
    return PostFactory(role=Role.AUDITOR, grid=grid).user


def test_an_act_is_said_in_chinese_and_found_by_it(client_of, auditor, staff, grid):
    shop = BusinessFactory(grid=grid)
    audit.record("business.edited", shop, by=staff, at=NOON, fields=["note"])
    page = client_of(auditor).get("/audit/?q=改企业商户资料").text
    assert f"企业商户 {shop.pk}" in page
    assert "business.edited" not in page
    assert "没有符合的记录" in client_of(auditor).get("/audit/?q=上传台账").text


def test_the_days_asked_for_narrow_both_ledgers(client_of, auditor, staff, grid):
    shop = BusinessFactory(grid=grid)
    for days in (0, 1):
        at = NOON - dt.timedelta(days=days)
        audit.record("business.edited", shop, by=staff, at=at, fields=["note"])
        audit.read(shop, "contact_phone", by=staff, at=at, why="回电")
    client, day = client_of(auditor), f"{NOON:%Y-%m-%d}"
    for page in ("/audit/?q=改企业商户资料&", "/audit/readings/?"):
        for query, count in ((f"start={day}", 1), (f"end={day}", 2), ("", 2)):
            assert f'data-total="{count}"' in client.get(f"{page}{query}").text
        for query in ("start=1900-01-01", f"start={day}&end=2001-01-01", "end=x"):
            assert client.get(f"{page}{query}").status_code == 400


def test_lines_are_taken_as_a_file_which_is_noted(client_of, auditor, staff, grid):
    shop = BusinessFactory(grid=grid)
    audit.record("business.edited", shop, by=staff, at=NOON, reason="=1+1")
    day = f"{NOON:%Y-%m-%d}"
    answer = client_of(auditor).get(f"/audit/?format=csv&q=改企业商户资料&start={day}")
    lines = list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert [line[2:6] for line in lines] == [
        ["称呼", "动作", "对象", "内容"],
        [staff.display_name, "改企业商户资料", f"企业商户 {shop.pk}", "原因：=1+1"],
    ]
    taken = Entry.objects.get(verb="audit.exported")
    assert (taken.by, taken.data) == (auditor, {"start": day})
    assert client_of(staff).get("/audit/?format=csv").status_code == 403


def test_the_page_says_how_far_lines_are_sealed(client_of, auditor, staff):
    audit.record("account.signed_in", staff, by=staff, at=NOON)
    client = client_of(auditor)
    assert "还没有封存过" in client.get("/audit/").text
    seal = Seal.objects.create(
        ledger="entries", upto=0, lines=0, hash="a" * 64, at=NOON, next_upto=0
    )
    page = client.get("/audit/").text
    assert seal.hash[:16] in page
    assert f"之后 {Entry.objects.count()} 条未封存" in page


def test_readings_of_personal_data_are_listed_with_their_reason(
    client_of, auditor, staff, grid
):
    shop = BusinessFactory(grid=grid)
    audit.read(shop, "contact_phone", by=staff, at=NOON, why="商户来电，要回电")
    page = client_of(auditor).get("/audit/readings/").text
    assert "商户来电，要回电" in page
    assert "联系电话" in page


@pytest.mark.parametrize("address", ["/audit/", "/audit/readings/"])
def test_nobody_else_reads_them(address, client_of, leader, chief):
    for user in (leader, chief):
        assert client_of(user).get(address).status_code == 403


def records_in_the_code():
    """`(verb, keys of what it says beside)` of each line that the code writes."""
    for folder in (*ROOMS, "tianshan"):
        for path in Path(settings.BASE_DIR, folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call) or not node.args:
                    continue
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in {"record", "_note", "_record"}:
                    yield node.args[0], {each.arg for each in node.keywords}


def test_every_act_has_a_name_in_words():
    verbs = {
        verb.value
        for verb, _ in records_in_the_code()
        if isinstance(verb, ast.Constant)
    }
    assert len(verbs) > 200
    assert verbs - set(VERBS) == set()


def test_whatever_an_act_says_beside_has_a_name_in_words():
    keys = set().union(*(keys for _, keys in records_in_the_code()))
    assert len(keys) > 60
    assert keys - set(KEYS) - {None, "by", "at", "on_behalf_of"} == set()


def test_kinds_are_of_acts_that_there_are_and_none_is_of_two():
    verbs = [verb for _, verbs in KINDS.values() for verb in verbs]
    assert set(verbs) <= set(VERBS)
    assert len(verbs) == len(set(verbs))


def test_a_kind_narrows_the_log(client_of, auditor, staff):
    audit.record("account.signed_in", staff, by=staff, at=NOON)
    audit.record("account.disabled", staff, by=staff, at=NOON, reason="调离")
    client = client_of(auditor)
    for kind, count in (("signing_in", 1), ("accounts", 1), ("taken", 0), ("", 2)):
        assert f'data-total="{count}"' in client.get(f"/audit/?kind={kind}").text
    page = client.get("/audit/?kind=accounts").text
    assert '<option value="accounts" selected>账号和岗位</option>' in page


@pytest.mark.parametrize(
    ("verb", "data", "words"),
    [
        ("business.edited", {"fields": ["note", "contact_phone"]}, "备注、联系电话"),
        ("ledger.exported", {"ledger": "businesses"}, "台账：企业商户"),
        ("business.state_set", {"before": "operating"}, "原为：在营"),
        (
            "ledger.exported",
            {"ledger": "businesses", "filters": ["q", "sort"]},
            "筛选：搜索、排序",
        ),
        ("report.finished", {"sha256": ["a1b2", "c3d4"]}, "指纹：a1b2、c3d4"),
        ("trade.moved", {"up": True}, "上移：是"),
        ("case.assigned", {"helper": 7, "before": None}, "原为：无；帮办员：账号 7"),
        ("post.given", {"kind": "grid_staff"}, "类别：网格员"),
        ("extra_field.edited", {"changed": {"note": ["甲", "乙"]}}, "备注：甲 改为 乙"),
    ],
)
def test_names_of_the_code_are_said_as_the_pages_say_them(
    client_of, auditor, grid, verb, data, words
):
    audit.record(verb, BusinessFactory(grid=grid), by=auditor, at=NOON, **data)
    page = client_of(auditor).get("/audit/").text
    assert words in page
    answer = client_of(auditor).get("/audit/?format=csv")
    assert words in answer.getvalue().decode("utf-8-sig")


def test_what_an_act_says_beside_is_read_without_brackets(client_of, street):
    auditor = PostFactory(role=Role.AUDITOR, grid=street).user
    audit.record(
        "job.retried", auditor, by=auditor, at=NOON, fields=["甲", "乙"], job="12"
    )
    page = client_of(auditor).get("/audit/").text
    assert "重做后台任务" in page
    assert "项目：甲、乙" in page
    assert "任务编号：12" in page
