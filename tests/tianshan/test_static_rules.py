"""What no file may hold: each exception stands here with its reason."""

import ast
import re
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
ROOMS = [
    "tianshan",
    "accounts",
    "grids",
    "party",
    "enterprises",
    "visits",
    "issues",
    "services",
    "cases",
    "dashboard",
    "public",
]
SOURCES = sorted(
    path
    for room in ROOMS
    for path in (ROOT / room).rglob("*.py")
    if "migrations" not in path.parts
)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted(
    path for path in (ROOT / "static").rglob("*.js") if "vendor" not in path.parts
)
VIEWS = [path for path in SOURCES if path.name.endswith("views.py")]


def name_of(path):
    return str(path.relative_to(ROOT))


# --- pages ---------------------------------------------------------------------------

IN_TEMPLATES = {
    "unescaped output": r"\|\s*safe\b|safeseq|autoescape\s+off",
    "htmx that runs script": r"hx-on|hx-vals=.js:|hx-headers=.js:",
    "a handler in the page": r"<[^>]*\son[a-z]+\s*=",
    "script in the page": r"<script(?![^>]*\b(?:src=|type=\"application/json\"))",
    "a style in the page": r"<[^>{]*\sstyle\s*=|<style",
    "an address that is script": r"(?:href|src|action)\s*=\s*[\"']?\s*javascript:",
    "an attribute without quotes": r"<[^>]*\s[a-z-]+=\{\{",
    "something of another host": r"(?:src|href|action)=[\"'](?:https?:)?//",
}
TAGS = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.S)


@pytest.mark.parametrize("what", IN_TEMPLATES)
def test_no_template_holds(what):
    """Tags are taken out first for what is looked for inside of HTML."""
    found = []
    for path in TEMPLATES:
        text = path.read_text()
        if what != "unescaped output":
            text = TAGS.sub("", text)
        found += [
            f"{name_of(path)}: {hit.group()[-80:]}"
            for hit in re.finditer(IN_TEMPLATES[what], text)
        ]
    assert found == []


@pytest.mark.parametrize(
    ("what", "page"),
    [
        ("unescaped output", "{{ words|safe }}"),
        ("htmx that runs script", '<a hx-on:click="x()">'),
        ("a handler in the page", '<img src="x" onerror="x()">'),
        ("script in the page", "<script>x()</script>"),
        ("a style in the page", '<p style="color:red">'),
        ("an address that is script", '<a href="javascript:x()">'),
        ("an attribute without quotes", "<input value={{ words }}>"),
        ("something of another host", '<script src="//cdn.example/x.js">'),
    ],
)
def test_each_rule_finds_what_it_is_for(what, page):
    assert re.search(IN_TEMPLATES[what], page)


def test_scripts_never_turn_text_into_code():
    runs = re.compile(
        r"\beval\(|new Function|document\.write|insertAdjacentHTML|outerHTML\s*="
        r"|\.innerHTML\s*=|set(?:Timeout|Interval)\(\s*[\"']"
    )
    found = [name_of(p) for p in SCRIPTS if runs.search(p.read_text())]
    assert SCRIPTS
    assert found == []


IN_SCRIPTS = {
    # A channel of one's own origin is no window: `channel.onmessage` is none of these.
    "words with other windows": r"postMessage\(.*[\"']\*[\"']"
    r"|\b(?:window|self|globalThis|parent|opener|top)\??\."
    r"(?:onmessage|postMessage|addEventListener\(\s*[\"']message)"
    r"|(?<![.\w])addEventListener\(\s*[\"']message",
    "a hand on what is pasted": r"[\"'](?:before)?paste[\"']|\bonpaste\b",
    "a way to a prototype": r"__proto__|\.prototype\b|setPrototypeOf",
}


@pytest.mark.parametrize("what", IN_SCRIPTS)
def test_no_script_holds(what):
    rule = re.compile(IN_SCRIPTS[what])
    found = [
        f"{name_of(path)}: {hit.group()}"
        for path in SCRIPTS
        for hit in rule.finditer(path.read_text())
    ]
    assert found == []


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("words with other windows", "addEventListener('message', take)"),
        ("words with other windows", 'window.addEventListener("message", take)'),
        ("words with other windows", 'opener.postMessage(all, "/")'),
        ("words with other windows", "frame.postMessage(all, '*')"),
        ("a hand on what is pasted", "field.addEventListener('paste', no)"),
        ("a way to a prototype", "found[`__proto__`] = all"),
    ],
)
def test_each_rule_for_scripts_finds_what_it_is_for(what, words):
    assert re.search(IN_SCRIPTS[what], words)


# --- Python --------------------------------------------------------------------------

