"""Two rows that may be one business: by code, phone, place and what the name sounds like.

Names are compared by their core (without 上海市, 有限公司 and the like), by the pairs of
characters that they share and by their sound. What was ruled 不是同一家 is left out.
`compare` says it of two in hand; `pairs` finds all in SQL by the same rules, which a
test holds together.
"""

import itertools
import re
from dataclasses import dataclass, field

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q

from enterprises.models import Business
from tianshan.ledgers.kept import keep
from tianshan.pinyin import fold, sort_key

SIMILAR = 0.55
# A pair of characters that so many names of one building share says nothing (茶行), nor
# does a phone that so many have.
COMMON = 25
MOST = 2000
SHOWN = 6

# Read alike by Python and by PostgreSQL.
AROUND = r"^(上海市?|长宁区)+|[(（][^)）]*[)）]|[\s·.,，。\-—_]"
LEGAL = r"(股份有限公司|有限责任公司|有限公司|个体工商户|经营部|分公司|合伙企业|公司)$"
# The same in the stored pinyin of a name.
SOUNDS_AROUND = r"^((shang hai( shi)?|chang ning qu) )+"
SOUNDS_LEGAL = (
    r"( (gu fen you xian gong si|you xian ze ren gong si|you xian gong si"
    r"|ge ti gong shang hu|jing ying bu|fen gong si|he huo qi ye|gong si))$"
)
IN_ROOMS = r"[\s\-—#号室铺]"


def core(name):
    """What of a name tells it from others: 上海闽南茶业有限公司 is 闽南茶业."""
    rest = re.sub(LEGAL, "", re.sub(AROUND, "", fold(name)))
    return rest or fold(name)


def sound(pinyin):
    """How the core of a name sounds, from the pinyin of the name."""
    return re.sub(SOUNDS_LEGAL, "", re.sub(SOUNDS_AROUND, "", pinyin)) or pinyin


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
    plain = [re.sub(IN_ROOMS, "", fold(text)) for text in (room, other)]
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
        bool(one.pinyin) and sound(one.pinyin) == sound(other.pinyin)
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
        sure, why = sure + 4, [*why, "同一楼宇同一室号铺位，名称相近"]
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


def replaced(missed, fresh):
    """(how sure, why) that a file which lacks the one brings it as the other.

    Whatever speaks for twins; besides a name that turns up elsewhere (moved) or another
    name, with another licence perhaps, where it was (renamed, or a successor).
    """
    sure, why = compare(missed, fresh)
    if sure:
        return sure, why
    if fold(missed.name) == fold(fresh.name):
        return 2, ["同名"]
    here = missed.building_id is not None and missed.building_id == fresh.building_id
    if here and same_room(missed.room, fresh.room):
        return 1, ["同一楼宇同一室号铺位"]
    return 0, []


def replacements(businesses, rows):
    """`{pk: Business}`: of the businesses `rows`, what each of the missed may really be."""
    either = Q(pk__in=[])
    for business in businesses:
        either |= Q(name=business.name) | Q(pinyin=business.pinyin)
        if business.building_id and business.room:
            either |= Q(building=business.building_id, room=business.room)
        if business.contact_phone:
            either |= Q(contact_phone=business.contact_phone)
    fresh = {b.pk: b for b in rows.filter(either).select_related("building")}
    facts = [facts_of(business) for business in fresh.values()]
    found = {}
    for business in businesses:
        missed = facts_of(business)
        ranked = [(-replaced(missed, other)[0], other.pk) for other in facts]
        if ranked and (best := min(ranked))[0]:
            found[business.pk] = fresh[best[1]]
    return found


def facts_of(business):
    return Facts(*(getattr(business, name) for name in COLUMNS))


