"""The official columns: filled in apart from the everyday form, shown in ledgers."""

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from accounts.rights import Role
from enterprises import merging, official, official_actions
from enterprises.ledgers import BUSINESSES
from enterprises.models import (
    Adviser,
    AdviserAssignment,
    Business,
    Coverage,
    OfficialFacts,
)
from tests.factories import (
    LIVE_ON,
    NOON,
    TODAY,
    BuildingFactory,
    BusinessFactory,
    CoverageFactory,
    OrganizationFactory,
    PostFactory,
)
from tianshan.audit.models import Entry, Reading


@pytest.fixture
def firm(grid):
    return BusinessFactory(grid=grid, name="恒华科技", kind=Business.Kind.ENTERPRISE)


def address(business):
    return reverse("enterprises:official_edit", args=[business.pk])


def seen_on(response):
    return response.content.decode().split('name="seen" value="')[1].split('"')[0]


def test_facts_are_kept_with_their_audit_line(client_of, clerk, firm):
    client = client_of(clerk)
    seen = seen_on(client.get(address(firm)))

    client.post(
        address(firm),
        {
            "seen": seen,
            "main_business": "软件开发",
            "principal_politics": "member",
            "has_union": "False",
            "members_full": "3",
            "members_probationary": "1",
        },
    )

    facts = OfficialFacts.objects.get(business=firm)
    assert (facts.main_business, facts.principal_politics) == ("软件开发", "member")
    assert (facts.has_union, facts.has_league) == (False, None)
    firm.refresh_from_db()
    assert firm.members_count == 4, "the sum, never typed twice"
    entry = Entry.objects.get(verb="business.official_edited")
    assert set(entry.data) == {"fields"}, "which facts, never what they say"
    assert "principal_politics" in entry.data["fields"]


def test_each_kind_is_asked_its_own(client_of, clerk, firm, grid):
    shop = BusinessFactory(grid=grid, kind=Business.Kind.MERCHANT)
    client = client_of(clerk)
    assert "缴租方式" in client.get(address(shop)).text
    assert "缴租方式" not in client.get(address(firm)).text
    OfficialFacts.objects.create(business=firm, rent_paid="yearly")
    assert "缴租方式" in client.get(address(firm)).text, "filled in already"


def test_who_may_not_see_members_neither_sees_nor_overwrites_them(
    client_of, staff, firm
):
    OfficialFacts.objects.create(
        business=firm, principal_politics="member", members_full=3
    )
    client = client_of(staff)
    page = client.get(address(firm))
    assert "政治面貌" not in page.text

    client.post(
        address(firm),
        {
            "seen": seen_on(page),
            "main_business": "软件",
            "principal_politics": "masses",
            "members_full": "",
        },
    )

    facts = OfficialFacts.objects.get(business=firm)
    assert facts.main_business == "软件"
    assert (facts.principal_politics, facts.members_full) == ("member", 3)


def test_showing_restricted_facts_is_logged(client_of, clerk, staff, firm):
    client_of(clerk).get(address(firm))
    assert not Reading.objects.exists(), "nothing to see yet"
    OfficialFacts.objects.create(business=firm, principal_politics="member")
    client_of(staff).get(address(firm))
    assert not Reading.objects.exists()
    client_of(clerk).get(address(firm))
    assert Reading.objects.get().by == clerk


def test_two_at_once_merge_and_a_clash_is_said(client_of, clerk, firm):
    OfficialFacts.objects.create(business=firm, main_business="软件", platform="甲")
    client = client_of(clerk)
    seen = seen_on(client.get(address(firm)))
    OfficialFacts.objects.update(main_business="硬件", platform="乙")

    mine = {"seen": seen, "main_business": "服务", "platform": "甲"}
    answer = client.post(address(firm), mine)

    assert answer.status_code == 409
    assert "现在是“硬件”，您填的是“服务”" in answer.text
    assert 'value="乙"' in answer.text, "untouched here: theirs stays"
    again = {"seen": seen_on(answer), "main_business": "服务", "platform": "乙"}
    client.post(address(firm), again)
    facts = OfficialFacts.objects.get()
    assert (facts.main_business, facts.platform) == ("服务", "乙")


def test_a_page_of_another_business_saves_nothing(client_of, clerk, firm, grid):
    other = BusinessFactory(grid=grid)
    client = client_of(clerk)
    seen = seen_on(client.get(address(other)))
    assert "页面放得太久" in client.post(address(firm), {"seen": seen}).text


def test_a_business_out_of_sight_is_not_there(client_of, stranger, firm):
    assert client_of(stranger).get(address(firm)).status_code == 404


def test_the_action_refuses_who_may_not_edit(leader, firm):
    with pytest.raises(PermissionDenied):
        official_actions.edit_official(
            firm, changes={"platform": "甲"}, seen={}, by=leader, at=NOON
        )


# --- in the ledgers ----------------------------------------------------------------


def cells(user, business, *keys):
    columns = [BUSINESSES.column(key) for key in keys]
    rows = BUSINESSES.annotated(
        BUSINESSES.rows(user), columns, user=user, day=TODAY
    ).filter(pk=business.pk)
    return [column.value(rows[0]) for column in columns]


