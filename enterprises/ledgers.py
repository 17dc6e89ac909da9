"""What the ledgers of businesses show. Headings are those of the district's forms, so
that an export can be imported again."""

from functools import cache

from django.db.models import Case, CharField, F, OuterRef, Subquery, When
from django.utils.html import format_html

from accounts.rights import Right
from enterprises import official
from enterprises.bulk import EDITS
from enterprises.filters import AnyBusinessFilter, BusinessFilter
from enterprises.imports.kinds import BUSINESS_HEADINGS
from enterprises.imports.recognise import LEFT_ALONE, plain
from enterprises.models import (
    Business,
    Coverage,
    Enterprise,
    Merchant,
    Trade,
    TradeWord,
    section_of,
)
from enterprises.past import PastOfBusinesses
from party.models import in_force
from tianshan.ledgers.in_sql import Beside, Label, Mapped, ToText, as_day, beside
from tianshan.ledgers.ledger import Column, Ledger
from tianshan.ledgers.ledger import register as add
from tianshan.values.extra import Carrier, carry
from tianshan.web.masks import MaskedName, MaskedPhone, masked_name, masked_phone

KEYS = ("businesses", "enterprises", "merchants")


def founded(row):
    """The day a business was founded, as exactly as it is known."""
    if row.founded_on is None:
        return None
    if row.founded_precision == Business.Precision.MONTH:
        return f"{row.founded_on:%Y-%m}"
    if row.founded_precision == Business.Precision.YEAR:
        return f"{row.founded_on:%Y}"
    return row.founded_on


# The same as text, and back again where it says a day.
FOUNDED = Case(
    When(
        founded_precision=Business.Precision.MONTH, then=ToText("founded_on", "YYYY-MM")
    ),
    When(founded_precision=Business.Precision.YEAR, then=ToText("founded_on", "YYYY")),
    default=ToText("founded_on", "YYYY-MM-DD"),
)


def with_mode(queryset, *, user, day):
    """The mode in force on the day that ranks first."""
    first = Coverage.objects.filter(in_force(day), business=OuterRef("pk")).ranked()
    return queryset.annotate(cover_mode=Subquery(first.values("mode")[:1]))


def beside_mode(queryset, *, user, day):
    ranked = Coverage.objects.in_force(day).order_by("business", "rank")
    first = ranked.distinct("business").values(of=F("business"), told=F("mode"))
    return beside(queryset, "cover", first)


def with_section(queryset, *, user, day):
    return queryset.annotate(trade_section=section_of("trade"))


def section(row):
    """The national section that the business's words lead to, if any."""
    return Trade.Section(row.trade_section).label if row.trade_section else ""


def section_labels():
    words = TradeWord.objects.values_list("word", "trade__section")
    return {word: Trade.Section(letter).label for word, letter in words}


def mode_in_words(row):
    return Coverage.Mode(row.cover_mode).label if row.cover_mode else "未覆盖"


SHORT = {"place": "楼宇·市场·街区", "regional": "区域性兜底"}


def draw_mode(row):
    """Short, so that the row stays one line; in full on hover."""
    return _drawn_mode(row.cover_mode, mode_in_words(row))


@cache
def _drawn_mode(mode, words):
    return format_html('<span title="{}">{}</span>', words, SHORT.get(mode, words))


