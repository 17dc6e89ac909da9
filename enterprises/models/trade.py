"""Trades (行业): what ledgers call them, and the national section of each."""

from django.db import models
from django.db.models import OuterRef, Q, Subquery

from tianshan.audit.classes import OPEN
from tianshan.audit.history import tracked


class TradeQuerySet(models.QuerySet):
    def visible_to(self, user):
        """A list of values, the same for everybody."""
        return self


@tracked()
class Trade(models.Model):
    """A trade as the street counts it, within a section of GB/T 4754-2017.

    A business keeps the words that its ledger or its visitor wrote; they lead here
    through `TradeWord`, so that assigning a word moves every business that says it.
    """

    class Section(models.TextChoices):
        """The twenty sections (门类) of GB/T 4754-2017, a standard and so in code."""

        A = "A", "农、林、牧、渔业"
        B = "B", "采矿业"
        C = "C", "制造业"
        D = "D", "电力、热力、燃气及水生产和供应业"
        E = "E", "建筑业"
        F = "F", "批发和零售业"
        G = "G", "交通运输、仓储和邮政业"
        H = "H", "住宿和餐饮业"
        I = "I", "信息传输、软件和信息技术服务业"  # noqa: E741  the standard's letter
        J = "J", "金融业"
        K = "K", "房地产业"
        L = "L", "租赁和商务服务业"
        M = "M", "科学研究和技术服务业"
        N = "N", "水利、环境和公共设施管理业"
        O = "O", "居民服务、修理和其他服务业"  # noqa: E741
        P = "P", "教育"
        Q = "Q", "卫生和社会工作"
        R = "R", "文化、体育和娱乐业"
        S = "S", "公共管理、社会保障和社会组织"
        T = "T", "国际组织"

    name = models.CharField("名称", max_length=60, unique=True)
    section = models.CharField("门类", max_length=1, choices=Section)
    position = models.PositiveSmallIntegerField("次序", default=100)
    active = models.BooleanField("启用", default=True)

    VISIBILITY = {OPEN: "id name section position active"}

    objects = TradeQuerySet.as_manager()

    class Meta:
        verbose_name = "行业"
        ordering = ["section", "position", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="trade_has_a_name"),
            models.CheckConstraint(
                condition=Q(section__regex="^[A-T]$"), name="trade_section_is_known"
            ),
        ]

    def __str__(self):
        return self.name


class TradeWordQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self


@tracked()
class TradeWord(models.Model):
    """How a trade is written; its own name is one of its words."""

    word = models.CharField("写法", max_length=60, unique=True)
    trade = models.ForeignKey(
        Trade, models.PROTECT, related_name="words", verbose_name="行业"
    )

    VISIBILITY = {OPEN: "id word trade"}

    objects = TradeWordQuerySet.as_manager()

    class Meta:
        verbose_name = "行业的写法"
        ordering = ["word"]
        constraints = [
            models.CheckConstraint(condition=~Q(word=""), name="trade_word_says_much")
        ]

    def __str__(self):
        return self.word


def section_of(words):
    """The section's letter for what a business says of its trade, in a query."""
    row = TradeWord.objects.filter(word=OuterRef(words))
    return Subquery(row.values("trade__section")[:1])
