"""Where an issue is, and which body that makes its owner.

The place is the smallest that holds all askers: their building, or the smallest grid
above them. The body follows from it, and a level that has none is passed over.
"""

from django.db.models import CharField, Count, F, Q, Value

from enterprises.models import Business, Coverage
from grids.models import Grid
from issues.models import DeliberationBody, Issue, Level, MatterDemand
from party.models import OrganizationBuilding, in_force


def body_for(business, level):
    """The body of that level for the place of a business; None where there is none."""
    return body_of([business], level)


def body_of(businesses, level):
    """The body of that level for the smallest place that holds the businesses.

    The smallest decides: the body that holds their buildings; else the body of an
    organisation that answers for all of them; else that of their grid, or of the next
    above. A sibling that holds other buildings never comes in.
    """
    bodies = DeliberationBody.objects.filter(level=level).order_by("pk")
    buildings = {business.building_id for business in businesses}
    if None not in buildings:
        held = Count("buildings", filter=Q(buildings__in=buildings))
        holding = bodies.annotate(held=held).filter(held=len(buildings)).first()
        if holding:
            return holding
    everywhere = bodies.filter(buildings=None)
    for organization in _answering(businesses, buildings):
        if own := everywhere.filter(organization=organization).first():
            return own
    grid = grid_of(businesses)
    return grid and body_over(grid, level)


def body_over(grid, level):
    """The body of that level for all of the grid, or for the next grid above."""
    bodies = DeliberationBody.objects.filter(level=level, buildings=None)
    if level != Level.CONFERENCE:
        bodies = bodies.filter(organization=None)
    above = Grid.objects.annotate(under=Value(grid.path, CharField())).filter(
        under__startswith=F("path")
    )
    return bodies.filter(grid__in=above).order_by("-grid__path", "pk").first()


def _answering(businesses, buildings):
    """Organisations that cover every one of them, then those that hold every building."""
    covering = Coverage.objects.in_force().filter(business__in=businesses).ranked()
    covered = {}
    for organization, business in covering.values_list("organization", "business"):
        covered.setdefault(organization, set()).add(business)
    held = {}
    holdings = OrganizationBuilding.objects.filter(in_force(), building__in=buildings)
    for organization, building in holdings.values_list("organization", "building"):
        held.setdefault(organization, set()).add(building)
    everyone = {business.pk for business in businesses}
    found = [one for one, whom in covered.items() if whom == everyone]
    return found + [one for one, which in held.items() if which == buildings]


def grid_of(businesses):
    """The smallest grid that holds them all; None where not even the street does."""
    paths = {business.grid.path for business in businesses}
    grids = [
        grid
        for grid in Grid.objects.order_by("-path")
        if all(path.startswith(grid.path) for path in paths)
    ]
    return grids[0] if grids else None


def building_of(businesses):
    """Their one building; None where they are in several, or in none."""
    buildings = {business.building_id for business in businesses}
    return businesses[0].building if len(buildings) == 1 else None


def askers_of(links):
    """Distinct businesses behind the links in force, as a list."""
    demands = links.filter(left_at=None).values("demand__business")
    return list(
        Business.objects.filter(pk__in=demands)
        .select_related("grid", "building")
        .order_by("pk")
    )


def settle_place(matter):
    """After demands joined or left: the place of the matter, and of its issue."""
    _place(matter, askers_of(matter.links.all()))
    if matter.issue_id:
        issue = Issue.objects.get(pk=matter.issue_id)
        _place(issue, askers_of_issue(issue))


def askers_of_issue(issue):
    return askers_of(MatterDemand.objects.filter(matter__issue=issue))


def _place(row, askers):
    """Where nobody asks any more, it stays where it was."""
    if not askers:
        return
    grid, building = grid_of(askers) or row.grid, building_of(askers)
    if (row.grid_id, row.building_id) != (grid.pk, building and building.pk):
        row.grid, row.building = grid, building
        row.save(update_fields=["grid", "building"])


def next_body(issue, *, up):
    """`(body, levels passed over)` above or below; the body None where there is none."""
    askers = askers_of_issue(issue)
    levels = [one for one in Level if (one > issue.level if up else one < issue.level)]
    passed = []
    for level in levels if up else reversed(levels):
        if body := askers and body_of(askers, level):
            return body, passed
        passed.append(level)
    return None, passed


def first_body(businesses, level):
    """`(body, levels passed over)` from that level up."""
    passed = []
    for one in Level:
        if one >= level:
            if body := body_of(businesses, one):
                return body, passed
            passed.append(one)
    return None, passed


def named(levels):
    """The levels passed over, in words, as a step keeps them."""
    return "、".join(level.label for level in levels)
