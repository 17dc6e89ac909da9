"""Text that a spreadsheet program would take for a formula, made harmless and back."""

import re

# Programs skip blanks before the sign, and read full-width signs as their halves.
_STARTS_A_FORMULA = r"[\s\u3000\ufeff]*[=+\-@|%＝＋－＠｜％\t\r]"
_NEEDS_A_MARK = re.compile(rf"'*{_STARTS_A_FORMULA}")
_HAS_A_MARK = re.compile(rf"'+{_STARTS_A_FORMULA}")

# For PostgreSQL, whose \s knows fewer blanks.
_BLANKS = "".join(sign for sign in map(chr, range(0x3001)) if sign.isspace())
NEEDS_A_MARK_IN_SQL = rf"^'*[{_BLANKS}\ufeff]*[=+\-@|%＝＋－＠｜％\t\r]"


def neutralise(text):
    """Put an apostrophe before text that would run as a formula in CSV.

    Text that looks marked already gets one more, so that `denature` always takes
    away exactly what was put there.
    """
    return f"'{text}" if _NEEDS_A_MARK.match(text) else text


def denature(text):
    """Take the apostrophe of `neutralise` away again: its exact inverse."""
    return text[1:] if _HAS_A_MARK.match(text) else text
