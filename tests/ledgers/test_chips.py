"""What narrows a list is said in words, and each part of it can be taken away."""

from tests.factories import BuildingFactory, BusinessFactory, VisitFactory


def chips_of(response):
    return {chip["label"]: chip for chip in response.context["chips"]}


def test_a_range_of_days_is_one_chip(client_of, staff, grid):
    VisitFactory(business=BusinessFactory(grid=grid))

    response = client_of(staff).get(
        "/visits/", {"visited_after": "2026-01-01", "visited_before": "2026-12-31"}
    )

    chip = chips_of(response)["走访日期"]
    assert chip["value"] == "2026-01-01 至 2026-12-31"
    assert "visited" not in chip["url"]
    assert "清除全部" in response.content.decode()


def test_an_open_range_says_so(client_of, staff):
    response = client_of(staff).get("/visits/", {"visited_before": "2026-12-31"})
    assert chips_of(response)["走访日期"]["value"] == "最早 至 2026-12-31"


def test_rows_picked_by_hand_are_a_filter_like_any_other(client_of, staff, grid):
    picked = BusinessFactory(grid=grid, name="甲茶行")
    BusinessFactory(grid=grid, name="乙茶行")

    response = client_of(staff).get("/merchants/", {"ids": f"{picked.pk}.x.0"})

    assert [row.name for row in response.context["page"]] == ["甲茶行"]
    assert "ids" not in chips_of(response)["所选"]["url"]


def test_rows_out_of_sight_cannot_be_picked(client_of, staff, other_grid):
    theirs = BusinessFactory(grid=other_grid)
    response = client_of(staff).get("/merchants/", {"ids": str(theirs.pk)})
    assert list(response.context["page"]) == []


def test_what_the_form_does_not_hold_is_carried_along(client_of, staff, grid):
    building = BuildingFactory(grid=grid)
    query = {"sort": "-name", "columns": "name,room", "building": building.pk}

    response = client_of(staff).get("/merchants/", query)

    assert response.context["hidden"] == [("sort", "-name"), ("columns", "name,room")]


def test_a_filter_that_is_not_known_is_named_and_shows_no_row(client_of, staff, grid):
    BusinessFactory(grid=grid, kind="merchant")
    response = client_of(staff).get("/merchants/", {"building": "99999"})
    (chip,) = response.context["chips"]
    assert (chip["label"], chip["value"]) == ("楼宇", "99999（不认识）")
    assert 'data-total="0"' in response.text
    assert "没有列出记录" in response.text


def test_a_filter_that_is_not_known_exports_no_row(client_of, staff, grid):
    shop = BusinessFactory(grid=grid, kind="merchant")
    response = client_of(staff).get("/merchants/?state=bogus&format=csv")
    assert shop.name not in b"".join(response.streaming_content).decode()


def test_a_whole_phone_number_is_searched_by_its_tail(client_of, staff, grid):
    shop = BusinessFactory(grid=grid, kind="merchant", contact_phone="19900005678")
    response = client_of(staff).get("/merchants/?q=199 0000 5678&sort=room")
    assert response.url == "/merchants/?sort=room&q=5678"
    page = client_of(staff).get("/merchants/", follow=True, query_params={"q": "5678"})
    assert f'data-id="{shop.pk}"' in page.text
