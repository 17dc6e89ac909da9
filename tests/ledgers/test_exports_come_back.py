"""What a ledger exports comes in again as no change, or the ledger takes no file at all
and docs/conventions.md says why."""

import re

import pytest
from django.conf import settings

from enterprises import imports
from tests.factories import LIVE_ON, NOON
from tianshan.files import FileProblem
from tianshan.ledgers import LEDGERS

# Ledgers whose export comes in again, and what the importer calls their rows.
COME_IN = {
    "businesses": "business",
    "enterprises": "business",
    "merchants": "business",
    "buildings": "building",
    "visits": "visit",
    "demands": "demand",
    "activities": "activity",
}


def told_in_docs():
    """`{ledger: reason}` of the table of those that take no file."""
    text = (settings.BASE_DIR / "docs" / "conventions.md").read_text()
    part = text.partition("## Ledgers that take no file")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| (.+?) \|$", part, re.M))


def exported(client, ledger, kind):
    response = client.get(ledger.url, {"columns": "all", "format": kind})
    return b"".join(response.streaming_content)


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
@pytest.mark.parametrize("key", COME_IN)
def test_an_export_comes_in_again_as_no_change(full, client_of, clerk, grid, key, kind):
    ledger = LEDGERS[key]
    rows = ledger.rows(clerk).count()
    assert rows

    batch = imports.upload(
        name=f"导出.{kind}",
        content=exported(client_of(clerk), ledger, kind),
        grid=grid,
        known_since=LIVE_ON,
        by=clerk,
        at=NOON,
    )

    of_this = batch.rows.filter(model=COME_IN[key])
    not_same = of_this.exclude(result="same").values_list(
        "result", "name", "changes", "problems"
    )
    assert list(not_same) == []
    assert of_this.count() == rows
    problems = [p for row in batch.rows.all() for p in row.problems]
    assert [p for p in problems if p["level"] != "notice"] == []


def test_every_kind_of_file_has_a_ledger_that_exports_it():
    assert set(COME_IN.values()) == set(imports.KINDS)


def test_each_other_ledger_says_why_it_takes_no_file():
    assert set(told_in_docs()) == set(LEDGERS) - set(COME_IN)


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
@pytest.mark.parametrize("key", sorted(set(LEDGERS) - set(COME_IN)))
def test_its_export_is_refused_or_writes_nothing(
    full, client_of, clerk, grid, key, kind
):
    client = client_of(clerk)
    assert LEDGERS[key].rows(clerk).exists()
    try:
        batch = imports.upload(
            name=f"导出.{kind}",
            content=exported(client, LEDGERS[key], kind),
            grid=grid,
            known_since=LIVE_ON,
            by=clerk,
            at=NOON,
        )
    except FileProblem:
        return
    assert not batch.rows.filter(result__in=["new", "changed"]).exists()
