"""The demo: what `manage.py demo` loads into an empty database."""

from dashboard.demo.story import ACCOUNTS, load

__all__ = ["ACCOUNTS", "load"]
