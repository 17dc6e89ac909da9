"""Sign-ups by staff, check-ins, and what a business took part in."""

import re
import uuid

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, needs
from enterprises.models import Business
from party.models import Station
from services import checkins, signups
from services.activities import Refused
from services.activity_forms import SignupForm, WalkInForm
from services.models import Activity, Attendance, Signup
from tianshan.pinyin import fold
from tianshan.web import render_inside, render_part
from tianshan.web.masks import phone_tail
from visits.actions import digest_of

NUMBER = re.compile(r"[0-9]{1,9}")
FOUND = 12
SHOWN = 20


@needs(Right.HOLD_ACTIVITIES, Right.ORDER)
@require_http_methods(["GET", "HEAD", "POST"])
def signup_new(request, pk):
    """For a business (`?business=`, found by `?q=`), or for somebody of no business here."""
    activity = get_object_or_404(
        Activity.objects.visible_to(request.user).for_list(), pk=pk
    )
    business = _business(request)
    form = SignupForm(request.POST or None, activity=activity, business=business)
    if form.is_valid():
        try:
            signup, _ = signups.sign_up(
                activity,
                business=business,
                by=request.user,
                at=timezone.now(),
                client_key=_once(form, activity, business),
                **form.cleaned_data,
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{signup.whose}：{signup.get_state_display()}。")
            return redirect(activity)
    found, typed = _found(request)
    context = {
        "activity": activity,
        "business": business,
        "form": form,
        "found": found,
        "typed": typed,
        "most": FOUND,
        "left": signups.free_places(activity),
    }
    return render_part(request, "services/signup_new.html", context, part="found")


def _once(form, activity, business=None):
    """The key of what this page sent: sent twice it is one. Gone back to and filled in
    for somebody else it is another."""
    if form.page is None:
        return None
    whose = business and business.pk
    content = {"page": str(form.page), "activity": activity.pk, "business": whose}
    return uuid.UUID(digest_of(**content, **form.cleaned_data)[:32])


def _business(request):
    number = request.GET.get("business", "")
    if not number.isdecimal():
        return None
    return get_object_or_404(Business.objects.visible_to(request.user), pk=number[:18])


def _found(request):
    typed = request.GET.get("q", "")
    typed = phone_tail(typed) or typed
    words = fold(typed).split()[:5]
    if not words:
        return [], typed
    found = Business.objects.visible_to(request.user).for_list()
    for word in words:
        found = found.filter(search__found=word)
    return list(found[:FOUND]), typed


def _step(request, pk, act, said):
    signup = get_object_or_404(
        Signup.objects.visible_to(request.user).select_related("activity"), pk=pk
    )
    try:
        act(signup, by=request.user, at=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, said)
    return redirect(signup.activity)


@needs(Right.HOLD_ACTIVITIES, Right.ORDER)
@require_POST
def signup_withdraw(request, pk):
    return _step(request, pk, signups.withdraw, "报名已取消，空出的名额给下一家。")


@needs(Right.HOLD_ACTIVITIES, Right.ORDER)
@require_POST
def signup_accept(request, pk):
    return _step(request, pk, signups.accept, "已确认，名额占上了。")


@needs(Right.HOLD_ACTIVITIES, Right.ORDER)
@require_POST
def signup_told(request, pk):
    return _step(request, pk, signups.note_told, "记下了：已经告诉。")


# --- who came --------------------------------------------------------------------------


def _held(request, pk):
    held = Activity.objects.visible_to(request.user, Right.HOLD_ACTIVITIES)
    return get_object_or_404(held.for_list(), pk=pk)


def _came(rows):
    """`{sign-up: persons}` of what was typed; an empty line and a 0 are not ticked off."""
    came = {}
    for row in rows:
        number = int(row.typed) if NUMBER.fullmatch(row.typed) else None
        if row.typed and (number is None or number > Signup.MOST_PERSONS):
            words = f"来了几位写 1 到 {Signup.MOST_PERSONS} 的整数"
            raise Refused(f"{row.whose}：{words}。")
        if number:
            came[row] = number
    return came


@needs(Right.HOLD_ACTIVITIES)
@require_http_methods(["GET", "HEAD", "POST"])
def attendance_tick(request, pk):
    """A paper list, ticked afterwards in one go: `came_<sign-up>` is how many."""
    activity = _held(request, pk)
    rows = list(
        Signup.objects.visible_to(request.user)
        .holding()
        .filter(activity=activity)
        .select_related("business")
    )
    ticked = set(activity.attendances.standing().values_list("signup", flat=True))
    open_rows = [row for row in rows if row.pk not in ticked]
    if request.method == "POST":
        for row in open_rows:
            row.typed = request.POST.get(f"came_{row.pk}", "").strip()
        try:
            new = checkins.tick_list(
                activity, came=_came(open_rows), by=request.user, at=timezone.now()
            )
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, f"补登了 {new} 家。没有填的仍是“未登记”。")
            return redirect(activity)
    context = {
        "activity": activity,
        "rows": open_rows,
        "most": Signup.MOST_PERSONS,
        "done": len(rows) - len(open_rows),
    }
    return render(request, "services/attendance_tick.html", context)


