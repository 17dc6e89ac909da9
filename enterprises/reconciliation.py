"""Why the district's total and ours differ, row by row.

Both totals are taken apart, kind by kind: each row of the file either means a business
that we count, alone, or falls under exactly one cause; each business that we count is
either meant by such a row, or falls under exactly one cause. So what differs is the
sum of the causes, always.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from enterprises.models import Business, ImportRow, MissingAnswer

Result, State = ImportRow.Result, Business.State

# Causes by side: `{key: (label, what it means)}`, in the order of the page.
ONLY_THEIRS = {
    "duplicate": ("重复的行", "和文件里另一行完全一样，区里数了两次"),
    "same_business": ("两行是同一家", "两行指的是台账里的同一家，区里数了两次"),
    "rejected": ("没有收下的行", "没有名称，或和别的行、台账对不上，没有写入"),
    "skipped": ("跳过的行", "导入时由人跳过"),
    "unwritten": ("还没有写入的行", "这批还没有写入，或写入后已撤回"),
    "suspended": ("我们记为停业的", "区里还在数，我们这里已停业"),
    "moved": ("我们记为迁出的", "区里还在数，我们这里已迁出"),
    "closed": ("我们记为注销的", "区里还在数，我们这里已注销"),
    "elsewhere": ("我们记在别处的", "在别的网格，或不在这份文件的楼宇里"),
    "other_kind": ("我们归在另一类的", "区里算这一类，我们归在另一类"),
    "withdrawn": ("已移出台账的", "撤回导入或合并以后，不再是台账里的一家"),
}
ONLY_OURS = {
    "new_since": ("之后新增的", "这份文件读入以后才登记的"),
    "here": ("已核实还在的", "有人核实过：还在，区里漏了"),
    "moved_within": ("已核实搬了的", "有人核实过：在网格里搬了地方"),
    "not_ours": ("已核实不归本网格的", "有人核实过：归别的网格，等移过去"),
    "twin": ("已核实是同一家的", "有人核实过：和另一家是同一家，等合并"),
    "unclear": ("对应的行没有收下的", "文件里有同名的行，但那一行没有写入"),
    "their_kind": ("区里归在另一类的", "文件里有，区里算在另一类"),
    "kind_absent": ("文件不含这一类的", "这份文件里没有这一类"),
    "missing": ("待核实的", "我们有，文件里没有，还没有人核实"),
}
CAUSES = {**ONLY_THEIRS, **ONLY_OURS}
# No cause, since both count them: what this file brought.
FRESH = "fresh"
FRESH_WORDS = ("这份表新增的", "区里有、我们原来没有的，写入后两边都算")


@dataclass
class Line:
    """One cause of one kind, with what is behind it."""

    key: str
    rows: list  # ImportRows on their side, Businesses on ours
    kind: str = ""

    @property
    def label(self):
        return CAUSES[self.key][0]

    @property
    def meaning(self):
        return CAUSES[self.key][1]

    @property
    def is_theirs(self):
        return self.key in ONLY_THEIRS

    @property
    def count(self):
        return len(self.rows)


@dataclass
class Part:
    """One kind of business: both totals, what both count, and why they differ."""

    kind: str
    theirs: int = 0
    ours: int = 0
    both: int = 0
    fresh: list = field(default_factory=list)  # of both: rows that the file brought
    lines: list = field(default_factory=list)

    @property
    def label(self):
        return Business.Kind(self.kind).label

    @property
    def difference(self):
        return self.theirs - self.ours

    @property
    def ours_more(self):
        return self.ours - self.theirs

    def rows_of(self, key):
        """The rows behind a cause, or those that the file brought."""
        if key == FRESH:
            return self.fresh
        return next((line.rows for line in self.lines if line.key == key), [])

    @property
    def only_theirs(self):
        return sum(line.count for line in self.lines if line.is_theirs)

    @property
    def only_ours(self):
        return sum(line.count for line in self.lines if not line.is_theirs)


def ours(batch):
    """What we count of the file's scope: in operation, in its grid and building."""
    scope = batch.summary.get("scope") or {}
    found = (
        Business.objects.in_ledgers()
        .operating()
        .filter(grid__path__startswith=batch.grid.path)
    )
    if scope.get("building"):
        found = found.filter(building=scope["building"])
    return found


def reconcile(batch):
    """The Parts of a batch, one for each kind that either side counts."""
    return _Reconciliation(batch).parts()


class _Reconciliation:
    def __init__(self, batch):
        self.batch = batch
        scope = batch.summary.get("scope") or {}
        self.kinds, self.up_to = set(scope.get("kinds", [])), scope.get("up_to", 0)
        self.counted = {b.pk: b for b in ours(batch).select_related("building")}
        self.rows = list(
            batch.rows.filter(model="business").defer(
                "cells", "changes", "problems", "left", "touched"
            )
        )
        self.all = self._meant()
        self.answers = dict(batch.answers.values_list("business", "answer"))
        self.unclear = {r.name for r in self.rows if r.result == Result.REJECTED}
        self.causes = defaultdict(list)  # (kind, cause) -> rows
        self.fresh = defaultdict(list)
        self.met = {}  # business -> kind of the row that means it

    def _meant(self):
        """`{pk: Business}` of what rows mean, those merged since as what they are now."""
        ids = {row.target for row in self.rows} - {None}
        found = Business.objects.in_bulk(ids)
        survivors = Business.objects.in_bulk(
            {b.merged_into_id for b in found.values()} - {None}
        )
        return {pk: survivors.get(b.merged_into_id, b) for pk, b in found.items()}

    def parts(self):
        both = Counter()
        for row in self.rows:
            cause = self._cause_of_row(row)
            if cause:
                self.causes[row.kind, cause].append(row)
                continue
            both[row.kind] += 1
            if row.result == Result.NEW:
                self.fresh[row.kind].append(row)
        for business in self.counted.values():
            cause = self._cause_of_business(business)
            if cause:
                self.causes[business.kind, cause].append(business)
        theirs = Counter(row.kind for row in self.rows)
        here = Counter(business.kind for business in self.counted.values())
        kinds = [k for k in Business.Kind.values if k in theirs or k in here]
        return [
            self._part(kind, theirs[kind], here[kind], both[kind]) for kind in kinds
        ]

    def _part(self, kind, theirs, here, both):
        lines = [
            Line(key, self.causes[kind, key], kind)
            for key in CAUSES
            if self.causes[kind, key]
        ]
        return Part(kind, theirs, here, both, fresh=self.fresh[kind], lines=lines)

    def _cause_of_row(self, row):
        """Why only they count it; None for one that both count."""
        if row.result in (Result.DUPLICATE, Result.REJECTED, Result.SKIPPED):
            return row.result
        business = self.all.get(row.target)
        if business is None:
            return "unwritten"
        if business.pk in self.met:
            return "same_business"
        if business.pk in self.counted:
            self.met[business.pk] = row.kind
            return None if business.kind == row.kind else "other_kind"
        if business.gone_at is not None:
            return "withdrawn"
        if business.state != State.OPERATING:
            return business.state
        return "elsewhere"

    def _cause_of_business(self, business):
        """Why only we count it; None for one that both count."""
        if business.pk in self.met:
            same = self.met[business.pk] == business.kind
            return None if same else "their_kind"
        if business.pk > self.up_to:
            return "new_since"
        if business.kind not in self.kinds:
            return "kind_absent"
        answer = self.answers.get(business.pk)
        if answer in MissingAnswer.STAYS:
            return answer
        if business.name in self.unclear:
            return "unclear"
        return "missing"
