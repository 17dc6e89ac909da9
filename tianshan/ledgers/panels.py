"""What opens beside a list: a row at a glance, columns, export, views.

Each is a page of its own without script, and a panel beside the list with it.
"""

from django.core.exceptions import PermissionDenied
from django.http import Http404, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from tianshan.ledgers import actions, columns
from tianshan.ledgers.asked import ask, without
from tianshan.ledgers.desk import address_kept, desk_of
from tianshan.ledgers.forms import ViewForm
from tianshan.ledgers.ledger import LEDGERS
from tianshan.ledgers.models import SavedView, StartPage
from tianshan.ledgers.scopes import BadScope
from tianshan.web import render_inside


def signed_in(view):
    """For everybody with an account; the ledger's own rule is asked inside."""
    view.rule = "signed_in"
    return view


def of_ledger(view):
    """A view about one ledger, `key` in its address, for whoever may open that."""

    def ruled(request, key, *args, **kwargs):
        ledger = LEDGERS.get(key)
        if ledger is None:
            raise Http404
        if not ledger.opens_to(request.user):
            raise PermissionDenied
        return view(request, ledger, *args, **kwargs)

    ruled.__name__ = view.__name__
    ruled.__doc__ = view.__doc__
    ruled.__module__ = view.__module__
    return signed_in(ruled)


def asked_or_404(request, ledger, query=None):
    """What the list beside shows; an address that the list refuses has no panel."""
    try:
        return ask(request, ledger, today=timezone.localdate(), query=query)
    except BadScope as problem:
        raise Http404 from problem


def back_to(request, ledger):
    """The list's own address, exactly as it was, or the ledger's first page."""
    address = request.POST.get("next") or ledger.url
    same = url_has_allowed_host_and_scheme(address, allowed_hosts=None)
    return address if same and address.startswith(ledger.url) else ledger.url


# --- a row at a glance -------------------------------------------------------------


@of_ledger
@require_safe
def peek(request, ledger, pk):
    """All that the ledger knows of a row, and what other rooms say of it in place."""
    asked = asked_or_404(request, ledger)
    rows = ledger.rows(request.user).filter(pk=pk)
    if asked.on:
        rows = ledger.past.known(rows, asked.on)
    available = columns.everything(ledger.columns_for(request.user))
    rows = ledger.annotated(rows, available, user=request.user, day=asked.day)
    row = get_object_or_404(rows)
    if asked.on:
        ledger.past.recall([row], asked.on)
    title = next(column for column in available if column.link)
    facts = [
        {"label": column.label, "value": column.cell(row)}
        for column in available
        if column is not title and column.value(row) not in (None, "")
    ]
    context = {
        "ledger": ledger,
        "row": row,
        "title": title.value(row),
        "facts": facts,
        "on": asked.on,
        "parts": [] if asked.on else list(_parts(ledger, pk)),
        "list_url": ledger.url + without(request.GET),
    }
    return render_inside(request, "ledgers/peek.html", context)


def _parts(ledger, pk):
    for name in ledger.peek:
        try:
            yield reverse(name, args=[pk])
        except NoReverseMatch:  # a room that is not installed
            continue


# --- columns -----------------------------------------------------------------------


@of_ledger
@require_http_methods(["GET", "HEAD", "POST"])
def column_list(request, ledger):
    """Tick the columns, put them in order; remembered for the next time."""
    if request.method == "POST":
        return _lay_out(request, ledger)
    desk = desk_of(request.user, ledger, request.GET)
    available = ledger.columns_for(request.user)
    shown = columns.chosen(available, request.GET, desk.laid_out)
    others = [column for column in available if column not in shown]
    context = {
        "ledger": ledger,
        "choices": [
            {"column": column, "on": column in shown, "place": place}
            for place, column in enumerate([*shown, *others], start=1)
        ],
        "shown": len(shown),
        "list_url": ledger.url + without(request.GET),
    }
    return render_inside(request, "ledgers/columns.html", context)


def _lay_out(request, ledger):
    query = QueryDict(back_to(request, ledger).partition("?")[2])
    if "default" in request.POST:
        chosen, named = [], None
    else:
        ticked = [key for key in request.POST.getlist("column") if ledger.column(key)]
        ticked.sort(key=lambda key: _place(request.POST.get(f"place_{key}")))
        available = ledger.columns_for(request.user)
        in_order = columns.named(available, ",".join(ticked)) or []
        chosen = [column.key for column in columns.with_link(available, in_order)]
        named = ",".join(chosen)
    actions.lay_out(ledger, columns=chosen, by=request.user, at=timezone.now())
    return redirect(ledger.url + without(query, columns=named))


