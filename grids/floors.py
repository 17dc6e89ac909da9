"""Which floor a room is on, read from the text that ledgers give for it."""

import re
import unicodedata
from typing import NamedTuple

DIGITS = {char: place for place, char in enumerate("零一二三四五六七八九")} | {"两": 2}
NUMERAL = "[零一二两三四五六七八九十]{1,3}"

# Said in so many words: 地下一层, B1-03, 2F-15, L2-08, 18层, 二楼. The order matters.
BELOW = re.compile(
    rf"(?:地下|负)(?P<said>\d|{NUMERAL})?|(?<![0-9A-Z])-(?P<minus>\d)[F层楼]"
    r"|(?<![0-9A-Z])B(?P<b>\d)(?![0-9])"
)
ABOVE = re.compile(
    rf"(?<![0-9A-Z])(?:[FL])(?P<prefixed>\d{{1,2}})(?=[-\s层楼]|$)"
    rf"|(?P<said>\d{{1,3}}|{NUMERAL})\s*(?:F(?![A-Z])|层|楼(?!栋))"
)
GROUND = re.compile("底层|底楼|底商|首层|大堂")
# What looks like a floor and is not: 3号楼, 5幢, B座, 12栋, 520弄, 100号.
HOUSES = re.compile(rf"(?:\d+|[A-Z]|{NUMERAL})\s*(?:号楼|幢|栋|座|弄)|\d+\s*号(?!房)")
# Said by the number of the room: 1801, 502室, A-1205, 18-02室.
BY_ROOM = re.compile(r"(?<![0-9])(?P<floor>\d{1,2})\d{2}(?![0-9])")
BY_PAIR = re.compile(r"(?<![0-9])(?P<floor>\d{1,2})-\d{1,2}室")
# B103 may be block B or the basement: nobody can tell, so nobody guesses.
UNCLEAR = re.compile(r"(?<![0-9A-Z])B\d{3}(?![0-9])")


class Floor(NamedTuple):
    """Counted from 1 up and from -1 down; None where the text does not say."""

    level: int | None

    @property
    def label(self):
        if self.level is None:
            return "楼层不详"
        return f"{self.level} 层" if self.level > 0 else f"B{-self.level}"

    @property
    def order(self):
        """From the top down, and last what nobody knows."""
        return (self.level is None, -(self.level or 0))


UNKNOWN = Floor(None)


def floor_of(room, *, top=None):
    """The floor of a room; where the building has `top` floors, no number goes beyond.

    A floor that is named is taken as it is; one that is only the beginning of a room
    number must fit the building.
    """
    text = unicodedata.normalize("NFKC", room or "").upper().replace("—", "-")
    if found := BELOW.search(text):
        said = found["said"] or found["minus"] or found["b"] or "1"
        return Floor(-_number(said))
    text = HOUSES.sub(" ", text)
    if found := ABOVE.search(text):
        level = _number(found["prefixed"] or found["said"])
        return Floor(level) if 0 < level < 200 else UNKNOWN
    if GROUND.search(text):
        return Floor(1)
    if UNCLEAR.search(text):
        return UNKNOWN
    if found := BY_PAIR.search(text) or BY_ROOM.search(text):
        level = int(found["floor"])
        return Floor(level) if 0 < level <= (top or 99) else UNKNOWN
    return UNKNOWN


def _number(text):
    """18 from 18 or 十八."""
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return DIGITS[text[-1]]
    return 10 * DIGITS.get(tens, 1) + DIGITS.get(ones, 0)
