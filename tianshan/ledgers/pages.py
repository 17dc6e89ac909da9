"""A page of a ledger, however deep and however many rows there are."""

from django.core.paginator import Paginator
from django.db.models.sql.where import WhereNode
from django.utils.functional import cached_property

from tianshan.ledgers import kept


class LedgerPaginator(Paginator):
    """Counts once until something changes, and finds a page by its keys first."""

    @cached_property
    def count(self):
        return kept.count(self.object_list)

    def page(self, number):
        page = super().page(number)
        page.object_list = by_keys(self.object_list, page.object_list)
        return page


def by_keys(rows, part):
    """The rows of a slice, read after their keys are known.

    PostgreSQL walks or sorts keys alone, in an index where there is one, and computes
    what a row shows (last visit, coverage …) for those of the page only.
    """
    shown = rows.all()
    # The keys have passed all conditions already.
    shown.query.where = WhereNode()
    return shown.filter(pk__in=part.values("pk"))