def test_what_is_known_elsewhere_is_never_typed_twice(clerk, firm, grid):
    own = OrganizationFactory(
        grid=grid, name="恒华科技党支部", secretary="书记", establishment="631"
    )
    CoverageFactory(business=firm, organization=own, mode=Coverage.Mode.OWN)
    CoverageFactory(business=firm, mode=Coverage.Mode.REGIONAL)

    keys = ("has_organization", "organization", "secretary", "establishment")
    assert cells(clerk, firm, *keys) == [True, "恒华科技党支部", "书记", "党支部"]


def test_the_adviser_of_the_business_goes_before_that_of_its_building(clerk, grid):
    building = BuildingFactory(grid=grid)
    firm = BusinessFactory(grid=grid, building=building)
    titles = [
        Adviser.objects.create(
            title=title, employment="full", level="street", unit=unit, grid=grid
        )
        for title, unit in (("指导员甲", "街道"), ("指导员乙", "区"))
    ]
    assert cells(clerk, firm, "adviser", "adviser_unit") == ["", ""]
    AdviserAssignment.objects.create(
        adviser=titles[0], building=building, since=LIVE_ON
    )
    assert cells(clerk, firm, "adviser", "adviser_unit") == ["指导员甲", "街道"]
    AdviserAssignment.objects.create(adviser=titles[1], business=firm, since=LIVE_ON)
    assert cells(clerk, firm, "adviser", "adviser_unit") == ["指导员乙", "区"]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ((True, None, True), "工会、妇联"),
        ((False, False, False), "无"),
        ((None, False, False), ""),
    ],
)
def test_mass_organisations_stand_in_one_cell(clerk, firm, answers, said):
    union, league, women = answers
    OfficialFacts.objects.create(
        business=firm, has_union=union, has_league=league, has_women=women
    )
    assert cells(clerk, firm, "mass_groups") == [said]


def test_restricted_columns_are_for_those_who_hold_the_right(clerk, staff):
    def keys(user):
        return {column.key for column in BUSINESSES.columns_for(user)}

    assert {"principal_politics", "members_full"} <= keys(clerk)
    assert not OfficialFacts.RESTRICTED & keys(staff)
    assert "main_business" in keys(staff)


def test_each_official_column_can_be_read(clerk, grid, django_assert_num_queries):
    for _ in range(3):
        business = BusinessFactory(grid=grid)
        CoverageFactory(business=business)
    OfficialFacts.objects.create(business=business, main_business="茶叶")
    columns = official.columns()
    with django_assert_num_queries(1):
        rows = BUSINESSES.annotated(
            Business.objects.order_by("pk"), columns, user=clerk, day=TODAY
        )
        values = [[column.value(row) for column in columns] for row in rows]
    assert "茶叶" in values[-1]
    assert len({column.label for column in columns}) == len(columns)


def test_reading_restricted_columns_in_a_list_or_an_export_is_recorded(
    client_of, clerk, firm
):
    OfficialFacts.objects.create(business=firm, members_full=3)
    client = client_of(clerk)
    client.get("/enterprises/", {"columns": "name,main_business"})
    assert not Entry.objects.filter(verb="ledger.restricted_seen").exists()
    client.get("/enterprises/", {"columns": "name,members_full"})
    seen = Entry.objects.get(verb="ledger.restricted_seen")
    assert (seen.by, seen.data["columns"]) == (clerk, ["members_full"])
    client.get("/enterprises/", {"columns": "name,members_full", "format": "csv"})
    exported = Entry.objects.get(verb="ledger.exported")
    assert exported.data["restricted"] == ["members_full"]


def test_a_list_with_all_official_columns_costs_no_query_more_for_more_rows(
    client_of, clerk, grid, django_assert_max_num_queries
):
    keys = ",".join(column.key for column in official.columns())
    for _ in range(3):
        OfficialFacts.objects.create(business=BusinessFactory(grid=grid))
    client = client_of(clerk)
    address = f"/merchants/?columns=name,{keys}"
    client.get(address)
    with django_assert_max_num_queries(8):  # 6, and the record's transaction and line
        client.get(address)


@pytest.mark.parametrize("role", [Role.GRID_CHIEF, Role.PARTY_WORKER])
def test_those_who_keep_the_party_see_members(grid, role):
    assert PostFactory(role=role, grid=grid).user.may("see_members")


def test_merging_two_that_both_have_facts_keeps_the_survivors(clerk, firm, grid):
    twin = BusinessFactory(grid=grid, name="恒华科技公司", kind=firm.kind)
    OfficialFacts.objects.create(business=firm, main_business="软件")
    OfficialFacts.objects.create(business=twin, main_business="硬件", platform="甲")

    merge = merging.merge(firm, twin, choices={}, reason="同一家", by=clerk, at=NOON)
    assert OfficialFacts.of(Business.objects.get(pk=firm.pk)).main_business == "软件"

    merging.undo(merge, by=clerk, at=NOON)
    assert OfficialFacts.objects.get(business=twin).main_business == "硬件"
