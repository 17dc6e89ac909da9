"""Activities for visitors without an account: sign up by the shop's card, follow the own
sign-up, check in by the poster, say how it was."""

from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, needs
from public import cards, limits, sending
from public.activity_forms import CheckInForm, SayForm, SignUpForm, key_of
from public.forms import FormKeys
from public.models import Attempt
from public.qr import qr
from public.tokens import row_of, row_token
from public.views import _draw, _found, unlisted
from services import activities, checkins, signups
from services.activities import Refused
from services.models import Activity, Attendance, Signup

TOO_MANY = "这一小时里提交得太多了，请过一会儿再来。"
STALE = "页面开得太久了。您写的还在，请再按一次。"


def _open_to(shop, at):
    """What the shop may sign up for: of its grid and of those above."""
    return (
        Activity.objects.open_for_signups(at)
        .filter(on_card=True, grid__code__in=shop.grid.codes)
        .for_list()
        .order_by("starts", "pk")
    )


@unlisted
@require_safe
def card_activities(request, token):
    """What is coming, for the shop whose card it is."""
    card, answer = _found(request, cards.card_of, token)
    if answer:
        return answer
    shop = sending.shop_of(card)
    rows = _open_to(shop, timezone.now()) if sending.takes_demands(shop) else []
    context = {"shop": shop, "token": token, "rows": rows}
    return _draw(request, "activities", context)


@unlisted
@require_http_methods(["GET", "HEAD", "POST"])
def card_signup(request, token, pk):
    """Sign the shop up; the sign-up gets a link of its own."""
    card, answer = _found(request, cards.card_of, token)
    if answer:
        return answer
    shop, keys, now = sending.shop_of(card), FormKeys(card), timezone.now()
    activity = _open_to(shop, now).filter(pk=pk).first()
    if activity is None:
        return _closed(request, token, shop, pk, now)
    form = SignUpForm(request.POST or None, activity=activity)
    key, status = keys.read(request.POST.get("key", "")), 200
    if form.is_bound and key is None:
        form.add_error(None, STALE)
    if form.is_valid() and not sending.takes_demands(shop):
        form.add_error(None, "这家店已经不在这里营业，这张码不能再报名。")
    if form.is_valid():
        known = key_of("signup", activity.pk, key)
        signup, status = _signed_up(
            request, form, activity, business=shop, client_key=known, at=now
        )
        if signup:
            return redirect("public:signup", row_token("signup", signup.pk))
    context = {
        "shop": shop,
        "token": token,
        "activity": activity,
        "left": signups.free_places(activity),
        "form": form,
        "key": request.POST["key"] if key else keys.new(),
    }
    return _draw(request, "signup_new", context, status=status)


def _closed(request, token, shop, pk, at):
    """It was on the card, and takes no more: whoever had it open hears so, and sees what
    is. What never was there does not exist."""
    shown = Activity.objects.in_ledgers().exclude(state=Activity.State.DRAFT)
    shown = shown.filter(on_card=True, grid__code__in=shop.grid.codes)
    activity = get_object_or_404(shown, pk=pk)
    cancelled = activity.state == Activity.State.CANCELLED
    rows = _open_to(shop, at) if sending.takes_demands(shop) else []
    context = {"shop": shop, "token": token, "rows": rows}
    context["problem"] = (
        f"“{activity}”{'取消了' if cancelled else '的报名已经截止了'}。"
    )
    return _draw(request, "activities", context, status=404)


def _signed_up(request, form, activity, **more):
    """(the sign-up, status); what is refused is said on the form."""
    if not limits.take(Attempt.Kind.POST, limits.address_of(request), at=more["at"]):
        form.add_error(None, TOO_MANY)
        return None, 429
    try:
        return signups.sign_up(activity, **form.answers(), **more)[0], 200
    except Refused as refused:
        form.add_error(None, str(refused))
        return None, 200


# --- a sign-up's own link -----------------------------------------------------------------


def _signup_of(token):
    pk = row_of("signup", token)
    rows = Signup.objects.select_related(
        "business", "activity__station", "activity__building", "activity__grid"
    )
    return rows.filter(pk=pk).first() if pk else None


@unlisted
@require_safe
def signup(request, token):
    """How the sign-up stands; whoever holds the link may confirm or withdraw it."""
    row, answer = _found(request, _signup_of, token)
    return answer or _signup_page(request, row, token)


def _signup_page(request, row, token, problem="", status=200):
    now = timezone.now()
    activity = row.activity
    ahead = activity.signups.in_line().filter(number__lt=row.number).count()
    address = request.build_absolute_uri(reverse("public:signup", args=[token]))
    announced = activity.state == Activity.State.ANNOUNCED
    offered = row.state == Signup.State.OFFERED and row.offer_until > now
    came = activity.attendances.standing().filter(signup=row).exists()
    context = {
        "signup": row,
        "activity": activity,
        "token": token,
        "ahead": ahead,
        "lapsed": row.state == Signup.State.OFFERED and not offered,
        "may_accept": announced and offered,
        "may_withdraw": announced and not came and "withdraw" in row.open_steps,
        "may_check_in": announced
        and not came
        and activity.admits(now)
        and row.state == Signup.State.IN,
        "came": came,
        "problem": problem,
        "address": address,
        "qr": qr(address),
    }
    return _draw(request, "signup", context, status=status)


