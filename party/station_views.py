"""Stations: ledger, one of them with its rooms and their bookings, and what changes it."""

import datetime as dt
from itertools import groupby

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, needs
from grids.models import Post
from party import bookings, stations
from party.models import (
    Booking,
    Station,
    StationFunction,
    StationHours,
    StationRoom,
)
from party.station_forms import (
    BookingForm,
    CancelForm,
    CloseForm,
    FunctionForm,
    HoursForm,
    MoveForm,
    NewStationForm,
    RoomForm,
    StationForm,
)
from party.station_ledger import STATIONS
from tianshan.ledgers.views import ledger_page
from tianshan.web import number

AHEAD = dt.timedelta(days=14)


@needs(Right.SEE_STATIONS)
@require_safe
def station_list(request):
    return ledger_page(request, STATIONS)


@needs(Right.SEE_STATIONS)
@require_safe
def station_detail(request, pk):
    """Facts, functions, hours; rooms with what is booked in the fortnight ahead."""
    seen = Station.objects.visible_to(request.user)
    station = get_object_or_404(
        seen.for_list().select_related("unit", "parent__parent"), pk=pk
    )
    now, today = timezone.now(), timezone.localdate()
    coming = (
        Booking.objects.between(now, now + AHEAD)
        .filter(room__station=station)
        .select_related("room", "organization", "unit", "made_by")
    )
    days = [
        (day, list(rows))
        for day, rows in groupby(coming, lambda row: timezone.localdate(row.starts))
    ]
    is_open = _is_open(station, today)
    may_keep = _kept(request.user).filter(pk=pk).exists()
    context = {
        "station": station,
        "children": station.children.filter(closed_on=None).order_by("pinyin"),
        "functions": station.functions.filter(ended_on=None),
        "hours": _hours(station),
        "rooms": station.rooms.filter(closed_on=None),
        "days": days,
        "may_see_services": request.user.may(Right.SEE_SERVICES),
        "may_keep": may_keep,
        "is_open": is_open,
        "may_book": is_open and request.user.may(Right.BOOK_ROOMS),
        "staff": station.staff.filter(
            post__in=Post.objects.in_force(today)
        ).select_related("post__user")
        if may_keep
        else [],
    }
    for _, rows in days:
        for row in rows:
            row.changeable = may_keep or row.made_by_id == request.user.pk
    return render(request, "party/station_detail.html", context)


def _hours(station):
    """`[(周一至周五, ["09:00–12:00", …])]`: days alike that follow one another at once."""
    days = [
        (day, [f"{each.opens:%H:%M}–{each.closes:%H:%M}" for each in spans])
        for day, spans in groupby(station.hours.all(), lambda row: row.weekday)
    ]
    runs = []
    for day, spans in days:
        if runs and runs[-1][1] == day - 1 and runs[-1][2] == spans:
            runs[-1][1] = day
        else:
            runs.append([day, day, spans])
    label = StationHours.Weekday
    return [
        (label(first).label + (f"至{label(last).label}" if last > first else ""), spans)
        for first, last, spans in runs
    ]


def _is_open(station, day):
    """Closing is said ahead: until that day rooms are booked as before."""
    return station.closed_on is None or station.closed_on > day


def _kept(user):
    return Station.objects.visible_to(user, Right.KEEP_STATIONS)


def _station(request, pk):
    return get_object_or_404(_kept(request.user), pk=pk)


def _room(request, pk):
    return get_object_or_404(
        StationRoom.objects.visible_to(
            request.user, Right.KEEP_STATIONS
        ).select_related("station"),
        pk=pk,
        closed_on=None,
    )


def _taken(request, form, act, *args, **data):
    """Do the act with what the form holds; what is refused is said on the form."""
    try:
        return act(*args, by=request.user, at=timezone.now(), **data)
    except (stations.Refused, bookings.Refused) as refused:
        form.add_error(None, str(refused))
        return None


