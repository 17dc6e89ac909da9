"""What changed of a business, in words: who, when, from what to what, why.

Read from the row history that triggers write, grouped by the request that wrote it; the
reason and the name of the act come from the audit log's line of the same request.
"""

from dataclasses import dataclass, field

from django.apps import apps
from django.db import models
from django.utils import timezone

from accounts.models import User
from enterprises.models import (
    Business,
    Caretaker,
    Coverage,
    JournalEntry,
    Occupancy,
    Operation,
    Ownership,
    Priority,
)
from tianshan.audit.classes import SEALED, class_of
from tianshan.audit.models import Entry
from tianshan.audit.verbs import VERBS
from tianshan.values.extra import differences
from tianshan.web.masks import masked_phone

OF_BUSINESS = (
    Occupancy,
    Operation,
    Ownership,
    Priority,
    Coverage,
    Caretaker,
    JournalEntry,
)
PHONES = {"contact_phone", "phone"}
UNSAID = {"id", "business", "version", "updated_at", "rank", "act", "ended_by"}
EMPTY = "空"


@dataclass
class Group:
    """What one request changed."""

    at: object
    who: str = ""
    act: str = ""
    why: str = ""
    request: str = ""
    lines: list = field(default_factory=list)  # {label, before, after, new}


def events_of(model):
    return apps.get_model(model._meta.app_label, f"{model.__name__}Event")


def changes(business):
    """The Groups of a business, latest first."""
    known = [(Business, [business.pk])]
    known += [
        (model, model._base_manager.filter(business=business).values("pk"))
        for model in OF_BUSINESS
    ]
    steps = []
    for model, keys in known:
        earlier = {}
        rows = events_of(model).objects.filter(pgh_obj_id__in=keys)
        for event in rows.select_related("pgh_context").order_by("pgh_id"):
            steps.append((model, earlier.get(event.pgh_obj_id), event))
            earlier[event.pgh_obj_id] = event
    names = _Names(steps)
    groups = {}
    for model, before, event in steps:
        lines = list(_lines(model, before, event, names))
        if lines:
            key = event.pgh_context_id or event.pgh_created_at.replace(microsecond=0)
            group = groups.setdefault(key, _group(event))
            group.lines += lines
    _say_who_and_why(business, groups.values())
    return sorted(groups.values(), key=lambda group: group.at, reverse=True)


def last_change_by(business):
    """The name of who last saved the row, "" where nobody signed in did."""
    event = (
        events_of(Business)
        .objects.filter(pgh_obj_id=business.pk)
        .select_related("pgh_context")
        .order_by("-pgh_id")
        .first()
    )
    user = _context(event).get("user") if event else None
    return User.objects.get(pk=user).display_name if user else ""


def _context(event):
    return event.pgh_context.metadata if event.pgh_context_id else {}


def _group(event):
    context = _context(event)
    return Group(
        at=event.pgh_created_at,
        who=context.get("user"),
        request=context.get("request", ""),
    )


def _lines(model, before, event, names):
    """`{label, before, after}` of each field that the event changed."""
    what = "" if model is Business else f"{model._meta.verbose_name}·"
    if event.pgh_label == "delete":
        yield {"label": f"{what}删除", "before": "", "after": ""}
        return
    for column in model._meta.concrete_fields:
        name = column.name
        if name in UNSAID or not hasattr(event, column.attname):
            continue
        if class_of(model, name) == SEALED:
            continue
        new = getattr(event, column.attname)
        old = getattr(before, column.attname) if before else None
        if name == "extra":
            yield from _extra_lines(old, new)
            continue
        if old == new or (before is None and new in (None, "", False, column.default)):
            continue
        yield {
            "label": f"{what}{column.verbose_name}",
            "before": names.of(column, old) if before else "",
            "after": names.of(column, new),
        }


def _extra_lines(old, new):
    for label, before, after in differences("business", old, new):
        yield {
            "label": label,
            "before": EMPTY if before == "" else before,
            "after": EMPTY if after == "" else after,
        }


class _Names:
    """What values are called; the rows that keys mean are fetched once per table."""

    def __init__(self, steps):
        wanted = {}
        for model, _, event in steps:
            for column in model._meta.concrete_fields:
                key = getattr(event, column.attname, None)
                if column.is_relation and key is not None and column.name not in UNSAID:
                    wanted.setdefault(column.related_model, set()).add(key)
        self.rows = {
            model: model._base_manager.in_bulk(keys) for model, keys in wanted.items()
        }

    def of(self, column, value):
        if value is None or value == "":
            return EMPTY
        if column.is_relation:
            row = self.rows[column.related_model].get(value)
            return getattr(row, "display_name", str(row)) if row else "已不在"
        if column.name in PHONES:
            return masked_phone(value)
        if column.choices:
            return dict(column.flatchoices).get(value, value)
        if isinstance(column, models.BooleanField):
            return "是" if value else "否"
        if isinstance(column, models.DateTimeField):
            return timezone.localtime(value).strftime("%Y-%m-%d %H:%M")
        return str(value)


def _say_who_and_why(business, groups):
    users = User.objects.in_bulk({group.who for group in groups if group.who})
    requests = {group.request for group in groups if group.request}
    entries = {}
    about = Entry.objects.about(business).filter(request__in=requests)
    for entry in about.order_by("at", "pk"):
        entries.setdefault(entry.request, []).append(entry)
    for group in groups:
        user = users.get(group.who)
        group.who = user.display_name if user else "系统"
        of_request = entries.get(group.request, [])
        acts = [VERBS[e.verb] for e in of_request if e.verb in VERBS]
        found = all(not line["before"] for line in group.lines)
        group.act = "、".join(dict.fromkeys(acts)) or ("登记" if found else "修改")
        reasons = [e.data["reason"] for e in of_request if e.data.get("reason")]
        group.why = "；".join(dict.fromkeys(reasons))