# Who asks other machines: an address of the settings, never one that somebody typed.
ASKS_OTHERS = {
    "accounts/sign_on.py": "the office's single sign-on, named in the environment",
    "dashboard/bench/crowd.py": "the bench asks the portal itself",
    "tianshan/notices/groups.py": "groups of WeCom, named in the environment",
}
CLIENTS = re.compile(
    r"^\s*(?:import|from) (?:requests|httpx|aiohttp|urllib3|urllib\.request|http\.client"
    r"|socket|ftplib|smtplib|telnetlib|xmlrpc)\b",
    re.M,
)


def test_only_these_files_ask_other_machines():
    found = {name_of(p) for p in SOURCES if CLIENTS.search(p.read_text())}
    found -= {name for name in found if name.startswith("tianshan/database/")}
    assert found == set(ASKS_OTHERS)


# Joined HTML of which every part is escaped where it is joined (F4 reads it back), and
# what the worker drew from a template and signed.
MARKED_SAFE = {
    "tianshan/ledgers/drawing.py",
    "tianshan/ledgers/bar.py",
    "dashboard/wide.py",
}

# Statements of our own: names come from models, values go as parameters.
OWN_SQL = {
    "dashboard/bench": "the bench fills and reads a database of its own",
    "dashboard/management/commands/bench.py": "the bench",
    "dashboard/metrics.py": "counts of jobs by state",
    "dashboard/sums.py": "sums are added in one statement",
    "enterprises/imports": "rows of a workbook go in by COPY",
    "enterprises/models/imported.py": "a progress that no transaction holds back",
    "enterprises/twins.py": "pairs of like names are found by the database",
    "public/limits.py": "a counter and its lock in one statement",
    "tianshan/audit": "seals and counted changes",
    "tianshan/database": "roles, rights, the replica, COPY",
    "tianshan/ledgers/figures.py": "figures of one family in one pass",
    "tianshan/ledgers/in_sql.py": "exports are written by the database",
}
RUNS_SQL = {"RawSQL", "raw", "cursor"}


def calls_in(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            called = node.func
            yield getattr(called, "attr", getattr(called, "id", "")), node


def test_only_these_files_mark_html_as_safe():
    found = {
        name_of(path)
        for path in SOURCES
        for called, _ in calls_in(path)
        if called in {"mark_safe", "SafeString", "SafeText"}
    }
    assert found == MARKED_SAFE


def test_format_html_always_gets_its_words_as_arguments():
    """A first argument that is built would be HTML of whoever typed the words."""
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in SOURCES
        for called, node in calls_in(path)
        if called in {"format_html", "format_html_join"}
        and not isinstance(node.args[0], ast.Constant)
    ]
    assert found == []


def test_only_these_files_speak_sql():
    found = {
        name_of(path)
        for path in SOURCES
        for called, _ in calls_in(path)
        if called in RUNS_SQL
    }
    assert {f for f in found if not f.startswith(tuple(OWN_SQL))} == set()


@pytest.mark.parametrize(
    "words",
    [
        "import pickle",
        "yaml.load",
        "shell=True",
        "os.system",
        "hashlib.md5",
        "hashlib.sha1",
        "ECB",
        "random.choice",  # `secrets` makes what must not be guessed
        "verify=False",
    ],
)
def test_no_source_holds(words):
    # The demo and the bench draw their invented rows by a seed.
    found = [
        name_of(path)
        for path in SOURCES
        if words in path.read_text()
        and not name_of(path).startswith(("dashboard/demo", "dashboard/bench"))
    ]
    assert found == []


def test_only_what_no_cookie_opens_goes_without_a_token():
    """Forms and the phones' queue carry one; machines bring their own, and only read."""
    found = {name_of(p) for p in SOURCES if "csrf_exempt" in p.read_text()}
    assert found == {"dashboard/api/doors.py"}


# --- the seam --------------------------------------------------------------------------

