"""Accounts and the audit log, each for its one administrator (三员分立)."""

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.core.paginator import Paginator
from django.db.models import Q
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.rights import Right, needs
from tianshan.audit.models import Entry, Reading
from tianshan.audit.verbs import KEYS, VERBS, verbs_like


@needs(Right.MANAGE_ACCOUNTS)
@require_safe
def account_list(request):
    """Every account with the posts that it holds."""
    users = User.objects.visible_to(request.user).order_by("username")
    page = Paginator(users.prefetch_related("posts__grid"), 50).get_page(
        request.GET.get("page")
    )
    return render(request, "accounts/account_list.html", {"page": page})


@needs(Right.READ_AUDIT)
@require_safe
def audit_list(request):
    """Who did what, newest first; `?q=` finds an act, an account or a request."""
    q = request.GET.get("q", "").strip()
    entries = Entry.objects.visible_to(request.user).for_list()
    if q:
        entries = entries.filter(_who(q) | Q(verb__in=verbs_like(q)) | Q(request=q))
    page = Paginator(entries, 50).get_page(request.GET.get("page"))
    context = {"page": page, "q": q, "rows": [_in_words(entry) for entry in page]}
    return render(request, "accounts/audit_list.html", context)


@needs(Right.READ_AUDIT)
@require_safe
def reading_list(request):
    """Who looked at a personal field in full, and why, newest first."""
    q = request.GET.get("q", "").strip()
    readings = Reading.objects.visible_to(request.user).for_list()
    if q:
        readings = readings.filter(_who(q) | Q(request=q))
    page = Paginator(readings, 50).get_page(request.GET.get("page"))
    rows = [
        {"reading": reading, "subject": _subject(reading), "field": _field(reading)}
        for reading in page
    ]
    context = {"page": page, "q": q, "rows": rows}
    return render(request, "accounts/reading_list.html", context)


def _who(q):
    return Q(by__username=q) | Q(by__display_name=q)


def _model(line):
    """The model of the row that an audit line is about; None when it is gone."""
    try:
        return apps.get_model(line.subject)
    except LookupError:
        return None


def _subject(line):
    model = _model(line)
    name = model._meta.verbose_name if model else line.subject
    return f"{name} {line.subject_id}"


def _field(reading):
    try:
        return _model(reading)._meta.get_field(reading.field).verbose_name
    except (AttributeError, FieldDoesNotExist):
        return reading.field


def _in_words(entry):
    """An act as people say it: its name, its object, what it says of itself."""
    return {
        "entry": entry,
        "act": VERBS.get(entry.verb, entry.verb),
        "subject": _subject(entry),
        "data": [(KEYS.get(key, key), value) for key, value in entry.data.items()],
    }
