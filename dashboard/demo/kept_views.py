"""What the demo's users keep of the ledgers: views, and one bulk edit to look at."""

from enterprises.models import Business
from tianshan.ledgers import LEDGERS, bulk
from tianshan.ledgers.actions import keep_view, name_view

# account, ledger, name, query, columns, shared
VIEWS = [
    (
        "grid_staff",
        "merchants",
        "未按期走访",
        "gap=unvisited&sort=building",
        "name building room contact phone last_visit visit_due",
        False,
    ),
    ("party_worker", "businesses", "还没覆盖的", "gap=uncovered", "", True),
    ("party_worker", "merchants", "结果未告知", "gap=untold", "", True),
    (
        "grid_clerk",
        "enterprises",
        "报表列",
        "state=operating&sort=name",
        "name code building room staff members reported mode",
        False,
    ),
]
NOTE = "门牌已对照核实"


def load(users, *, at):
    """Keep views by the portal's own acts, and add one note to a dozen stalls."""
    for account, ledger, name, query, columns, shared in VIEWS:
        user = users[account]
        view = keep_view(
            LEDGERS[ledger],
            name=name,
            query=query,
            columns=columns.split(),
            by=user,
            at=at,
        )
        if shared:
            name_view(view, name=name, shared=True, by=user, at=at)
    _note(users["grid_clerk"], at=at)


def _note(clerk, *, at):
    ledger = LEDGERS["merchants"]
    edit = next(edit for edit in ledger.edits if edit.key == "note")()
    chosen = ledger.rows(clerk).filter(note="", state=Business.State.OPERATING)
    rows = ledger.rows(clerk).filter(
        pk__in=list(chosen.values_list("pk", flat=True)[:12])
    )
    planned = bulk.plan(edit, rows, {"note": NOTE}, user=clerk)
    bulk.apply(ledger, edit, rows, {"note": NOTE}, seen=planned.seen, by=clerk, at=at)
