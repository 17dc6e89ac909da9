"""What PostgreSQL says of a cell is what the column itself says, whatever is in it."""

import csv
import datetime as dt
import io
import random

import pytest
from django.utils import timezone

from enterprises.models import Business, Coverage, OfficialFacts
from tests.factories import (
    BuildingFactory,
    BusinessFactory,
    CoverageFactory,
    DemandFactory,
    ExtraFieldFactory,
    VisitFactory,
)
from tianshan.files.writing import csv_chunks
from tianshan.ledgers import LEDGERS, in_sql
from tianshan.values.models import ExtraField
from tianshan.web import masks
from visits.models import Visit

DAY = dt.timedelta(days=1)
AWKWARD = (
    "",
    "茶行",
    "=1+1",
    " ＝cmd",
    "'=1",
    "''@x",
    "\t-3",
    "+86",
    "|x",
    "　%",
    'say "so", 好',
    "two\nlines",
    "\r\n=3",
    "\x01=2",
    "a\x7fb\x0bc",
    "\ufffe-9",
    "é, ü",
    "<b>&amp;</b>",
    "\\.",
    "100%s %(x)s {}",
)
NAMES = (
    *AWKWARD,
    "沈女士",
    "沈国华",
    "沈华",
    "欧阳经理",
    "董",
    "诸葛小姐",
    " 王 ",
    "沈总",
)
PHONES = (
    *AWKWARD,
    "13912345678",
    "8613912345678",
    "+86 139-1234-5678",
    "021-55501234",
    "02155501234",
    "0574 5550123",
    "55501234",
    "5550123转8",
    "55501234x",
    "0311-1234567",
    "12345",
    "  ",
)


@pytest.fixture
def day():
    return timezone.localdate()


@pytest.fixture
def rows(grid, day):
    """Businesses of every sort, with whatever people type."""
    chance = random.Random(7)
    towers = [None, *(BuildingFactory(grid=grid, name=n or "楼") for n in AWKWARD[:4])]
    kinds = [t for t in ExtraField.Type if t != ExtraField.Type.CHOICE]
    extra = [ExtraFieldFactory(type=kind) for kind in kinds]
    secret = ExtraFieldFactory(visibility=ExtraField.Visibility.PERSONAL)
    answers = {
        ExtraField.Type.TEXT: "=x",
        ExtraField.Type.WHOLE: 12,
        ExtraField.Type.DECIMAL: 0.25,
        ExtraField.Type.DATE: "2026-02-03",
        ExtraField.Type.YES_NO: False,
    }
    made = []
    for number in range(40):
        business = BusinessFactory(
            grid=grid,
            name=chance.choice(AWKWARD) or "无名",
            kind=chance.choice(list(Business.Kind)),
            state=chance.choice(list(Business.State)),
            code=f"9131010500000{number:05}" if chance.random() < 0.5 else None,
            building=chance.choice(towers),
            room=chance.choice(AWKWARD),
            trade=chance.choice(["餐饮", "批发零售", *AWKWARD]),
            staff_count=chance.choice([None, 0, 12]),
            contact_name=NAMES[number % len(NAMES)],
            contact_phone=PHONES[number % len(PHONES)],
            founded_on=chance.choice([None, dt.date(2020, 3, 9)]),
            founded_precision=chance.choice(list(Business.Precision)),
            reported_mode=chance.choice(["", "own", "joint"]),
            note=chance.choice(AWKWARD),
            cover_planned_on=chance.choice([None, day]),
            discovered_on=day - chance.randrange(1, 200) * DAY,
            extra={
                **{f.key: answers[f.type] for f in extra if chance.random() < 0.7},
                **({secret.key: "藏"} if chance.random() < 0.5 else {}),
            },
        )
        made.append(business)
        for mode in chance.sample(list(Coverage.Mode), chance.randrange(3)):
            CoverageFactory(business=business, mode=mode, since=day - 30 * DAY)
        for _ in range(chance.randrange(3)):
            VisitFactory(
                business=business,
                visited_on=day - chance.randrange(120) * DAY,
                outcome=chance.choice([Visit.Outcome.NORMAL, Visit.Outcome.ABSENT]),
            )
        for _ in range(chance.randrange(3)):
            DemandFactory(
                business=business, raised_on=day - chance.randrange(1, 30) * DAY
            )
        if number % 2:
            OfficialFacts.objects.create(
                business=business,
                principal_name=chance.choice(NAMES),
                principal_politics=chance.choice(OfficialFacts.Politics.values),
                has_union=chance.choice([None, True, False]),
                members_full=chance.choice([None, 0, 3]),
                lease_until=chance.choice([None, day]),
                registered_address=chance.choice(AWKWARD),
            )
    return made


def lines(chunks):
    text = b"".join(chunks).decode("utf-8-sig")
    return [row[:1] for row in csv.reader(io.StringIO(text, newline=""))]


@pytest.mark.parametrize("key", sorted(LEDGERS))
def test_a_cell_in_sql_is_the_cell(key, rows, leader, day):
    ledger = LEDGERS[key]
    for column in ledger.all_columns:
        if not column.sql:
            continue
        found = ledger.annotated(ledger.rows(leader), [column], user=leader, day=day)
        said = [column.value(row) for row in found]
        told = in_sql.read(ledger, ledger.rows(leader), [column], user=leader, day=day)

        wanted = lines(csv_chunks(columns=[], rows=([value, None] for value in said)))
        assert lines(in_sql.csv_lines(told)) == wanted[1:], column.key
        values = [value for (value,) in in_sql.values(told, [column])]
        assert [plain(value) for value in values] == [plain(value) for value in said]


def plain(value):
    """Whether a cell is empty because of "" or None is no difference in a workbook."""
    return None if value == "" else value


def test_every_column_of_a_plain_export_of_businesses_is_said_in_sql(rows, leader):
    for key in ("businesses", "enterprises", "merchants"):
        columns = LEDGERS[key].columns_for(leader)
        assert not [c.key for c in columns if c.exported and not (c.extra or c.sql)]


def test_masks_in_sql_hide_what_masks_hide(rows):
    told = Business.objects.order_by("pk").values_list(
        "contact_name",
        "contact_phone",
        masks.MaskedName("contact_name"),
        masks.MaskedPhone("contact_phone"),
    )
    assert len(told) > len(PHONES)
    for name, phone, name_said, phone_said in told:
        assert (name_said, phone_said) == (
            masks.masked_name(name),
            masks.masked_phone(phone),
        )


@pytest.mark.parametrize("query", ["", "?q=茶行&sort=-staff", "?columns=name,mode"])
def test_a_file_is_the_same_file_row_by_row(
    query, rows, client_of, leader, monkeypatch
):
    client = client_of(leader)

    def cells():
        response = client.get(f"/businesses/{query}")
        content = b"".join(response.streaming_content)
        return content.partition(b"\r\n")[2]

    query += "&format=csv" if query else "?format=csv"
    by_database = cells()
    monkeypatch.setattr(in_sql, "read", lambda *args, **kwargs: None)
    assert by_database == cells()


def test_who_goes_away_in_the_middle_of_a_file_leaves_nothing_open(
    rows, leader, day, monkeypatch, transactional_db
):
    monkeypatch.setattr(in_sql, "_ROWS_IN_A_CHUNK", 5)
    ledger = LEDGERS["businesses"]
    columns = [ledger.column("name")]
    told = in_sql.read(ledger, ledger.rows(leader), columns, user=leader, day=day)
    chunks = in_sql.csv_lines(told)
    assert next(chunks)

    chunks.close()

    assert Business.objects.count() == len(rows)