# What can be twins shares a bucket: a part of the code, a phone, or in one building a
# pair of characters or the sound. Buckets that are common say nothing.
PAIRS = r"""
WITH rows AS MATERIALIZED ({rows}),
folded AS (
    SELECT *, btrim(lower(regexp_replace(
        normalize(name, NFKC), '[\s\u200b-\u200f\u2060\ufeff]+', ' ', 'g'
    ))) AS plain FROM rows
),
cored AS (
    SELECT *,
        COALESCE(NULLIF(regexp_replace(
            regexp_replace(plain, %(around)s, '', 'g'), %(legal)s, ''), ''), plain
        ) AS core,
        COALESCE(NULLIF(regexp_replace(
            regexp_replace(pinyin, %(sounds_around)s, ''), %(sounds_legal)s, ''
        ), ''), pinyin) AS sound,
        regexp_replace(lower(normalize(room, NFKC)), %(in_rooms)s, '', 'g') AS door
    FROM folded
),
known AS MATERIALIZED (
    SELECT *, ARRAY(
        SELECT DISTINCT substr(core, place, 2)
        FROM generate_series(1, GREATEST(length(core) - 1, 1)) AS place
    ) AS grams FROM cored
),
buckets AS (
    SELECT id, 'c' AS sort, 0 AS place, substr(code, 9, 5) AS word FROM known
        WHERE code IS NOT NULL
    UNION ALL SELECT id, 'd', 0, substr(code, 14, 5) FROM known WHERE code IS NOT NULL
    UNION ALL SELECT id, 'p', 0, contact_phone FROM known WHERE contact_phone <> ''
    UNION ALL SELECT id, 's', building_id, sound FROM known
        WHERE building_id IS NOT NULL
    UNION ALL SELECT id, 'g', building_id, unnest(grams) FROM known
        WHERE building_id IS NOT NULL
),
shared AS (
    SELECT array_agg(id) AS ids FROM buckets
    GROUP BY sort, place, word HAVING COUNT(*) BETWEEN 2 AND %(common)s
),
candidates AS (
    SELECT DISTINCT one, other
    FROM shared, unnest(ids) AS one, unnest(ids) AS other WHERE one < other
),
compared AS (
    SELECT one.id AS one, other.id AS other,
        2.0 * cardinality(ARRAY(
            SELECT unnest(one.grams) INTERSECT SELECT unnest(other.grams)
        )) / (cardinality(one.grams) + cardinality(other.grams)) AS alike,
        COALESCE(one.building_id = other.building_id, FALSE) AS here,
        one.core = other.core OR (one.pinyin <> '' AND one.sound = other.sound)
            AS sounds,
        one.contact_phone <> '' AND one.contact_phone = other.contact_phone AS phone,
        one.door <> '' AND one.door = other.door AS door,
        one.building_id IS NULL AND length(one.core) > 2 AS nowhere,
        one.code IS NOT NULL AND other.code IS NOT NULL AS codes,
        (SELECT COUNT(*) FROM generate_series(1, 18) AS place
            WHERE substr(one.code, place, 1) <> substr(other.code, place, 1)
        ) AS digits
    FROM candidates
    JOIN known one ON one.id = candidates.one
    JOIN known other ON other.id = candidates.other
    WHERE NOT EXISTS (
        SELECT FROM "enterprises_nottwins" apart
        WHERE apart.first_id = candidates.one AND apart.second_id = candidates.other
    )
),
weighed AS (
    SELECT one, other,
        CASE WHEN codes AND digits = 1 THEN 8 ELSE 0 END
        + CASE WHEN phone AND near THEN 4 ELSE 0 END
        + CASE WHEN here AND door AND near THEN 4
            WHEN here AND sounds THEN 3
            WHEN here AND alike >= %(similar)s THEN 2
            WHEN sounds AND nowhere THEN 2
            ELSE 0 END AS sure
    FROM (
        SELECT *, alike >= %(similar)s / 2 OR sounds AS near FROM compared
    ) AS nearness
    WHERE NOT codes OR digits = 1 OR phone
)
SELECT one, other FROM weighed WHERE sure > 0 ORDER BY sure DESC, one, other
"""


def pairs(rows):
    """The likely twins among the businesses `rows`: `[(pk, pk), …]`, the surest first.

    Found anew only when a business or a ruling was written since.
    """
    rows = rows.order_by().values(
        *("id", "name", "code", "building_id", "room", "contact_phone", "pinyin")
    )
    try:
        sql, parameters = rows.query.sql_with_params()
    except EmptyResultSet:
        return []
    inner = connection.ops.compose_sql(sql, parameters)
    return keep(("twins", inner), lambda: _found(inner))


def _found(inner):
    with connection.cursor() as cursor:
        cursor.execute(
            PAIRS.format(rows=inner.replace("%", "%%")),
            {
                "around": AROUND,
                "legal": LEGAL,
                "sounds_around": SOUNDS_AROUND,
                "sounds_legal": SOUNDS_LEGAL,
                "in_rooms": IN_ROOMS,
                "common": COMMON,
                "similar": SIMILAR,
            },
        )
        return cursor.fetchall()


def in_words(first, second):
    """Why two businesses may be one."""
    return compare(facts_of(first), facts_of(second))[1]
