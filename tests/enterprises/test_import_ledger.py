"""The command, on the ledger that the district hands over."""

import datetime as dt
import json
from collections import Counter
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from enterprises.models import Business, ImportBatch
from grids.models import Building
from tests.enterprises.files import code, gbk, line, workbook

LEDGER = Path(__file__).parents[2] / "demo" / "district_ledger_2026Q3.xlsx"
TRUTH = json.loads(
    Path(__file__).with_name("district_ledger_2026Q3.truth.json").read_text()
)
WRONG = {
    "bad_code": "统一社会信用代码",
    "bad_staff": "从业人员数",
    "bad_date": "成立日期",
    "bad_phone": "联系电话",
    "unknown_building": "所在楼宇/市场",
}


@pytest.fixture
def ran(capsys):
    """`ran(file, …)`: the command's JSON, which is all that it prints."""

    def run(file, *options):
        call_command("import_ledger", str(file), "--json", *options)
        return json.loads(capsys.readouterr().out)

    return run


@pytest.fixture
def ledger(grid, ran):
    return ran(LEDGER, "--since=2025-01-01")


def named(answer, column, level):
    return sorted(
        problem["name"]
        for problem in answer["problems"]
        if (problem["column"], problem["level"]) == (column, level)
    )


def test_the_districts_ledger_goes_in_whole(ledger):
    assert {key: ledger[key] for key in ("rows", "enterprises", "merchants")} == {
        key: TRUTH[key] for key in ("rows", "enterprises", "merchants")
    }
    assert (ledger["new"], ledger["rejected"]) == (TRUTH["rows"], 0)
    assert ledger["duplicates"] == len(TRUTH["repeated"])
    assert ledger["buildings"] == {"rows": 8, "new": 8, "changed": 0, "same": 0}
    assert [(s["name"], s["rows"], s["skipped"]) for s in ledger["sheets"]] == [
        ("企业", 318, 2),
        ("商户", 986, 2),
        ("楼宇", 8, 0),
    ]
    assert Business.objects.filter(kind="enterprise").count() == TRUTH["enterprises"]
    assert Business.objects.filter(kind="merchant").count() == TRUTH["merchants"]
    assert not Business.objects.filter(name__startswith="合计").exists()


def test_every_wrong_cell_is_named_and_nothing_else(ledger):
    for fault, column in WRONG.items():
        assert named(ledger, column, "error") == sorted(TRUTH[fault]), fault
    assert named(ledger, WRONG["bad_code"], "notice") == sorted(TRUTH["no_code"])
    assert named(ledger, "单位名称", "notice") == sorted(TRUTH["repeated"])
    warned = [p for p in ledger["problems"] if p["level"] == "warning"]
    assert all(problem["value"].startswith("约") for problem in warned)
    levels = Counter(problem["level"] for problem in ledger["problems"])
    assert levels == {
        "error": sum(len(TRUTH[fault]) for fault in WRONG),
        "warning": len(warned),
        "notice": len(TRUTH["no_code"]) + len(TRUTH["repeated"]),
    }


def test_aliases_bring_the_tea_market_together(ledger):
    market = Building.objects.get(name="天山茶城")
    lost = set(TRUTH["unknown_building"])
    strays = Business.objects.filter(name__in=lost, trade__startswith="茶").count()
    assert (
        market.businesses.filter(kind="merchant").count() + strays
        == (TRUTH["tea_market"])
    )


def test_a_second_run_changes_nothing(ledger, ran):
    before = list(Business.objects.order_by("pk").values())

    again = ran(LEDGER)

    assert (again["new"], again["changed"], again["same"]) == (0, 0, TRUTH["rows"])
    assert again["buildings"]["same"] == 8
    assert list(Business.objects.order_by("pk").values()) == before


def test_the_command_keeps_a_batch_with_its_rows(ledger):
    batch = ImportBatch.objects.get()
    assert (batch.state, batch.by) == ("applied", None)
    assert batch.rows.filter(result="new", model="business").count() == TRUTH["rows"]
    assert not batch.rows.filter(result="new", target=None).exists()


@pytest.mark.parametrize("format", ["xlsx", "csv"])
@pytest.mark.parametrize("page", ["merchant_list", "enterprise_list", "business_list"])
def test_what_was_exported_can_be_imported_again(
    ledger, ran, clerk, client_of, tmp_path, page, format
):
    response = client_of(clerk).get(reverse(f"enterprises:{page}"), {"format": format})
    file = tmp_path / f"export.{format}"
    file.write_bytes(b"".join(response.streaming_content))

    answer = ran(file, "--dry-run")

    assert (
        answer["rows"]
        == {
            "merchant_list": TRUTH["merchants"],
            "enterprise_list": TRUTH["enterprises"],
            "business_list": TRUTH["rows"],
        }[page]
    )
    assert (answer["new"], answer["changed"], answer["rejected"]) == (0, 0, 0)
    assert [p for p in answer["problems"] if p["level"] != "notice"] == []


def test_exported_buildings_can_be_imported_again(
    ledger, ran, clerk, client_of, tmp_path
):
    response = client_of(clerk).get(reverse("grids:building_list"), {"format": "xlsx"})
    file = tmp_path / "export.xlsx"
    file.write_bytes(b"".join(response.streaming_content))
    assert ran(file, "--dry-run")["buildings"] == {
        "rows": 8,
        "new": 0,
        "changed": 0,
        "same": 8,
    }


# --- small files -------------------------------------------------------------------


@pytest.fixture
def file(tmp_path):
    def write(content, name="台账.xlsx"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def test_a_dry_run_says_the_same_and_writes_nothing(grid, ran, file):
    ledger = file(workbook(line("甲店", code=code(1), room="1")))
    tried = ran(ledger, "--dry-run")
    assert not Business.objects.exists()
    assert not ImportBatch.objects.exists()
    assert ran(ledger) == tried


def test_a_csv_in_gbk_goes_in(grid, ran, file):
    assert ran(file(gbk(line("甲店", room="1")), "台账.csv"))["new"] == 1


def test_since_says_from_when_the_new_ones_are_known(grid, ran, file):
    ran(file(workbook(line("甲店", room="1"))), "--since=2025-03-01")
    assert Business.objects.get().discovered_on == dt.date(2025, 3, 1)


def test_of_two_grids_one_must_be_named(grid, other_grid, ran, file):
    ledger = file(workbook(line("甲店", room="1")))
    with pytest.raises(CommandError, match=f"--grid.*{other_grid.code}"):
        ran(ledger)
    ran(ledger, f"--grid={other_grid.code}")
    assert Business.objects.get().grid == other_grid


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--grid=9"], "没有编码为 9 的网格"),
        (["--since=2999-01-01"], "不能在将来"),
        (["--since=2026-2-30"], "请写成 2026-01-31 的样子"),
    ],
)
def test_a_wrong_option_is_one_line(grid, ran, file, options, said):
    with pytest.raises(CommandError, match=said):
        ran(file(workbook(line("甲店", room="1"))), *options)


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n\0\0", b"%PDF-1.7"])
def test_a_file_that_cannot_be_read_is_one_line(grid, ran, file, capsys, content):
    with pytest.raises(CommandError) as refusal:
        ran(file(content))
    assert "\n" not in str(refusal.value)
    assert refusal.value.returncode == 1
    assert capsys.readouterr().out == ""


def test_a_file_that_is_not_there_is_one_line(grid, ran, tmp_path):
    with pytest.raises(CommandError, match="读不了"):
        ran(tmp_path / "none.xlsx")
