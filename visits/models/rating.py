"""What the asker says of what came of a demand."""

from django.conf import settings
from django.db import models
from django.db.models import OuterRef, Q, Subquery

from tianshan.audit.classes import INTERNAL
from tianshan.audit.history import tracked
from visits.models.demand import Demand


class RatingQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(demand__in=Demand.objects.visible_to(user))

    def by_askers(self):
        """Given by whoever asked: the only ones that satisfaction is counted from."""
        return self.filter(came_by=Rating.CameBy.LINK)

    def twice_not_satisfied(self):
        """The askers' second ones, which put a demand before a body."""
        return self.by_askers().filter(round=Rating.MOST, verdict=Rating.Verdict.NOT)

    def call_backs(self):
        return self.filter(came_by=Rating.CameBy.CALL_BACK)

    def last_of_each(self):
        """The latest of each demand among these."""
        latest = self.filter(demand=OuterRef("demand")).order_by("-on", "-pk")
        return self.filter(pk=Subquery(latest.values("pk")[:1]))


@tracked()
class Rating(models.Model):
    """One rating of one answer: by the asker, or asked for by a third person."""

    class CameBy(models.TextChoices):
        LINK = "link", "提出的人自己评"
        CALL_BACK = "call_back", "第三人回访"

    class Verdict(models.TextChoices):
        SATISFIED = "satisfied", "满意"
        MOSTLY = "mostly", "基本满意"
        NOT = "not", "不满意"

    CONTENT = (Verdict.SATISFIED, Verdict.MOSTLY)
    MOST = 2  # answers that an asker may rate; then it is the body's

    demand = models.ForeignKey(
        Demand, models.PROTECT, related_name="ratings", verbose_name="诉求"
    )
    came_by = models.CharField("怎么来的", max_length=10, choices=CameBy)
    round = models.PositiveSmallIntegerField("第几次答复")
    verdict = models.CharField("评价", max_length=10, choices=Verdict)
    words = models.TextField("说的话", max_length=500, blank=True)
    on = models.DateField("评价日期")
    # Who called back; None for the asker's own.
    called_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="回访人",
    )
    # What was rated. The demand itself goes on to the next answer.
    outcome = models.TextField("评的是哪次答复", max_length=1000)
    outcome_on = models.DateField("有结果日期")
    tell_by = models.DateField("应回告日期")
    told_on = models.DateField("回告日期")

    VISIBILITY = {
        INTERNAL: "id demand came_by round verdict words on called_by outcome"
        " outcome_on tell_by told_on",
    }

    objects = RatingQuerySet.as_manager()

    class Meta:
        verbose_name = "评价"
        ordering = ["on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["demand", "came_by", "round"], name="one_rating_of_one_answer"
            ),
            models.CheckConstraint(
                condition=Q(came_by="call_back") ^ Q(called_by=None),
                name="call_back_has_its_caller",
            ),
            models.CheckConstraint(
                condition=Q(round__in=[1, 2, 3]), name="rating_of_a_known_round"
            ),
        ]

    def __str__(self):
        return f"{self.demand} {self.get_verdict_display()}"
