"""The elevation of a building: who sat on which floor on a day, and how each stood.

A block is a business in its room. Where it sat comes from the dated occupancies, how
it stood from Standing, so that any past day can be asked for. Each colour is a class
of one attribute; the ledger narrows by the same classes, so that a legend's count and
the rows that it opens cannot disagree.
"""

import calendar
import datetime as dt
from collections import Counter
from dataclasses import dataclass, field

from django.db.models import Count, Max, Q
from django.utils import timezone
from django.utils.http import urlencode

from dashboard.models import Standing
from enterprises.models import Business, Coverage, Occupancy
from grids.floors import floor_of
from grids.models import Building
from tianshan.ledgers import LEDGERS
from visits.models import Demand, Visit

MONTHS_BACK = 36


@dataclass(frozen=True)
class Tone:
    """One class of an attribute: its words, its symbol for greyscale, its colour."""

    key: str
    label: str
    symbol: str
    css: str


UNCOUNTED = Tone("uncounted", "不计", "·", "o")
COVERAGE = (
    Tone("effective", "有效", "", "e"),
    Tone("not_effective", "有形未有效", "–", "g"),
    Tone("not_due", "未到期", "…", "n"),
    Tone("uncovered", "未覆盖", "×", "x"),
    UNCOUNTED,
)
MODE = (
    Tone(Coverage.Mode.OWN, Coverage.Mode.OWN.label, "单", "p"),
    Tone(Coverage.Mode.JOINT, Coverage.Mode.JOINT.label, "联", "e"),
    Tone(Coverage.Mode.PLACE, Coverage.Mode.PLACE.label, "楼", "h"),
    Tone(Coverage.Mode.REGIONAL, Coverage.Mode.REGIONAL.label, "兜", "g"),
    Tone("uncovered", "未覆盖", "×", "x"),
    UNCOUNTED,
)
VISIT = (
    Tone("within30", "30 天内走访过", "", "e"),
    Tone("within90", "31 至 90 天", "–", "h"),
    Tone("over90", "90 天以上", "久", "g"),
    Tone("never", "没有走访到过", "×", "x"),
)
DEMANDS = (
    Tone("overdue", "有超期诉求", "!", "p"),
    Tone("waiting", "有在办诉求", "诉", "g"),
    Tone("none", "没有在办诉求", "", "n"),
)
# Trades are words of the ledger: the most frequent get a colour, the rest share one.
TRADE_COLOURS = ("p", "e", "h", "g", "t5", "t6", "t7")
OTHER_TRADES = Tone("other", "其他行业", "其", "n")
NO_TRADE = Tone("none", "行业未填", "·", "o")

ATTRIBUTES = {
    "coverage": "覆盖与有效",
    "mode": "覆盖方式",
    "visit": "最近走访",
    "demands": "在办诉求",
    "trade": "行业",
}
# Beside the classes themselves, for links: everybody, those in scope, those covered.
ALL, COUNTED, COVERED, SEATS = "all", "counted", "covered", "seats"
WORDS = {
    ALL: "全部",
    COUNTED: "在册",
    COVERED: "有形覆盖",
    SEATS: "党组织所在",
}


@dataclass
class Block:
    """One business in its room, and what colours it."""

    business: Business
    room: str
    floor: object
    standing: Standing | None = None
    visited_on: dt.date | None = None
    demands: int = 0
    tone: Tone | None = None

    @property
    def counted(self):
        return bool(self.standing and self.standing.operating and self.business.counts)

    @property
    def covered(self):
        return self.counted and bool(self.standing.mode)

    @property
    def seat(self):
        """Is a Party organisation of its own here?"""
        return self.covered and self.standing.mode == Coverage.Mode.OWN

    @property
    def symbol(self):
        return "支" if self.seat and self.tone in COVERAGE else self.tone.symbol

    @property
    def words(self):
        seat = "，党组织所在" if self.seat and self.tone in COVERAGE else ""
        return f"{self.room or '室号铺位未填'} {self.business.name}：{self.tone.label}{seat}"

    def is_effective(self, day):
        return (
            self.covered
            and not self.standing.is_not_due(day)
            and not self.standing.failures(day)
        )


@dataclass
class Row:
    """One floor with its blocks and totals."""

    floor: object
    blocks: list = field(default_factory=list)
    effective: int = 0


# --- what there is -------------------------------------------------------------------


def blocks_of(building, day, businesses):
    """The businesses that sat in the building on the day, a block each, floor by floor.

    One with several rooms stands on the floor of its main one. Four queries, however
    many there are.
    """
    blocks = {}
    sitting = (
        Occupancy.objects.in_force(day)
        .filter(building=building, business__in=businesses)
        .select_related("business")
        .order_by("-main", "pk")
    )
    for row in sitting:
        if block := blocks.get(row.business_id):
            block.room = "、".join(filter(None, [block.room, row.room]))
        else:
            floor = floor_of(row.room, top=building.floors)
            blocks[row.business_id] = Block(row.business, row.room, floor)
    for standing in Standing.objects.on(day).filter(business__in=blocks):
        blocks[standing.business_id].standing = standing
    met = Visit.objects.met().filter(business__in=blocks, visited_on__lte=day)
    for row in met.values("business").annotate(last=Max("visited_on")):
        blocks[row["business"]].visited_on = row["last"]
    waiting = Demand.objects.filter(
        Q(first_outcome_on=None) | Q(first_outcome_on__gt=day),
        business__in=blocks,
        raised_on__lte=day,
    )
    for row in waiting.values("business").annotate(count=Count("pk")):
        blocks[row["business"]].demands = row["count"]
    return sorted(
        blocks.values(),
        key=lambda block: (block.floor.order, block.room, block.business.pinyin),
    )


