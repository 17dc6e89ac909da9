"""Chinese names as they are sorted and searched: by pinyin, computed once and stored.

The database need know no Chinese: `sort_key` is a column that plain byte order sorts
as a reader expects, `search_text` is a column in which one LIKE finds a part of the
name, its initials (天山茶城: tscc) and its spelling (tianshanchacheng).
"""

from tianshan.pinyin.spelling import fold, heard, initials, read, spellings

__all__ = ["fold", "initials", "search_text", "sort_key", "spellings"]


LONGEST_KEY = 300  # what the columns hold; names that agree so far sort as equal


def sort_key(text, *, person=False):
    """Syllables in ASCII, one space between, for a stored column in byte order.

    At most LONGEST_KEY characters.

    The space sorts before every letter, so that 西安 (xi an) stands before 先 (xian).
    `person` says that the text is a person's name: 曾小贤 starts with zeng.
    """
    syllables = [token.sounds[0] for token in read(fold(text), person)]
    return " ".join(filter(None, syllables))[:LONGEST_KEY]


def search_text(*parts, person=False):
    """What `LIKE '%' || fold(query) || '%'` runs against.

    The parts as written, then the initials and the spelling of those with Chinese
    characters in them; empty parts are left out.
    """
    written, spelt = [], []
    for part in filter(None, map(fold, parts)):
        written.append(part)
        if part.isascii():  # codes and rooms
            continue
        if any(token.chinese for token in read(part, person)):
            first_letters, spelling = heard(part, person)
            spelt += [*first_letters, spelling]
    return " ".join(dict.fromkeys([*written, *spelt]))
