"""实地勘察: written down on its issue, with photos from before and after."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.rights import Right, needs
from issues import surveys
from issues.meeting_forms import SurveyForm, SurveyPhotoForm
from issues.models import Issue, Survey, SurveyPhoto
from issues.taking import Refused
from tianshan.files.keeping import picture_response


@needs(Right.KEEP_MEETINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def survey_new(request, pk):
    issue = get_object_or_404(Issue.objects.visible_to(request.user), pk=pk)
    if not surveys.may_survey(issue, request.user):
        raise PermissionDenied
    form = SurveyForm(request.POST or None, initial={"on": timezone.localdate()})
    if form.is_valid():
        survey = surveys.enter(
            issue, by=request.user, at=timezone.now(), **form.cleaned_data
        )
        messages.success(request, "勘察已登记，可以加照片。")
        return redirect("issues:survey_detail", survey.pk)
    return render(request, "issues/survey_new.html", {"issue": issue, "form": form})


@needs(Right.SEE_ISSUES)
@require_http_methods(["GET", "HEAD", "POST"])
def survey_detail(request, pk):
    """One survey; its photos are added here, those from after too."""
    survey = get_object_or_404(
        Survey.objects.visible_to(request.user).select_related("issue", "by"), pk=pk
    )
    mine = surveys.may_survey(survey.issue, request.user)
    form = SurveyPhotoForm(request.POST or None, request.FILES or None)
    if form.is_valid() and mine:
        try:
            surveys.add_photo(
                survey,
                stage=form.cleaned_data["stage"],
                content=form.cleaned_data["photo"].read(),
                caption=form.cleaned_data["caption"],
                by=request.user,
                at=timezone.now(),
            )
        except Refused as refused:
            form.add_error("photo", str(refused))
        else:
            messages.success(request, "照片已收下。")
            return redirect("issues:survey_detail", survey.pk)
    photos = list(survey.photos.all())
    stages = SurveyPhoto.Stage
    context = {
        "survey": survey,
        "form": form if mine else None,
        "stages": [
            {"stage": stage, "photos": [p for p in photos if p.stage == stage]}
            for stage in stages
        ],
    }
    return render(request, "issues/survey_detail.html", context)


@needs(Right.SEE_ISSUES)
@require_safe
def survey_photo(request, pk):
    photo = get_object_or_404(SurveyPhoto.objects.visible_to(request.user), pk=pk)
    try:
        return picture_response(
            surveys.FOLDER, photo.name, small=request.GET.get("size") == "small"
        )
    except FileNotFoundError:
        raise Http404 from None
