"""Two rows for one business become one, and can become two again.

Every relation to a business is found through the model, those of rooms above included,
and points to the one that stays; where both hold what only one may hold (a current
place, a coverage in force), what came from the other ends that day. What the district's
forms and extra fields ask, and only the other answered, is taken over. Each row written
is kept with what it said before, so that undoing puts back exactly what nobody has
touched since, and lists the rest.
"""

import datetime as dt

import pghistory.models
from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from accounts.rights import Right
from enterprises.actions import Refused
from enterprises.models import Business, Merge, NotTwins, OfficialFacts
from tianshan.audit import record
from tianshan.ledgers import touched

MINE, THEIRS = "mine", "theirs"
# Facts that are chosen one by one; `founded_precision` goes with its date.
CHOSEN = (
    "name",
    "kind",
    "code",
    "trade",
    "staff_count",
    "members_count",
    "contact_name",
    "contact_phone",
    "founded_on",
    "reported_mode",
    "uncovered_reason",
    "cover_planned_on",
    "note",
)
# How many of the members are full ones is said where the count of members is chosen.
COUNTED = ("members_full", "members_probationary")
NOW = "now"  # where it is and whether it operates: chosen together
PLACE = ("grid", "building", "room", "state")


def relations():
    """`[(model, field)]`: every relation to a business, whatever room it is in.

    What has no history is computed from other rows (Standing) and is written anew.
    A merge keeps pointing at the two that it was about.
    """
    tracked = {
        model.pgh_tracked_model
        for model in apps.get_models()
        if issubclass(model, pghistory.models.Event)
    }
    found = []
    for relation in Business._meta.get_fields(include_hidden=True):
        if not (relation.auto_created and not relation.concrete):
            continue
        if not (relation.one_to_many or relation.one_to_one):
            continue
        model = relation.related_model
        if model is not Merge and (model in tracked or model._meta.auto_created):
            found.append((model, relation.field))
    return sorted(found, key=lambda pair: (pair[0]._meta.label_lower, pair[1].name))


class Log:
    """What was written, row by row: `{(label, pk): {column: [before, after]}}`."""

    def __init__(self):
        self.rows = {}

    def note(self, model, pk, column, before, after):
        columns = self.rows.setdefault((model._meta.label_lower, pk), {})
        first = columns[column][0] if column in columns else _plain(before)
        columns[column] = [first, _plain(after)]

    def as_json(self):
        return [
            {"model": label, "pk": pk, "columns": columns}
            for (label, pk), columns in self.rows.items()
        ]


def _plain(value):
    return value.isoformat() if isinstance(value, dt.date | dt.datetime) else value


def _both(one, other, *, by):
    """Lock two businesses, always in one order; only who may merge both goes on."""
    ids = sorted([one.pk, other.pk])
    locked = Business.objects.select_for_update().order_by("pk").in_bulk(ids)
    if not any(business.gone_at for business in locked.values()):
        visible = Business.objects.visible_to(by, Right.MERGE).filter(pk__in=ids)
        if visible.count() != 2:
            raise PermissionDenied
    return locked[one.pk], locked[other.pk]


@transaction.atomic
def merge(survivor, gone, *, choices, reason, by, at):
    """Take `gone` into `survivor`; `choices` is `{fact: "mine" | "theirs"}`.

    `NOW` among them chooses place and state together. Returns the Merge.
    """
    if survivor.pk == gone.pk:
        raise Refused("这是同一条记录。")
    survivor, gone = _both(survivor, gone, by=by)
    if survivor.gone_at is not None or gone.gone_at is not None:
        raise Refused("其中一家已经合并或移出台账，请刷新后再看。")
    if survivor.pk == gone.succeeds_id or gone.pk == survivor.succeeds_id:
        raise Refused("这两家是前后两任店，登记过更替，不是重复。")
    day, log, kept = timezone.localdate(at), Log(), []
    marks = {
        f"{model._meta.label_lower}.{field.name}": model._base_manager.aggregate(
            highest=models.Max("pk")
        )["highest"]
        for model, field in relations()
    }

    # First of all, so that the code is free for the one that stays.
    gone.gone_at, gone.merged_into = at, survivor
    gone.version += 1
    gone.save(update_fields=["gone_at", "merged_into", "version"])

    theirs_now = choices.get(NOW) == THEIRS
    _end_the_present(survivor if theirs_now else gone, day, log)
    for model, field in relations():
        kept += _repoint(model, field, gone, survivor, day, log)
    _take_facts_over(survivor, gone, choices, log)

    wanted = {
        name: getattr(gone, name) for name in CHOSEN if choices.get(name) == THEIRS
    }
    if "founded_on" in wanted:
        wanted["founded_precision"] = gone.founded_precision
    if theirs_now:
        wanted |= {f"{name}_id": getattr(gone, f"{name}_id") for name in PLACE[:2]}
        wanted |= {name: getattr(gone, name) for name in PLACE[2:]}
    wanted["extra"] = gone.extra | survivor.extra
    wanted["discovered_on"] = min(survivor.discovered_on, gone.discovered_on)
    wanted["priority"] = survivor.priorities.filter(until=None).exists()
    for name, value in wanted.items():
        if (before := getattr(survivor, name)) != value:
            log.note(Business, survivor.pk, name, before, value)
            setattr(survivor, name, value)
    survivor.version += 1
    survivor.updated_at = at
    survivor.save()

    done = Merge.objects.create(
        survivor=survivor,
        gone=gone,
        reason=reason,
        by=by,
        at=at,
        moved=log.as_json(),
        kept=kept,
        marks=marks,
    )
    record(
        "business.merged",
        survivor,
        by=by,
        at=at,
        gone=gone.pk,
        merge=done.pk,
        reason=reason,
        rows=len(done.moved),
        kept=len(kept),
    )
    touched([survivor.pk, gone.pk])
    return done


