"""Two matters that ask for the same are put into one, and taken apart again."""

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.rights import Right
from issues.fixing import links_of, owe_by_measures
from issues.models import Issue, Matter, MatterDemand, MatterMerge
from issues.place import settle_place
from issues.taking import Refused
from tianshan.audit import record


def _lock(matters, *, ask, by):
    """Issues first, then matters, each in the order of their keys.

    Whoever acts sees those of `ask`: one that has lost its demands to another is seen
    by nobody who saw it for them.
    """
    issues = {matter.issue_id for matter in matters} - {None}
    list(Issue.objects.select_for_update().filter(pk__in=issues).order_by("pk"))
    keys = [matter.pk for matter in matters]
    locked = Matter.objects.select_for_update().filter(pk__in=keys).order_by("pk")
    locked = {matter.pk: matter for matter in locked}
    seen = Matter.objects.visible_to(by, Right.PROPOSE_ISSUES)
    if seen.filter(pk__in=[one.pk for one in ask]).count() != len(ask):
        raise PermissionDenied
    return [locked[key] for key in keys]


@transaction.atomic
def merge(matter, into, *, by, at):
    """Put a matter's demands and measures into another that asks for the same."""
    if matter.pk == into.pk:
        raise Refused("不能把事项合并到它自己。")
    matter, into = _lock([matter, into], ask=[matter, into], by=by)
    for one in (matter, into):
        if one.state != Matter.State.OPEN:
            raise Refused(f"“{one}”现在是“{one.get_state_display()}”，不能合并。")
    if (matter.issue_id, matter.body_id) != (into.issue_id, into.body_id):
        if matter.measures.exists():
            raise Refused("已经定了措施的事项，只能在同一个议题里合并。")
        others = Matter.objects.filter(issue=matter.issue_id).exclude(pk=matter.pk)
        if matter.issue_id and not others.exists():
            raise Refused("它是议题里唯一的事项，请先撤回那个议题，再并入诉求。")
    made = MatterMerge.objects.create(gone=matter, kept=into, by=by, at=at)
    for link in links_of(matter):
        _carry(link, into, made, at=at)
    made.measures.set(matter.measures.all())
    matter.measures.update(matter=into)
    matter.state = Matter.State.MERGED
    matter.save(update_fields=["state"])
    record("matter.merged", into, by=by, at=at, demands=made.links.count())
    settle_place(into)
    owe_by_measures(into, by=by, at=at)
    return made


def _carry(link, matter, merge, *, at):
    link.left_at = at
    link.save(update_fields=["left_at"])
    MatterDemand.objects.create(
        matter=matter,
        demand=link.demand,
        joined_at=at,
        merge=merge,
        due=link.due,
        first_word_on=link.first_word_on,
        earlier=link.earlier,
    )


@transaction.atomic
def undo(merge, *, by, at):
    """Take the two apart again: what came with the merge and is still there goes back."""
    gone, kept = _lock([merge.gone, merge.kept], ask=[merge.kept], by=by)
    merge = MatterMerge.objects.select_for_update().get(pk=merge.pk)
    if merge.undone_at:
        raise Refused("这次合并已经撤销。")
    if kept.state != Matter.State.OPEN:
        raise Refused(f"“{kept}”现在是“{kept.get_state_display()}”，不能再拆开。")
    back = [link for link in links_of(kept) if link.merge_id == merge.pk]
    if not back:
        raise Refused("合并过来的诉求都已移出，没有可拆开的。")
    if len(back) == links_of(kept).count():
        raise Refused("留下的事项就没有诉求了，不能拆开。")
    gone.state = Matter.State.OPEN
    gone.save(update_fields=["state"])
    for link in back:
        _carry(link, gone, None, at=at)
    kept.measures.filter(pk__in=merge.measures.values("pk")).update(matter=gone)
    merge.undone_by, merge.undone_at = by, at
    merge.save(update_fields=["undone_by", "undone_at"])
    record("matter.unmerged", kept, by=by, at=at, demands=len(back))
    for matter in (gone, kept):
        settle_place(matter)
        owe_by_measures(matter, by=by, at=at)
    return gone