def _place(text):
    """Where a column stands; what is no number goes to the end."""
    return int(text) if text and text.isdecimal() and len(text) < 9 else 10**9


# --- export ------------------------------------------------------------------------


@of_ledger
@require_safe
def export(request, ledger):
    """Which rows, which columns, what is masked: said before the export starts."""
    asked = asked_or_404(request, ledger)
    desk = desk_of(request.user, ledger, request.GET)
    available = ledger.columns_for(request.user)
    shown = columns.chosen(available, request.GET, desk.laid_out)
    everything = [c for c in columns.everything(available) if c.exported]
    context = {
        "ledger": ledger,
        "total": asked.rows.count(),
        "chips": asked.chips,
        "shown": [column for column in shown if column.exported],
        "shown_keys": columns.keys(shown),
        "everything": everything,
        "masked": [column for column in everything if column.masked],
        "hidden": [
            (key, value)
            for key, values in request.GET.lists()
            if key not in {"page", "format", "columns", "size", "view"}
            for value in values
        ],
        "list_url": ledger.url + without(request.GET),
        "ways_out": [
            {"label": label, "icon": icon, "url": reverse(page)}
            for label, icon, page, right in ledger.ways_out
            if request.user.may(right)
        ],
        "address": request.GET.urlencode(),
    }
    return render_inside(request, "ledgers/export.html", context)


# --- views -------------------------------------------------------------------------


@of_ledger
@require_http_methods(["GET", "HEAD", "POST"])
def view_keep(request, ledger):
    """Keep the list as it is now under a name."""
    address = back_to(request, ledger) if request.method == "POST" else None
    query = QueryDict(address.partition("?")[2]) if address else request.GET
    asked = asked_or_404(request, ledger, query)
    form = ViewForm(request.POST) if request.method == "POST" else ViewForm()
    if form.is_valid():
        try:
            view = _keep(request, ledger, query, **form.cleaned_data)
        except actions.Refused as refused:
            form.add_error("name", str(refused))
        else:
            return redirect(view)
    context = {
        "ledger": ledger,
        "form": form,
        "chips": asked.chips,
        "list_url": ledger.url + without(query),
    }
    return render_inside(request, "ledgers/view_keep.html", context)


def _keep(request, ledger, query, *, name, shared, start):
    now = timezone.now()
    view = actions.keep_view(
        ledger,
        name=name,
        query=address_kept(query),
        columns=_named(request, ledger, query),
        by=request.user,
        at=now,
    )
    if shared:
        view = actions.name_view(view, name=name, shared=True, by=request.user, at=now)
    if start:
        actions.start_with(view, by=request.user, at=now)
    return view


def _named(request, ledger, query):
    chosen = columns.named(ledger.columns_for(request.user), query.get("columns"))
    return [column.key for column in chosen] if chosen else []


def _view_or_404(request, pk):
    views = SavedView.objects.visible_to(request.user).exclude(name="")
    return get_object_or_404(views.select_related("owner"), pk=pk)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def view_name(request, pk):
    """Rename a view, share it, begin the day with it; of others', only the last."""
    view = _view_or_404(request, pk)
    mine = view.owner_id == request.user.pk
    starts = StartPage.objects.filter(user=request.user, view=view).exists()
    current = {"name": view.name, "shared": view.shared, "start": starts}
    form = ViewForm(request.POST or None, initial=current, mine=mine)
    if form.is_valid():
        now, data = timezone.now(), form.cleaned_data
        try:
            if mine:
                view = actions.name_view(
                    view,
                    name=data["name"],
                    shared=data["shared"],
                    by=request.user,
                    at=now,
                )
            if data["start"] != starts:
                chosen = view if data["start"] else None
                actions.start_with(chosen, by=request.user, at=now)
        except actions.Refused as refused:
            form.add_error("name", str(refused))
        else:
            return redirect(view)
    context = {"view": view, "form": form, "mine": mine, "ledger": LEDGERS[view.ledger]}
    return render_inside(request, "ledgers/view_name.html", context)


@signed_in
@require_POST
def view_update(request, pk):
    """Have the view hold what the list shows now."""
    view = _view_or_404(request, pk)
    ledger = LEDGERS[view.ledger]
    query = QueryDict(back_to(request, ledger).partition("?")[2])
    view = actions.update_view(
        view,
        query=address_kept(query),
        columns=_named(request, ledger, query),
        by=request.user,
        at=timezone.now(),
    )
    return redirect(view)


@signed_in
@require_POST
def view_drop(request, pk):
    view = _view_or_404(request, pk)
    actions.drop_view(view, by=request.user, at=timezone.now())
    return redirect(LEDGERS[view.ledger].url)