def _take_facts_over(survivor, gone, choices, log):
    """Where both have a row of official facts, fill in what the survivor's leaves open.

    Where only the other had one, it has moved already.
    """
    rows = OfficialFacts.objects.filter(business__in=[survivor.pk, gone.pk])
    both = {facts.business_id: facts for facts in rows}
    if len(both) < 2:
        return
    mine, theirs = both[survivor.pk], both[gone.pk]
    told = {name: getattr(theirs, name) for name in OfficialFacts.NAMES}
    if survivor.members_count != gone.members_count:
        chosen = choices.get("members_count") == THEIRS
        wanted = {name: told.pop(name) for name in COUNTED} if chosen else {}
        for name in COUNTED:
            told.pop(name, None)
    else:
        wanted = {}
    empty = (None, "")
    wanted |= {name: v for name, v in told.items() if getattr(mine, name) in empty}
    for name, value in wanted.items():
        if (before := getattr(mine, name)) != value:
            log.note(OfficialFacts, mine.pk, name, before, value)
            setattr(mine, name, value)
    mine.save()


def _end_the_present(business, day, log):
    """End where a business is and what its state is: the other's holds from now on."""
    places = business.occupancies.filter(until=None, main=True)
    for row in (*places, *business.operations.filter(until=None)):
        _end(row, day, log)


def _end(row, day, log):
    until = max(row.since, day)
    log.note(type(row), row.pk, "until", None, until)
    row.until = until
    row.save(update_fields=["until"])


def _repoint(model, field, gone, survivor, day, log):
    """Let a relation's rows point at the survivor; returns those that cannot."""
    rows = model._base_manager.filter(**{field.attname: gone.pk})
    moved, kept = list(rows.values_list("pk", flat=True)), []
    to = {field.attname: survivor.pk}
    if not _holds(lambda: rows.update(**to)):
        moved, waiting = [], list(rows)
        for row in waiting:
            one = model._base_manager.filter(pk=row.pk)
            if _holds(lambda one=one: one.update(**to)):
                moved.append(row.pk)
            elif hasattr(row, "until") and hasattr(row, "since") and row.until is None:
                until = max(row.since, day)
                if _holds(lambda one=one, until=until: one.update(until=until, **to)):
                    log.note(model, row.pk, "until", None, until)
                    moved.append(row.pk)
        kept = [
            {"model": model._meta.label_lower, "pk": row.pk}
            for row in waiting
            if row.pk not in moved
        ]
    for pk in moved:
        log.note(model, pk, field.attname, gone.pk, survivor.pk)
    return kept


def _holds(write):
    """Does the database take it? What it refuses leaves no trace."""
    try:
        with transaction.atomic():
            write()
    except IntegrityError:
        return False
    return True


# --- two again ---------------------------------------------------------------------


