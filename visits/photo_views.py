"""Photos: the address to which a phone sends them in parts, and the pages that show
them."""

import re
import uuid

from django.contrib import messages
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, for_devices, needs
from tianshan.files.keeping import picture_response
from tianshan.files.pictures import MOST_BYTES, NotNow, TooLarge, refuse_too_large
from visits import actions, photos
from visits.forms import PhotoForm, VoidPhotoForm
from visits.models import Demand, Photo, Visit

RANGE = re.compile(r"bytes (\d{1,10})-(\d{1,10})/(\d{1,10})")
SHA256 = re.compile(r"[0-9a-f]{64}")
RETRY_AFTER = "10"


class Unreadable(Exception):
    """A request that is not made as agreed, whatever is sent again."""


@for_devices(Right.LOG_VISITS)
@require_http_methods(["GET", "HEAD", "PUT"])
def photo_upload(request, key):
    """Send a photo in parts; ask how much of it is here.

    PUT takes bytes as `Content-Range: bytes a-b/total` says, with `X-Photo-SHA256` of
    the whole and `X-Record-Key` of the visit or door report that it belongs to, which
    may come later. 201 when the photo is whole and kept, 202 after a part, 409 for
    other content under the key, 413 and 422 for what can never be taken, else 503.
    """
    if request.method != "PUT":
        return _told(Photo.objects.filter(by=request.user, key=key).first())
    try:
        photo = photos.take_part(
            key=key, **_part(request), by=request.user, at=timezone.now()
        )
    except Unreadable as problem:
        return JsonResponse({"reason": str(problem)}, status=422)
    except TooLarge as problem:
        return JsonResponse({"reason": str(problem)}, status=413)
    except actions.KeyReused as problem:
        return JsonResponse({"reason": str(problem)}, status=409)
    except photos.NeverAPicture as problem:
        return JsonResponse({"reason": str(problem)}, status=422)
    except (NotNow, OSError):
        answer = JsonResponse({"reason": "现在收不了照片，请稍后再传。"}, status=503)
        answer.headers["Retry-After"] = RETRY_AFTER
        return answer
    return _told(photo, status=201 if photo.kept_at else 202)


def _told(photo, status=200):
    answer = {"have": photo.have if photo else 0, "done": bool(photo and photo.kept_at)}
    if photo and photo.problem:
        answer["reason"] = photo.problem
    return JsonResponse(answer, status=status)


def _part(request):
    """What the headers and the body say; a body cut short is a shorter part."""
    match = RANGE.fullmatch(request.headers.get("Content-Range", ""))
    sha256 = request.headers.get("X-Photo-SHA256", "").lower()
    if not match or not SHA256.fullmatch(sha256):
        raise Unreadable("照片没有按约定发送，请更新页面后再传。")
    start, end, size = map(int, match.groups())
    if not start <= end < size:
        raise Unreadable("照片没有按约定发送，请更新页面后再传。")
    try:
        record_key = uuid.UUID(request.headers.get("X-Record-Key", ""))
    except ValueError:
        raise Unreadable("照片没有写明是哪条记录的，请更新页面后再传。") from None
    return {
        "record_key": record_key,
        "sha256": sha256,
        "size": size,
        "start": start,
        "part": request.read(min(end + 1 - start, MOST_BYTES)),
    }


# --- seen ------------------------------------------------------------------------------


def _kept(request, pk):
    rows = Photo.objects.visible_to(request.user).kept()
    return get_object_or_404(rows, pk=pk)


@needs(Right.SEE_BUSINESSES)
@require_safe
def photo_picture(request, pk):
    return _answer(_kept(request, pk), small=False)


@needs(Right.SEE_BUSINESSES)
@require_safe
def photo_thumbnail(request, pk):
    return _answer(_kept(request, pk), small=True)


def _answer(photo, *, small):
    try:
        return picture_response(photos.FOLDER, photo.name, small=small)
    except FileNotFoundError:
        raise Http404 from None


# --- from a page -----------------------------------------------------------------------


def take_from_form(request, of):
    """Take the photos that a form brought for a record; what was not taken is said.

    The record stands whatever becomes of its photos.
    """
    form = PhotoForm(request.POST, request.FILES)
    taken = 0
    for file in form.chosen():
        try:
            refuse_too_large(file.size)
            photos.add(of, content=file.read(), by=request.user, at=timezone.now())
        except (TooLarge, actions.Refused) as problem:
            messages.warning(request, f"有一张照片没有收：{problem}")
        except NotNow:
            messages.warning(request, "有一张照片现在收不了，请稍后在这一页再加。")
        else:
            taken += 1
    return taken


@needs(Right.LOG_VISITS)
@require_POST
def visit_photos(request, pk):
    """Add photos to one's own visit."""
    rows = Visit.objects.visible_to(request.user).filter(visitor=request.user)
    visit = get_object_or_404(rows, pk=pk)
    if taken := take_from_form(request, visit):
        messages.success(request, f"收到 {taken} 张照片。")
    elif not request.FILES:
        messages.warning(request, "还没有选照片。")
    return redirect(visit)


@needs(Right.LOG_VISITS)
@require_POST
def demand_photos(request, pk):
    """Add photos to a demand that one wrote down oneself."""
    rows = Demand.objects.visible_to(request.user).filter(recorded_by=request.user)
    demand = get_object_or_404(rows.exclude(client_key=None), pk=pk)
    if taken := take_from_form(request, demand):
        messages.success(request, f"收到 {taken} 张照片。")
    elif not request.FILES:
        messages.warning(request, "还没有选照片。")
    return redirect(demand)


@needs(Right.LOG_VISITS)
@require_http_methods(["GET", "HEAD", "POST"])
def photo_void(request, pk):
    """Take a photo off the pages, with the reason."""
    photo = _kept(request, pk)
    of = photos.record_of(photo)
    form = VoidPhotoForm(request.POST or None)
    if form.is_valid():
        try:
            photos.void(
                photo,
                reason=form.cleaned_data["reason"],
                by=request.user,
                at=timezone.now(),
            )
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "照片已撤下。")
            return redirect(of or "visits:visit_list")
    status = 422 if form.errors else 200
    context = {"photo": photo, "of": of, "form": form}
    return render(request, "visits/photo_void.html", context, status=status)
