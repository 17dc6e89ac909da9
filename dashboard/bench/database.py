"""A database to throw away, beside the portal's own, in which nothing is anybody's."""

import contextlib
import os

import environ
from django.db import connection, connections

NAME = "tianshan_bench"


@contextlib.contextmanager
def throw_away():
    """Make it as the owner, measure in it as the application, drop it at the end."""
    settings = connection.settings_dict
    own = dict(settings)
    settings["TEST"]["NAME"] = f"{NAME}_{os.getpid()}"
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        yield
    finally:
        become("owner")
        connection.creation.destroy_test_db(own["NAME"], verbosity=0)
        settings.update(own)


def become(role):
    """Go on in the role `application` or `owner`."""
    name = "DATABASE_URL" if role == "application" else "DATABASE_OWNER_URL"
    url = environ.Env().db(name)
    connections["default"].close()
    connection.settings_dict.update(USER=url["USER"], PASSWORD=url["PASSWORD"])
