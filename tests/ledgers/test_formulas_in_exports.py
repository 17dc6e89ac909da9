"""What somebody typed never runs in what the portal hands out: every export, read back."""

import ast
import csv
import io
import re
from functools import cache
from pathlib import Path

import openpyxl
import pytest
from django.apps import apps
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, models, transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Mod
from django.urls import reverse

from accounts.rights import Role
from enterprises import imports, missing
from enterprises.models import ExportTemplate
from tests.enterprises.files import gbk, line, workbook
from tests.factories import LIVE_ON, NOON, BusinessFactory, PostFactory
from tests.test_urls import PATTERNS
from tests.tianshan.test_static_rules import ROOMS
from tianshan.audit import read, record
from tianshan.ledgers import LEDGERS

ROOT = Path(settings.BASE_DIR)
# Each holds a word of its own, so that it is known again in what was exported.
PAYLOADS = [
    f"{start}{number:02}zq{end}"
    for number, (start, end) in enumerate(
        [
            ("=1+", ""),
            ("+1+", ""),
            ("-1-", ""),
            ("@SUM(", ")"),
            ("\t=1+", ""),
            ("\r=1+", ""),
            ("\n=1+", ""),
            ("  =1+", ""),
            ("\u3000=1+", ""),
            ("＝1+", ""),
            ("＋1+", ""),
            ("－1-", ""),
            ("＠SUM(", ")"),
            (" ＝1+", ""),
            ("=cmd|' /C calc'!A", ""),
            ('=HYPERLINK("http://x.example/', '","点我")'),
            ("|calc", ""),
            ("'=1+", ""),
        ]
    )
]
WORD = re.compile(r"\d\dzq")
RUNS = re.compile(r"[\s\u3000\ufeff]*[=+\-@|%＝＋－＠｜％]")
NUMBER = re.compile(r"-?\d+(\.\d+)?")

# Addresses that write a sheet, beside the ledgers' own pages: what holds each to it.
HERE = "tests/ledgers/test_formulas_in_exports.py::"
SHEETS = {
    "accounts:audit_list": f"{HERE}test_no_formula_in_the_audit_log",
    "accounts:reading_list": f"{HERE}test_no_formula_in_the_audit_log",
    "enterprises:import_wrong": f"{HERE}test_no_formula_in_what_is_to_be_mended",
    "enterprises:import_reconcile": f"{HERE}test_no_formula_in_what_differs",
    "enterprises:template_fill": f"{HERE}test_no_formula_in_a_template_of_the_district",
    "enterprises:import_template": f"{HERE}test_no_formula_in_an_empty_template",
    "dashboard:filing_file": "tests/dashboard/test_upward_forms.py::"
    "test_what_somebody_typed_never_becomes_a_formula",
}


# --- reading back ------------------------------------------------------------------------


def body_of(response):
    assert response.status_code == 200
    streams = response.streaming
    return b"".join(response.streaming_content) if streams else response.content


def cells_of(kind, content):
    """(text, is it a formula) of every cell that holds something."""
    if kind == "csv":
        for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")):
            for text in row:
                runs = bool(RUNS.match(text)) and not NUMBER.fullmatch(text)
                yield text, runs
        return
    for sheet in openpyxl.load_workbook(io.BytesIO(content)):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value is not None:
                    yield str(cell.value), cell.data_type == "f"


def check(kind, content):
    """No cell is a formula; which payloads stand in one."""
    cells = list(cells_of(kind, content))
    assert [text for text, runs in cells if runs] == []
    return {word for text, _ in cells for word in WORD.findall(text)}


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_that_is_let_through_is_seen(payload):
    """The check itself: each would run where nothing holds it back."""
    stream = io.StringIO(newline="")
    csv.writer(stream).writerow([payload])
    runs = [runs for _, runs in cells_of("csv", stream.getvalue().encode())]
    assert runs == [payload[0] != "'"]


# --- the ledgers -----------------------------------------------------------------------------

# Texts that carry rows together, or that a machine wrote.
NOT_TYPED = {
    "code",
    "path",
    "pinyin",
    "initials",
    "key",
    "digest",
    "sha256",
    "room_key",
    "password",
    "username",
    "session_key",
}


def planted(offset):
    """Put a payload into every text that is kept, another from row to row; how many
    fields took one. What the database refuses there stays as it is."""
    taken = 0
    for model in apps.get_models():
        if model._meta.app_label not in ROOMS or hasattr(model, "pgh_tracked_model"):
            continue
        for field in model._meta.local_concrete_fields:
            typed = (
                isinstance(field, models.CharField | models.TextField)
                and not (field.choices or field.unique or field.is_relation)
                and (field.max_length or 99) >= 40
                and field.name not in NOT_TYPED
            )
            if not typed or field.generated:
                continue
            offset += 1
            cases = [
                When(turn=number, then=Value(PAYLOADS[(number + offset) % 18]))
                for number in range(18)
            ]
            rows = model._base_manager.annotate(turn=Mod(F("pk"), 18))
            try:
                with transaction.atomic():
                    rows.update(
                        **{field.name: Case(*cases, default=Value(PAYLOADS[0]))}
                    )
            except (DatabaseError, ValueError):
                continue
            taken += 1
    return taken


