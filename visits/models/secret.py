"""What a confidential demand says: kept apart from all that lists and pages read."""

from django.db import models

from tianshan.audit.classes import INTERNAL, SEALED
from tianshan.audit.history import tracked
from visits.models.demand import Demand


class SecretQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(demand__handler=user)


@tracked(exclude=["words", "outcome"])
class Secret(models.Model):
    """Words and outcome of one confidential demand (保密诉求), for its handler alone.

    `Demand.words` and `Demand.outcome` hold a fixed phrase instead, so that no ledger,
    export, search, timeline or document can show what it never reads. The one way to
    the text is `visits.confidential.read_words`, which notes who read it.
    """

    demand = models.OneToOneField(Demand, models.PROTECT, related_name="secret")
    words = models.TextField("保密原话", max_length=1000)
    outcome = models.TextField("保密结果", max_length=1000, blank=True)

    VISIBILITY = {INTERNAL: "id demand", SEALED: "words outcome"}

    objects = SecretQuerySet.as_manager()

    class Meta:
        verbose_name = "保密诉求的内容"

    def __str__(self):
        return f"保密内容 {self.demand_id}"
