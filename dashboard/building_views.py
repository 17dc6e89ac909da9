"""What a building's page takes from this room: its figures and its elevation."""

from urllib.parse import urlsplit

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from accounts.rights import Right, needs
from dashboard import building as figures
from dashboard import elevation
from enterprises.models import Business
from grids.models import Building
from tianshan.web import render_inside


def _seen(user, pk):
    buildings = Building.objects.visible_to(user).select_related("grid")
    return get_object_or_404(buildings, pk=pk)


@needs(Right.SEE_BUSINESSES)
@require_safe
def for_building(request, pk):
    """Who is here and how it stands, today; the building's page loads this in place."""
    building = _seen(request.user, pk)
    strip = figures.counts(building, request.user, timezone.localdate())
    context = {"building": building, "strip": strip}
    return render_inside(request, "dashboard/for_building.html", context)


@needs(Right.SEE_BUSINESSES)
@require_safe
def elevation_page(request, pk):
    """Floors and rooms, coloured by one attribute, as of the end of a month.

    `?month=2026-03&by=visit&view=table`; a building's page loads it in place, and
    then keeps what was chosen in its own address.
    """
    building = _seen(request.user, pk)
    today = timezone.localdate()
    months = elevation.months(building, today)
    month = elevation.read_month(request.GET.get("month"), months)
    day = elevation.last_day(month, today)
    by = request.GET.get("by")
    by = by if by in elevation.ATTRIBUTES else "coverage"
    table = request.GET.get("view") == "table"

    businesses = Business.objects.visible_to(request.user)
    blocks = elevation.blocks_of(building, day, businesses)
    tones = elevation.colour(blocks, by, day)
    seats = elevation.in_class(blocks, elevation.SEATS)
    context = {
        "building": building,
        "day": day,
        "month": month,
        "months": months,
        "place": months.index(month),
        "by": by,
        "attribute": elevation.ATTRIBUTES[by],
        "attributes": elevation.ATTRIBUTES.items(),
        "table": table,
        "blocks": blocks,
        "rows": elevation.rows_of(blocks, day),
        "legend": elevation.legend(building, blocks, tones, by, day),
        "all_url": elevation.ledger_url(building, day, by, elevation.ALL),
        "seats": len(seats) if by == "coverage" else 0,
        "seats_url": elevation.ledger_url(building, day, by, elevation.SEATS),
    }
    response = render_inside(request, "dashboard/elevation_page.html", context)
    if request.htmx and "month" in request.GET:
        # The page that it is part of stays; only what was chosen changes.
        page = urlsplit(request.htmx.current_url or "").path
        if page != building.get_absolute_url():
            page = reverse("dashboard:elevation_page", args=[building.pk])
        chosen = {"month": f"{month:%Y-%m}", "by": by}
        if table:
            chosen["view"] = "table"
        response.headers["HX-Replace-Url"] = f"{page}?{urlencode(chosen)}"
    return response
