"""Drawing one outline by hand: corners on a map, or as lines of numbers."""

import json
import unicodedata

from django import forms
from django.conf import settings
from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.rights import Right, needs
from grids import outlines
from grids.coordinates import System, from_wgs84
from grids.models import Building, Grid, Outline

MOST_CORNERS = 500
AROUND = 0.004  # degrees shown around the middle where there is no outline yet


class DrawnForm(forms.Form):
    of = forms.ChoiceField(label="画哪一处")
    corners = forms.CharField(
        label="各个角",
        widget=forms.Textarea(attrs={"rows": 8}),
        max_length=20_000,
        help_text="在图上点一下加一个角，拖动可以改；也可以直接写，每行一个：经度, 纬度。"
        "只写一个角，就是楼宇的位置",
    )
    sketched = forms.BooleanField(
        label="是示意图，不是测绘的",
        required=False,
        initial=True,
        help_text="地图上会注明“示意图”",
    )

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.places = _places(user)
        grids = [(key, str(row)) for key, row in self.places.items() if key[0] == "g"]
        houses = [(key, str(row)) for key, row in self.places.items() if key[0] == "b"]
        self.fields["of"].choices = [("网格", grids), ("楼宇", houses)]

    def clean_of(self):
        return self.places[self.cleaned_data["of"]]

    def clean_corners(self):
        corners = []
        # Digits, points and commas as an input method for Chinese types them count too.
        lines = unicodedata.normalize("NFKC", self.cleaned_data["corners"])
        for number, line in enumerate(lines.splitlines(), 1):
            if not line.strip():
                continue
            try:
                longitude, latitude = line.split(",")
                corners.append((float(longitude), float(latitude)))
            except ValueError:
                raise forms.ValidationError(
                    f"第 {number} 行不是“经度, 纬度”：{line.strip()[:30]}"
                ) from None
        if not corners:
            raise forms.ValidationError("一个角也没有。")
        if len(corners) == 2:
            raise forms.ValidationError(
                "两个角围不成一块：轮廓至少三个，位置只要一个。"
            )
        if len(corners) > MOST_CORNERS:
            raise forms.ValidationError(f"最多 {MOST_CORNERS} 个角，请先简化。")
        return corners

    def clean(self):
        asked = super().clean()
        if "of" in asked and "corners" in asked:
            one = outlines.drawn(asked["of"], asked["corners"], system())
            if one.problem:
                self.add_error("corners", f"{one.problem}。")
            asked["drawn"] = one
        return asked


def system():
    """What is drawn is drawn in the system of the map's ground."""
    return System(settings.MAP_TILES_SYSTEM)


def _places(user):
    """`{key: Grid or Building}` whose outlines the user keeps."""
    grids = Grid.objects.governed_by(user, Right.EDIT_BUILDINGS).order_by("path")
    mine = Building.objects.visible_to(user, Right.EDIT_BUILDINGS).order_by("pinyin")
    return {f"g{row.pk}": row for row in grids} | {f"b{row.pk}": row for row in mine}


@needs(Right.EDIT_BUILDINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def outline_draw(request):
    """`?of=b12`: what is to be drawn, with its outline as it is."""
    user = request.user
    if request.method == "POST":
        form = DrawnForm(request.POST, user=user)
        if form.is_valid():
            asked = form.cleaned_data
            changed = outlines.keep(
                [asked["drawn"]],
                system(),
                sketched=asked["sketched"],
                by=user,
                at=timezone.now(),
            )
            said = "已存" if changed else "和原来一样"
            messages.success(request, f"{said}：{asked['of']}。")
            return redirect("dashboard:map")
    else:
        form = DrawnForm(user=user)
        place = form.places.get(request.GET.get("of", ""))
        form.initial = {"of": request.GET.get("of"), "sketched": True}
        form.initial |= _as_it_is(place, user) if place else {}
    context = {
        "form": form,
        "system": system().label,
        "bounds": _bounds(),
        "ground": json.dumps(_ground(user)),
        "tiles": {"url": settings.MAP_TILES, "by": settings.MAP_TILES_BY},
    }
    status = 400 if form.errors else 200
    return render(request, "grids/outline_draw.html", context, status=status)


def _as_it_is(place, user):
    """What the form begins with: the corners of an outline of one ring, or the point."""
    kind = "grid" if isinstance(place, Grid) else "building"
    row = Outline.objects.visible_to(user).filter(**{kind: place}).first()
    if row and row.shape["type"] == "Polygon" and len(row.shape["coordinates"]) == 1:
        return {"corners": _lines(row.shape["coordinates"][0][:-1])} | {
            "sketched": row.sketched
        }
    if kind == "building" and place.longitude is not None and not row:
        return {"corners": _lines([(float(place.longitude), float(place.latitude))])}
    return {}


def _lines(points):
    moved = (from_wgs84(tuple(point), system()) for point in points)
    return "\n".join(f"{east:.6f}, {north:.6f}" for east, north in moved)


def _bounds():
    """The corners of the ground shown at first: south-west and north-east."""
    east, north = from_wgs84(settings.MAP_MIDDLE, system())
    return [[north - AROUND, east - AROUND], [north + AROUND, east + AROUND]]


def _ground(user):
    """`[{"name", "grid", "rings"}]` of what is drawn already, as the map has it."""
    rows = Outline.objects.visible_to(user).select_related("grid", "building")
    found = []
    for row in rows.order_by("building", "pk"):
        shape = row.shape["coordinates"]
        rings = (
            shape if row.shape["type"] == "Polygon" else [r for p in shape for r in p]
        )
        moved = [
            [list(reversed(from_wgs84(tuple(point), system()))) for point in ring]
            for ring in rings
        ]
        name = str(row.grid or row.building)
        found.append({"name": name, "grid": bool(row.grid_id), "rings": moved})
    return found
