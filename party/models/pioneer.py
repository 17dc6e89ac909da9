"""Pioneer posts (先锋岗位) of members."""

from django.db import models
from django.db.models import F, Q

from accounts.rights import Right
from party.models.dated import in_force
from party.models.organization import PartyOrganization
from tianshan.audit.classes import INTERNAL
from tianshan.audit.history import tracked


class PioneerPostQuerySet(models.QuerySet):
    def visible_to(self, user, having=Right.SEE_PARTY):
        organizations = PartyOrganization.objects.visible_to(user, having)
        return self.filter(organization__in=organizations)

    def in_force(self, day=None):
        return self.filter(in_force(day))


# The name stays out of the history: when consent is withdrawn, it is gone.
@tracked(exclude=["holder_name"])
class PioneerPost(models.Model):
    """A member's post and duty, assigned in a meeting (先锋岗位), dated.

    The seed: meetings of the temporary branch say which members answer for what in
    the governance of the business quarter. The holder stands here by title; a name
    is stored only with the member's consent, and shown to whoever sees the post.
    """

    organization = models.ForeignKey(
        PartyOrganization,
        models.PROTECT,
        related_name="pioneers",
        verbose_name="党组织",
    )
    title = models.CharField("岗位", max_length=60)
    duty = models.CharField("职责", max_length=200)
    holder = models.CharField("担任人", max_length=40)
    holder_name = models.CharField("姓名", max_length=40, blank=True)
    name_consented_on = models.DateField("同意公开姓名的日期", null=True, blank=True)
    meeting = models.CharField("在哪次会上定的", max_length=80)
    assigned_on = models.DateField("会议日期")
    since = models.DateField("起")
    until = models.DateField("止", null=True, blank=True)
    end_reason = models.CharField("卸任原因", max_length=120, blank=True)

    VISIBILITY = {
        INTERNAL: "id organization title duty holder holder_name name_consented_on"
        " meeting assigned_on since until end_reason"
    }

    objects = PioneerPostQuerySet.as_manager()

    class Meta:
        verbose_name = "先锋岗位"
        constraints = [
            models.CheckConstraint(
                condition=Q(holder_name="") | Q(name_consented_on__isnull=False),
                name="pioneer_named_only_with_consent",
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")),
                name="pioneer_post_ends_after_it_begins",
            ),
        ]

    def __str__(self):
        return f"{self.title} {self.holder}"
