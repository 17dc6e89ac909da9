"""How personal data looks where it is not shown in full."""

import re

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
TITLES = re.compile(
    r".{1,2}(先生|女士|小姐|老师|经理|店长|老板|主任|书记|师傅|阿姨|总|工|董|主管|会计)"
)


def masked_name(name):
    """沈女士 stays; 沈国华 is 沈*华, 沈华 is 沈*: as lists and exports show a person."""
    name = str(name or "").strip()
    if len(name) < 2 or TITLES.fullmatch(name):
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
