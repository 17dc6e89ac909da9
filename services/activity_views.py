"""Activities: ledger, calendar, one of them, and the steps that it takes."""

import calendar
import datetime as dt
from itertools import groupby

from django.contrib import messages
from django.db.models import Count
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, needs
from enterprises.models import Business
from services import activities
from services.activities import Refused
from services.activity_forms import (
    ActivityForm,
    CancelForm,
    CloneForm,
    FeedbackForm,
    HeadCountForm,
    NewActivityForm,
    RoomForm,
    RuleForm,
    SeriesForm,
    when_of,
)
from services.activity_ledger import ACTIVITIES, STATES, came
from services.models import Activity, ActivitySeries, Attendance, Feedback, Signup
from tianshan.ledgers import BadScope
from tianshan.ledgers.scopes import read_day
from tianshan.ledgers.views import ledger_page
from tianshan.web import number, render_part


@needs(Right.SEE_SERVICES)
@require_safe
def activity_list(request):
    return ledger_page(request, ACTIVITIES)


@needs(Right.SEE_SERVICES)
@require_safe
def activity_calendar(request):
    """A month of activities; `?month=2026-10-01` says which."""
    today = timezone.localdate()
    try:
        day = read_day(request.GET.get("month"), today, "月份")
    except BadScope:
        day = today
    first = day.replace(day=1)
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    begin, end = weeks[0][0], weeks[-1][-1] + dt.timedelta(days=1)
    rows = (
        Activity.objects.visible_to(request.user)
        .exclude(state=Activity.State.CANCELLED)
        .filter(starts__gte=_midnight(begin), starts__lt=_midnight(end))
        .taken()
        .order_by("starts", "pk")
    )
    by_day = {
        on: list(group)
        for on, group in groupby(rows, lambda row: timezone.localdate(row.starts))
    }
    context = {
        "first": first,
        "today": today,
        "weeks": [[(on, by_day.get(on, [])) for on in week] for week in weeks],
        "before": (first - dt.timedelta(days=1)).replace(day=1),
        "after": (first + dt.timedelta(days=32)).replace(day=1),
    }
    return render_part(
        request, "services/activity_calendar.html", context, part="month"
    )


def _midnight(day):
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


def _seen(request, pk):
    return get_object_or_404(
        Activity.objects.visible_to(request.user).for_list(), pk=pk
    )


def _held(request, pk):
    """An activity that the user holds; one merely seen, or not at all, is 404."""
    held = Activity.objects.visible_to(request.user, Right.HOLD_ACTIVITIES)
    return get_object_or_404(held.for_list(), pk=pk)


@needs(Right.SEE_SERVICES)
@require_safe
def activity_detail(request, pk):
    """The facts, who signed up, who came; names for those who hold it alone."""
    activity = _seen(request, pk)
    mine = activities.may_hold(request.user, activity)
    now = timezone.now()
    signups = (
        Signup.objects.visible_to(request.user)
        .filter(activity=activity)
        .select_related("business", "by")
    )
    came_by = (
        {
            row.signup_id: row
            for row in Attendance.objects.visible_to(request.user)
            .standing()
            .filter(activity=activity)
            .select_related("business")
        }
        if mine
        else {}
    )
    for signup in signups:
        signup.came = came_by.get(signup.pk)
    steps = set(activity.open_steps) if mine else set()
    if now < activity.starts:
        steps -= {"hold", "count_heads", "give_feedback"}
    elif now >= activity.ends:
        steps -= {"announce"}
    context = {
        "activity": activity,
        "drawn": STATES[activity.state],
        "came": came(activity),
        "steps": steps,
        "mine": mine,
        "may_book": "edit" in steps
        and activity.station_id
        and not activity.has_its_room
        and now < activity.starts,
        "may_sign_up": "sign_up" in activity.open_steps
        and now < activity.last_moment
        and (request.user.may(Right.HOLD_ACTIVITIES) or request.user.may(Right.ORDER)),
        "signups": signups,
        "seen": set(
            Business.objects.visible_to(request.user)
            .filter(signups__activity=activity)
            .values_list("pk", flat=True)
        ),
        "walk_ins": [row for row in came_by.values() if row.signup_id is None],
        "waiting": activity.signups.in_line().count(),
        "left": None
        if activity.capacity is None
        else activity.capacity - activity.places_taken,
        "door_open": now >= activity.starts - activity.EARLY,
        "feedback": Feedback.objects.visible_to(request.user).filter(activity=activity),
    }
    return render(request, "services/activity_detail.html", context)


@needs(Right.HOLD_ACTIVITIES)
@require_http_methods(["GET", "HEAD", "POST"])
def activity_new(request):
    form = NewActivityForm(
        request.POST or None,
        user=request.user,
        initial={"series": request.GET.get("series"), "on": request.GET.get("on")},
    )
    if form.is_valid():
        names = ("grid", "series", "room", "outside_hours")
        facts = form.facts() | {name: form.cleaned_data[name] for name in names}
        activity = _done(request, form, activities.create, **facts)
        if activity:
            messages.success(request, "已登记，核对以后发布。")
            return redirect(activity)
    return render(request, "services/activity_new.html", {"form": form})


def _done(request, form, act, *args, **data):
    """Do the act with what the form holds; what is refused is said on the form."""
    try:
        return act(*args, by=request.user, at=timezone.now(), **data)
    except Refused as refused:
        form.add_error(None, str(refused))
        return None


