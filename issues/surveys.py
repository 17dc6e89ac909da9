"""实地勘察: who went where and what they saw, with photos from before and after."""

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.rights import Right
from issues.models import Issue, Survey, SurveyPhoto
from issues.taking import Refused, said
from tianshan.audit import record
from tianshan.files import FileProblem
from tianshan.files.keeping import keep_picture
from tianshan.files.pictures import NotNow, refuse_too_large, safe_picture

FOLDER = "surveys"
MOST = 12  # photos of one survey


def may_survey(issue, user):
    """Whoever keeps meetings and sees the issue by that right."""
    seen = Issue.objects.visible_to(user, Right.KEEP_MEETINGS)
    return seen.filter(pk=issue.pk).exists()


@transaction.atomic
def enter(issue, *, on, place, who, findings, by, at):
    """Write a survey down."""
    if not may_survey(issue, by):
        raise PermissionDenied
    survey = Survey.objects.create(
        issue=issue,
        on=on,
        place=said(place, "请写地点。"),
        who=said(who, "请写参加的人。"),
        findings=said(findings, "请写看到什么。"),
        by=by,
        at=at,
    )
    record("survey.entered", survey, by=by, at=at, issue=issue.pk)
    return survey


def add_photo(survey, *, stage, content, caption, by, at):
    """Keep a photo, drawn anew: where it was taken and with what goes."""
    if not may_survey(survey.issue, by):
        raise PermissionDenied
    if survey.photos.count() >= MOST:
        raise Refused(f"一次勘察最多 {MOST} 张照片。")
    try:
        refuse_too_large(len(content))
        picture = safe_picture(content)
    except FileProblem as problem:
        raise Refused(str(problem)) from problem
    except NotNow:
        raise Refused("照片现在收不了，请稍后再试。") from None
    with transaction.atomic():
        photo = SurveyPhoto.objects.create(
            survey=survey,
            stage=stage,
            caption=caption.strip(),
            name=keep_picture(FOLDER, picture),
            width=picture.width,
            height=picture.height,
            by=by,
            at=at,
        )
        record("survey.photo_kept", photo, by=by, at=at, row=survey.pk)
    return photo