@transaction.atomic
def undo(merge, *, by, at):
    """Make two of them again; what was touched since stays as it is and is listed."""
    merge = Merge.objects.select_for_update().get(pk=merge.pk)
    if "undo" not in merge.open_steps:
        raise Refused("这次合并已经撤销。")
    survivor, gone = _both(merge.survivor, merge.gone, by=by)
    if not Business.objects.visible_to(by, Right.MERGE).filter(pk=survivor.pk).exists():
        if survivor.gone_at is None:
            raise PermissionDenied
        raise Refused("保留的那一家后来也移出了台账，请先撤销那一次。")
    if gone.merged_into_id != survivor.pk:
        raise Refused("并入的那一家后来另有变动，不能直接撤销。")
    if (
        gone.code
        and Business.objects.in_ledgers()
        .filter(code=gone.code)
        .exclude(pk=survivor.pk)
        .exists()
    ):
        raise Refused("并入的那一家的统一代码已被另一家登记，请先核对。")

    left, facts = [], None
    # What moved goes back first, so that what ended for its sake may begin again.
    for entry in sorted(merge.moved, key=lambda entry: not _moves(entry)):
        if entry["model"] == Business._meta.label_lower and entry["pk"] == survivor.pk:
            facts = entry["columns"]
        elif _fills_in(entry):
            row = OfficialFacts.objects.get(pk=entry["pk"])
            left += _put_facts_back(row, entry["columns"])
            row.save()
        else:
            left += _put_back(entry)
    if facts:
        left += _put_facts_back(survivor, facts)
    survivor.version += 1
    survivor.updated_at = at
    survivor.save()
    gone.refresh_from_db()
    gone.gone_at = gone.merged_into = None
    gone.version += 1
    gone.updated_at = at
    gone.save(update_fields=["gone_at", "merged_into", "version", "updated_at"])

    merge.undone_at, merge.undone_by = at, by
    merge.left = left + _later(merge)
    merge.save(update_fields=["undone_at", "undone_by", "left"])
    record(
        "business.merge_undone",
        survivor,
        by=by,
        at=at,
        gone=gone.pk,
        merge=merge.pk,
        left=len(merge.left),
    )
    touched([survivor.pk, gone.pk])
    return merge


def _fills_in(entry):
    """Official facts that the survivor's own row took over."""
    facts = entry["model"] == OfficialFacts._meta.label_lower
    return facts and "business_id" not in entry["columns"]


def _moves(entry):
    return any(column != "until" for column in entry["columns"])


def _put_back(entry):
    """Restore one row if what the merge wrote still stands; else say why not."""
    model, columns = apps.get_model(entry["model"]), entry["columns"]
    row = model._base_manager.select_for_update().filter(pk=entry["pk"]).first()
    word = {"model": entry["model"], "pk": entry["pk"]}
    if row is None:
        return [{**word, "why": "这一条已经不在"}]
    if any(_plain(getattr(row, name)) != after for name, (_, after) in columns.items()):
        return [{**word, "why": "合并后又改过，保持现在的样子"}]
    before = {name: _value(model, name, value) for name, (value, _) in columns.items()}
    if not _holds(lambda: model._base_manager.filter(pk=row.pk).update(**before)):
        return [{**word, "why": "与后来的记录冲突，保持现在的样子"}]
    return []


def _put_facts_back(row, columns):
    """Restore each fact that still stands as the merge wrote it; the rest is listed."""
    left, model = [], type(row)
    for name, (before, after) in columns.items():
        if _plain(getattr(row, name)) == after:
            setattr(row, name, _value(model, name, before))
        else:
            label = str(model._meta.get_field(name.removesuffix("_id")).verbose_name)
            left.append(
                {
                    "model": model._meta.label_lower,
                    "pk": row.pk,
                    "why": f"“{label}”合并后又改过，保持现在的样子",
                }
            )
    return left


def _value(model, column, plain):
    field = next(f for f in model._meta.concrete_fields if f.attname == column)
    if field.is_relation:
        return plain
    return field.to_python(plain)


def _later(merge):
    """Rows that came to the survivor after the merge: they stay with it."""
    ours = {(entry["model"], entry["pk"]) for entry in merge.moved}
    later = []
    for model, field in relations():
        label = model._meta.label_lower
        mark = merge.marks.get(f"{label}.{field.name}") or 0
        rows = model._base_manager.filter(
            **{field.attname: merge.survivor_id, "pk__gt": mark}
        ).values_list("pk", flat=True)
        later += [
            {"model": label, "pk": pk, "why": "合并后新记的，留在保留的那一家"}
            for pk in rows
            if (label, pk) not in ours
        ]
    return later


# --- not twins ---------------------------------------------------------------------


@transaction.atomic
def tell_apart(one, other, *, by, at, reason=""):
    """Rule that two businesses are not the same, for good."""
    one, other = _both(one, other, by=by)
    first, second = sorted([one, other], key=lambda business: business.pk)
    ruling, made = NotTwins.objects.get_or_create(
        first=first, second=second, defaults={"reason": reason, "by": by, "at": at}
    )
    if made:
        record(
            "business.told_apart", first, by=by, at=at, other=second.pk, reason=reason
        )
    return ruling
