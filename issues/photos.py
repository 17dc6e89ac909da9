"""The photos that show what changed: before, and after (变化前 > 变化后)."""

from dataclasses import dataclass
from datetime import date

from django.urls import reverse
from django.utils import timezone

from issues.models import Evidence, SurveyPhoto

Stage = SurveyPhoto.Stage


@dataclass(frozen=True)
class Shot:
    on: date
    words: str
    page: str  # where it was entered
    url: str
    small: str


def photos_of(issue):
    """`[{"label", "photos"}]`, before and after; empty where there is none.

    Of surveys by their stage; what units report shows what was done.
    """
    found = {stage: [] for stage in Stage}
    photos = SurveyPhoto.objects.filter(survey__issue=issue).select_related("survey")
    for photo in photos:
        url = photo.get_absolute_url()
        page = reverse("issues:survey_detail", args=[photo.survey_id])
        words = photo.caption or photo.survey.place
        found[photo.stage].append(
            Shot(photo.survey.on, words, page, url, f"{url}?size=small")
        )
    reported = Evidence.objects.filter(act__part__measure__issue=issue)
    for photo in reported.select_related("act__part"):
        url = reverse("issues:evidence", args=[photo.pk])
        on, part = timezone.localdate(photo.act.at), photo.act.part
        found[Stage.AFTER].append(
            Shot(on, photo.act.words, part.get_absolute_url(), url, f"{url}?small=1")
        )
    if not any(found.values()):
        return []
    return [{"label": stage.label, "photos": found[stage]} for stage in Stage]
