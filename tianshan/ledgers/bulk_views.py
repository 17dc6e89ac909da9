"""Ticked rows: shown, exported, changed as one, and put back."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_POST, require_safe

from tianshan.ledgers import bulk
from tianshan.ledgers.actions import Refused
from tianshan.ledgers.asked import without
from tianshan.ledgers.ledger import LEDGERS
from tianshan.ledgers.models import BulkEdit
from tianshan.ledgers.panels import asked_or_404, back_to, of_ledger, signed_in

SAMPLE = 20  # rows that the preview shows one by one
MARKED = "marked"  # in the session: the edit whose rows the next list marks


@of_ledger
@require_POST
def picked(request, ledger):
    """Narrow the list to the ticked rows, or go on to a page of what is made of them."""
    address = back_to(request, ledger)
    query = QueryDict(address.partition("?")[2])
    picks = _picks(request)
    if picks is not None and not picks:
        return _nothing_picked(request, address)
    narrowed = without(query, **({} if picks is None else {"ids": ".".join(picks)}))
    if request.POST.get("act") == "export":
        return redirect(reverse("ledgers:export", args=[ledger.key]) + narrowed)
    for key, _, _, page, right in ledger.papers:
        if request.POST.get("act") == key and request.user.may(right):
            return redirect(reverse(page) + narrowed)
    return redirect(ledger.url + narrowed)


def _picks(request):
    """The keys ticked; None for all that the filter finds."""
    if request.POST.get("all"):
        return None
    return [pk for pk in request.POST.getlist("pick") if pk.isdecimal()]


def _nothing_picked(request, address):
    messages.warning(request, "没有选中任何记录。先勾选，再选要做的事。")
    return redirect(address)


def _edit_or_404(ledger, act):
    edit = next((edit for edit in ledger.edits if edit.key == act), None)
    if edit is None:
        raise Http404
    return edit()


@of_ledger
@require_POST
def bulk_edit(request, ledger, act):
    """Choose the new value, see what changes and what cannot, then do it as one."""
    edit = _edit_or_404(ledger, act)
    if not request.user.may(edit.right):
        raise PermissionDenied
    address = back_to(request, ledger)
    picks = _picks(request)
    if picks is not None and not picks:
        return _nothing_picked(request, address)
    asked = asked_or_404(request, ledger, QueryDict(address.partition("?")[2]))
    rows = asked.rows if picks is None else asked.rows.filter(pk__in=picks)

    step = request.POST.get("step")
    if step in ("preview", "apply"):
        form = edit.form(request.POST, user=request.user)
    else:
        form = edit.form(initial=request.POST.dict(), user=request.user)
    planned = None
    if form.is_valid():
        try:
            if step == "apply":
                done = bulk.apply(
                    ledger,
                    edit,
                    rows,
                    form.cleaned_data,
                    seen=request.POST.get("seen"),
                    by=request.user,
                    at=timezone.now(),
                )
                request.session[MARKED] = done.pk
                return redirect(address)
        except Refused as refused:
            messages.warning(request, str(refused))
        try:
            planned = bulk.plan(edit, rows, form.cleaned_data, user=request.user)
        except Refused as refused:
            form.add_error(None, str(refused))
    context = {
        "ledger": ledger,
        "edit": edit,
        "form": form,
        "count": rows.count() if planned is None else None,
        "plan": planned,
        "words": edit.words(form.cleaned_data) if planned else "",
        "refused": [
            (edit.name(row), why) for row, why in (planned.refused if planned else [])
        ],
        "sample": _sample(edit, planned, form.cleaned_data) if planned else [],
        "picks": picks or [],
        "all": picks is None,
        "address": address,
        "chips": asked.chips,
    }
    return render(request, "ledgers/bulk_edit.html", context)


def _sample(edit, planned, values):
    return [
        {
            "row": edit.name(row),
            "before": edit.before(row),
            "after": edit.after(row, values),
        }
        for row in planned.change[:SAMPLE]
    ]


def marked_rows(request, ledger, page):
    """The edit just made, whose rows this list marks once, with the offer to undo."""
    key = request.session.pop(MARKED, None)
    if key is None:
        return None
    edits = BulkEdit.objects.visible_to(request.user)
    done = edits.filter(pk=key, ledger=ledger.key, undone_at=None).first()
    if done is not None:
        done.pks = {int(pk) for pk in done.changes}
        done.elsewhere = len(done.pks - {row.pk for row in page.object_list})
    return done


# --- afterwards --------------------------------------------------------------------


@signed_in
@require_safe
def bulk_list(request):
    """My bulk edits, the newest first: what each changed, undone or not."""
    edits = BulkEdit.objects.visible_to(request.user).for_list().defer("changes")
    page = Paginator(edits, 50).get_page(request.GET.get("page"))
    for done in page.object_list:
        done.title = _title(done)
    return render(request, "ledgers/bulk_list.html", {"page": page})


def _title(done):
    ledger = LEDGERS.get(done.ledger)
    return ledger.title if ledger else done.ledger


@signed_in
@require_safe
def bulk_detail(request, pk):
    """One bulk edit: its rows, and after an undo those that stayed as they were."""
    done = get_object_or_404(BulkEdit.objects.visible_to(request.user), pk=pk)
    ledger = LEDGERS[done.ledger]
    context = {
        "done": done,
        "ledger": ledger,
        "rows_url": _rows_url(ledger, done.changes),
        "left_url": _rows_url(ledger, done.left),
    }
    return render(request, "ledgers/bulk_detail.html", context)


def _rows_url(ledger, pks):
    """The list of exactly these rows, where an address can hold them."""
    if not pks or len(pks) > 300:
        return ""
    return f"{ledger.url}?ids={'.'.join(map(str, pks))}"


@signed_in
@require_POST
def bulk_undo(request, pk):
    """Put back what nobody touched since, and say what stayed."""
    done = get_object_or_404(BulkEdit.objects.visible_to(request.user), pk=pk)
    ledger = LEDGERS[done.ledger]
    try:
        done = bulk.undo(
            done, _edit_or_404(ledger, done.act), by=request.user, at=timezone.now()
        )
    except Refused as refused:
        messages.warning(request, str(refused))
        return redirect(done)
    back = done.rows - len(done.left)
    if done.left:
        messages.warning(
            request,
            format_html(
                "已撤销 {back} {unit}；另外 {left} {unit}之后又有人改过，没有动。"
                '<a class="link" href="{url}">看是哪几{unit}</a>',
                back=back,
                left=len(done.left),
                unit=ledger.unit,
                url=done.get_absolute_url(),
            ),
        )
    else:
        messages.success(request, f"已撤销，{back} {ledger.unit}恢复原样。")
    return redirect(back_to(request, ledger))
