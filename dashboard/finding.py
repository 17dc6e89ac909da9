"""One box over what a user may see: businesses, buildings, organisations."""

from urllib.parse import urlencode

from accounts.rights import Right, may
from tianshan.ledgers import LEDGERS

SHOWN = 8
PLACES = (
    ("businesses", "企业商户", Right.SEE_BUSINESSES),
    ("buildings", "楼宇", Right.SEE_TERRITORY),
    ("party", "党组织", Right.SEE_PARTY),
)


def find(request, words):
    """`[{label, rows, total, url}]`, each ledger asked as its own page asks itself."""
    user = request.user
    groups = []
    for key, label, right in PLACES:
        if not words or not may(user, right):
            continue
        ledger = LEDGERS[key]
        found = ledger.filterset({"q": words}, ledger.rows(user), request=request).qs
        groups.append(
            {
                "label": label,
                "rows": list(found[:SHOWN]),
                "total": found.count(),
                "url": f"{ledger.url}?{urlencode({'q': words})}",
            }
        )
    return groups
