"""A person's name is masked in lists and exports; how people are addressed is not."""

import io

import pytest

from enterprises import imports
from tests.enterprises.files import code, line, workbook
from tests.factories import TODAY, BusinessFactory
from tianshan.files import read_workbook
from tianshan.web.masks import masked_name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("沈女士", "沈女士"),
        ("欧阳经理", "欧阳经理"),
        ("沈国华", "沈*华"),
        ("沈华", "沈*"),
        ("欧阳国华", "欧**华"),
        ("", ""),
        (None, ""),
    ],
)
def test_a_name_is_masked_and_a_title_stays(name, shown):
    assert masked_name(name) == shown


@pytest.mark.django_db
def test_list_and_export_hold_the_mask_alone(client_of, staff, grid):
    BusinessFactory(grid=grid, contact_name="沈国华")
    client = client_of(staff)
    assert "沈国华" not in client.get("/merchants/").text
    export = b"".join(client.get("/merchants/?format=csv").streaming_content).decode()
    assert "沈*华" in export
    assert "沈国华" not in export


def plan_of(grid, contact):
    content = workbook(line("甲店", code=code(1), room="101", contact=contact))
    return imports.plan(read_workbook(io.BytesIO(content)), grid=grid, today=TODAY)


@pytest.mark.django_db
def test_the_mask_that_comes_back_means_the_name_that_is_stored(grid):
    BusinessFactory(
        grid=grid, name="甲店", code=code(1), room="101", contact_name="沈国华"
    )
    (row,) = plan_of(grid, "沈*华").rows
    assert "contact_name" not in row.changes
    (row,) = plan_of(grid, "李*华").rows
    assert "contact_name" not in row.changes
    assert "星号" in row.problems[0]["message"]


@pytest.mark.django_db
def test_a_masked_name_of_a_new_one_is_left_out_and_said(grid):
    (row,) = plan_of(grid, "李*华").rows
    assert "contact_name" not in row.values
    assert any("姓名带星号" in problem["message"] for problem in row.problems)
