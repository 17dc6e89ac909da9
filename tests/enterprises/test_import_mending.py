"""A row put right in the page: typed anew, skipped, a difference not taken."""

import pytest
from django.urls import reverse

from enterprises import imports
from enterprises.models import Business
from tests.enterprises.files import code, line, workbook
from tests.factories import LIVE_ON, NOON, BuildingFactory, BusinessFactory

WRONG_CODE = code(7)[:-1] + ("0" if code(7)[-1] != "0" else "1")


@pytest.fixture
def previewed(grid, clerk):
    def read(content):
        return imports.upload(
            name="台账.xlsx",
            content=content,
            grid=grid,
            known_since=LIVE_ON,
            by=clerk,
            at=NOON,
        )

    return read


@pytest.fixture
def batch(previewed, grid):
    BuildingFactory(grid=grid, name="天山茶城")
    BusinessFactory(grid=grid, name="静庐", room="2", staff_count=3, note="老店")
    return previewed(
        workbook(
            line("武夷山货", code=WRONG_CODE, building="天山荼城", room="1"),
            line("静庐", room="2", staff=5, note="换了店招"),
            line("甲店", code=code(1), room="3"),
            line("乙店", code=code(1), room="4"),
        )
    )


def row(batch, name):
    return batch.rows.get(name=name)


def counts(batch):
    batch.refresh_from_db()
    return {
        key: batch.summary[key]
        for key in ("new", "changed", "same", "rejected", "skipped")
        if batch.summary[key]
    }


def write(batch, clerk):
    imports.start(batch, by=clerk, at=NOON)
    return imports.finish(batch, at=NOON)


def test_a_cell_typed_anew_is_checked_and_written(batch, clerk):
    wrong = row(batch, "武夷山货")
    assert len([p for p in wrong.problems if p["level"] == "error"]) == 2

    imports.mend(wrong, cells={"code": WRONG_CODE[:-3]}, by=clerk, at=NOON)
    messages = [p["message"] for p in row(batch, "武夷山货").problems]
    assert any("应为 18 位" in message for message in messages)

    imports.mend(
        wrong, cells={"code": code(7), "building": "天山茶城"}, by=clerk, at=NOON
    )
    assert row(batch, "武夷山货").problems == []

    write(batch, clerk)
    business = Business.objects.get(name="武夷山货")
    assert (business.code, business.building.name) == (code(7), "天山茶城")
    fix = batch.fixes.get(field="code")
    assert (fix.by, fix.at, fix.value) == (clerk, NOON, code(7))


def test_the_rows_that_it_touches_are_worked_out_again(batch, clerk):
    """Two rows had one code: with another code the second is its own."""
    assert counts(batch) == {"new": 2, "changed": 1, "rejected": 1}
    imports.mend(row(batch, "乙店"), cells={"code": code(2)}, by=clerk, at=NOON)
    assert counts(batch) == {"new": 3, "changed": 1}

    imports.mend(row(batch, "甲店"), cells={"code": code(2)}, by=clerk, at=NOON)
    assert counts(batch) == {"new": 2, "changed": 1, "rejected": 1}
    assert row(batch, "乙店").result == "rejected"


def test_what_mending_works_out_is_what_planning_anew_says(batch, clerk):
    imports.mend(row(batch, "乙店"), cells={"name": "甲店"}, by=clerk, at=NOON)
    imports.skip(row(batch, "武夷山货"), on=True, by=clerk, at=NOON)
    before = counts(batch)
    kept = list(batch.rows.values_list("number", "result", "changes", "problems"))
    write(batch, clerk)
    assert counts(batch) == before
    assert (
        list(batch.rows.values_list("number", "result", "changes", "problems")) == kept
    )


def test_a_skipped_row_is_not_written_and_can_be_taken_in_again(batch, clerk):
    imports.skip(row(batch, "甲店"), on=True, by=clerk, at=NOON)
    # The other row of that code stands alone now.
    assert counts(batch) == {"new": 2, "changed": 1, "skipped": 1}

    imports.skip(row(batch, "甲店"), on=False, by=clerk, at=NOON)
    assert counts(batch) == {"new": 2, "changed": 1, "rejected": 1}

    imports.skip(row(batch, "甲店"), on=True, by=clerk, at=NOON)
    write(batch, clerk)
    assert not Business.objects.filter(name="甲店").exists()
    assert Business.objects.filter(name="乙店").exists()


def test_a_difference_can_be_left_as_the_ledger_has_it(batch, clerk):
    imports.leave(row(batch, "静庐"), field="staff_count", on=True, by=clerk, at=NOON)
    assert row(batch, "静庐").changes == {"note": ["老店", "换了店招"]}
    batch.refresh_from_db()
    assert batch.summary["differences"] == 1

    write(batch, clerk)
    shop = Business.objects.get(name="静庐")
    assert (shop.staff_count, shop.note) == (3, "换了店招")