@needs(Right.HOLD_ACTIVITIES)
@require_http_methods(["GET", "HEAD", "POST"])
def series_new(request):
    form = SeriesForm(request.POST or None, user=request.user)
    if form.is_valid():
        series = _done(request, form, activities.make_series, **form.cleaned_data)
        if series:
            messages.success(request, f"已设立系列“{series}”，接着办第一场。")
            return redirect(f"{reverse('services:activity_new')}?series={series.pk}")
    mine = ActivitySeries.objects.visible_to(request.user, Right.HOLD_ACTIVITIES)
    context = {
        "form": form,
        "series": mine.filter(ended_on=None).annotate(held=Count("activities")),
        "may_end": set(mine.ended_by(request.user).values_list("pk", flat=True)),
    }
    return render(request, "services/series_new.html", context)


@needs(Right.HOLD_ACTIVITIES)
@require_POST
def series_end(request, pk):
    series = get_object_or_404(
        ActivitySeries.objects.visible_to(request.user, Right.HOLD_ACTIVITIES), pk=pk
    )
    try:
        activities.end_series(series, by=request.user, at=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"“{series}”不再办了，办过的还在。")
    return redirect("services:series_new")


@needs(Right.HOLD_ACTIVITIES)
@require_http_methods(["GET", "HEAD", "POST"])
def activity_edit(request, pk):
    """Correct the facts; who saved in the meantime is not written over."""
    activity = _held(request, pk)
    closes = activity.closes_at and timezone.localdate(activity.closes_at)
    form = ActivityForm(
        request.POST or None,
        instance=activity,
        user=request.user,
        initial=when_of(activity) | {"closes_on": closes},
    )
    if form.is_valid():
        changed = _done(
            request,
            form,
            activities.edit,
            activity,
            changes=form.facts(),
            seen=number(request.POST.get("version")),
        )
        if changed is not None:
            said = "已保存。" if changed else "没有变化，未作改动。"
            messages.success(request, said)
            return redirect(activity)
    context = {"activity": activity, "form": form}
    return render(request, "services/activity_edit.html", context)


@needs(Right.HOLD_ACTIVITIES)
@require_http_methods(["GET", "HEAD", "POST"])
def activity_clone(request, pk):
    activity = _held(request, pk)
    form = CloneForm(
        request.POST or None, activity=activity, initial=when_of(activity) | {"on": ""}
    )
    if form.is_valid():
        again = _done(request, form, activities.clone, activity, **form.facts())
        if again:
            messages.success(request, f"已登记“{again}”，核对以后发布。")
            return redirect(again)
    context = {"activity": activity, "form": form, "does": "照样再办", "icon": "copy"}
    return render(request, "services/activity_step.html", context)


@needs(Right.HOLD_ACTIVITIES)
@require_http_methods(["GET", "HEAD", "POST"])
def activity_room(request, pk):
    """A room for one that has none."""
    activity = _held(request, pk)
    form = RoomForm(request.POST or None, station=activity.station)
    if form.is_valid() and _done(
        request, form, activities.book_room, activity, **form.cleaned_data
    ):
        messages.success(request, "场地已订。")
        return redirect(activity)
    context = {
        "activity": activity,
        "form": form,
        "does": "订场地",
        "icon": "calendar-plus",
    }
    return render(request, "services/activity_step.html", context)


def _at_once(request, pk, act, said):
    """A step that asks for nothing more."""
    activity = _held(request, pk)
    try:
        act(activity, by=request.user, at=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, said)
    return redirect(activity)


@needs(Right.HOLD_ACTIVITIES)
@require_POST
def activity_confirm_rule(request, pk):
    return _at_once(request, pk, activities.confirm_rule, "纪律已确认。")


@needs(Right.HOLD_ACTIVITIES)
@require_POST
def activity_announce(request, pk):
    return _at_once(request, pk, activities.announce, "已发布，可以报名了。")


@needs(Right.HOLD_ACTIVITIES)
@require_POST
def activity_hold(request, pk):
    return _at_once(request, pk, activities.hold, "已记为举办。")


def _asked(request, pk, form_class, act, *, does, icon, said):
    """A step with a form of its own."""
    activity = _held(request, pk)
    form = form_class(request.POST or None)
    if form.is_valid() and _done(request, form, act, activity, **form.cleaned_data):
        messages.success(request, said)
        return redirect(activity)
    context = {"activity": activity, "form": form, "does": does, "icon": icon}
    return render(request, "services/activity_step.html", context)


@needs(Right.HOLD_ACTIVITIES)
@require_http_methods(["GET", "HEAD", "POST"])
def activity_cancel(request, pk):
    return _asked(
        *(request, pk, CancelForm, activities.cancel),
        does="取消活动",
        icon="calendar-off",
        said="活动已取消，请把还没告诉的一一告诉。",
    )


@needs(Right.HOLD_ACTIVITIES)
@require_http_methods(["GET", "HEAD", "POST"])
def activity_count_heads(request, pk):
    return _asked(
        *(request, pk, HeadCountForm, activities.count_heads),
        does="登记点数",
        icon="users",
        said="点数已登记。",
    )


@needs(Right.HOLD_ACTIVITIES)
@require_http_methods(["GET", "HEAD", "POST"])
def activity_check_rule(request, pk):
    return _asked(
        *(request, pk, RuleForm, activities.check_rule),
        does="核对纪律",
        icon="shield-check",
        said="已记下。",
    )


@needs(Right.HOLD_ACTIVITIES)
@require_http_methods(["GET", "HEAD", "POST"])
def activity_feedback(request, pk):
    return _asked(
        *(request, pk, FeedbackForm, activities.give_feedback),
        does="代记评价",
        icon="message-2",
        said="评价已记下。",
    )
