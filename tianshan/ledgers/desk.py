"""What a user has laid out on one ledger: views as tabs, and columns."""

from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef

from tianshan.ledgers import kept
from tianshan.ledgers.models import SavedView, StartPage

# What an address holds beside the view itself.
NOT_KEPT = {"page", "view", "columns", "format", "ids", "csrfmiddlewaretoken"}
SIZES = {"size"}


def address_kept(query):
    """The part of an address that a view keeps: filters and order, canonical."""
    pairs = [
        (key, value)
        for key, values in query.lists()
        if key not in NOT_KEPT | SIZES
        for value in values
        if value
    ]
    return urlencode(sorted(pairs))


@dataclass
class Desk:
    """The views that a user may open on a ledger, and which one is open."""

    user: object
    query: object
    views: list = field(default_factory=list)
    laid_out: str = ""  # columns, as an address names them

    @property
    def current(self):
        """The view that the address names."""
        asked = self.query.get("view")
        return next((view for view in self.views if str(view.pk) == asked), None)

    @property
    def changed(self):
        """Do filters, order or columns differ from the view that is open?"""
        view = self.current
        return view is not None and (
            view.query != address_kept(self.query)
            or ",".join(view.columns) != self.query.get("columns", "")
        )

    @property
    def may_update(self):
        return self.changed and self.current.owner_id == self.user.pk


def desk_of(user, ledger, query):
    views = kept.keep(("desk", user.pk, ledger.key), lambda: _views(user, ledger))
    desk = Desk(user=user, query=query)
    for view in views:
        if view.name:
            desk.views.append(view)
        else:
            desk.laid_out = ",".join(view.columns)
    return desk


def _views(user, ledger):
    """One's own first, then those that others share."""
    starts = StartPage.objects.filter(user=user, view=OuterRef("pk"))
    views = SavedView.objects.visible_to(user).filter(ledger=ledger.key)
    views = list(views.annotate(is_start=Exists(starts)).for_list())
    for view in views:
        view.mine = view.owner_id == user.pk
    return sorted(views, key=lambda view: not view.mine)