def _columns():
    return [
        Column(
            "name",
            "单位名称",
            lambda row: row.name,
            link=True,
            sort=("pinyin",),
            sql="name",
        ),
        Column(
            "kind",
            "类别",
            lambda row: row.get_kind_display(),
            sort=("kind",),
            shown=False,
            sql=Label("kind", Business.Kind.choices),
        ),
        Column(
            "code",
            "统一社会信用代码",
            lambda row: row.code or "",
            sort=("code",),
            shown=False,
            sql="code",
        ),
        Column(
            "building",
            "所在楼宇/市场",
            lambda row: row.building.name if row.building else "",
            sort=("building__pinyin", "room"),
            sql="building__name",
        ),
        Column("room", "室号铺位", lambda row: row.room, sort=("room",), sql="room"),
        Column(
            "trade", "行业类别", lambda row: row.trade, sort=("trade",), sql="trade"
        ),
        Column(
            "section",
            "门类",
            section,
            annotate=with_section,
            shown=False,
            sql=lambda day: Mapped("trade", section_labels()),
        ),
        Column(
            "staff",
            "从业人员数",
            lambda row: row.staff_count,
            number=True,
            sort=("staff_count",),
            sql="staff_count",
        ),
        Column(
            "contact",
            "联系人",
            lambda row: masked_name(row.contact_name),
            sql=MaskedName("contact_name"),
        ),
        Column(
            "phone",
            "联系电话",
            lambda row: masked_phone(row.contact_phone),
            masked="只写前三位和后四位",
            sql=MaskedPhone("contact_phone"),
        ),
        Column(
            "founded",
            "成立日期",
            founded,
            sort=("founded_on",),
            shown=False,
            sql=FOUNDED,
            read=as_day,
        ),
        Column(
            "reported",
            "党组织组建形式",
            lambda row: row.get_reported_mode_display(),
            shown=False,
            sql=Label("reported_mode", Business.ReportedMode.choices),
        ),
        Column(
            "members",
            "党员数",
            lambda row: row.members_count,
            number=True,
            sort=("members_count",),
            shown=False,
            sql="members_count",
        ),
        Column(
            "mode",
            "覆盖方式",
            mode_in_words,
            draw=draw_mode,
            annotate=with_mode,
            sql=Label(
                Beside("cover", CharField()), Coverage.Mode.choices, empty="未覆盖"
            ),
            joins=beside_mode,
        ),
        Column(
            "state",
            "经营状态",
            lambda row: row.get_state_display(),
            sort=("state",),
            sql=Label("state", Business.State.choices),
        ),
        Column("note", "备注", lambda row: row.note, shown=False, sql="note"),
        Column(
            "grid",
            "网格",
            lambda row: row.grid.name,
            sort=("grid__path",),
            shown=False,
            sql="grid__name",
        ),
        *official.columns(),
    ]


OPEN = ("新开一家", "plus", "enterprises:business_new", Right.EDIT_BUSINESSES)
TWINS = ("疑似重复", "duplicate", "enterprises:twin_list", Right.MERGE)
IMPORT = ("导入台账", "table-import", "enterprises:import_new", Right.IMPORT)
HINT = "名称、室号铺位、统一代码、手机尾号；拼音首字母如 mnch"
PEEK = ["dashboard:for_business", "visits:for_business"]
EMPTY = "这里还没有企业商户。台账员可以导入区里下发的台账。"


BUSINESSES = Ledger(
    key="businesses",
    title="企业商户台账",
    unit="家",
    page="enterprises:business_list",
    rows=lambda user: Business.objects.visible_to(user).for_list(),
    filters=AnyBusinessFilter,
    hint=HINT,
    empty=EMPTY,
    actions=[OPEN, TWINS, IMPORT],
    columns=_columns(),
    edits=EDITS,
    carries=("business",),
    peek=PEEK,
    past=PastOfBusinesses(),
)
ENTERPRISES = Ledger(
    key="enterprises",
    title="企业台账",
    unit="家",
    page="enterprises:enterprise_list",
    rows=lambda user: Enterprise.objects.visible_to(user).for_list(),
    filters=BusinessFilter,
    hint=HINT,
    empty=EMPTY,
    actions=[OPEN, TWINS, IMPORT],
    columns=_columns(),
    edits=EDITS,
    carries=("business", Business.Kind.ENTERPRISE),
    peek=PEEK,
    past=PastOfBusinesses(),
)
MERCHANTS = Ledger(
    key="merchants",
    title="商户台账",
    unit="家",
    page="enterprises:merchant_list",
    rows=lambda user: Merchant.objects.visible_to(user).for_list(),
    filters=BusinessFilter,
    hint=HINT,
    empty=EMPTY,
    actions=[OPEN, TWINS, IMPORT],
    columns=_columns(),
    edits=EDITS,
    carries=("business", Business.Kind.MERCHANT),
    peek=PEEK,
    past=PastOfBusinesses(),
)


def register():
    add(BUSINESSES)
    add(ENTERPRISES)
    add(MERCHANTS)
    carry(
        Carrier(
            key="business",
            label="企业商户",
            model=Business,
            kinds=tuple(Business.Kind.choices),
            taken=is_taken,
        )
    )


def is_taken(label):
    """Is it a column, or a heading that the importer reads otherwise?"""
    columns = {column.label for column in BUSINESSES.columns}
    known = (*BUSINESS_HEADINGS.values(), *official.HEADINGS.values())
    headings = {word for words in known for word in words}
    return label in columns or plain(label) in headings | LEFT_ALONE
