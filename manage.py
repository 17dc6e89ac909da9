#!/usr/bin/env python
"""Django's command line. Without an environment of its own it runs the demo."""

import os
import sys


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tianshan.settings")
    if not {"SECRET_KEY", "DATABASE_URL", "TIANSHAN_MODE"} & os.environ.keys():
        os.environ["TIANSHAN_MODE"] = "demo"

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
