"""What the district's file lacks of our ledger, and the acts that answer for each.

Never a deletion: each answer is dated, named, and written through the acts of a
business, so that it is put right by the same acts.
"""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.rights import Right
from enterprises import actions, twins
from enterprises.models import Business, ImportBatch, MissingAnswer
from grids.models import Grid
from tianshan.audit import record

Answer = MissingAnswer.Answer
STATES = {
    Answer.CLOSED: Business.State.CLOSED,
    Answer.MOVED: Business.State.MOVED,
}
AT_ONCE = 200  # businesses in one answer


def unanswered(batch):
    """Those still in operation, absent from the file, and not explained.

    What was answered as closed or moved away and operates again comes back here.
    """
    explained = batch.answers.filter(answer__in=MissingAnswer.STAYS)
    return batch.missing().exclude(pk__in=explained.values("business"))


@transaction.atomic
def declare_complete(batch, *, complete, by, at):
    """Say that a file is the district's whole ledger of its scope, or that it is not."""
    batch = _held(batch, by=by)
    if batch.complete == complete:
        return batch
    if not complete and batch.answers.exists():
        raise actions.Refused("缺少的已经有人核实过，不能再取消“区级看板全量”。")
    batch.complete = complete
    batch.save(update_fields=["complete"])
    record("import.declared", batch, by=by, at=at, complete=complete)
    return batch


@transaction.atomic
def answer(
    batch,
    businesses,
    *,
    answer,
    on,
    by,
    at,
    note="",
    grid=None,
    building=None,
    room="",
):
    """Answer for several at once, all or none; each by the act that it means.

    `grid` is whose it is when it is not ours: whoever keeps both grids moves it with
    the answer, others leave the move to them. `building` and `room` say where it went
    within the grid. A twin is the one that the page hinted at.
    """
    batch = _held(batch, by=by)
    if batch.state != ImportBatch.State.APPLIED:
        raise actions.Refused("这批还没有写入，写入后再核实。")
    if not batch.complete:
        raise actions.Refused("这批没有标为“区级看板全量”，缺少的不用逐家核实。")
    if on > timezone.localdate(at):
        raise actions.Refused("日期不能在将来。")
    open_ones = set(batch.missing().values_list("pk", flat=True))
    for business in businesses:
        if business.pk not in open_ones:
            raise actions.Refused(
                f"“{business.name}”已不在缺少的名单里，请刷新后再看。"
            )
        twin = likely_twin(batch, business) if answer == Answer.TWIN else None
        _act(business, answer, on=on, by=by, at=at, place=(grid, building, room))
        said = {"answer": answer, "twin": twin, "grid": grid, "note": note, "on": on}
        MissingAnswer.objects.update_or_create(
            batch=batch, business=business, defaults={**said, "by": by, "at": at}
        )
        record(
            "business.missing_answered",
            business,
            by=by,
            at=at,
            answer=answer,
            batch=batch.pk,
        )
    return len(businesses)


def _held(batch, *, by):
    """Lock the batch, then ask whether this person may answer on it."""
    batch = ImportBatch.objects.select_for_update().defer("file").get(pk=batch.pk)
    if not Grid.objects.governed_by(by, Right.IMPORT).filter(pk=batch.grid_id).exists():
        raise PermissionDenied
    return batch


def _act(business, answer, *, on, by, at, place):
    """The act of the business that an answer means, if it means one."""
    if answer in STATES:
        actions.set_state(business, state=STATES[answer], since=on, by=by, at=at)
        return
    if answer not in (Answer.NOT_OURS, Answer.MOVED_WITHIN):
        return
    grid, building, room = place
    if answer == Answer.MOVED_WITHIN:
        grid = building.grid
    kept = Grid.objects.governed_by(by, Right.EDIT_BUSINESSES)
    if answer == Answer.NOT_OURS and not kept.filter(pk=grid.pk).exists():
        return
    actions.move(
        business, grid=grid, building=building, room=room, since=on, by=by, at=at
    )


# --- twins -------------------------------------------------------------------------


def hints(batch, businesses):
    """`{pk: Business}`: which business that the file brought each may really be.

    Among those that the batch made: a renamed or moved shop comes as a new row, and
    the old one is missed.
    """
    made = batch.rows.filter(model="business", result="new").exclude(target=None)
    fresh = Business.objects.in_ledgers().filter(pk__in=made.values("target"))
    return twins.replacements(list(businesses), fresh)


def likely_twin(batch, business):
    """The one that the page hinted at; Refused when there is none."""
    twin = hints(batch, [business]).get(business.pk)
    if twin is None:
        raise actions.Refused(
            f"文件里没有像“{business.name}”的新增行，请到企业商户的页面上合并。"
        )
    return twin
