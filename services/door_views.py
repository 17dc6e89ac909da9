"""The door of an activity: find who signed up, tick off, walk-ins; without a network too."""

import json
import uuid

from django.contrib import messages
from django.http import JsonResponse, RawPostDataException
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.rights import Right, for_devices, needs
from services import checkins
from services.activities import Refused
from services.activity_forms import WalkInForm
from services.models import Activity, Attendance, Signup
from tianshan.pinyin import search_text
from tianshan.web.masks import masked_name
from visits.actions import digest_of
from visits.sync import moments

MOST_BYTES = 4096
# What reading a record raises that is no record of ours.
NOT_WHOLE = (
    ValueError,
    TypeError,
    OverflowError,
    AttributeError,
    RecursionError,
    RawPostDataException,
)


def _held(request, pk):
    held = Activity.objects.visible_to(request.user, Right.HOLD_ACTIVITIES)
    return get_object_or_404(held.for_list(), pk=pk)


@needs(Right.HOLD_ACTIVITIES)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def door(request, pk):
    """The masked list with one button each; two fields for a walk-in. Posting works
    without script; with it, `static/door.js` keeps what cannot be sent yet."""
    activity = _held(request, pk)
    if request.method == "POST":
        _ticked(request, activity)
        return redirect(request.path)
    came = {
        row.signup_id: row for row in activity.attendances.standing() if row.signup_id
    }
    rows = list(activity.signups.holding().select_related("business"))
    for row in rows:
        row.came = came.get(row.pk)
        row.key = uuid.uuid4()
        row.find = search_text(row.whose, masked_name(row.title))
    context = {
        "activity": activity,
        "rows": rows,
        "here": activity.by_name or 0,
        "form": WalkInForm(),
        "key": uuid.uuid4(),
    }
    return render(request, "services/door.html", context)


def _ticked(request, activity):
    """What the page's plain forms send."""
    try:
        _check_in(activity, request.POST.dict(), by=request.user, at=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    except NOT_WHOLE:
        messages.error(request, "没有登记上，请在这一页上重新点一次。")
    else:
        messages.success(request, "已签到。")


@for_devices(Right.HOLD_ACTIVITIES)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def door_sync(request, pk):
    """GET: whose session it is, with a token. POST: one check-in; 201 stored, 200 the same
    again, 409 other content under the key, 422 what can never succeed."""
    activity = _held(request, pk)
    if request.method != "POST":
        return JsonResponse({"author": request.user.pk, "token": get_token(request)})
    try:
        body = json.loads(request.body[:MOST_BYTES])
        if body.get("author") != request.user.pk:
            reason = "这条不是现在登录的人记的，等本人登录后再传。"
            return JsonResponse({"reason": reason}, status=403)
        now = timezone.now()
        row, created = _check_in(
            activity, body, by=request.user, at=now, came_at=moments(body, now)[0]
        )
    except checkins.KeyReused as reused:
        return JsonResponse({"reason": str(reused)}, status=409)
    except Refused as refused:
        return JsonResponse({"reason": str(refused)}, status=422)
    except NOT_WHOLE:
        return JsonResponse({"reason": "记录不完整。"}, status=422)
    return JsonResponse({"number": row.pk}, status=201 if created else 200)


def _check_in(activity, said, *, by, at, came_at=None):
    """`said`: the key; a sign-up, or title and employer; how many."""
    key = uuid.UUID(str(said.get("key")))
    persons = int(said.get("persons") or 0)
    title = str(said.get("title") or "").strip()[:20]
    employer = str(said.get("employer") or "").strip()[:60]
    signup = None
    if said.get("signup"):
        signup = activity.signups.filter(pk=int(said["signup"])).first()
        if signup is None:
            raise Refused("这个报名不在这场活动里。")
    if not 0 <= persons <= Signup.MOST_PERSONS:
        raise Refused("人数不对。")
    return checkins.check_in(
        activity,
        signup=signup,
        title="" if signup else title,
        employer=employer,
        persons=persons or None,
        how=Attendance.How.DOOR,
        came_at=came_at,
        client_key=key,
        digest=digest_of(
            signup=signup and signup.pk, title=title, employer=employer, persons=persons
        ),
        by=by,
        at=at,
    )
