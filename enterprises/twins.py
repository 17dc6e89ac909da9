"""Two rows that may be one business: by code, phone, place and what the name sounds like.

Names are compared by their core (without 上海市, 有限公司 and the like), by the pairs of
characters that they share and by their sound. What was ruled 不是同一家 is left out.
"""

import itertools
import re
from collections import defaultdict
from dataclasses import dataclass, field

from django.db.models import Q

from enterprises.models import Business, NotTwins
from tianshan.pinyin import fold, sort_key

SIMILAR = 0.55
# A pair of characters that so many names of one building share says nothing (茶行).
COMMON = 25
MOST = 2000
SHOWN = 6

_AROUND = re.compile(r"^(上海市?|长宁区)+|[(（].*?[)）]|[\s·.,，。\-—_]")
_LEGAL = re.compile(
    r"(股份有限公司|有限责任公司|有限公司|个体工商户|经营部|分公司|合伙企业|公司)$"
)


def core(name):
    """What of a name tells it from others: 上海闽南茶业有限公司 is 闽南茶业."""
    rest = _LEGAL.sub("", _AROUND.sub("", fold(name)))
    return rest or fold(name)


def pairs_of(text):
    return {text[i : i + 2] for i in range(len(text) - 1)} or {text}


def likeness(one, other):
    """0 to 1: twice what the cores share over what they have (Dice)."""
    mine, theirs = pairs_of(core(one)), pairs_of(core(other))
    return 2 * len(mine & theirs) / (len(mine) + len(theirs))


def one_digit_apart(code, other):
    return (
        len(code) == len(other)
        and sum(a != b for a, b in zip(code, other, strict=True)) == 1
    )


def same_room(room, other):
    plain = [re.sub(r"[\s\-－—#号室铺]", "", fold(text)) for text in (room, other)]
    return bool(plain[0]) and plain[0] == plain[1]


@dataclass
class Facts:
    """What of a business is compared."""

    pk: int | None
    name: str
    code: str = ""
    building_id: int | None = None
    room: str = ""
    phone: str = ""
    pinyin: str = ""
    core: str = field(init=False)

    def __post_init__(self):
        self.core = core(self.name)
        self.code = self.code or ""


COLUMNS = ("pk", "name", "code", "building_id", "room", "contact_phone", "pinyin")


def compare(one, other):
    """(how sure, the reasons in words); 0 and none where nothing speaks for it."""
    sure, why = 0, []
    alike = likeness(one.name, other.name)
    here = one.building_id is not None and one.building_id == other.building_id
    sounds = one.core == other.core or (
        bool(one.pinyin) and sort_key(one.core) == sort_key(other.core)
    )
    if one.code and one.code == other.code:
        sure, why = 10, ["统一代码相同"]
    elif one.code and other.code and one_digit_apart(one.code, other.code):
        sure, why = 8, ["统一代码只差一位"]
    elif one.code and other.code and not (one.phone and one.phone == other.phone):
        # Two licences: as a rule two shops, or one that came after the other.
        return 0, []
    if one.phone and one.phone == other.phone and (alike >= SIMILAR / 2 or sounds):
        sure, why = sure + 4, [*why, "电话相同，名称相近"]
    if here and same_room(one.room, other.room) and (alike >= SIMILAR / 2 or sounds):
        sure, why = sure + 4, [*why, "同一楼宇同一铺位，名称相近"]
    elif here and sounds:
        sure, why = sure + 3, [*why, "同一楼宇，名称读音相同"]
    elif here and alike >= SIMILAR:
        sure, why = sure + 2, [*why, "同一楼宇，名称相近"]
    elif sounds and len(one.core) > 2 and one.building_id is None:
        sure, why = sure + 2, [*why, "名称读音相同"]
    return sure, why


def likely(rows, *, name, code="", building=None, room="", phone="", exclude=None):
    """Of the businesses `rows`, those that what is being entered may be.

    By code first, then name with place. `[(business, [why]), …]`, the surest first.
    """
    name = name.strip()
    new = Facts(
        pk=exclude,
        name=name,
        code=code,
        building_id=building.pk if building else None,
        room=room,
        phone=phone,
        pinyin=sort_key(name),
    )
    near = Q(pk__in=[])
    if len(code) == 18:
        near |= Q(code__startswith=code[:9]) | Q(code__endswith=code[9:])
    if name:
        near |= Q(pinyin=new.pinyin)
        near |= Q(pinyin__startswith=" ".join(sort_key(new.core).split()[:2]))
        if building:
            near |= Q(building=building)
        if phone:
            near |= Q(contact_phone=phone)
    found = rows.filter(near).exclude(pk=exclude).values_list(*COLUMNS)[:MOST]
    scored = []
    for other in itertools.starmap(Facts, found):
        sure, why = compare(new, other)
        if sure:
            scored.append((-sure, other.pk, why))
    best = sorted(scored)[:SHOWN]
    businesses = Business.objects.select_related("grid", "building").in_bulk(
        [pk for _, pk, _ in best]
    )
    return [(businesses[pk], why) for _, pk, why in best]


def pairs(rows):
    """The likely twins among the businesses `rows`: `[(sure, pk, pk, [why]), …]`.

    One pass over the rows: what can be twins shares a half of the code, a phone, or a
    building and a rare pair of characters.
    """
    known = {
        row.pk: row for row in itertools.starmap(Facts, rows.values_list(*COLUMNS))
    }
    buckets = defaultdict(list)
    for row in known.values():
        if len(row.code) == 18:
            buckets["code", row.code[:9]].append(row.pk)
            buckets["code", row.code[9:]].append(row.pk)
        if row.phone:
            buckets["phone", row.phone].append(row.pk)
        if row.building_id:
            for pair in pairs_of(row.core):
                buckets[row.building_id, pair].append(row.pk)
            buckets[row.building_id, "sounds", sort_key(row.core)].append(row.pk)
    apart = set(NotTwins.objects.values_list("first", "second"))
    candidates = set()
    for bucket in buckets.values():
        if 1 < len(bucket) <= COMMON:
            candidates.update(itertools.combinations(sorted(bucket), 2))
    found = []
    for first, second in candidates - apart:
        sure, why = compare(known[first], known[second])
        if sure:
            found.append((-sure, first, second, why))
    return sorted(found)
