"""Which columns of a ledger show, of those that a user may see, and in which order."""

ALL = "all"


def named(columns, text):
    """The columns that `a,b,c` or `all` names, None when it names none.

    The column that links to the row always stands first: without it no row opens.
    """
    if not text:
        return None
    if text == ALL:
        return everything(columns)
    known = {column.key: column for column in columns}
    keys = dict.fromkeys(text.split(","))
    found = [known[key] for key in keys if key in known]
    return with_link(columns, found) if found else None


def everything(columns):
    """What "all columns" means: the extra ones are for who asks for them."""
    return [column for column in columns if not column.extra]


def restricted_among(columns):
    """Keys of those that need a right of their own; that they were read is recorded."""
    return [column.key for column in columns if column.right]


def with_link(columns, found):
    links = [column for column in columns if column.link]
    return links + [column for column in found if column not in links]


def chosen(columns, query, laid_out=""):
    """What the address names, else what the user laid out, else the ledger's own."""
    return (
        named(columns, query.get("columns"))
        or named(columns, laid_out)
        or [column for column in columns if column.shown]
    )


def keys(columns):
    """As an address names them."""
    return ",".join(column.key for column in columns)
