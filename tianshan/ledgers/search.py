"""Finding a part of a name among hundreds of thousands, two characters long or more.

PostgreSQL's own trigrams know no words of two characters, which most Chinese words are.
So an index holds every pair of neighbouring characters; a row that has all pairs of a
word is looked at by LIKE.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db.models import Func, Lookup, TextField

# A loop takes a fifth of the time of a query. Costly, says COST, so that LIKE comes
# first where the index is not used.
MAKE_PAIRS = """
CREATE OR REPLACE FUNCTION search_pairs(words text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
DECLARE
    letters text[] := string_to_array(words, NULL);
    pairs text[] := '{}';
BEGIN
    FOR at IN 1..cardinality(letters) - 1 LOOP
        pairs[at] := letters[at] || letters[at + 1];
    END LOOP;
    RETURN pairs;
END
$$
"""
DROP_PAIRS = "DROP FUNCTION search_pairs(text)"


class Pairs(Func):
    """Every two neighbouring characters of a text, as the index holds them."""

    function = "search_pairs"
    output_field = ArrayField(TextField())


def index(name):
    """The index of a model's `search` column."""
    return GinIndex(Pairs("search"), name=name)


@TextField.register_lookup
class Found(Lookup):
    """`search__found="虹桥"`: the text has the word in it; both are folded."""

    lookup_name = "found"

    def as_sql(self, compiler, connection):
        column, parameters = self.process_lhs(compiler, connection)
        word = self.rhs
        like = f"%{connection.ops.prep_for_like_query(word)}%"
        sql = f"{column} LIKE %s"
        if len(word) < 2:
            return sql, [*parameters, like]
        pairs = sorted({word[at : at + 2] for at in range(len(word) - 1)})
        return (
            f"({sql} AND search_pairs({column}) @> %s::text[])",
            [*parameters, like, *parameters, pairs],
        )