@needs(Right.KEEP_STATIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def station_new(request):
    form = NewStationForm(request.POST or None, user=request.user)
    if form.is_valid():
        station = _taken(request, form, stations.set_up, **form.cleaned_data)
        if station:
            messages.success(request, f"已设立{station}，接着登记场地和开放时间。")
            return redirect(station)
    return render(request, "party/station_new.html", {"form": form})


@needs(Right.KEEP_STATIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def station_edit(request, pk):
    """Correct the facts; who saved in the meantime is not written over."""
    station = _station(request, pk)
    form = StationForm(request.POST or None, instance=station, user=request.user)
    if form.is_valid():
        try:
            changed = stations.edit(
                station,
                changes=form.cleaned_data,
                seen=number(request.POST.get("version")),
                by=request.user,
                at=timezone.now(),
            )
        except stations.Refused as refused:
            form.add_error(None, str(refused))
        else:
            said = "已保存。" if changed else "没有变化，未作改动。"
            messages.success(request, said)
            return redirect(station)
    station.refresh_from_db()
    context = {"station": station, "form": form}
    return render(request, "party/station_edit.html", context)


@needs(Right.KEEP_STATIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def station_close(request, pk):
    station = _station(request, pk)
    form = CloseForm(request.POST or None)
    if form.is_valid() and _taken(
        request, form, stations.close, station, **form.cleaned_data
    ):
        messages.success(request, f"{station}已停用。")
        return redirect(station)
    context = {"station": station, "form": form, "does": "停用阵地", "icon": "archive"}
    return render(request, "party/station_step.html", context)


@needs(Right.KEEP_STATIONS)
@require_POST
def station_reopen(request, pk):
    station = _station(request, pk)
    try:
        stations.reopen(station, by=request.user, at=timezone.now())
    except stations.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"{station}已恢复使用。")
    return redirect(station)


@needs(Right.KEEP_STATIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def function_add(request, pk):
    station = _station(request, pk)
    form = FunctionForm(request.POST or None)
    if form.is_valid() and _taken(
        request, form, stations.add_function, station, **form.cleaned_data
    ):
        messages.success(request, "已登记。")
        return redirect(station)
    context = {"station": station, "form": form, "does": "登记功能", "icon": "plus"}
    return render(request, "party/station_step.html", context)


@needs(Right.KEEP_STATIONS)
@require_POST
def function_end(request, pk):
    function = get_object_or_404(
        StationFunction.objects.visible_to(
            request.user, Right.KEEP_STATIONS
        ).select_related("station"),
        pk=pk,
    )
    now = timezone.now()
    try:
        stations.end_function(
            function, on=timezone.localdate(now), by=request.user, at=now
        )
    except stations.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"“{function}”不再列出。")
    return redirect(function.station)


@needs(Right.KEEP_STATIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def hours_edit(request, pk):
    station = _station(request, pk)
    form = HoursForm(request.POST or None, station=station)
    if form.is_valid():
        try:
            stations.set_hours(
                station,
                hours=form.cleaned_data["hours"],
                by=request.user,
                at=timezone.now(),
            )
        except stations.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "开放时间已保存。")
            return redirect(station)
    return render(request, "party/hours_edit.html", {"station": station, "form": form})


@needs(Right.KEEP_STATIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def room_new(request, pk):
    station = _station(request, pk)
    form = RoomForm(request.POST or None)
    if form.is_valid() and _taken(
        request, form, stations.add_room, station, **form.cleaned_data
    ):
        messages.success(request, "场地已登记。")
        return redirect(station)
    context = {"station": station, "form": form, "does": "登记场地", "icon": "plus"}
    return render(request, "party/station_step.html", context)


@needs(Right.KEEP_STATIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def room_edit(request, pk):
    room = _room(request, pk)
    facts = {name: getattr(room, name) for name in RoomForm.base_fields}
    form = RoomForm(request.POST or None, initial=facts)
    if form.is_valid() and _taken(
        request, form, stations.edit_room, room, **form.cleaned_data
    ):
        messages.success(request, "已保存。")
        return redirect(room.station)
    context = {"station": room.station, "room": room, "form": form}
    return render(request, "party/room_edit.html", context)


@needs(Right.KEEP_STATIONS)
@require_POST
def room_close(request, pk):
    room = _room(request, pk)
    now = timezone.now()
    try:
        stations.close_room(room, on=timezone.localdate(now), by=request.user, at=now)
    except stations.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"{room.name}已停用。")
    return redirect(room.station)


# --- bookings ------------------------------------------------------------------------


@needs(Right.BOOK_ROOMS)
@require_http_methods(["GET", "HEAD", "POST"])
def booking_new(request, pk):
    station = get_object_or_404(Station.objects.visible_to(request.user), pk=pk)
    if not _is_open(station, timezone.localdate()):
        messages.warning(request, f"{station}自 {station.closed_on} 起停用，不能再订。")
        return redirect(station)
    form = BookingForm(
        request.POST or None,
        station=station,
        user=request.user,
        initial={"room": request.GET.get("room"), "on": request.GET.get("on")},
    )
    if form.is_valid():
        asked = form.cleaned_data
        names = ("starts", "ends", "title", "organization", "unit", "outside_hours")
        booking = _taken(
            request,
            form,
            bookings.book,
            asked["room"],
            **{name: asked[name] for name in names},
        )
        if booking:
            when = bookings.times(booking.starts, booking.ends)
            messages.success(request, f"已订{booking.room}，{when}。")
            return redirect(station)
    context = {"station": station, "form": form, "hours": _hours(station)}
    return render(request, "party/booking_new.html", context)


def _booking(request, pk):
    rows = Booking.objects.visible_to(request.user).standing()
    booking = get_object_or_404(rows.select_related("room__station"), pk=pk)
    return booking, bookings.may_change(request.user, booking)


@needs(Right.BOOK_ROOMS)
@require_http_methods(["GET", "HEAD", "POST"])
def booking_move(request, pk):
    booking, mine = _booking(request, pk)
    station = booking.room.station
    if not mine:
        messages.error(request, "只有预订的人和阵地能改期。")
        return redirect(station)
    local = timezone.localtime
    form = MoveForm(
        request.POST or None,
        station=station,
        user=request.user,
        initial={
            "room": booking.room,
            "on": local(booking.starts).date(),
            "start": local(booking.starts).time(),
            "end": local(booking.ends).time(),
        },
    )
    if form.is_valid():
        names = ("room", "starts", "ends", "outside_hours")
        facts = {name: form.cleaned_data[name] for name in names}
        if _taken(request, form, bookings.move, booking, **facts):
            messages.success(request, "已改期。")
            return redirect(station)
    context = {"booking": booking, "station": station, "form": form, "does": "改期"}
    return render(request, "party/booking_step.html", context)


@needs(Right.BOOK_ROOMS)
@require_http_methods(["GET", "HEAD", "POST"])
def booking_cancel(request, pk):
    booking, mine = _booking(request, pk)
    station = booking.room.station
    if not mine:
        messages.error(request, "只有预订的人和阵地能取消。")
        return redirect(station)
    form = CancelForm(request.POST or None)
    if form.is_valid() and _taken(
        request, form, bookings.cancel, booking, **form.cleaned_data
    ):
        messages.success(request, "预订已取消。")
        return redirect(station)
    context = {"booking": booking, "station": station, "form": form, "does": "取消预订"}
    return render(request, "party/booking_step.html", context)
