"""The map in a browser: drawn, enlarged, opened, brought in from a file."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE
from tests.factories import BusinessFactory

MAP = "/map/"


def ring(west, south, east, north):
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


@pytest.fixture
def outlines(grid, tower, tmp_path):
    """A file of a grid and a building in it; and the same with a shape in the sea."""
    BusinessFactory(grid=grid, building=tower)

    def written(*boxes):
        features = [
            {
                "type": "Feature",
                "properties": {"name": name},
                "geometry": {"type": "Polygon", "coordinates": [ring(*box)]},
            }
            for name, box in boxes
        ]
        path = tmp_path / "outlines.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        return path

    return written


def test_outlines_from_a_file_become_a_map_that_opens_its_rows(
    visitor, clerk, grid, tower, outlines, looked_at
):
    page = visitor(clerk)
    page.goto(MAP)
    page.get_by_role("link", name="导入轮廓").first.click()
    ground = (grid.name, (121.395, 31.203, 121.420, 31.218))
    page.set_input_files(
        "[name=file]", outlines(ground, (tower.name, (122.9, 31.2, 123, 31.3)))
    )
    page.get_by_role("button", name="导入").click()
    expect(page.get_by_role("cell", name="离本街道太远")).to_be_visible()
    looked_at(page, "/map/outlines/", DESK, PHONE)

    page.set_input_files(
        "[name=file]",
        outlines(ground, (tower.name, (121.401, 31.2066, 121.4034, 31.2083))),
    )
    page.get_by_role("button", name="导入").click()
    page.wait_for_url("**/map/")
    expect(page.get_by_text("收下 2 个")).to_be_visible()

    looked_at(page, MAP, PHONE, DESK)
    shape = page.locator(".mp-b a")
    expect(shape).to_have_count(1)
    before = shape.bounding_box()["width"]
    page.get_by_role("button", name="放大").click()
    page.wait_for_function(
        "before => document.querySelector('.mp-b a').getBoundingClientRect().width"
        " > 1.5 * before",
        arg=before,
    )
    shape.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/businesses/**")
    assert page.locator("table.led").get_attribute("data-total") == "0"
    page.go_back()
    page.get_by_role("link", name="没有在册的 0 处").click()
    expect(page.get_by_text("没有这样的楼宇。")).to_be_visible()
    refused = "400 (Bad Request)"  # what the browser says of the file that was
    assert [said for said in page.problems if refused not in said] == []


def test_an_outline_is_drawn_by_clicks_or_by_keys(visitor, clerk, tower, looked_at):
    BusinessFactory(grid=tower.grid, building=tower)
    page = visitor(clerk)
    page.goto(MAP)
    page.get_by_role("link", name="画上").first.click()
    expect(page.get_by_label("画哪一处")).to_have_value(f"b{tower.pk}")
    ground = page.locator("#drawing")
    box = ground.bounding_box()
    for across, down in ((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.7, 0.7)):
        ground.click(position={"x": box["width"] * across, "y": box["height"] * down})
    corners = page.get_by_label("各个角")
    assert len(corners.input_value().splitlines()) == 4
    expect(page.locator(".draw-corner")).to_have_count(4)
    page.get_by_role("button", name="撤销一个角").click()
    expect(page.locator(".draw-corner")).to_have_count(3)
    # A corner that is dragged takes its line along.
    first, others = corners.input_value().split("\n", 1)
    page.locator(".draw-corner").first.drag_to(
        ground, target_position={"x": box["width"] * 0.3, "y": box["height"] * 0.3}
    )
    assert corners.input_value().split("\n", 1)[0] != first
    assert corners.input_value().split("\n", 1)[1] == others
    # The lines alone do it too.
    corners.fill("121.401, 31.206\n121.404, 31.206\n121.404, 31.209")
    expect(page.locator(".draw-corner")).to_have_count(3)
    looked_at(page, "/map/outlines/draw/", DESK, PHONE)
    page.goto(f"/map/outlines/draw/?of=b{tower.pk}")
    page.get_by_label("各个角").fill(
        "121.401, 31.206\n121.404, 31.206\n121.404, 31.209"
    )
    page.get_by_role("button", name="保存").click()
    page.wait_for_url("**/map/")
    expect(page.get_by_text(f"已存：{tower.name}")).to_be_visible()
    expect(page.locator(f'.mp-b a[aria-label^="{tower.name}"] path')).to_have_count(1)
