"""Cards that hang in shops, the links of what was sent by them, and who tried how often."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.rights import Right
from enterprises.models import Business
from issues.models import MeasurePart
from services.models import NeedAsker, Order
from tianshan.audit.classes import INTERNAL, PERSONAL, SEALED
from tianshan.audit.history import tracked
from visits.models import Demand


class CardQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_BUSINESSES):
        return self.filter(business__in=Business.objects.visible_to(user, having))

    def in_force(self):
        return self.filter(revoked_at=None)


@tracked()
class Card(models.Model):
    """The card of a shop: who has it may send a demand for the shop, and nothing more."""

    business = models.ForeignKey(
        Business, models.PROTECT, related_name="cards", verbose_name="商户"
    )
    # The business's number when the card was made: its token comes from it, and a
    # merge lets the card point at another business.
    origin = models.PositiveBigIntegerField("原编号", editable=False)
    version = models.PositiveSmallIntegerField("版次")
    key_id = models.CharField("密钥", max_length=8, editable=False)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    made_at = models.DateTimeField("生成时间")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="生成人",
    )
    printed_at = models.DateTimeField("上次打印", null=True, blank=True)
    revoked_at = models.DateTimeField("作废时间", null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="作废人",
    )
    revoke_reason = models.CharField("作废原因", max_length=200, blank=True)

    VISIBILITY = {
        INTERNAL: "id business origin version key_id made_at made_by printed_at"
        " revoked_at revoked_by revoke_reason",
        SEALED: "token_hash",
    }

    objects = CardQuerySet.as_manager()

    class Meta:
        verbose_name = "诉求码"
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["origin", "version"], name="one_card_of_a_version"
            ),
            models.CheckConstraint(
                condition=(
                    Q(revoked_at=None, revoked_by=None, revoke_reason="")
                    | (~Q(revoked_at=None) & ~Q(revoked_by=None) & ~Q(revoke_reason=""))
                ),
                name="card_revoked_whole",
            ),
        ]

    def __str__(self):
        return f"{self.business} 第 {self.version} 版"


class SendingQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(demand__in=Demand.objects.visible_to(user))


@tracked()
class Sending(models.Model):
    """One form that a visitor sent by a card, and the demand that it became."""

    card = models.ForeignKey(
        Card, models.PROTECT, related_name="sendings", verbose_name="诉求码"
    )
    demand = models.ForeignKey(
        Demand, models.PROTECT, related_name="sendings", verbose_name="诉求"
    )
    phone = models.CharField("留的电话", max_length=20, blank=True)
    sent_at = models.DateTimeField("提交时间")
    # Of the form's key and its content: the same again is the same sending.
    form_hash = models.CharField(max_length=64, unique=True, editable=False)

    VISIBILITY = {
        INTERNAL: "id card demand sent_at",
        PERSONAL: "phone",
        SEALED: "form_hash",
    }

    objects = SendingQuerySet.as_manager()

    class Meta:
        verbose_name = "扫码提交"
        ordering = ["sent_at", "pk"]

    def __str__(self):
        return f"{self.demand} {self.sent_at:%Y-%m-%d}"


class SentPhotoQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Of a confidential demand its handler's alone."""
        seen = Demand.objects.visible_to(user).handled_by(user)
        return self.filter(sending__demand__in=seen)


@tracked()
class SentPhoto(models.Model):
    """A photo that came with a sending, drawn anew before it was kept."""

    sending = models.ForeignKey(
        Sending, models.PROTECT, related_name="photos", verbose_name="扫码提交"
    )
    # A name of our own making, below the folder of such photos.
    name = models.CharField(max_length=40, editable=False)
    width = models.PositiveIntegerField("宽")
    height = models.PositiveIntegerField("高")

    VISIBILITY = {INTERNAL: "id sending width height", SEALED: "name"}

    objects = SentPhotoQuerySet.as_manager()

    class Meta:
        verbose_name = "扫码提交的照片"
        ordering = ["pk"]

    def __str__(self):
        return f"照片 {self.pk}"


class DemandLinkQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_DEMANDS):
        return self.filter(demand__in=Demand.objects.visible_to(user, having))

    def in_force(self):
        return self.filter(revoked_at=None)


@tracked()
class DemandLink(models.Model):
    """The own link of one demand: who has it may follow and rate that demand alone."""

    demand = models.ForeignKey(
        Demand, models.PROTECT, related_name="link_set", verbose_name="诉求"
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    made_at = models.DateTimeField("生成时间")
    # Who gave it out anew; None for the one given to the sender.
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="重发人",
    )
    revoked_at = models.DateTimeField("作废时间", null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="作废人",
    )

    VISIBILITY = {
        INTERNAL: "id demand made_at made_by revoked_at revoked_by",
        SEALED: "token_hash",
    }

    objects = DemandLinkQuerySet.as_manager()

    class Meta:
        verbose_name = "诉求链接"
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by=None)
                | (~Q(revoked_at=None) & ~Q(revoked_by=None)),
                name="link_revoked_whole",
            ),
        ]

    def __str__(self):
        return f"{self.demand} 的链接"


class PartLinkQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(part__in=MeasurePart.objects.visible_to(user))

    def in_force(self):
        return self.filter(revoked_at=None)


@tracked()
class PartLink(models.Model):
    """The own link of one part of a measure, for the unit that has it: answer it alone."""

    part = models.ForeignKey(
        MeasurePart, models.PROTECT, related_name="link_set", verbose_name="分工"
    )
    # The unit to which it was given: once another has the part, it opens no act.
    holder = models.CharField("发给", max_length=80)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    made_at = models.DateTimeField("生成时间")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="发的人",
    )
    revoked_at = models.DateTimeField("作废时间", null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="作废人",
    )

    VISIBILITY = {
        INTERNAL: "id part holder made_at made_by revoked_at revoked_by",
        SEALED: "token_hash",
    }

    objects = PartLinkQuerySet.as_manager()

    class Meta:
        verbose_name = "分工链接"
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by=None)
                | (~Q(revoked_at=None) & ~Q(revoked_by=None)),
                name="part_link_revoked_whole",
            ),
        ]

    def __str__(self):
        return f"{self.part} 的链接"


class OrderSendingQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(order__in=Order.objects.visible_to(user))


@tracked()
class OrderSending(models.Model):
    """One form by which a visitor ordered on a card, and the order that it became."""

    card = models.ForeignKey(
        Card, models.PROTECT, related_name="orderings", verbose_name="诉求码"
    )
    order = models.ForeignKey(
        Order, models.PROTECT, related_name="sendings", verbose_name="点单"
    )
    sent_at = models.DateTimeField("提交时间")
    # Of the form's key and its content: the same again is the same sending.
    form_hash = models.CharField(max_length=64, unique=True, editable=False)

    VISIBILITY = {INTERNAL: "id card order sent_at", SEALED: "form_hash"}

    objects = OrderSendingQuerySet.as_manager()

    class Meta:
        verbose_name = "扫码点单"
        ordering = ["sent_at", "pk"]

    def __str__(self):
        return f"{self.order} {self.sent_at:%Y-%m-%d}"


class OrderLinkQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_SERVICES):
        return self.filter(order__in=Order.objects.visible_to(user, having))

    def in_force(self):
        return self.filter(revoked_at=None)


@tracked()
class OrderLink(models.Model):
    """The own link of one order: who has it may follow, withdraw and rate it alone."""

    order = models.ForeignKey(
        Order, models.PROTECT, related_name="link_set", verbose_name="点单"
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    made_at = models.DateTimeField("生成时间")
    # Who gave it out; None for the one given to whoever ordered by the card.
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="给出人",
    )
    revoked_at = models.DateTimeField("作废时间", null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="作废人",
    )

    VISIBILITY = {
        INTERNAL: "id order made_at made_by revoked_at revoked_by",
        SEALED: "token_hash",
    }

    objects = OrderLinkQuerySet.as_manager()

    class Meta:
        verbose_name = "点单链接"
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by=None)
                | (~Q(revoked_at=None) & ~Q(revoked_by=None)),
                name="order_link_revoked_whole",
            ),
        ]

    def __str__(self):
        return f"{self.order} 的链接"


class NeedLinkQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_SERVICES):
        return self.filter(asker__in=NeedAsker.objects.visible_to(user, having))

    def in_force(self):
        return self.filter(revoked_at=None)


@tracked()
class NeedLink(models.Model):
    """The own link of who asks for a need: compare what is offered, and choose."""

    asker = models.ForeignKey(
        NeedAsker, models.PROTECT, related_name="link_set", verbose_name="提出的一方"
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    made_at = models.DateTimeField("生成时间")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="发的人",
    )
    revoked_at = models.DateTimeField("作废时间", null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="作废人",
    )

    VISIBILITY = {
        INTERNAL: "id asker made_at made_by revoked_at revoked_by",
        SEALED: "token_hash",
    }

    objects = NeedLinkQuerySet.as_manager()

    class Meta:
        verbose_name = "选提供方的链接"
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by=None)
                | (~Q(revoked_at=None) & ~Q(revoked_by=None)),
                name="need_link_revoked_whole",
            ),
        ]

    def __str__(self):
        return f"{self.asker} 的链接"


class AttemptQuerySet(models.QuerySet):
    def visible_to(self, user):
        """For nobody's eyes: only counted."""
        return self.none()


class Attempt(models.Model):
    """That somebody sent or guessed something, for counting; gone after a day."""

    class Kind(models.TextChoices):
        POST = "post", "提交"
        GUESS = "guess", "猜码"
        CARD = "card", "一张码的提交"

    kind = models.CharField(max_length=5, choices=Kind)
    # A keyed hash of the address or of the card: says nothing without the key.
    whose = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)

    VISIBILITY = {SEALED: "id kind whose at"}

    objects = AttemptQuerySet.as_manager()

    class Meta:
        verbose_name = "提交次数"
        indexes = [
            models.Index(fields=["kind", "whose", "at"]),
            models.Index(fields=["at"]),
        ]

    def __str__(self):
        return f"{self.kind} {self.at}"
