"""Every file of the corpus through every form that takes one.

No answer of ours breaks, nothing is taken in half, no place is left in a picture; good
ones are taken, bad ones refused in a sentence. A part that a seed picks runs with the
suite, where each file meets the real reader once; `make prove-files` asks all of it,
each time anew.
"""

import ast
import hashlib
import html
import os
import re
import resource
import subprocess
import time
import uuid
import zlib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from PIL import Image

from accounts.models import User
from dashboard.reports.upward import UpwardForm
from enterprises.models import ExportTemplate, ImportBatch
from grids.models import Outline
from issues import parts
from issues.models import Evidence, SurveyPhoto
from issues.part_views import PAGES
from public.models import PartLink, SentPhoto
from tests.corpus import FORM, LEDGER, OUTLINE, PICTURE, SECRET, TEMPLATE, files
from tests.factories import NOON, DemandFactory, VisitFactory
from tests.matrix.asking import KNOWN, in_a_cell, rows_written, url_of
from tests.matrix.table import LINES, Account
from tests.matrix.test_matrix import TRACES
from visits.models import Photo

STEPS_OF_PARTS = "issues.part_views"
ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    "accounts cases dashboard enterprises grids issues party public services tianshan"
)
ROOMS = [*ROOMS.split(), "visits"]
SHARE = int(os.environ.get("FILES_SHARE", "16"))
SEED = int(os.environ.get("FILES_SEED", "0"))
# In the proof each shot runs the reader anew, and is measured.
ANEW = bool(os.environ.get("FILES_ANEW"))
MOST_SECONDS, MOST_MEGABYTES = 10, 200
SENTENCE = re.compile(r"[\u4e00-\u9fff][^。]{3,}[。；：]?")
HIDDEN = re.compile(r'<input[^>]*type="hidden"[^>]*>')
GIVEN = re.compile(r'(name|value)="([^"]*)"')
TODAY = time.strftime("%Y-%m-%d")


def nothing(at):
    return ""


@dataclass(frozen=True)
class Door:
    """A form that takes a file: by whom, of what kind, what else it asks for."""

    role: str  # "" for a visitor without an account
    takes: str
    keeps: object  # what is kept, asked before and after
    file: str = "file"
    more: object = dict  # of the objects of the territory: the form's other fields
    query: object = nothing  # of the same, what stands behind the address
    page: bool = True  # the form's hidden fields are read from its page first
    record: bool = False  # a record that stands, whatever becomes of its photos
    stored: frozenset = field(default=frozenset())  # tables that a refusal may write


def shas(model):
    return lambda: list(model.objects.order_by("pk").values_list("sha256", flat=True))


def counts(rows):
    return lambda: rows().count()


def business_of(at):
    return f"?business={at['business'].pk}"


def form_of(at):
    form = at["form"]
    return {
        "grid": at["grid"].pk,
        "name": "月报",
        "authority": "区委",
        "span": "month",
        "rule": "calendar",
        "since": TODAY,
        "due_day": 5,
        "moved": UpwardForm.Moved.LATER,
        "filler": form.filler_id,
        "checker": form.checker_id,
        "signer": form.signer_id,
    }


