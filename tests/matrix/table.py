"""What each account may reach, read from `addresses.txt` and the lists here.

Nothing here asks the code under test: rights, roles and territories are written down
a second time, so that a change of either side is seen.
"""

from dataclasses import dataclass
from pathlib import Path

from tests.matrix.world import TERRITORIES

RIGHTS = {
    right: frozenset(roles.split())
    for right, roles in {
        "see_territory": "staff worker clerk branch building chief unit station"
        " coordinator helper leader",
        "edit_buildings": "clerk building chief",
        "see_plans": "staff worker clerk branch building chief unit leader",
        "keep_plans": "clerk building chief",
        "see_businesses": "staff worker clerk branch building chief leader",
        "see_party": "staff worker clerk branch building chief leader",
        "manage_party": "worker clerk chief",
        "keep_organization": "worker clerk branch building chief",
        "manage_coverage": "worker clerk building chief",
        "edit_businesses": "staff worker clerk chief",
        "mark_priority": "clerk chief",
        "see_members": "worker clerk branch building chief leader",
        "assign_caretakers": "clerk chief",
        "import": "clerk",
        "bulk_edit": "clerk",
        "merge": "clerk",
        "log_visits": "staff worker clerk branch building chief",
        "check_visits": "clerk chief",
        "call": "staff worker clerk branch building chief",
        "see_demands": "staff worker clerk branch building chief leader",
        "answer_demands": "worker clerk branch building chief",
        "propose_issues": "clerk branch building chief",
        "sort_demands": "clerk branch building chief",
        "see_issues": "staff worker clerk branch building chief unit leader",
        "decide": "branch building chief",
        "act_on_behalf": "clerk",
        "call_together": "leader",
        "supervise": "leader",
        "keep_meetings": "clerk branch building chief",
        "keep_bodies": "clerk chief",
        "do_parts": "branch building unit",
        "see_stations": "staff worker clerk branch building chief unit station leader",
        "keep_stations": "worker clerk chief station",
        "book_rooms": "staff worker clerk branch building chief station",
        "see_services": "staff worker clerk branch building chief station leader",
        "keep_menu": "worker clerk chief",
        "hold_activities": "staff worker clerk branch building chief station",
        "order": "staff worker clerk branch building chief",
        "dispatch": "worker clerk chief",
        "serve": "station",
        "keep_resources": "worker clerk chief",
        "offer": "unit",
        "assign_cases": "coordinator",
        "handle_cases": "helper",
        "count_cases": "coordinator leader",
        "see_figures": "staff worker clerk branch building chief leader",
        "see_reports": "staff worker clerk chief leader",
        "fill_forms": "worker clerk",
        "check_forms": "worker clerk chief",
        "sign_forms": "chief leader",
        "keep_walls": "clerk chief leader",
        "keep_tokens": "clerk leader",
        "manage_accounts": "security",
        "read_audit": "auditor",
        "run_system": "system",
    }.items()
}

# Over a grid and what is below it; only over what a row names; over the whole street.
BY_GRID = ("staff", "worker", "clerk", "chief")
NARROW = ("branch", "building", "unit", "station")
OVER_ALL = ("leader", "coordinator", "helper", "security", "auditor", "system")

# Kinds of which everybody with the right reaches each row, and those of one person.
SHARED = {
    "trade",
    "trade_word",
    "extra",
    "category",
    "help_item",
    "consent_item",
    "brand",
    "menu_item",
    "account",
    "post",
    "own_key",  # asked for the password first, then one's own alone
    "own_photo",  # asked by a key that counts for its sender alone
}
PERSONAL = {"view", "bulk", "notice", "phone", "session"}
# Needs are shown to each unit of the grid and above, which may offer.
OF_EVERY_UNIT = {"need"}
# What lies in a grid is known to every post in its subtree, whatever narrows it.
GROUND = {"grid", "building"}
# Personal, but for whoever looks after all of them.
KEEPERS = {"phone": "security"}
# Of a help case its helper alone; of the cases of a grid its coordinator the outside.
OF_CASES = {"case"}


@dataclass(frozen=True)
class Line:
    name: str
    rights: frozenset
    kind: str

    @property
    def serves_below(self):
        return self.kind.endswith("^")

    @property
    def of(self):
        return self.kind.rstrip("^")

    @property
    def open(self):
        return bool(self.rights & {"signed_in", "anyone", "account", "token"})


@dataclass(frozen=True)
class Account:
    role: str
    place: str  # own or sibling; a number behind it for further units
    unit: int = 1

    def __str__(self):
        return f"{self.role}-{self.place}" + (f"-{self.unit}" * (self.unit > 1))

    def asks_in(self, line):
        """In which territories a cell is worth asking: a sibling's accounts mirror those
        of one's own grid, and further units differ in the grid that they share."""
        if line.kind == "-" or line.kind in SHARED:
            return ("own",)
        if self.unit > 1:
            return ("own",)
        return ("own", "parent") if self.place == "sibling" else TERRITORIES

    @property
    def reach(self):
        """The territories in which the account has any business at all."""
        if self.role in OVER_ALL:
            return set(TERRITORIES)
        if self.unit > 1:
            return set()
        below = {"child"} if self.place == "own" and self.role in BY_GRID else set()
        return {self.place} | below

    def may(self, line):
        return line.open or any(self.role in RIGHTS[right] for right in line.rights)

    def reaches(self, line, territory):
        """Does the table let the account have this object by this address?"""
        if not self.may(line):
            return False
        if line.kind == "-" or line.kind in SHARED or line.kind.startswith("token:"):
            return True
        if line.kind in PERSONAL:
            return KEEPERS.get(line.kind) == self.role
        if line.kind in OF_CASES:
            return self.role == "coordinator" and "assign_cases" in line.rights
        if line.kind in GROUND and self.place == "own":
            return territory in {"own", "child"}
        if line.serves_below and self.place in ("own", "sibling"):
            below = {"child"} if self.place == "own" else set()
            return territory in {self.place, "parent"} | self.reach | below
        if line.of in OF_EVERY_UNIT and self.role == "unit":
            below = {"child"} if self.place == "own" else set()
            return territory in {self.place} | below
        if self.unit > 1:
            return False
        return territory in self.reach


def read():
    lines = {}
    for text in (Path(__file__).parent / "addresses.txt").read_text().splitlines():
        if text and not text.startswith("#"):
            name, rights, kind = text.split()
            assert name not in lines, f"{name} stands there twice"
            lines[name] = Line(name, frozenset(rights.split("+")), kind)
    return lines


LINES = read()
ACCOUNTS = (
    [Account(role, "own") for role in (*BY_GRID, *NARROW)]
    + [Account(role, "sibling") for role in (*BY_GRID, *NARROW)]
    + [Account("unit", "own", number) for number in (2, 3, 4)]
    + [Account(role, "street") for role in OVER_ALL]
)
