"""One of many keys, given to PostgreSQL as one array instead of a parameter each."""

from django.core.exceptions import EmptyResultSet
from django.db.models import BigAutoField, ForeignKey, Lookup


@BigAutoField.register_lookup
@ForeignKey.register_lookup
class Among(Lookup):
    """`grid__among={3, 5}`: as `__in`, of keys alone.

    Who sees a city has two thousand grids in each of a page's conditions; as
    parameters of their own they cost more than all else of the page. A frozenset is
    not even looked through when a query is put together.
    """

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler, connection):
        if not self.rhs:
            raise EmptyResultSet
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s::bigint[])", [*parameters, sorted(self.rhs)]
