"""docs/asvs.csv and compliance.csv against what there is: tests, headings, and nothing
left out."""

import ast
import csv
import re
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)


def table(name):
    with (ROOT / "docs" / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


ROWS, LAWS = table("asvs.csv"), table("compliance.csv")
# Of levels 1 and 2 those that apply, by chapter (docs/security.md says which do not).
CHAPTERS = {
    1: 17, 2: 11, 3: 17, 4: 4, 5: 9, 6: 28, 7: 15, 8: 7, 9: 4,
    11: 14, 12: 8, 13: 13, 14: 9, 15: 12, 16: 16,
}  # fmt: skip


def functions_in(path):
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
    }


def headings_in(path):
    return re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)


def test_every_requirement_stands_there_once():
    named = [row["requirement"] for row in ROWS]
    assert len(named) == len(set(named)) == 184
    assert Counter(int(name.split(".")[0]) for name in named) == CHAPTERS
    assert all(row["what_it_asks"] and row["where"] for row in ROWS)


def test_every_item_of_the_standard_stands_there():
    """GB/T 22239-2019, 安全计算环境: 23 items at level 2, 11 more at level 3."""
    named = [row["requirement"] for row in LAWS]
    assert len(named) == len(set(named))
    assert sum(name.startswith("等保 2") for name in named) == 23
    assert sum(name.startswith("等保 3") for name in named) == 11


@pytest.mark.parametrize("row", [*ROWS, *LAWS], ids=lambda row: row["requirement"])
def test_what_a_requirement_names_is_there(row):
    where = row["where"]
    if row["shown_by"] == "test":
        path, _, name = where.partition("::")
        assert name in functions_in(ROOT / path)
    elif row["shown_by"] in ("document", "deployment"):
        path, _, heading = where.partition("#")
        assert (ROOT / path).exists()
        assert not heading or heading in headings_in(ROOT / path)
    else:
        assert row["shown_by"] == "not met"
        assert len(where) > 4


@pytest.mark.parametrize("rows", [ROWS, LAWS], ids=["asvs", "laws"])
def test_the_document_counts_what_the_table_holds(rows):
    told = (ROOT / "docs" / "security.md").read_text()
    counts = Counter(row["shown_by"] for row in rows)
    said = (
        f"{counts['test']} by test, {counts['document']} by document,"
        f" {counts['deployment']} by deployment, {counts['not met']} not met"
    )
    assert said in told