PHOTOS = {"keeps": counts(Photo.objects.kept), "file": "photos", "record": True}
OF_A_VISITOR = frozenset({"public_attempt"})
DOORS = {
    "enterprises:import_new": Door(
        "clerk",
        LEDGER,
        counts(ImportBatch.objects.all),
        more=lambda at: {"grid": at["grid"].pk, "known_since": TODAY},
    ),
    "enterprises:template_new": Door(
        "clerk",
        TEMPLATE,
        shas(ExportTemplate),
        more=lambda at: {"grid": at["grid"].pk, "name": "新模板"},
    ),
    "enterprises:template_file": Door(
        "clerk",
        TEMPLATE,
        shas(ExportTemplate),
        more=lambda at: {"name": at["template"].name},
    ),
    "dashboard:form_new": Door("clerk", FORM, shas(UpwardForm), more=form_of),
    "dashboard:form_edit": Door("clerk", FORM, shas(UpwardForm), more=form_of),
    "grids:outline_import": Door(
        "clerk",
        OUTLINE,
        counts(Outline.objects.all),
        more=lambda at: {"system": "wgs84"},
    ),
    "visits:visit_new": Door(
        "staff",
        PICTURE,
        query=lambda at: f"{business_of(at)}&key={uuid.uuid4()}",
        more=lambda at: {"outcome": "absent"},
        **PHOTOS,
    ),
    "visits:demand_new": Door(
        "staff",
        PICTURE,
        query=business_of,
        more=lambda at: {
            "source": "message",
            "category": at["category"].pk,
            "words": "夜里太吵",
            "said_by": "沈女士",
            "raised_on": TODAY,
        },
        **PHOTOS,
    ),
    "visits:door_new": Door(
        "staff",
        PICTURE,
        query=business_of,
        more=lambda at: {
            "kind": "gone",
            "words": "卷帘门上贴了转让",
            "seen_on": TODAY,
        },
        **PHOTOS,
    ),
    "visits:visit_photos": Door("staff", PICTURE, page=False, **PHOTOS),
    "visits:demand_photos": Door("staff", PICTURE, page=False, **PHOTOS),
    "visits:photo_upload": Door("staff", PICTURE, page=False, **PHOTOS),
    "issues:part_report": Door(
        "unit",
        PICTURE,
        counts(Evidence.objects.all),
        file="photos",
        more=lambda at: {"words": "管线查过了", "how": "meeting"},
    ),
    "issues:survey_detail": Door(
        "clerk",
        PICTURE,
        counts(SurveyPhoto.objects.all),
        file="photo",
        more=lambda at: {"stage": "before", "caption": ""},
    ),
    "public:card": Door(
        "",
        PICTURE,
        counts(SentPhoto.objects.all),
        file="photos",
        more=lambda at: {"category": at["category"].pk, "words": "清运车九点来。"},
        stored=OF_A_VISITOR,
    ),
    "public:part": Door(
        "",
        PICTURE,
        counts(Evidence.objects.all),
        file="report-photos",
        page=False,
        more=lambda at: {"step": "report", "report-words": "管线查过了"},
        stored=OF_A_VISITOR,
    ),
}


# --- the table -------------------------------------------------------------------------


