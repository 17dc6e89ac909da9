"""What the public room adds to the ledgers of rooms below: cards on paper."""

from accounts.rights import Right
from tianshan.ledgers.ledger import extend

# Each ledger prints what its own filters mean.
PAGES = {
    "businesses": "public:card_print",
    "merchants": "public:card_print_merchants",
    "enterprises": "public:card_print_enterprises",
}


def register():
    for key, page in PAGES.items():
        paper = ("cards", "打印诉求码", "qrcode", page, Right.LOG_VISITS)
        extend(key, papers=[paper])
