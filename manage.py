#!/usr/bin/env python
"""Django's command line. Without an environment of its own it runs the demo."""

import os
import sys

# What makes or alters tables runs in the owner role, all else in the application's.
OWNER_COMMANDS = {
    "backup",
    "bench",
    "dbshell",
    "flush",
    "makemigrations",
    "migrate",
    "pgtrigger",
    "restore",
    "secure_database",
    "sqlmigrate",
}


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tianshan.settings")
    if not {"SECRET_KEY", "DATABASE_URL", "TIANSHAN_MODE"} & os.environ.keys():
        os.environ["TIANSHAN_MODE"] = "demo"

    if OWNER_COMMANDS & set(sys.argv[1:2]):
        os.environ["DATABASE_ROLE"] = "owner"

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