@needs(Right.HOLD_ACTIVITIES)
@require_http_methods(["GET", "HEAD", "POST"])
def attendance_walk_in(request, pk):
    """Somebody who had not signed up: two fields."""
    activity = _held(request, pk)
    form = WalkInForm(request.POST or None)
    if form.is_valid():
        try:
            checkins.check_in(
                activity,
                how=Attendance.How.DOOR,
                by=request.user,
                at=timezone.now(),
                client_key=_once(form, activity),
                **form.cleaned_data,
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "已签到。")
            return redirect(activity)
    context = {
        "activity": activity,
        "form": form,
        "does": "没报名的签到",
        "icon": "user-plus",
    }
    return render(request, "services/activity_step.html", context)


@needs(Right.HOLD_ACTIVITIES)
@require_POST
def attendance_untick(request, pk):
    row = get_object_or_404(
        Attendance.objects.visible_to(request.user).select_related("activity"), pk=pk
    )
    try:
        checkins.untick(row, by=request.user, at=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "这条签到已撤销。")
    return redirect(row.activity)


@needs(Right.HOLD_ACTIVITIES)
@require_safe
def signup_sheet(request, pk):
    """Who signed up, to print and sign: titles and businesses, no phones."""
    activity = _held(request, pk)
    rows = activity.signups.holding().select_related("business")
    context = {"activity": activity, "rows": rows, "blank": range(8)}
    return render(request, "services/signup_sheet.html", context)


@needs(Right.HOLD_ACTIVITIES)
@require_safe
def attendance_sheet(request, pk):
    """Who came, to print and file."""
    activity = _held(request, pk)
    rows = activity.attendances.standing().select_related("business")
    context = {"activity": activity, "rows": rows}
    return render(request, "services/attendance_sheet.html", context)


@needs(Right.SEE_SERVICES)
@require_safe
def activities_at_station(request, pk):
    """What is coming at a station; its page loads this."""
    station = get_object_or_404(Station.objects.visible_to(request.user), pk=pk)
    seen = Activity.objects.visible_to(request.user).filter(station=station)
    coming = seen.filter(state=Activity.State.ANNOUNCED)
    context = {
        "station": station,
        "coming": coming.for_list().order_by("starts", "pk")[:SHOWN],
        "count": coming.count(),
        "all": seen.count(),
    }
    return render_inside(request, "services/activities_at_station.html", context)


@needs(Right.SEE_SERVICES)
@require_safe
def activities_of_business(request, pk):
    """What a business took part in, and what it is signed up for; its page loads this."""
    business = get_object_or_404(Business.objects.visible_to(request.user), pk=pk)
    seen = Activity.objects.visible_to(request.user)
    came = (
        Attendance.objects.standing()
        .filter(business=business, activity__in=seen, activity__state="held")
        .select_related("activity")
        .order_by("-activity__starts", "-pk")[:SHOWN]
    )
    coming = (
        Signup.objects.standing()
        .filter(business=business, activity__in=seen, activity__state="announced")
        .select_related("activity")
        .order_by("activity__starts", "pk")[:SHOWN]
    )
    context = {"business": business, "came": came, "coming": coming, "most": SHOWN}
    return render_inside(request, "services/activities_of_business.html", context)
