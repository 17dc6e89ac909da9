"""Which section of a role's help speaks of which page of the portal.

`SECTIONS[role]` names them by the anchor in `templates/help/<role>.html`; the pages are
URL names, and all below such a page's address belongs to it too.
"""

from functools import cache

from django.urls import reverse

from accounts.rights import Role

_FIELD = {
    "today": ("dashboard:work", "dashboard:plan"),
    "visit": ("visits:visit_new", "visits:visit_list"),
    "demand": ("visits:demand_new", "visits:demand_list"),
    "tell": ("visits:telling_list",),
    "doors": ("visits:door_list", "visits:double_list"),
    "shop": ("enterprises:business_list", "enterprises:merchant_list"),
}
_BRANCH = {
    "demands": ("visits:demand_list", "visits:demand_new"),
    "sort": ("issues:triage",),
    "tell": ("visits:telling_list",),
    "issues": ("issues:issue_list", "issues:matter_list", "issues:issue_board"),
    "meetings": ("issues:meeting_list",),
    "parts": ("issues:part_list", "issues:measure_list"),
    "shops": ("enterprises:merchant_list", "enterprises:business_list"),
}
_CASES = {"cases": ("cases:case_list",), "items": ("cases:item_list",)}

SECTIONS = {
    Role.GRID_STAFF: _FIELD,
    Role.PARTY_WORKER: {
        "today": _FIELD["today"],
        "orders": ("services:order_board", "services:order_list"),
        "resources": ("services:need_list",),
        "coverage": ("enterprises:coverage_work",),
    },
    Role.GRID_CLERK: {
        "import": ("enterprises:import_list",),
        "ledger": ("enterprises:business_list", "enterprises:merchant_list"),
        "forms": ("dashboard:report_list", "enterprises:template_list"),
        "tokens": ("dashboard:token_list",),
    },
    Role.BRANCH_SECRETARY: _BRANCH,
    Role.BUILDING_SECRETARY: {
        "demands": ("visits:demand_list", "issues:triage"),
        "plan": ("party:plan_item_list", "grids:building_list"),
        "meetings": ("issues:meeting_list", "issues:issue_list"),
    },
    Role.GRID_CHIEF: {
        "screen": ("dashboard:dashboard",),
        "sort": ("issues:triage", "visits:demand_list"),
        "conference": ("issues:meeting_list", "issues:issue_list"),
        "check": ("visits:door_list", "visits:double_list"),
    },
    Role.UNIT_OFFICER: {
        "parts": ("issues:part_list", "issues:measure_list"),
        "offer": ("services:need_list",),
    },
    Role.STATION_STAFF: {
        "orders": ("services:order_board", "services:order_list"),
        "activities": ("services:activity_list",),
        "rooms": ("party:station_list",),
    },
    Role.CASE_COORDINATOR: _CASES | {"helpers": ("cases:helper_list",)},
    Role.HELPER: _CASES,
    Role.STREET_LEADER: {
        "screen": ("dashboard:dashboard",),
        "brief": ("dashboard:brief",),
        "map": ("dashboard:map",),
        "issues": ("issues:issue_list", "issues:issue_board", "issues:measure_list"),
        "reports": ("dashboard:report_list",),
        "walls": ("dashboard:wall_list", "dashboard:token_list"),
    },
    Role.SECURITY_ADMIN: {"accounts": ("accounts:account_list",)},
    Role.AUDITOR: {"audit": ("accounts:audit_list",)},
    Role.SYSTEM_ADMIN: {
        "days": ("dashboard:holiday_list",),
        "values": ("dashboard:value_list",),
    },
}


@cache
def _places(role):
    """`[(address, anchor)]` of the pages that the role's help speaks of."""
    return [
        (reverse(name), anchor)
        for anchor, names in SECTIONS[role].items()
        for name in names
    ]


def help_url(role, path):
    """The role's page, at the section that speaks of the page at `path`, if one does."""
    if role is None:
        return reverse("dashboard:help_list")
    page = reverse("dashboard:help", args=[role])
    above = [place for place in _places(role) if path.startswith(place[0])]
    if not above:
        return page
    return f"{page}#{max(above, key=lambda place: len(place[0]))[1]}"
