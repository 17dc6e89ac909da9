"""The official columns in files: read, compared and written beside the business.

A business gets its row of OfficialFacts with the first of them; a file without such
columns costs nothing.
"""

from enterprises import official
from enterprises.imports.fields import one_of, short, take
from enterprises.imports.recognise import WARNING, plain
from enterprises.models import OfficialFacts
from tianshan.files import CellProblem
from tianshan.files.cells import day_of, text_of, whole_number
from tianshan.web.masks import masked_name

NAMES = frozenset(OfficialFacts.NAMES)
YES = frozenset(
    ["是", "有", "已建", "已组建", "已成立", "建", "√", "✓", "1", "y", "yes"]
)
NO = frozenset(["否", "无", "未建", "未组建", "没有", "不是", "×", "✗", "0", "n", "no"])
# 已建群团 in one cell: each that is named is there, 无 says that none is.
MASS_GROUPS = "mass_groups"
GROUPS = {
    "has_union": ("工会",),
    "has_league": ("共青团", "团组织", "团支部", "团委"),
    "has_women": ("妇联", "妇女组织"),
}
# Words that forms use for a choice, beside its label.
SYNONYMS = {
    "党员": "member",
    "预备党员": "probationary",
    "团员": "league",
    "无党派": "independent",
    "季付": "quarterly",
    "月付": "monthly",
    "半年付": "half_yearly",
    "年付": "yearly",
    "外卖骑手": "rider",
    "骑手": "rider",
    "快递小哥": "courier",
    "卡车司机": "trucker",
}


def label_of(name):
    return str(OfficialFacts._meta.get_field(name).verbose_name)


LABELS = {name: label_of(name) for name in OfficialFacts.NAMES}
LABELS[MASS_GROUPS] = "已建群团"
HEADINGS = {
    name: [plain(label), *official.HEADINGS.get(name, [])]
    for name, label in LABELS.items()
}
HEADINGS[MASS_GROUPS] += ["群团", "群团组织", "群团组建情况"]


def _yes_or_no(cell):
    text = text_of(cell).lower()
    if not text:
        return None
    if text in YES:
        return True
    if text in NO:
        return False
    raise CellProblem(f"认不出“{text}”，请写成：是、否。")


def _day(cell):
    day = day_of(cell)
    return day and day.date


def _reader(field):
    if field.choices:
        words = {label: value for value, label in field.choices}
        known = {word: v for word, v in SYNONYMS.items() if v in words.values()}
        return _one_of(words, known)
    kind = field.get_internal_type()
    if kind == "BooleanField":
        return _yes_or_no
    if kind == "DateField":
        return _day
    if "Integer" in kind:
        return whole_number
    return short(field.max_length)


def _one_of(words, more):
    """One of the labels, or of the words that stand for one; labels are what to write."""
    listed = one_of(words)

    def read(cell):
        return more.get(text_of(cell)) or listed(cell)

    return read


READERS = {name: _reader(OfficialFacts._meta.get_field(name)) for name in NAMES}


def read(row):
    """Read the official columns that the file has into the row's values."""
    there = (row.table.columns.keys() | row.mended.keys()) & (NAMES | {MASS_GROUPS})
    for name in sorted(there - {MASS_GROUPS}):
        take(row, name, READERS[name])
    if MASS_GROUPS in there:
        _read_mass_groups(row)
    full, probationary = (
        row.values.get(name) for name in ("members_full", "members_probationary")
    )
    if full is None or probationary is None:
        return
    together = full + probationary
    if row.values.setdefault("members_count", together) != together:
        row.problem(
            "members_count",
            f"正式、预备党员相加是 {together}，和党员数不一样，先按党员数记，请核实。",
            WARNING,
        )


def _read_mass_groups(row):
    text = text_of(row.cell(MASS_GROUPS))
    if text in NO:
        for name in GROUPS:
            row.values.setdefault(name, False)
        return
    named = [n for n, words in GROUPS.items() if any(word in text for word in words)]
    for name in named:
        row.values.setdefault(name, True)
    if text and not named:
        row.problem(MASS_GROUPS, f"认不出“{text}”，请写成：工会、共青团、妇联，或无。")


def given(rows):
    """Does any row say something of these columns?"""
    return any(NAMES & row.values.keys() for row in rows)


def said_before(values, business):
    """Names of the values that are as the business has them already."""
    names = NAMES & values.keys()
    facts = OfficialFacts.of(business) if names else None
    return {name for name in names if getattr(facts, name) == values[name]}


def changes(row, business):
    """Facts that a row gives and that differ, as {field: [before, after]}."""
    names = NAMES & row.values.keys()
    if not names:
        return {}
    facts = OfficialFacts.of(business)
    found = {}
    for name in sorted(names):
        before, after = getattr(facts, name), row.values[name]
        if name == "principal_name" and after == masked_name(before):
            continue
        if before != after:
            found[name] = [before, after]
    return found


def write(new, changed):
    """Write what rows say of these columns, beside the businesses that they mean."""
    wanted = {}
    for row in new:
        if names := NAMES & row.values.keys():
            wanted[row.target.pk] = {name: row.values[name] for name in names}
    for row in changed:
        if names := NAMES & row.changes.keys():
            wanted[row.target.pk] = {name: row.changes[name][1] for name in names}
    if not wanted:
        return
    known = {
        facts.business_id: facts
        for facts in OfficialFacts.objects.filter(business__in=wanted)
    }
    rows = []
    for pk, values in wanted.items():
        facts = known.get(pk) or OfficialFacts(business_id=pk)
        for name, value in values.items():
            setattr(facts, name, value)
        rows.append(facts)
    OfficialFacts.objects.bulk_create(
        rows,
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["business"],
        update_fields=sorted(set().union(*wanted.values())),
    )
