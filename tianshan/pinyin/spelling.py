"""How a name is read aloud: words first, then characters with all their readings."""

import re
import unicodedata
from functools import cache, lru_cache
from itertools import islice, product
from typing import NamedTuple

from pypinyin.constants import PHRASES_DICT, PINYIN_DICT

from tianshan.pinyin import words

MOST_INITIALS = 8
# Rare readings of one character (大: da, dai, tai) would crowd out the likely ones.
_MOST_READINGS = 3

# Our own words last: they rule over the dictionary's.
_WORDS = PHRASES_DICT | words.WORDS
# The length of the longest word that starts with a character; idioms are left out.
_LONGEST = {}
for _text in _WORDS:
    if len(_text) <= 5:
        _LONGEST[_text[0]] = max(len(_text), _LONGEST.get(_text[0], 1))

_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2060\ufeff\ud800-\udfff\s]+")
_HAN = r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]"
_CHINESE = re.compile(_HAN)
_CHUNK = re.compile(rf"{_HAN}+|[a-z0-9]+")
_TITLE_AT_THE_END = re.compile(rf"(?:{words.TITLES})(?!{_HAN})")
_LANE = re.compile(r"(?<=\d)弄")


class Token(NamedTuple):
    """A character, or a run of Latin letters and digits, and how it may sound."""

    text: str
    sounds: tuple[str, ...]
    letters: tuple[str, ...]  # what its sounds start with; a Latin run stays whole
    chinese: bool

    @classmethod
    def of(cls, character, sounds):
        letters = tuple(dict.fromkeys(sound[:1] for sound in sounds))
        return cls(character, sounds, letters, True)


def fold(text):
    """The form in which names and queries are compared.

    Full width becomes half width (１２ＡＢ: 12ab), capitals small, runs of blanks and
    characters that nobody sees one space.
    """
    text = unicodedata.normalize("NFKC", str(text or ""))
    return _UNSEEN.sub(" ", text).strip().lower()


def initials(text, *, person=False):
    """Every plausible string of first letters, the likeliest first, at most eight.

    The characters at the beginning vary first: it is there that people start typing.
    """
    return heard(fold(text), person)[0]


def spellings(text, *, person=False):
    """The likeliest full spelling in one run of letters: 长宁 is changning."""
    return heard(fold(text), person)[1]


@lru_cache(maxsize=4096)
def heard(text, person):
    """Initials and spelling of a folded text."""
    tokens = read(text, person)
    spelling = "".join([token.sounds[0] for token in tokens])
    letters = [token.letters for token in reversed(tokens)]
    if not tokens:
        return (), spelling
    if max(map(len, letters)) == 1:
        return ("".join([token.letters[0] for token in tokens]),), spelling
    found = ("".join(reversed(one)) for one in product(*letters))
    return tuple(islice(found, MOST_INITIALS)), spelling


@lru_cache(maxsize=4096)
def read(text, person):
    """The tokens of a folded text; `person` reads its beginning as a surname."""
    # Accents go (café: cafe); what is left and not ASCII nobody types.
    if not text.isascii():
        text = "".join(
            letter
            for letter in unicodedata.normalize("NFKD", text)
            if not unicodedata.combining(letter)
        )
    surname = _surname_at_the_beginning(text, person)
    sounds = words.SURNAMES.get(surname, "").split()
    tokens = [
        Token.of(character, (sound,))
        for character, sound in zip(surname, sounds, strict=True)
    ]
    for chunk in _CHUNK.finditer(text, len(surname)):
        run = chunk[0]
        if not _CHINESE.match(run):
            tokens.append(Token(run, (run,), (run,), False))
            continue
        if _LANE.match(text, chunk.start()):
            tokens.append(Token.of("弄", ("long",)))
            run = run[1:]
        tokens += _read_run(run)
    return tuple(tokens)


def _surname_at_the_beginning(text, person):
    """The surname that the text starts with, when its reading is out of the ordinary.

    Known by what follows: 单女士 is a Ms Shan, 单位 is not; 区总工会 is no Mr Ou.
    """
    if text[:2] in words.SURNAMES and len(text) > 1:
        return text[:2]
    if text[:1] in words.SURNAMES and (person or _TITLE_AT_THE_END.match(text, 1)):
        return text[:1]
    return ""


def _read_run(run):
    """Read a run of Chinese characters, longest known word first."""
    position, end = 0, len(run)
    while position < end:
        first = run[position]
        for length in range(min(_LONGEST.get(first, 1), end - position), 1, -1):
            text = run[position : position + length]
            if text in _WORDS:
                yield from _word(text)
                position += length
                break
        else:
            yield _character(first)
            position += 1


@lru_cache(maxsize=16384)
def _word(text):
    sounds = _WORDS[text]
    if isinstance(sounds, str):
        sounds = sounds.split()
    else:
        sounds = [_plain(readings[0]) for readings in sounds]
    return tuple(
        Token.of(character, (sound,))
        for character, sound in zip(text, sounds, strict=True)
    )


@cache
def _character(character):
    if character in words.CHARACTERS:
        return Token.of(character, tuple(words.CHARACTERS[character].split()))
    known = PINYIN_DICT.get(ord(character), "").split(",")
    sounds = tuple(filter(None, dict.fromkeys(map(_plain, known))))
    return Token.of(character, sounds[:_MOST_READINGS] or ("",))


def _plain(sound):
    """Drop tone marks; ü is typed v."""
    sound = unicodedata.normalize("NFD", sound)
    sound = sound.replace("u\u0308", "v")
    return "".join(letter for letter in sound if letter.isascii())
