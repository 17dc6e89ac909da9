"""What can happen to views and columns: kept, renamed, shared, begun with, dropped."""

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from tianshan.audit import record
from tianshan.ledgers.models import SavedView, StartPage


class Refused(Exception):
    """An act that cannot be now; the message is for the user."""


def _own(view, *, by):
    """Lock the view, then ask whether it is this person's."""
    view = SavedView.objects.select_for_update().exclude(name="").get(pk=view.pk)
    if view.owner_id != by.pk:
        raise PermissionDenied
    return view


@transaction.atomic
def keep_view(ledger, *, name, query, columns, by, at):
    """Keep filters, order and columns under a name; private until it is shared."""
    if not ledger.opens_to(by):
        raise PermissionDenied
    view = SavedView(
        owner=by, ledger=ledger.key, name=name, query=query, columns=columns
    )
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError:
        raise Refused(f"您已有叫“{name}”的视图，请换个名称，或更新那一个。") from None
    record("view.kept", view, by=by, at=at, ledger=ledger.key)
    return view


@transaction.atomic
def update_view(view, *, query, columns, by, at):
    """Have the view hold the filters, order and columns that are open now."""
    view = _own(view, by=by)
    view.query, view.columns = query, columns
    view.save(update_fields=["query", "columns"])
    record("view.updated", view, by=by, at=at)
    return view


@transaction.atomic
def name_view(view, *, name, shared, by, at):
    """Rename a view; share it with whoever may open its ledger, or keep it private.

    A view that is private again is no longer anybody else's start page.
    """
    view = _own(view, by=by)
    view.name, view.shared = name, shared
    try:
        with transaction.atomic():
            view.save(update_fields=["name", "shared"])
    except IntegrityError:
        raise Refused(f"您已有叫“{name}”的视图，请换个名称。") from None
    if not shared:
        StartPage.objects.filter(view=view).exclude(user=by).delete()
    record("view.named", view, by=by, at=at, shared=shared)
    return view


@transaction.atomic
def drop_view(view, *, by, at):
    """Drop a view; its history stays."""
    view = _own(view, by=by)
    record("view.dropped", view, by=by, at=at, ledger=view.ledger)
    view.delete()


@transaction.atomic
def start_with(view, *, by, at):
    """Begin the day with a view that one sees; None: with the role's page again."""
    if view is not None and not (
        SavedView.objects.visible_to(by).exclude(name="").filter(pk=view.pk).exists()
    ):
        raise PermissionDenied
    if view is None:
        StartPage.objects.filter(user=by).delete()
    else:
        StartPage.objects.update_or_create(user=by, defaults={"view": view})
    record("start_page.set", by, by=by, at=at, view=view and view.pk)


@transaction.atomic
def lay_out(ledger, *, columns, by, at):
    """Remember how a user wants the columns of a ledger; [] for the ledger's own."""
    if not ledger.opens_to(by):
        raise PermissionDenied
    mine = {"owner": by, "ledger": ledger.key, "name": ""}
    if columns:
        SavedView.objects.update_or_create(**mine, defaults={"columns": columns})
    else:
        SavedView.objects.filter(**mine).delete()
    record("columns.laid_out", by, by=by, at=at, ledger=ledger.key)
