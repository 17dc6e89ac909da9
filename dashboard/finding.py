"""One box over all ledgers, within what a user may see."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.utils import timezone

from accounts.rights import Right, may
from tianshan.ledgers import LEDGERS, kept
from tianshan.pinyin import fold

SHOWN, SUGGESTED = 8, 4
MOST = 1000  # counted; beyond, the page says that there are more


def _place(business):
    """What it is, where, and that it is no longer there."""
    said = [business.get_kind_display(), business.place or business.grid.name]
    if business.state != business.State.OPERATING:
        said.append(business.get_state_display())
    return "，".join(said)


@dataclass(frozen=True)
class Place:
    """A ledger to look in, and what to say of a row beside its name."""

    key: str
    label: str
    right: Right
    said: Callable


PLACES = (
    Place("businesses", "企业商户", Right.SEE_BUSINESSES, _place),
    Place(
        "buildings",
        "楼宇",
        Right.SEE_TERRITORY,
        lambda row: "，".join(filter(None, [row.get_kind_display(), row.address])),
    ),
    Place("party", "党组织", Right.SEE_PARTY, lambda row: row.get_kind_display()),
    Place("grids", "网格", Right.SEE_TERRITORY, lambda row: row.code),
    Place(
        "demands",
        "诉求",
        Right.SEE_DEMANDS,
        lambda row: f"{row.business.name}，{row.get_state_display()}",
    ),
    Place("matters", "事项", Right.SEE_ISSUES, lambda row: row.get_state_display()),
    Place("issues", "议题", Right.SEE_ISSUES, lambda row: row.get_state_display()),
    Place("measures", "措施", Right.SEE_ISSUES, lambda row: row.get_state_display()),
)


def words_of(text):
    """What is looked for, or "" for nothing that could be."""
    return fold(text)[:60].strip()


def find(request, words, *, shown=SHOWN):
    """The ledgers that hold something, each asked as its own page asks itself."""
    if not words:
        return []
    groups = [
        _in_one(request, place, words, shown)
        for place in PLACES
        if may(request.user, place.right)
    ]
    return [group for group in groups if group]


def _in_one(request, place, words, shown):
    """What one ledger holds of it; None for nothing. Kept until something of it changes:
    whoever comes back from a result finds the others as they were."""
    who, today = kept.who(request.user), timezone.localdate()
    key = ("found", place.key, words, shown, who, today)
    return kept.keep(key, lambda: _look(request, place, words, shown))


def _look(request, place, words, shown):
    ledger = LEDGERS[place.key]
    listed = ledger.rows(request.user)
    found = ledger.filterset({"q": words}, listed, request=request).qs
    # Keys first: most ledgers hold nothing of it, and what a row shows takes PostgreSQL
    # longer to plan than the search takes. All that are counted at once: who asks has
    # found them already.
    keys = list(found.values_list("pk", flat=True)[: MOST + 1])
    if not keys:
        return None
    rows, total = listed.filter(pk__in=keys[:shown]), len(keys)
    return {
        "label": place.label,
        "unit": ledger.unit,
        "rows": [
            {"url": row.get_absolute_url(), "name": _name(row), "said": place.said(row)}
            for row in rows
        ],
        "total": f"{MOST}+" if total > MOST else total,
        "more": total > shown,
        "url": f"{ledger.url}?{urlencode({'q': words})}",
    }


def _name(row):
    return getattr(row, "words", None) or getattr(row, "title", None) or str(row)


def places_of(user):
    """The names of the ledgers that the user's search looks in."""
    return [place.label for place in PLACES if may(user, place.right)]