def test_mending_is_over_once_the_batch_is_written(batch, clerk):
    write(batch, clerk)
    with pytest.raises(imports.Refused, match="已写入"):
        imports.skip(row(batch, "甲店"), on=True, by=clerk, at=NOON)


# --- the page ----------------------------------------------------------------------


@pytest.fixture
def client(clerk, client_of):
    return client_of(clerk)


def address(batch, of):
    return reverse("enterprises:import_row", args=[batch.pk, of.pk])


def test_the_form_shows_the_wrong_cells_first(client, batch):
    page = client.get(address(batch, row(batch, "武夷山货")))
    assert [field.name for field in page.context["form"].first] == ["code", "building"]
    assert WRONG_CODE in page.content.decode()


def test_a_row_is_mended_in_the_page_and_the_counts_follow(client, batch):
    of = row(batch, "乙店")
    form = client.get(address(batch, of)).context["form"]
    cells = {field.html_name: field.value() or "" for field in form}

    response = client.post(
        f"{address(batch, of)}?show=wrong",
        {**cells, "code": code(2), "what": "mend"},
        HTTP_HX_REQUEST="true",
        HTTP_HX_TARGET="div#batch",
    )

    text = response.content.decode()
    assert "<html" not in text
    assert "写入：新增 3，变更 1" in text
    assert batch.fixes.count() == 1  # what was not touched is not kept


def test_without_script_the_page_comes_back_to_the_row(client, batch):
    of = row(batch, "甲店")
    response = client.post(f"{address(batch, of)}?show=new", {"what": "skip"})
    assert response.url == f"{batch.get_absolute_url()}?show=new#row-{of.pk}"
    assert counts(batch)["skipped"] == 1


def test_a_number_that_is_not_wrong_stays_masked_in_the_form(client, previewed):
    batch = previewed(
        workbook(
            line("甲店", room="1", phone="19900000001"),
            line("乙店", room="2", phone="12900000002"),
        )
    )
    text = client.get(address(batch, row(batch, "甲店"))).content.decode()
    assert "199****0001" in text
    assert "19900000001" not in text
    # A wrong one must be seen to be put right; it is stored nowhere else.
    assert (
        "12900000002" in client.get(address(batch, row(batch, "乙店"))).content.decode()
    )


def test_a_row_of_another_grid_does_not_exist(batch, stranger, client_of, staff):
    of = address(batch, row(batch, "甲店"))
    assert client_of(staff).get(of).status_code == 403
    assert client_of(staff).post(of, {"what": "skip"}).status_code == 403


# --- missing -----------------------------------------------------------------------


def test_what_the_file_lacks_is_listed_and_nothing_happens_to_it(
    grid, other_grid, previewed, client
):
    market = BuildingFactory(grid=grid, name="天山茶城")
    BusinessFactory(grid=grid, building=market, name="在册", room="1")
    gone = BusinessFactory(grid=grid, building=market, name="不见了", room="2")
    BusinessFactory(grid=grid, name="企业", kind="enterprise", building=market)
    BusinessFactory(grid=grid, name="关了", building=market, state="closed")
    BusinessFactory(grid=grid, name="别处")
    BusinessFactory(grid=other_grid, name="别的网格")
    batch = previewed(
        workbook(
            line("在册", building="天山茶城", room="1"),
            line("新来", building="天山茶城"),
        )
    )

    assert list(batch.missing()) == [gone]
    text = client.get(batch.get_absolute_url(), {"show": "missing"}).content.decode()
    assert "不见了" in text
    assert 'data-total="1"' in text
    gone.refresh_from_db()
    assert gone.state == "operating"


def test_a_row_that_was_rejected_is_not_missing(grid, previewed):
    BusinessFactory(grid=grid, name="全家", room="1")
    BusinessFactory(grid=grid, name="全家", room="2")
    batch = previewed(workbook(line("全家")))
    assert batch.rows.get().result == "rejected"
    assert not batch.missing().exists()


def test_a_row_without_a_name_in_a_building_is_left_out_alone(grid, previewed):
    BuildingFactory(grid=grid, name="天山茶城")
    batch = previewed(
        workbook(line(None, building="天山茶城"), line("甲店", building="天山茶城"))
    )
    assert counts(batch) == {"new": 1, "rejected": 1}


def test_what_an_import_made_is_not_missing_afterwards(batch, clerk):
    write(batch, clerk)
    batch.refresh_from_db()
    assert not batch.missing().exists()
