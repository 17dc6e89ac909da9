"""The ledgers of businesses as they were on a day (截至).

Place, state and coverage come from their dated rows, as known now; other facts show as
they are now. Who may see a row is asked of today.
"""

from django.db.models import BigIntegerField, F, OuterRef, Subquery
from django.db.models.functions import Coalesce

from enterprises.models import Occupancy, Operation
from grids.models import Building, Grid
from tianshan.ledgers.ledger import Past


class PastOfBusinesses(Past):
    sorts = {
        "building": ("then_building_pinyin", "then_room"),
        "room": ("then_room",),
        "state": ("then_state",),
        "grid": ("then_grid_path",),
    }

    def known(self, queryset, day):
        """Those discovered by then, each with the place and the state of that day.

        As a business itself keeps its last place after it left, so does the past: the
        row that began last counts.
        """
        of_this = {"business": OuterRef("pk"), "since__lte": day}
        place = Occupancy.objects.filter(**of_this, main=True).order_by("-since", "-pk")
        state = Operation.objects.filter(**of_this).order_by("-since", "-pk")
        return queryset.filter(discovered_on__lte=day).annotate(
            then_building=Subquery(place.values("building")[:1]),
            then_building_pinyin=Subquery(place.values("building__pinyin")[:1]),
            then_room=Subquery(place.values("room")[:1]),
            then_grid=Coalesce(
                Subquery(place.values("grid_id")[:1]),
                F("grid_id"),
                output_field=BigIntegerField(),
            ),
            then_grid_path=Coalesce(
                Subquery(place.values("grid__path")[:1]), F("grid__path")
            ),
            then_state=Coalesce(Subquery(state.values("state")[:1]), F("state")),
        )

    def recall(self, rows, day):
        buildings = Building.objects.in_bulk({row.then_building for row in rows})
        grids = Grid.objects.in_bulk({row.then_grid for row in rows})
        for row in rows:
            row.building = buildings.get(row.then_building)
            row.room = row.then_room or ""
            row.grid = grids[row.then_grid]
            row.state = row.then_state
        return rows


def looks_back(queryset):
    """Was the queryset annotated by `known`?"""
    return "then_building" in queryset.query.annotations
