"""How personal data looks where it is not shown in full."""

import re

from django.db.models import Func, TextField

# Area codes have three digits in the largest cities (010, 02x), four elsewhere.
LANDLINE = re.compile(
    r"(?:(?P<area>010|02\d|0[3-9]\d{2})[-\s]?)?(?P<exchange>\d{3,4})\d{4}\b"
)


def masked_phone(number):
    """199****0001 for a mobile, 021-5550**** for a landline, "" for none.

    Page, export and importer use this one function: an exported mask that comes
    back in an import is recognised as the number that it stands for.
    """
    number = str(number or "").strip()
    if not number:
        return ""
    digits = re.sub(r"\D", "", number)
    if len(digits) == 13 and digits.startswith("861"):
        digits = digits[2:]
    if len(digits) == 11 and digits.startswith("1"):
        return f"{digits[:3]}****{digits[7:]}"
    if landline := LANDLINE.match(number):
        area = f"{landline['area']}-" if landline["area"] else ""
        return f"{area}{landline['exchange']}****"
    return "****"


# How people are addressed: a surname with one of these names nobody in full.
TITLES = (
    *("先生", "女士", "小姐", "老师", "经理", "店长", "老板", "主任", "书记", "师傅"),
    *("阿姨", "总", "工", "董", "主管", "会计"),
)
TITLED = re.compile(rf".{{1,2}}({'|'.join(TITLES)})")


def masked_name(name):
    """沈女士 stays; 沈国华 is 沈*华, 沈华 is 沈*: as lists and exports show a person."""
    name = str(name or "").strip()
    if len(name) < 2 or TITLED.fullmatch(name):
        return name
    if len(name) == 2:
        return f"{name[0]}*"
    return f"{name[0]}{'*' * (len(name) - 2)}{name[-1]}"


_PHONE = re.compile(r"\+?[\d\s-]{7,20}")


def phone_tail(text):
    """The last four digits of a text that is a phone number; else None.

    Nothing more of a number may reach an address (DESIGN, decisions), and nothing more
    can be searched for.
    """
    digits = re.sub(r"\D", "", text or "")
    is_phone = _PHONE.fullmatch((text or "").strip()) and 7 <= len(digits) <= 13
    return digits[-4:] if is_phone else None


# --- the same, said by PostgreSQL ----------------------------------------------------

SPACES = "".join(sign for sign in map(chr, range(0x3001)) if sign.isspace())


class OfColumn(Func):
    """Words of SQL about one plain column, which they may name more than once."""

    output_field = TextField()
    words, parameters = "", ()

    def as_sql(self, compiler, connection):
        column, none = compiler.compile(self.source_expressions[0])
        if none:
            raise ValueError("not a plain column")
        return self.words.replace("{}", column), list(self.parameters)


class MaskedPhone(OfColumn):
    """As `masked_phone`. After a landline any sign beyond ASCII counts as a letter."""

    words = """
        CASE WHEN {} ~ %s THEN left({}, 3) || '****' || right({}, 4) ELSE (
            SELECT CASE
                WHEN number = '' THEN ''
                WHEN digits ~ %s THEN left(digits, 3) || '****' || right(digits, 4)
                WHEN line IS NULL THEN '****'
                ELSE concat(line[1] || '-', line[2], '****') END
            FROM (SELECT btrim({}, %s)) AS trimmed (number),
                LATERAL (SELECT regexp_replace(
                    regexp_replace(number, '[^0-9]', '', 'g'), %s, ''
                )) AS plain (digits),
                LATERAL (SELECT regexp_match(number, %s)) AS landline (line)
        ) END"""
    mobile = "^1[0-9]{10}$"
    parameters = (
        mobile,
        mobile,
        SPACES,
        "^86(?=1[0-9]{10}$)",
        rf"^(?:(010|02[0-9]|0[3-9][0-9]{{2}})[-{SPACES}]?)?([0-9]{{3,4}})[0-9]{{4}}"
        r"(?![0-9A-Za-z_]|[^\u0001-\u007f])",
    )


class MaskedName(OfColumn):
    """As `masked_name`."""

    words = """
        (SELECT CASE
            WHEN length(name) < 2 THEN name
            WHEN length(name) - 2 IN (1, 2) AND right(name, 2) = ANY (%s)
                OR length(name) - 1 IN (1, 2) AND right(name, 1) = ANY (%s) THEN name
            WHEN length(name) = 2 THEN left(name, 1) || '*'
            ELSE left(name, 1) || repeat('*', length(name) - 2) || right(name, 1) END
        FROM (SELECT btrim({}, %s)) AS trimmed (name))"""
    parameters = (
        [title for title in TITLES if len(title) == 2],
        [title for title in TITLES if len(title) == 1],
        SPACES,
    )