def colour(blocks, by, day):
    """Give each block its tone; answers the tones of the legend, in order."""
    if by == "trade":
        return _colour_by_trade(blocks)
    tones, key_of = BY[by]
    known = {tone.key: tone for tone in tones}
    for block in blocks:
        block.tone = known[key_of(block, day)]
    return tones


def _by_coverage(block, day):
    if not block.counted:
        return "uncounted"
    if not block.covered:
        return "uncovered"
    if block.standing.is_not_due(day):
        return "not_due"
    return "effective" if block.is_effective(day) else "not_effective"


def _by_mode(block, day):
    if not block.counted:
        return "uncounted"
    return block.standing.mode or "uncovered"


def recency(visited_on, day):
    """The class of VISIT that a last visit is in on the day; None: there was none."""
    if visited_on is None:
        return "never"
    ago = (day - visited_on).days
    return "within30" if ago <= 30 else "within90" if ago <= 90 else "over90"


def _by_visit(block, day):
    return recency(block.visited_on, day)


def _by_demands(block, day):
    overdue = block.standing and block.standing.overdue_from
    if block.demands and overdue and overdue <= day:
        return "overdue"
    return "waiting" if block.demands else "none"


BY = {
    "coverage": (COVERAGE, _by_coverage),
    "mode": (MODE, _by_mode),
    "visit": (VISIT, _by_visit),
    "demands": (DEMANDS, _by_demands),
}


def _colour_by_trade(blocks):
    trades = Counter(block.business.trade for block in blocks if block.business.trade)
    tones, symbols = {}, set()
    frequent = sorted(trades, key=lambda trade: (-trades[trade], trade))
    for trade, css in zip(frequent, TRADE_COLOURS, strict=False):
        symbol = next((char for char in trade if char not in symbols), trade[0])
        symbols.add(symbol)
        tones[trade] = Tone(f"={trade}", trade, symbol, css)
    for block in blocks:
        trade = block.business.trade
        block.tone = tones.get(trade, OTHER_TRADES) if trade else NO_TRADE
    return (*tones.values(), OTHER_TRADES, NO_TRADE)


def rows_of(blocks, day):
    """From the top floor down; last, those whose room does not say its floor."""
    rows = {}
    for block in blocks:
        row = rows.setdefault(block.floor, Row(block.floor))
        row.blocks.append(block)
        row.effective += block.is_effective(day)
    return list(rows.values())


# --- the same in the ledger ----------------------------------------------------------


def in_class(blocks, key):
    """Those of a class, or of one of the wider groups that links name."""
    tests = {
        ALL: lambda block: True,
        COUNTED: lambda block: block.counted,
        COVERED: lambda block: block.covered,
        SEATS: lambda block: block.seat,
    }
    test = tests.get(key, lambda block: block.tone.key == key)
    return [block for block in blocks if test(block)]


def ledger_url(building, day, by, key):
    """The ledger of exactly those blocks; of a past day, as it was then."""
    asked = {"block": f"{building.pk}:{day}:{by}:{key}"}
    if day < timezone.localdate():
        asked["on"] = day
    return f"{LEDGERS['businesses'].url}?{urlencode(asked)}"


def asked_for(text, user):
    """`(words, businesses)` of the blocks that an address names; None if it cannot be.

    The words go to the chip of the ledger, the businesses are its rows.
    """
    pk, _, rest = text.partition(":")
    day, _, rest = rest.partition(":")
    by, _, key = rest.partition(":")
    try:
        day = dt.date.fromisoformat(day)
    except ValueError:
        return None
    if by not in ATTRIBUTES or not pk.isdecimal() or len(pk) > 18:
        return None
    building = Building.objects.visible_to(user).filter(pk=pk).first()
    if building is None:
        return None
    blocks = blocks_of(building, day, Business.objects.visible_to(user))
    labels = {tone.key: tone.label for tone in colour(blocks, by, day)} | WORDS
    if key not in labels:
        return None
    words = f"{building.name} {day} {ATTRIBUTES[by]}：{labels[key]}"
    return words, [block.business.pk for block in in_class(blocks, key)]


def legend(building, blocks, tones, by, day):
    """`[{tone, count, url}]` of the classes that there are."""
    counts = Counter(block.tone for block in blocks)
    return [
        {
            "tone": tone,
            "count": counts[tone],
            "url": ledger_url(building, day, by, tone.key),
        }
        for tone in tones
        if counts[tone] or tone not in (UNCOUNTED, OTHER_TRADES, NO_TRADE)
    ]


# --- months --------------------------------------------------------------------------


def months(building, today):
    """The months that can be asked for, the first of each, up to today's."""
    last = today.year * 12 + today.month - 1
    live = building.grid.live_on
    first = max(live.year * 12 + live.month - 1, last - MONTHS_BACK + 1)
    return [dt.date(n // 12, n % 12 + 1, 1) for n in range(min(first, last), last + 1)]


def read_month(text, choices):
    """The month asked for as 2026-03; the current one for anything else."""
    return next((m for m in choices if f"{m:%Y-%m}" == text), choices[-1])


def last_day(month, today):
    """The day on which a month is looked at: its last, but never later than today."""
    _, days = calendar.monthrange(month.year, month.month)
    return min(month.replace(day=days), today)
