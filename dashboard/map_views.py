"""The map and its list: the same buildings in both."""

from dataclasses import dataclass, replace

from django.conf import settings
from django.core.paginator import Paginator
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from accounts.rights import Right, needs
from dashboard import map as maps
from dashboard import screen, wide
from dashboard.scoped import with_scope
from tianshan.database.replica import as_of, from_replica

LISTED = 200  # buildings on a page of the list


@needs(Right.SEE_FIGURES)
@require_safe
@from_replica
@with_scope
def map_page(request, scope):
    """`?by=coverage&grid=…&class=low&box=…&page=2`: an attribute, a grid, one class of
    it or all, a part of the ground."""
    asked = _Asked.read(request.GET)
    said = wide.read("map", scope, of_map(asked.names))
    if said.text is None:
        return wide.waiting_page(request, scope)
    context = {
        "scope": scope,
        "as_of": said.as_of or as_of(request),
        "grids": screen.grid_links(scope, Right.SEE_FIGURES),
        "by": asked.by,
        "attributes": [
            (name, words, asked.address(scope, by=name, tone="", page=""))
            for name, (words, _) in maps.ATTRIBUTES.items()
        ],
        "import_url": _import_url(request.user),
        "section": said.text,
    }
    return render(request, "dashboard/map.html", context)


def of_map(names):
    """All that the section depends on, for `dashboard.wide`: the ground below, too."""
    return names | {"ground": f"{settings.MAP_TILES_SYSTEM} {settings.MAP_TILES}"}


@dataclass(frozen=True)
class _Asked:
    """What an address asks for, beside its scope."""

    by: str
    tone: str
    box: maps.Box | None
    page: str

    @classmethod
    def read(cls, parameters):
        by, tone = parameters.get("by"), parameters.get("class")
        by = by if by in maps.ATTRIBUTES else "coverage"
        known = {each.key for each in maps.ATTRIBUTES[by][1]}
        page = parameters.get("page", "")
        return cls(
            by,
            tone if tone in known else "",
            maps.Box.read(parameters.get("box", "")),
            page if page.isascii() and page.isdigit() else "",
        )

    def address(self, scope, **changed):
        return f"?{urlencode(replace(self, **changed).names)}&{scope.query}"

    @property
    def names(self):
        names = {"by": self.by, "class": self.tone, "box": self.box, "page": self.page}
        return {name: str(value) for name, value in names.items() if value}


def _import_url(user):
    return reverse("grids:outline_import") if user.may(Right.EDIT_BUILDINGS) else ""


def section(scope, more):
    """Picture, legend and list of what an address asks for."""
    context = _drawn(scope, _Asked.read(more))
    return render_to_string("dashboard/map.html#section", context)


def _drawn(scope, asked):
    label, tones = maps.ATTRIBUTES[asked.by]
    lines = maps.lines_of(scope, asked.by)
    if asked.box:
        lines = [ln for ln in lines if ln.placed and asked.box.holds(ln.where)]
    chosen = next((tone for tone in tones if tone.key == asked.tone), None)
    shown = [line for line in lines if chosen in (None, line.tone)]
    picture = maps.draw(scope, lines, shown, asked.box)
    page = Paginator(shown, LISTED).get_page(asked.page)
    return {
        "scope": scope,
        "label": label,
        "legend": [
            (tone, count, asked.address(scope, tone=tone.key, page=""))
            for tone, count in maps.legend(lines, asked.by)
        ],
        "chosen": chosen,
        "all": asked.address(scope, tone="", page=""),
        "whole": asked.box and asked.address(scope, box=None, page=""),
        "total": len(lines),
        "count": len(shown),
        "page": page,
        "pages": [
            (words, asked.address(scope, page=str(number)))
            for words, number in (
                ("上一页", page.number - 1),
                ("下一页", page.number + 1),
            )
            if 1 <= number <= page.paginator.num_pages
        ],
        "gathered": [
            (each, asked.address(scope, box=each.box, page=""))
            for each in (picture.gathered if picture else ())
        ],
        "unplaced": sum(not line.placed for line in shown),
        "picture": picture,
        "import_url": _import_url(scope.user),
        "tiles": {
            "url": settings.MAP_TILES,
            "by": settings.MAP_TILES_BY,
            "bounds": picture.bounds,
        }
        if picture
        else None,
    }