# What narrows a queryset to what one may see.
SEAM = {
    "visible_to",
    "governed_by",
    "kept_by",
    "served_by",
    "seen_whole_by",
    "spoken_for_by",
    "readable_by",
    "assignable_by",
    "answered_by",
    "of_units",
}
# Rows of what was found through the seam just before, unless another reason stands
# beside them: file -> models.
ASKED_OTHERWISE = {
    "accounts/account_views.py": {"User"},  # all of them, by who looks after accounts
    "accounts/session_views.py": {"SignedIn"},  # of one's own, found just before
    # Before anybody is signed in: whose account a proven subject is.
    "accounts/sign_on_views.py": {"User"},
    "dashboard/handover_views.py": {"User"},  # none, until the form knows who asks
    "dashboard/job_views.py": {"DBTaskResult"},  # of a package, for who runs the system
    # Posts may be given anywhere, by who looks after accounts.
    "party/post_views.py": {"Grid", "MemberUnit", "PartyOrganization", "Station"},
    "accounts/views.py": {"Seal"},  # a fingerprint, on the auditor's page
    "cases/views.py": {
        "ConsentItem",  # lists of values
        "HelpCase",
        "Neighborhood",
    },
    "dashboard/reports/form_views.py": {"Filing"},
    "dashboard/views.py": {"Standing"},
    "enterprises/act_views.py": {"Caretaker"},
    "enterprises/coverage_views.py": {"Building", "Business", "Coverage"},
    "enterprises/district_views.py": {"Business"},
    "enterprises/import_views.py": {"HeadingMemory"},
    "enterprises/twin_views.py": {"Business"},
    "enterprises/views.py": {"Business"},  # a merged one leads to the one that stays
    "issues/body_views.py": {"BodyMember"},
    "issues/ladder_views.py": {"DeliberationBody"},
    "issues/meeting_views.py": {"DeliberationBody", "ItemMeasure", "Opinion"},
    "issues/part_views.py": {"MeasurePart"},
    "issues/sorting_views.py": {"Matter", "MatterDemand", "Sorting"},
    "issues/views.py": {"Matter", "MatterDemand", "Measure"},
    "party/plan_views.py": {"PlanItem", "PlanNote"},
    "party/station_views.py": {"Booking", "Post"},
    "party/views.py": {"Post"},
    # A visitor has no account: the token names the row.
    "public/activity_views.py": {"Activity", "Signup"},
    "public/need_views.py": {"NeedLink"},
    "public/order_views.py": {"OrderLink"},
    "public/part_views.py": {"PartLink"},
    "public/staff_views.py": {"Card", "DemandLink", "Sending"},
    "public/views.py": {"MenuItem"},  # the menu is for everybody
    "services/order_views.py": {"MenuItem"},
    "services/resource_views.py": {"Match"},
    "services/signup_views.py": {"Attendance", "Signup"},
    "visits/door_views.py": {"Photo"},
    "visits/photo_views.py": {"Photo"},  # by the sender's own key
    "visits/views.py": {"Photo"},
}


def chains(path):
    """(model, names called on its manager, line) of each `Model.objects.…`."""
    tree = ast.parse(path.read_text())
    inner = set()
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Call, ast.Attribute)) or node in inner:
            continue
        names, at = [], node
        while isinstance(at, (ast.Call, ast.Attribute)):
            inner.add(at)
            if isinstance(at, ast.Attribute):
                names.append(at.attr)
                at = at.value
            else:
                at = at.func
        if isinstance(at, ast.Name) and names and names[-1] == "objects":
            yield at.id, set(names), node


def beside_the_seam(path):
    """Models that a file asks without the seam, in the chain or in what narrows it."""
    found = set()
    for model, names, node in chains(path):
        if len(names) > 1 and not names & SEAM:
            within = {
                getattr(inner, "attr", getattr(inner, "id", ""))
                for inner in ast.walk(node)
            }
            if not within & SEAM:
                found.add(model)
    return found


def test_views_ask_through_the_seam():
    found = {name_of(path): beside_the_seam(path) for path in VIEWS}
    assert {name: models for name, models in found.items() if models} == ASKED_OTHERWISE


# --- secrets --------------------------------------------------------------------------

SECRETS = re.compile(
    rb"-----BEGIN (?:RSA |EC |OPENSSH |DSA )?PRIVATE KEY-----\r?\n[0-9A-Za-z+/=]{30}"
    rb"|\bAKIA[0-9A-Z]{16}\b|\bghp_[0-9A-Za-z]{36}\b|\bglpat-[0-9A-Za-z_-]{20}\b"
    rb"|\bxox[baprs]-[0-9A-Za-z-]{10,}|\bsk-[0-9A-Za-z]{32,}\b|\bnpm_[0-9A-Za-z]{36}\b"
    rb"|\bAIza[0-9A-Za-z_-]{35}\b|\beyJhbGciOi[0-9A-Za-z_-]{20,}\.[0-9A-Za-z_-]{20,}\."
    rb"|(?i:secret_key|password|passwd|token)\s*=\s*[\"'][0-9A-Za-z+/_-]{32,}[\"']"
)


def test_no_secret_was_ever_committed():
    """Every blob of the whole history; without a history, the files that are here."""
    if not (ROOT / ".git").exists():
        pytest.skip("no history here")
    listed = subprocess.run(
        ["git", "rev-list", "--objects", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    keys = b"\n".join(line.split()[0] for line in listed.splitlines())
    told = subprocess.run(
        ["git", "cat-file", "--batch"],
        cwd=ROOT,
        input=keys,
        capture_output=True,
        check=True,
    ).stdout
    assert len(told) > 1_000_000
    found = {hit.group() for hit in SECRETS.finditer(told)}
    assert [hit for hit in found if b"characters" not in hit] == []


def test_the_search_for_secrets_finds_one():
    assert SECRETS.search(b"-----BEGIN PRIVATE KEY-----\n" + b"MII" * 20)
    assert SECRETS.search(b'SECRET_KEY = "' + b"a1" * 20 + b'"')
