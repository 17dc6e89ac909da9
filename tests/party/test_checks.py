"""The rules on organisations: each with an organisation that keeps and one that breaks it."""

import datetime as dt

import pytest
from django.urls import reverse

from enterprises.models import Coverage
from party.checks import CHECKS, Result
from party.models import PartyOrganization
from tests.factories import TODAY, BusinessFactory, CoverageFactory, OrganizationFactory

Kind = PartyOrganization.Kind
DAY = dt.timedelta(days=1)
pytestmark = pytest.mark.django_db


def results(organization, day=TODAY):
    return {found.check.key: found.result for found in CHECKS.of(organization, day)}


def result(key, kind, day=TODAY, **facts):
    return results(OrganizationFactory(kind=kind, **facts), day).get(key, Result.OTHER)


KNOWN = [
    # 批复
    ("approval", Kind.BRANCH, {}, Result.UNKNOWN),
    (
        "approval",
        Kind.BRANCH,
        {"approved_by": "社区党委", "approved_on": TODAY},
        Result.KEPT,
    ),
    ("approval", Kind.STREET_COMMITTEE, {}, Result.OTHER),
    # 正式党员 3 名以上
    ("few_members", Kind.BRANCH, {"members_full": 3}, Result.KEPT),
    ("few_members", Kind.BRANCH, {"members_full": 2}, Result.BROKEN),
    ("few_members", Kind.BRANCH, {"members_probationary": 4}, Result.BROKEN),
    ("few_members", Kind.BRANCH, {}, Result.UNKNOWN),
    ("few_members", Kind.JOINT_BRANCH, {"members_full": 2}, Result.OTHER),
    # 一般不超过 50 名
    ("many_members", Kind.BRANCH, {"members_full": 50}, Result.KEPT),
    (
        "many_members",
        Kind.BRANCH,
        {"members_full": 50, "members_probationary": 1},
        Result.BROKEN,
    ),
    ("many_members", Kind.BUILDING_COMMITTEE, {"members_full": 90}, Result.OTHER),
    # 7 名以上设支委会，3 至 5 名，不超过 7 名
    ("committee", Kind.BRANCH, {"members_full": 7, "committee_size": 3}, Result.KEPT),
    ("committee", Kind.BRANCH, {"members_full": 7, "committee_size": 7}, Result.KEPT),
    ("committee", Kind.BRANCH, {"members_full": 7, "committee_size": 8}, Result.BROKEN),
    ("committee", Kind.BRANCH, {"members_full": 7, "committee_size": 2}, Result.BROKEN),
    ("committee", Kind.BRANCH, {"members_full": 7}, Result.UNKNOWN),
    ("committee", Kind.BRANCH, {"members_full": 6}, Result.OTHER),
    # 不足 7 名设书记 1 名，副书记可有可无
    ("secretary", Kind.BRANCH, {"members_full": 6, "secretary": "书记"}, Result.KEPT),
    ("secretary", Kind.BRANCH, {"members_full": 6}, Result.UNKNOWN),
    (
        "secretary",
        Kind.BRANCH,
        {"members_full": 6, "secretary": "书记", "committee_size": 3},
        Result.BROKEN,
    ),
    ("secretary", Kind.BRANCH, {"members_full": 7}, Result.OTHER),
    # 任期
    ("term", Kind.BRANCH, {"term_ends_on": TODAY + 184 * DAY}, Result.KEPT),
    ("term", Kind.BRANCH, {"term_ends_on": TODAY + 183 * DAY}, Result.NEAR),
    ("term", Kind.BRANCH, {"term_ends_on": TODAY}, Result.NEAR),
    ("term", Kind.BRANCH, {"term_ends_on": TODAY - DAY}, Result.BROKEN),
    ("term", Kind.BRANCH, {}, Result.UNKNOWN),
    ("term", Kind.TEMPORARY_BRANCH, {"term_ends_on": TODAY - DAY}, Result.OTHER),
    # 临时党支部
    ("temporary", Kind.TEMPORARY_BRANCH, {"members_full": 4}, Result.KEPT),
    ("temporary", Kind.TEMPORARY_BRANCH, {"term_ends_on": TODAY}, Result.BROKEN),
    ("temporary", Kind.TEMPORARY_BRANCH, {"members_probationary": 1}, Result.BROKEN),
    ("temporary", Kind.BRANCH, {"members_probationary": 1}, Result.OTHER),
]


@pytest.mark.parametrize(("key", "kind", "facts", "expected"), KNOWN)
def test_each_rule_knows_who_keeps_it(key, kind, facts, expected):
    assert result(key, kind, **facts) == expected


def test_a_joint_branch_has_five_units_as_a_rule(grid):
    joint = OrganizationFactory(grid=grid, kind=Kind.JOINT_BRANCH)
    shops = BusinessFactory.create_batch(6, grid=grid)
    for shop in shops[:5]:
        CoverageFactory(business=shop, organization=joint, mode=Coverage.Mode.JOINT)
    assert results(joint)["joint_units"] == Result.KEPT
    sixth = CoverageFactory(
        business=shops[5], organization=joint, mode=Coverage.Mode.JOINT
    )
    assert results(joint)["joint_units"] == Result.BROKEN
    Coverage.objects.filter(pk=sixth.pk).update(until=TODAY)
    assert results(joint)["joint_units"] == Result.KEPT
    assert results(joint, TODAY - DAY)["joint_units"] == Result.BROKEN


def test_each_check_says_its_rule_its_source_and_why(grid):
    branch = OrganizationFactory(
        grid=grid, kind=Kind.BRANCH, members_full=2, term_ends_on=TODAY + 10 * DAY
    )
    found = {one.check.key: one for one in CHECKS.of(branch, TODAY)}
    few = found["few_members"]
    assert "支部工作条例" in few.check.source
    assert "3 名以上" in few.check.rule
    assert few.why == "正式党员 2 名，不足 3 名，可以改组联合党支部"
    assert found["term"].why.endswith("届满，还有 10 天")
    for one in found.values():
        assert one.why
        assert one.lamp in {"red", "yellow", "green", "none"}


@pytest.fixture
def some(grid):
    good = {
        "secretary": "书记",
        "approved_by": "社区党委",
        "approved_on": TODAY,
        "members_full": 4,
    }
    far = TODAY + dt.timedelta(days=400)

    def make(name, **facts):
        facts = {"grid": grid, "term_ends_on": far, **good, **facts}
        return OrganizationFactory(name=name, **facts)

    make("样样都好")
    make("人太少", members_full=2)
    make("快换届", term_ends_on=TODAY + DAY)
    make("过了期", term_ends_on=TODAY - DAY)
    make("没批复", approved_by="")
    make("撤了的", members_full=2, dissolved_on=TODAY - DAY)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("any", {"人太少", "快换届", "过了期"}),
        ("few_members", {"人太少"}),
        ("term", {"过了期"}),
        ("term-near", {"快换届"}),
        ("unknown", {"没批复"}),
    ],
)
def test_the_ledger_lists_who_is_to_be_looked_at(
    some, clerk, client_of, monkeypatch, value, names
):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *_: TODAY)
    url = reverse("party:organization_list")
    page = client_of(clerk).get(url, {"check": value}).content.decode()
    assert f'data-total="{len(names)}"' in page
    for name in ("样样都好", "人太少", "快换届", "过了期", "没批复", "撤了的"):
        assert (name in page) is (name in names)