STEPS = {
    "accept": lambda row, at: signups.accept(row, at=at),
    "withdraw": lambda row, at: signups.withdraw(row, at=at),
    "check_in": lambda row, at: checkins.check_in(
        row.activity, signup=row, how=Attendance.How.POSTER, at=at
    ),
}


@unlisted
@require_POST
def signup_step(request, token):
    row, answer = _found(request, _signup_of, token)
    if answer:
        return answer
    act, now = STEPS.get(request.POST.get("step")), timezone.now()
    if act is None:
        return _signup_page(request, row, token, status=422)
    if not limits.take(Attempt.Kind.POST, limits.address_of(request), at=now):
        return _signup_page(request, row, token, TOO_MANY, status=429)
    try:
        act(row, now)
    except Refused as refused:
        row.refresh_from_db()
        return _signup_page(request, row, token, str(refused), status=422)
    return redirect("public:signup", token)


# --- the poster ---------------------------------------------------------------------------


def _activity_of(token):
    """A cancelled one too: who scans its poster is told, and has guessed nothing."""
    pk = row_of("poster", token)
    rows = Activity.objects.in_ledgers().exclude(state=Activity.State.DRAFT).for_list()
    return rows.filter(pk=pk).first() if pk else None


@unlisted
@require_http_methods(["GET", "HEAD", "POST"])
def poster(request, token):
    """Check oneself in, from half an hour before the start to the end; then say how it
    was."""
    activity, answer = _found(request, _activity_of, token)
    if answer:
        return answer
    keys, now = FormKeys(activity), timezone.now()
    form = CheckInForm(request.POST or None)
    key, status = keys.read(request.POST.get("key", "")), 200
    if activity.state == Activity.State.CANCELLED:
        return _poster_page(request, activity, token, key=keys.new(), status=404)
    if form.is_bound and key is None:
        form.add_error(None, STALE)
    if form.is_valid():
        if not limits.take(Attempt.Kind.POST, limits.address_of(request), at=now):
            form.add_error(None, TOO_MANY)
            status = 429
        else:
            try:
                _checked_in(activity, form, key_of("came", activity.pk, key), now)
            except Refused as refused:
                form.add_error(None, str(refused))
            else:
                return redirect(f"{request.path}?came=1")
    return _poster_page(
        request,
        activity,
        token,
        form=form,
        key=request.POST["key"] if key else keys.new(),
        status=status,
    )


def _checked_in(activity, form, client_key, at):
    """By the sign-up of that very employer, where there is one; else as a walk-in."""
    said = form.answers()
    signup = None
    if said["employer"]:
        same = [
            row
            for row in activity.signups.holding().select_related("business")
            if row.whose == said["employer"].strip()
        ]
        signup = same[0] if len(same) == 1 else None
    checkins.check_in(
        activity,
        signup=signup,
        how=Attendance.How.POSTER,
        client_key=client_key,
        at=at,
        **said,
    )


def _poster_page(request, activity, token, *, key, form=None, say=None, status=200):
    now = timezone.now()
    context = {
        "activity": activity,
        "token": token,
        "key": key,
        "form": form or CheckInForm(),
        "say": say or SayForm(),
        "admits": activity.admits(now),
        "begun": now >= activity.starts,
        "came": "came" in request.GET,
        "said": "said" in request.GET,
    }
    return _draw(request, "poster", context, status=status)


@unlisted
@require_POST
def poster_feedback(request, token):
    activity, answer = _found(request, _activity_of, token)
    if answer:
        return answer
    keys, now = FormKeys(activity), timezone.now()
    form, key, status = (
        SayForm(request.POST),
        keys.read(request.POST.get("key", "")),
        422,
    )
    if key is None:
        form.add_error(None, STALE)
    if form.is_valid():
        if limits.take(Attempt.Kind.POST, limits.address_of(request), at=now):
            try:
                activities.give_feedback(
                    activity,
                    client_key=key_of("said", activity.pk, key),
                    at=now,
                    **form.answers(),
                )
            except Refused as refused:
                form.add_error(None, str(refused))
            else:
                return redirect(f"{reverse('public:poster', args=[token])}?said=1")
        else:
            form.add_error(None, TOO_MANY)
            status = 429
    return _poster_page(
        request, activity, token, say=form, key=keys.new(), status=status
    )


@needs(Right.HOLD_ACTIVITIES)
@require_safe
def poster_print(request, pk):
    """The poster on paper: what it is, and the code by which one checks in."""
    held = Activity.objects.visible_to(request.user, Right.HOLD_ACTIVITIES)
    activity = get_object_or_404(held.for_list(), pk=pk)
    path = reverse("public:poster", args=[row_token("poster", activity.pk)])
    address = request.build_absolute_uri(path)
    context = {"activity": activity, "qr": qr(address), "address": address}
    return render(request, "public/poster_print.html", context)