@cache
def functions():
    """`{(module, name): (what it mentions, what it calls)}` of the rooms' own code."""
    found = {}
    for path in sorted(p for room in ROOMS for p in (ROOT / room).rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        text = path.read_text()
        if "request" not in text:
            continue
        tree = ast.parse(text)
        names = {
            alias.asname or alias.name: (node.module, alias.name)
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                names[node.name] = (module, node.name)
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                inside = list(ast.walk(node))
                mentioned = {
                    f"{each.value.id}.{each.attr}"
                    for each in inside
                    if isinstance(each, ast.Attribute)
                    and isinstance(each.value, ast.Name)
                }
                called = {names.get(e.id) for e in inside if isinstance(e, ast.Name)}
                found[module, node.name] = (mentioned, called)
    return found


def read_files():
    """The functions that read what came as a file or as bare bytes, themselves or by another."""
    reads = {"request.FILES", "request.read", "request.body"}
    found = {key for key, (said, _) in functions().items() if said & reads}
    while more := {
        key
        for key, (_, called) in functions().items()
        if key not in found and called & found
    }:
        found |= more
    return found


# Bodies of JSON, which the bad values are for (test_bad_values.JSON_DOORS).
JSON = {"visits:record_sync", "services:door_sync"}


def test_every_address_that_reads_a_file_stands_in_the_table():
    reading, found = read_files(), set()
    steps = {f"part_{step}": page.form for step, page in PAGES.items()}
    for name, pattern in KNOWN.items():
        view = pattern.callback
        if view.__module__ == STEPS_OF_PARTS and view.__name__ in steps:
            # One view for all steps of a part, of which one asks for photos.
            if takes_a_file(steps[view.__name__]):
                found.add(name)
        elif (view.__module__, getattr(view, "__name__", "")) in reading:
            found.add(name)
    assert found - JSON == set(DOORS)


def takes_a_file(form):
    return any(isinstance(f, forms.FileField) for f in form.base_fields.values())


def test_every_form_with_a_file_is_one_of_a_door():
    """A class that takes a file and that no door of the table shows."""
    known = {
        "ImportForm",
        "TemplateForm",
        "UpwardFormForm",
        "OutlinesForm",
        "PhotoForm",
        "ReportForm",
        "SurveyPhotoForm",
        "SendForm",
    }
    found, seen = set(), [forms.Form, forms.ModelForm]
    while seen:
        for each in seen.pop().__subclasses__():
            seen.append(each)
            if each.__module__.split(".")[0] in ROOMS and takes_a_file(each):
                found.add(each.__name__)
    assert found == known


def test_the_corpus_is_as_large_as_the_threat_model():
    assert len(files()) >= 134
    for kind in (LEDGER, TEMPLATE, FORM, OUTLINE, PICTURE):
        assert any(kind in taken for _, taken in files().values()), kind


# --- the cross -------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def readers_run_once(monkeypatch):
    """The same bytes read by the same child again: the answer that it gave before."""
    if ANEW:
        return
    run = subprocess.run

    def once(command, *, stdin=None, stdout=None, **options):
        given = options.get("input")
        if given is None:
            stdin.seek(0)
            given = stdin.read()
            stdin.seek(0)
        key = (str(command[2:]), hashlib.sha256(given).digest())
        if key not in ANSWERS:
            done = run(command, stdin=stdin, stdout=stdout, **options)
            said = done.stdout
            if said is None:
                stdout.seek(0)
                said = stdout.read()
            ANSWERS[key] = (done.returncode, said)
        code, said = ANSWERS[key]
        if stdout is not subprocess.PIPE:
            stdout.seek(0)
            stdout.truncate()
            stdout.write(said)
            stdout.flush()
            return subprocess.CompletedProcess(command, code)
        return subprocess.CompletedProcess(command, code, stdout=said)

    monkeypatch.setattr(subprocess, "run", once)


ANSWERS = {}


@pytest.fixture(scope="module")
def doors(world):
    """`doors(name)`: who asks there, the address, the own grid's objects, the fields."""
    territories, clients = world
    own = territories["own"]
    unit = clients[Account("unit", "own")].session["_auth_user_id"]
    parts.confirm(own.at["part"], by=User.objects.get(pk=unit), at=NOON)
    own.at["part"].refresh_from_db()
    holder = str(own.at["part"].holder)
    PartLink.objects.filter(part=own.at["part"]).update(holder=holder)
    staff = clients[Account("staff", "own")]
    me = staff.session["_auth_user_id"]
    mine = {
        "visit": VisitFactory(business=own.at["business"], visitor_id=me),
        "demand": DemandFactory(
            business=own.at["business"], recorded_by_id=me, client_key=uuid.uuid4()
        ),
    }
    visitor = Client(raise_request_exception=False)

    def of(name):
        line, door = LINES[name], DOORS[name]
        here = type(own)(own.name, own.grid, own.users)
        here.at = own.at | (mine if name.endswith("_photos") else {})
        client = clients[Account(door.role, "own")] if door.role else visitor
        url = url_of(line, here)
        # Asked once: what a shot used is taken back, keys among it.
        data, _ = in_a_cell(lambda: fields_of(client, door, url, here.at))
        return client, url, here.at, data

    return of


def fields_of(client, door, url, at):
    """What the form asks for beside its file, with what its page hides in it."""
    given = {}
    if door.page:
        page = client.get(url + door.query(at))
        form = page.context["form"]
        for name, asked in form.fields.items():
            value = form[name].value()
            if not isinstance(asked, forms.FileField):
                given[form[name].html_name] = "" if value is None else value
        for tag in HIDDEN.findall(page.content.decode()):
            said = dict(GIVEN.findall(tag))
            given[said["name"]] = html.unescape(said.get("value", ""))
    return given | door.more(at)


def sent(client, name, url, data, content):
    door = DOORS[name]
    if name == "visits:photo_upload":
        url = f"{url[: url.index('photos/')]}photos/{uuid.uuid4()}/"
        last = max(len(content), 1)
        return client.put(
            url,
            content,
            content_type="application/octet-stream",
            headers={
                "Content-Range": f"bytes 0-{last - 1}/{last}",
                "X-Photo-SHA256": hashlib.sha256(content).hexdigest(),
                "X-Record-Key": str(uuid.uuid4()),
            },
        )
    file = SimpleUploadedFile("文件.xlsx", content, content_type="image/jpeg")
    return client.post(url, {**data, door.file: file})


def words_of(answer):
    """The sentences that an answer says of what is wrong."""
    if "json" in answer.headers.get("Content-Type", ""):
        return [answer.json().get("reason", "")]
    found = []
    for context in answer.context or []:
        for value in {**context.flatten()}.values():
            if isinstance(value, forms.BaseForm) and value.is_bound:
                found += [e for errors in value.errors.values() for e in errors]
            if isinstance(value, list) and value and isinstance(value[0], tuple):
                found += [
                    error
                    for each in value
                    for form in each
                    if isinstance(form, forms.BaseForm) and form.is_bound
                    for errors in form.errors.values()
                    for error in errors
                ]
        found += [str(message) for message in context.get("messages") or []]
    return found


def marked():
    """The number of the cell's own savepoint: what is written later has no lower one."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE marker AS SELECT 1")
        cursor.execute("SELECT xmin::text::bigint FROM marker")
        return cursor.fetchone()[0]


def rows_since(first):
    """The tables in which rows stand that were written since then, and not taken back."""
    found = set()
    with connection.cursor() as cursor:
        for table in set(rows_written()) - {"marker"}:
            cursor.execute(
                f"SELECT count(*) FROM {table} WHERE xmin::text::bigint >= %s",
                [first],
            )
            found |= {table} if cursor.fetchone()[0] else set()
    return found


def kept_pictures(root):
    return {p for p in root.rglob("*.jpg") if "incoming" not in p.parts}


def shot(client, name, url, at, data, content, root):
    """One file at one door: what is wrong with the answer, and whether it was taken."""
    door, before = DOORS[name], kept_pictures(root)

    def ask():
        kept, first, began = door.keeps(), marked(), time.monotonic()
        answer = sent(client, name, url + door.query(at), data, content)
        took = time.monotonic() - began
        while answer.status_code == 302 and answer.headers["Location"].startswith("/"):
            answer = client.get(answer.headers["Location"])
        taken = door.keeps() != kept
        left = set() if taken or door.record else rows_since(first)
        return answer.status_code, words_of(answer), taken, took, left

    (status, words, taken, took, left), _ = in_a_cell(ask)
    faults = [f"answered {status}"] if status >= 500 else []
    drawn = kept_pictures(root) - before
    for path in drawn:
        raw = path.read_bytes()
        if SECRET in raw or b"Exif" in raw or dict(Image.open(path).getexif()):
            faults.append("kept what the camera wrote")
        path.unlink()
    if not taken:
        # 202: a part of a photo, of which the rest is to come.
        if status != 202 and not any(SENTENCE.search(each) for each in words):
            faults.append(f"no sentence: {status} {words}")
        if drawn:
            faults.append("left a file that nobody names")
        if left - TRACES - door.stored:
            faults.append(f"left rows in {left}")
    return faults, taken, took, words


def drawn_for(name):
    """Of the seeded part: the files that this door is shown."""
    return [
        (file, content, DOORS[name].takes in taken)
        for file, (content, taken) in files().items()
        if (zlib.crc32(f"{name} {file}".encode()) + SEED) % SHARE == 0
    ]


@pytest.mark.parametrize("name", DOORS)
def test_no_file_breaks_a_form(name, doors, kept_files, record_property):
    client, url, at, data = doors(name)
    found, slowest, begin = [], 0, grown()
    shots = drawn_for(name)
    for file, content, good in shots:
        faults, taken, took, words = shot(
            client, name, url, at, data, content, kept_files
        )
        if taken != good:
            faults.append(("taken" if taken else "refused", words))
        slowest = max(slowest, took)
        found += [(file, fault) for fault in faults]
    record_property("shots", len(shots))
    record_property("seconds", round(slowest, 1))
    record_property("megabytes", grown() - begin)
    assert found == []
    assert shots
    if ANEW:
        assert slowest <= MOST_SECONDS
        assert grown() - begin <= MOST_MEGABYTES


def grown():
    """The most memory that this process held so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@pytest.mark.parametrize("name", DOORS)
def test_each_form_takes_a_good_file(name, doors, kept_files):
    """The twin: what is refused above is refused for what it is."""
    client, url, at, data = doors(name)
    good = {
        LEDGER: "ledger",
        TEMPLATE: "ledger",
        FORM: "document",
        OUTLINE: "outline",
        PICTURE: "photo with its place JPEG",
    }[DOORS[name].takes]
    content, _ = files()[good]
    faults, taken, _, words = shot(client, name, url, at, data, content, kept_files)
    assert (faults, taken) == ([], True), words
