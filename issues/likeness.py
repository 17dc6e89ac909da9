"""Which demands may ask for the same, and which open matter they may belong to.

A suggestion with its reason, for somebody to judge: nothing joins by itself. Measured
on the labelled demands of `tests/issues/labelled.py`; the figures stand in
`docs/deliberation.md`.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from difflib import SequenceMatcher

from tianshan.pinyin import fold
from visits.alike import pairs_of

SHOWN = 4
# What a demand and another have in common, and what it is worth.
SAME_BUILDING, SAME_CATEGORY, SAME_TRADE = 2, 2, 1
A_PAIR = 2  # two neighbouring characters that both have
ENOUGH = 7
MOST_PAIRS = 4  # more of the same words say nothing more
# Pairs that one demand in six has say what the place is, not what is asked for.
COMMON = 6
FEW = 12  # of fewer demands nothing is common


@dataclass(frozen=True)
class Like:
    """What is alike, how much so, and why."""

    what: object
    score: int
    reason: str


class Likeness:
    """Asks of many demands at once; `others` are those of open matters."""

    def __init__(self, demands, others=()):
        """`others`: `{matter: its demands}`; the matter's title counts as words too."""
        self._texts = {demand: demand.words for demand in demands}
        self._matter_of = {}
        for matter, asked in dict(others).items():
            for demand in asked:
                self._texts[demand] = f"{demand.words} {matter.title}"
                self._matter_of[demand] = matter
        self._pairs = {
            demand: pairs_of(text) - pairs_of(str(demand.business.building or ""))
            for demand, text in self._texts.items()
        }
        seen = Counter(pair for pairs in self._pairs.values() for pair in pairs)
        many = len(self._pairs)
        most = many // COMMON if many >= FEW else many
        self._having = defaultdict(list)
        for demand, pairs in self._pairs.items():
            for pair in pairs:
                if seen[pair] <= most or pair in pairs_of(str(demand.category)):
                    self._having[pair].append(demand)

    def _scores(self, demand):
        """`{other demand: score}` of those with words in common that are like enough."""
        shared = Counter()
        for pair in self._pairs[demand]:
            shared.update(self._having.get(pair, ()))
        shared.pop(demand, None)
        scores = {}
        for other, count in shared.items():
            score = A_PAIR * min(count, MOST_PAIRS) + _around(demand, other)
            if score >= ENOUGH:
                scores[other] = score
        return scores

    def demands(self, demand):
        """Other demands that wait, the likest first."""
        return [
            Like(other, score, self._reason(demand, other))
            for other, score in _best(self._scores(demand))
            if other not in self._matter_of
        ][:SHOWN]

    def matters(self, demand):
        """Open matters, each by the likest of its demands, the likest first."""
        best = {}
        for other, score in _best(self._scores(demand)):
            matter = self._matter_of.get(other)
            if matter and matter not in best:
                best[matter] = Like(matter, score, self._reason(demand, other))
        return list(best.values())[:SHOWN]

    def _reason(self, one, other):
        said = []
        if _same(one, other, "building_id"):
            said.append("同一楼宇")
        if one.category_id == other.category_id:
            said.append("同类诉求")
        if _same(one, other, "trade"):
            said.append("同行业")
        words = shared_words(self._texts[one], self._texts[other])
        return "，".join([*said, f"都说到“{words}”"])


def _around(one, other):
    return (
        SAME_BUILDING * _same(one, other, "building_id")
        + SAME_CATEGORY * (one.category_id == other.category_id)
        + SAME_TRADE * _same(one, other, "trade")
    )


def _same(one, other, fact):
    mine = getattr(one.business, fact)
    return bool(mine) and mine == getattr(other.business, fact)


def _best(scores):
    return sorted(scores.items(), key=lambda row: (-row[1], row[0].pk))


def shared_words(one, other):
    """The longest run of characters that both have."""
    one, other = fold(one), fold(other)
    run = SequenceMatcher(None, one, other, autojunk=False).find_longest_match()
    return one[run.a : run.a + run.size].strip("，。、；：！？ ")
