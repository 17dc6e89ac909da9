"""How long a statement may take: a page's few seconds, an export's many.

The server's connections say so when they are made (DATABASE_STATEMENT_SECONDS, which
`tianshan.wsgi` sets and commands do not). Behind a pooler it is the pooler's business,
since connections are handed on (docs/operations.md).
"""

from contextlib import contextmanager

from django.conf import settings

from tianshan.database.replica import reading

EXPORT = 600  # seconds


@contextmanager
def unhurried():
    """What is read for a file may take as long as it takes."""
    if not settings.STATEMENT_SECONDS or settings.POOLED:
        yield
        return
    server = reading()
    with server.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('statement_timeout', %s, false)", [f"{EXPORT}s"]
        )
    try:
        yield
    finally:
        if server.connection is not None and not server.connection.closed:
            with server.cursor() as cursor:
                cursor.execute("RESET statement_timeout")


def unhurriedly(chunks):
    with unhurried():
        yield from chunks