def test_no_formula_in_any_ledger(full, client_of, clerk):
    client, seen = client_of(clerk), {}
    for offset in (0, 5):
        assert planted(offset) > 60
        for key, ledger in LEDGERS.items():
            for kind in ("csv", "xlsx"):
                answer = client.get(ledger.url, {"columns": "all", "format": kind})
                words = check(kind, body_of(answer))
                seen.setdefault((key, kind), set()).update(words)
    assert {where for where, words in seen.items() if not words} == set()
    for kind in ("csv", "xlsx"):
        words = set().union(*(w for (_, k), w in seen.items() if k == kind))
        assert len(words) == 18


# --- the others ------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["/audit/", "/audit/readings/"])
def test_no_formula_in_the_audit_log(url, client_of, clerk, street):
    for payload in PAYLOADS:
        record("business.edited", clerk, by=clerk, at=NOON, reason=payload)
        read(clerk, "display_name", by=clerk, at=NOON, why=payload)
    auditor = PostFactory(role=Role.AUDITOR, grid=street).user
    content = body_of(client_of(auditor).get(url, {"format": "csv"}))
    assert len(check("csv", content)) == 18


@pytest.fixture
def batch(clerk, grid):
    """A whole ledger of the district, with one row for each payload, and one wrong."""
    rows = [line(f"{payload}店", staff="很多", note=payload) for payload in PAYLOADS]
    return imports.upload(
        name="=1+1.csv",
        content=gbk(*rows),
        grid=grid,
        known_since=LIVE_ON,
        by=clerk,
        at=NOON,
    )


def test_no_formula_in_what_is_to_be_mended(batch, client_of, clerk):
    url = reverse("enterprises:import_wrong", args=[batch.pk])
    assert len(check("xlsx", body_of(client_of(clerk).get(url)))) == 18


def test_no_formula_in_what_differs(batch, client_of, clerk, grid):
    for payload in PAYLOADS:
        BusinessFactory(grid=grid, kind="merchant", name=f"{payload}只有我们有")
    missing.declare_complete(batch, complete=True, by=clerk, at=NOON)
    url = reverse("enterprises:import_reconcile", args=[batch.pk])
    answer = client_of(clerk).get(url, {"format": "xlsx"})
    assert check("xlsx", body_of(answer))


def test_no_formula_in_an_empty_template(client_of, clerk):
    """Headings of the program alone."""
    client = client_of(clerk)
    for kind in imports.KINDS:
        answer = client.get(reverse("enterprises:import_template"), {"kind": kind})
        assert check("xlsx", body_of(answer)) == set()


def test_no_formula_in_a_template_of_the_district(full, client_of, clerk, grid):
    client = client_of(clerk)
    client.post(
        reverse("enterprises:template_new"),
        {
            "name": "月报",
            "grid": grid.pk,
            "file": SimpleUploadedFile("空表.xlsx", workbook(line("样例"))),
        },
    )
    template = ExportTemplate.objects.get()
    planted(0)
    url = reverse("enterprises:template_fill", args=[template.pk])
    assert check("xlsx", body_of(client.get(url)))


# --- nothing left out ------------------------------------------------------------------------

WRITERS = {
    ("tianshan.files.writing", name)
    for name in ("write_xlsx", "write_book", "csv_chunks")
} | {("tianshan.files.filling", "fill"), ("tianshan.files.pouring", "pour")}


@cache
def calls():
    """`{(module, function): what it calls}` of the rooms' own code, by whole names."""
    found = {}
    for path in sorted(p for room in ROOMS for p in (ROOT / room).rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        module = module.removesuffix(".__init__")
        body = ast.parse(path.read_text()).body
        known = {
            alias.asname or alias.name: (node.module, alias.name)
            for node in body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        functions = [node for node in body if isinstance(node, ast.FunctionDef)]
        known |= {node.name: (module, node.name) for node in functions}
        for function in functions:
            called = set()
            for node in ast.walk(function):
                if isinstance(node, ast.Name):
                    called.add(known.get(node.id))
                elif isinstance(node, ast.Attribute) and isinstance(
                    node.value, ast.Name
                ):
                    room, name = known.get(node.value.id, ("", ""))
                    called.add((f"{room}.{name}", node.attr))
            found[module, function.name] = called
    return found


def writing():
    """The functions that write a sheet, themselves or by another."""
    found = set(WRITERS)
    while more := {
        key for key, called in calls().items() if key not in found and called & found
    }:
        found |= more
    return found


def test_every_address_that_writes_a_sheet_is_held_to_it():
    known = writing()
    found = {
        name
        for name, pattern in PATTERNS
        if (pattern.callback.__module__, getattr(pattern.callback, "__name__", ""))
        in known
    }
    assert found == set(SHEETS)
    for where in SHEETS.values():
        path, _, name = where.partition("::")
        tree = ast.parse((ROOT / path).read_text())
        assert name in {getattr(node, "name", "") for node in tree.body}, where
