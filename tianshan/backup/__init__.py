"""Database and files in one sealed archive, checked when it is made and when it is used.

`manage.py backup` writes one, `manage.py restore` brings it back (docs/operations.md).
"""


class Refused(Exception):
    """Why no backup was made or brought back, in a sentence for whoever runs it."""
