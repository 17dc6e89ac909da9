"""Open demands that may ask for the same, offered while another is being typed."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

from enterprises.models import Business
from tianshan.pinyin import fold
from visits.models import Demand

SHOWN = 3
# The newest open ones of a building; more in one building do not happen at once.
LOOKED_AT = 500
# Pairs of characters that many demands have and that say nothing of what is asked.
EMPTY = frozenset(
    re.findall(
        "..",
        "希望能不不能能否是否可以我们你们他们这个那个一个一下有没没有问题请问麻烦"
        "帮忙解决反映建议现在最近每天时候什么怎么商户店里门口老板街道社区没地方",
    )
)


@dataclass(frozen=True)
class Alike:
    """An open demand, and why it may be the same wish."""

    demand: Demand
    own: bool  # of the same business
    shared: str  # the longest words that both have

    @property
    def reason(self):
        where = "这一家已经提过" if self.own else "同一楼宇"
        return f"{where}，都说到“{self.shared}”"


def pairs_of(words):
    """Neighbouring characters that mean something, of Chinese words alone."""
    text = fold(words)
    pairs = {text[at : at + 2] for at in range(len(text) - 1)}
    return {
        pair
        for pair in pairs - EMPTY
        if all("\u3400" <= character <= "\u9fff" for character in pair)
    }


def near(user, business):
    """The open demands among which to look: of the same building, else the business."""
    place = (
        Business.objects.filter(building=business.building_id)
        if business.building_id
        else Business.objects.filter(pk=business.pk)
    )
    return (
        Demand.objects.visible_to(user)
        .open()
        .filter(business__in=place, confidential=False)
        .select_related("business", "category")
        .defer("search", "outcome")
        .order_by("-raised_on", "-pk")[:LOOKED_AT]
    )


def alike(user, business, words):
    """At most three, the likest first; two meaningful pairs of characters in common."""
    pairs = pairs_of(words)
    if len(pairs) < 2:
        return []
    found = []
    for demand in near(user, business):
        common = len(pairs & pairs_of(demand.words))
        if common >= 2:
            own = demand.business_id == business.pk
            found.append((common, own, demand))
    found.sort(key=lambda row: row[:2], reverse=True)
    return [
        Alike(demand, own, _shared(words, demand.words))
        for _, own, demand in found[:SHOWN]
    ]


def _shared(one, other):
    """The longest run of characters that both have."""
    one, other = fold(one), fold(other)
    run = SequenceMatcher(None, one, other, autojunk=False).find_longest_match()
    return one[run.a : run.a + run.size].strip("，。、；：！？ ")
