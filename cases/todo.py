"""What this room has for a person to do. Numbers and days alone: no name, no item."""

from cases.models import HelpCase
from tianshan.notices.todo import Source, Todo, register


def _line(case):
    ends = f"证件 {case.expires_on:%Y-%m-%d} 到期" if case.expires_on else ""
    return Todo(case.number, case.get_absolute_url(), note=ends)


def mine(user, day):
    """Open cases that one may open now, also in another's stead."""
    rows = HelpCase.objects.readable_by(user).open().for_list()
    return [_line(case) for case in rows]


def to_assign(user, day):
    rows = HelpCase.objects.assignable_by(user).waiting(day).for_list()
    return [_line(case) for case in rows]


def load():
    register(Source("cases", "等您办的帮办", "user-check", mine, "cases:case_list"))
    register(
        Source(
            "cases-waiting",
            "待分派的帮办",
            "user-share",
            to_assign,
            "cases:case_list",
            "?state=waiting",
        )
    )
