"""Trades: which words lead to which, and which words lead nowhere yet.

Businesses are counted here by the words that they say, never named: whoever keeps
the list sees no business.
"""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Max, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts.rights import Right, may
from enterprises.actions import Refused
from enterprises.models import Business, Trade, TradeWord
from tianshan.audit import record
from tianshan.values import shift


def said():
    """The words that businesses say of their trade: `{trade, count}` rows."""
    return Business.objects.in_ledgers().exclude(trade="").order_by().values("trade")


def with_use(trades):
    """Trades with how many businesses say one of their words."""
    using = (
        Business.objects.in_ledgers()
        .filter(trade=OuterRef("word"))
        .order_by()
        .values("trade")
        .annotate(count=Count("pk"))
        .values("count")
    )
    words = TradeWord.objects.filter(trade=OuterRef("pk")).order_by().values("trade")
    total = words.annotate(total=Sum(Subquery(using))).values("total")
    return trades.annotate(used=Coalesce(Subquery(total), 0))


def unsorted():
    """Words that lead to no trade, those of most businesses first."""
    known = TradeWord.objects.values("word")
    rows = said().exclude(trade__in=known).annotate(count=Count("pk"))
    return rows.order_by("-count", "trade")


def _may_keep(by):
    if not may(by, Right.RUN_SYSTEM):
        raise PermissionDenied


def _locked(trade, *, by):
    _may_keep(by)
    return Trade.objects.select_for_update().get(pk=trade.pk)


def _take_word(word, trade):
    """Lead a word to the trade; one that leads elsewhere has to be freed there first."""
    known, made = TradeWord.objects.select_for_update().get_or_create(
        word=word, defaults={"trade": trade}
    )
    if not made and known.trade_id != trade.pk:
        raise Refused(f"“{word}”已经归到“{known.trade}”，请先在那里移除。")
    return made


@transaction.atomic
def add(*, name, section, by, at):
    """Add a trade, last of its section; its name is its first word."""
    _may_keep(by)
    of_section = Trade.objects.filter(section=section)
    last = of_section.aggregate(last=Max("position"))["last"] or 0
    trade = Trade.objects.create(name=name, section=section, position=last + 10)
    _take_word(name, trade)
    record("trade.added", trade, by=by, at=at, name=name, section=section)
    return trade


@transaction.atomic
def edit(trade, *, name, section, active, by, at):
    """Rename a trade, move it to another section, switch it on or off.

    Its earlier name stays one of its words: businesses that say it still lead here.
    """
    trade = _locked(trade, by=by)
    wanted = {"name": name, "section": section, "active": active}
    changed = {
        field: [getattr(trade, field), value]
        for field, value in wanted.items()
        if getattr(trade, field) != value
    }
    if changed:
        for field, (_, after) in changed.items():
            setattr(trade, field, after)
        trade.save(update_fields=list(changed))
        _take_word(name, trade)
        record("trade.edited", trade, by=by, at=at, changed=changed)
    return trade


@transaction.atomic
def assign(word, *, trade, by, at):
    """Lead a word to a trade; all businesses that say it follow, none is rewritten."""
    trade = _locked(trade, by=by)
    if _take_word(word, trade):
        record("trade.word_assigned", trade, by=by, at=at, word=word)
    return trade


@transaction.atomic
def release(word, *, by, at):
    """Take a word from its trade: it waits to be assigned anew."""
    trade = _locked(word.trade, by=by)
    if word.word == trade.name:
        raise Refused("这是行业自己的名称，不能移除；要改请改名称。")
    record("trade.word_released", trade, by=by, at=at, word=word.word)
    word.delete()
    return trade


@transaction.atomic
def move(trade, *, up, by, at):
    """Move a trade one place up or down within its section."""
    trade = _locked(trade, by=by)
    if shift(Trade.objects.filter(section=trade.section), trade, up=up):
        record("trade.moved", trade, by=by, at=at, up=up)


@transaction.atomic
def delete(trade, *, by, at):
    """Delete a trade that no business says, with its words."""
    trade = _locked(trade, by=by)
    if said().filter(trade__in=trade.words.values("word")).exists():
        raise Refused(f"“{trade}”有企业商户在用，不能删除；不再用的请停用。")
    record("trade.deleted", trade, by=by, at=at, name=trade.name)
    trade.words.all().delete()
    trade.delete()
