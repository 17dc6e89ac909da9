"""The pages of a row's extra fields, the same in every room.

A room's view finds the row by its own rule, says its own right, and hands over here.
"""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from tianshan import audit
from tianshan.values import typed
from tianshan.values.actions import Refused
from tianshan.values.extra import fields_of, lines
from tianshan.values.forms import ExtraForm, WhyForm

PAGE_TOO_OLD = "页面放得太久，资料可能已经变了。请核对下面的内容，再保存一次。"


def card(row, *, of, page, kind=None):
    """What a row's page shows of them: `{lines, edit, shown}`; `page` names the URLs."""
    return {
        "lines": [
            {**line, "url": reverse(f"{page}_shown", args=[row.pk, line["field"].key])}
            for line in lines(of, row, kind)
        ],
        "edit": reverse(f"{page}_edit", args=[row.pk]),
    }


def edit_page(request, row, *, of, act, kind=None):
    """Answer the extra fields of a row; `act(fields=, answers=, unseen=)` saves."""
    form = ExtraForm(request.POST or None, of=of, row=row, kind=kind)
    if not form.asked:
        raise Http404
    if form.is_bound and form.prints is None:
        form.add_error(None, PAGE_TOO_OLD)
    if form.is_valid():
        try:
            changed = act(
                fields=form.asked,
                answers=form.answers,
                unseen=form.unseen,
                by=request.user,
                at=timezone.now(),
            )
        except Refused as refused:
            row.refresh_from_db(fields=["extra"])
            form.refresh()
            form.add_error(None, str(refused))
        else:
            messages.success(
                request, "已保存。" if changed else "资料没有变化，未作改动。"
            )
            return redirect(row)
    status = 400 if form.errors else 200
    context = {"row": row, "form": form}
    return render(request, "values/extra_edit.html", context, status=status)


def shown_page(request, row, key, *, of, kind=None):
    """One personal answer in full, against a reason that is logged first."""
    field = next((f for f in fields_of(of, kind) if f.key == key and f.personal), None)
    if field is None or key not in row.extra:
        raise Http404
    form = WhyForm(request.POST or None)
    words = None
    if form.is_valid():
        why = form.cleaned_data["why"]
        audit.read(row, key, by=request.user, at=timezone.now(), why=why)
        words = typed.in_full(field, typed.value_of(field, row.extra))
    context = {"row": row, "field": field, "form": form, "words": words}
    return render(request, "values/extra_shown.html", context)
