"""The auditor reads acts and readings in words; nobody else reads them."""

import ast
from pathlib import Path

import pytest
from django.conf import settings

from accounts.rights import Role
from tests.factories import NOON, BusinessFactory, PostFactory
from tianshan import audit
from tianshan.audit.verbs import VERBS

pytestmark = pytest.mark.django_db
ROOMS = (
    "accounts",
    "grids",
    "party",
    "enterprises",
    "visits",
    "issues",
    "cases",
    "dashboard",
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


def verbs_in_the_code():
    for folder in (*ROOMS, "tianshan"):
        for path in Path(settings.BASE_DIR, folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call) or not node.args:
                    continue
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                first = node.args[0]
                if name in {"record", "_note"} and isinstance(first, ast.Constant):
                    yield first.value


def test_every_act_has_a_name_in_words():
    assert set(verbs_in_the_code()) - set(VERBS) == set()
