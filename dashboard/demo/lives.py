"""What happens to shops of the demo beside visits: notes, owners, priority, a merge."""

import datetime as dt

from enterprises import actions, merging
from enterprises.models import Business, JournalEntry

MARKED = ("液化气换了新管，每月看一次", "二楼改过隔断，等消防复查")
NOTES = (
    "老板月底回老家，找店长就行",
    "上午十点后才开门",
    "隔壁在装修，先别贴告示",
)


def load(world):
    """Told when visits and demands are there, so that a merge has something to move."""
    today, noon, clerk = world["today"], world["noon"], world["accounts"]["grid_clerk"]
    mine = Business.objects.visible_to(clerk).operating().filter(kind="merchant")
    shops = list(mine.filter(priority=False).order_by("pk")[40:46])
    told = {"by": clerk, "at": noon(today)}
    for shop, words in zip(shops, NOTES, strict=False):
        actions.note(shop, kind=JournalEntry.Kind.values[0], words=words, **told)
    for shop, reason in zip(shops, MARKED, strict=False):
        since = today - dt.timedelta(days=20)
        actions.mark_priority(shop, reason=reason, since=since, **told)
    actions.change_owner(
        shops[3],
        owner="吴女士",
        phone="",
        code="",
        since=today - dt.timedelta(days=12),
        reason="店面转给了亲戚，招牌不变",
        **told,
    )
    again = actions.open_business(
        kind=shops[4].kind,
        name=f"{shops[4].name}（重录）",
        grid=shops[4].grid,
        building=shops[4].building,
        room=shops[4].room,
        since=today - dt.timedelta(days=5),
        anyway="演示：同一家被录了两次",
        **told,
    )
    merging.merge(shops[4], again, choices={}, reason="同一家录了两次", **told)
