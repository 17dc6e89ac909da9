"""The map and its list: the same buildings in both."""

from django.conf import settings
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from accounts.rights import Right, needs
from dashboard import map as maps
from dashboard import screen
from tianshan.database.replica import as_of, from_replica
from tianshan.ledgers import BadScope, read_scope


@needs(Right.SEE_FIGURES)
@require_safe
@from_replica
def map_page(request):
    """`?by=coverage&grid=…&class=low`: an attribute, a grid, one class of it or all."""
    try:
        scope = read_scope(request.user, request.GET, today=timezone.localdate())
    except BadScope as problem:
        context = {"problem": str(problem)}
        return render(request, "dashboard/problem.html", context, status=400)
    by = request.GET.get("by")
    by = by if by in maps.ATTRIBUTES else "coverage"
    label, tones = maps.ATTRIBUTES[by]
    lines = maps.lines_of(scope, by)
    legend = maps.legend(lines, by)
    picture = maps.draw(scope, lines)
    key = request.GET.get("class")
    chosen = next((tone for tone in tones if tone.key == key), None)
    shown = [line for line in lines if chosen in (None, line.tone)]

    def address(**changed):
        asked = {"by": by, "class": chosen and chosen.key} | changed
        kept = {name: value for name, value in asked.items() if value}
        return f"?{urlencode(kept)}&{scope.query}"

    context = {
        "scope": scope,
        "as_of": as_of(request),
        "grids": screen.grid_links(scope, Right.SEE_FIGURES),
        "by": by,
        "label": label,
        "attributes": [
            (name, words, address(by=name, **{"class": None}))
            for name, (words, _) in maps.ATTRIBUTES.items()
        ],
        "legend": [
            (tone, count, address(**{"class": tone.key})) for tone, count in legend
        ],
        "chosen": chosen,
        "all": address(**{"class": None}),
        "total": len(lines),
        "lines": shown,
        "placed": [line for line in shown if line.placed],
        "unplaced": sum(not line.placed for line in shown),
        "picture": picture,
        "tiles": {
            "url": settings.MAP_TILES,
            "by": settings.MAP_TILES_BY,
            "bounds": picture.bounds,
        }
        if picture
        else None,
        "import_url": reverse("grids:outline_import")
        if request.user.may(Right.EDIT_BUILDINGS)
        else "",
    }
    return render(request, "dashboard/map.html", context)
