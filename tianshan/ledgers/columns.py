"""Which columns of a ledger show, and in which order."""

ALL = "all"


def named(ledger, text):
    """The columns that `a,b,c` or `all` names, None when it names none.

    The column that links to the row always stands first: without it no row opens.
    """
    if not text:
        return None
    if text == ALL:
        return list(ledger.columns)
    keys = dict.fromkeys(text.split(","))
    chosen = [column for key in keys if (column := ledger.column(key))]
    return with_link(ledger, chosen) if chosen else None


def with_link(ledger, columns):
    links = [column for column in ledger.columns if column.link]
    return links + [column for column in columns if column not in links]


def default(ledger):
    return [column for column in ledger.columns if column.shown]


def chosen(ledger, query, laid_out=""):
    """What the address names, else what the user laid out, else the ledger's own."""
    return (
        named(ledger, query.get("columns"))
        or named(ledger, laid_out)
        or default(ledger)
    )


def keys(columns):
    """As an address names them."""
    return ",".join(column.key for column in columns)
