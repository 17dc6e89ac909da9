"""What a visitor without an account sees: a shop's card, and a demand's own link.

Nothing here tells a stranger more than the shop's own signboard does.
"""

from functools import wraps

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, anyone, needs
from public import cards, limits, links, sending
from public.forms import FormKeys, RateForm, SendForm
from public.models import Attempt
from public.progress import progress
from public.qr import qr
from services.models import MenuItem
from visits import ratings
from visits.actions import Refused as VisitsRefused

LARGE = "large_type"  # the cookie of who wants large letters
YEAR = 365 * 24 * 60 * 60


def unlisted(view):
    """For whoever holds the address, without an account: kept by no store, found by no
    search, told to no other site.

    The referrer stays `same-origin`: without any, browsers send forms with the origin
    "null", which the check against forged requests must refuse.
    """

    @wraps(view)
    def guarded(request, *args, **kwargs):
        size = request.GET.get("type")
        if size in ("large", "normal"):
            response = redirect(request.path)
            response.set_cookie(
                LARGE,
                "1" if size == "large" else "",
                max_age=YEAR if size == "large" else 0,
                path="/q/",
                httponly=True,
                samesite="Lax",
                secure=request.is_secure(),
            )
        else:
            response = view(request, *args, **kwargs)
        response.headers["Cache-Control"] = "no-store, private"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    return anyone(guarded)


def _draw(request, template, context, status=200):
    context["large"] = bool(request.COOKIES.get(LARGE))
    return render(request, f"public/{template}.html", context, status=status)


def _found(request, find, token):
    """`(what the token opens, None)`, or None and the answer to a wrong one.

    Wrong, made void and never made are one answer, after one search; who tries too
    often gets none at all, right tokens included.
    """
    now, address = timezone.now(), limits.address_of(request)
    if limits.is_over(Attempt.Kind.GUESS, address, at=now):
        return None, _draw(request, "wait", {}, status=429)
    found = find(token)
    if found is None:
        limits.take(Attempt.Kind.GUESS, address, at=now)
        return None, _draw(request, "unknown", {}, status=404)
    return found, None


# --- the card ------------------------------------------------------------------------


@unlisted
@require_http_methods(["GET", "HEAD", "POST"])
def card(request, token):
    """The card of a shop: send a demand for it. Whoever scans it may."""
    found, answer = _found(request, cards.card_of, token)
    if answer:
        return answer
    shop, keys = sending.shop_of(found), FormKeys(found)
    context = {
        "shop": shop,
        "token": token,
        "moved": found.origin != shop.pk,
        "menu": MenuItem.objects.offered().for_list(),
    }
    if not sending.takes_demands(shop):
        return _draw(request, "closed", context)
    form = SendForm(request.POST or None, request.FILES or None)
    key, status = keys.read(request.POST.get("key", "")), 200
    if form.is_bound and key is None:
        form.add_error(None, "页面开得太久了。您写的还在，请再按一次“提交”。")
    address, now = limits.address_of(request), timezone.now()
    pictures = []
    # Who may send nothing more does not make us draw photos either.
    if form.is_valid() and not limits.is_over(Attempt.Kind.POST, address, at=now):
        pictures = form.pictures()
    if form.is_valid():
        data = form.cleaned_data
        try:
            link = sending.send(
                found,
                key=key,
                address=address,
                category=data["category"],
                words=data["words"],
                phone=data["phone"],
                pictures=pictures,
                at=now,
            )
        except sending.Refused as refused:
            form.add_error(None, str(refused))
            status = 429 if isinstance(refused, sending.TooMany) else 200
        else:
            if link is None:
                return _draw(request, "again", context)
            return redirect(f"{reverse('public:demand', args=[link])}?sent=1")
    context |= {
        "form": form,
        "key": request.POST["key"] if key else keys.new(),
    }
    return _draw(request, "card", context, status=status)


@needs(Right.LOG_VISITS)
@require_safe
def card_staff(request, token):
    """“我是网格员”: through sign-in to the visit of the shop whose card it is."""
    found, answer = _found(request, cards.card_of, token)
    if answer:
        return answer
    shop = sending.shop_of(found)
    return redirect(f"{reverse('visits:visit_new')}?business={shop.pk}")


# --- a demand's own link -------------------------------------------------------------


@unlisted
@require_safe
def demand(request, token):
    """How far a demand is, and what came of it; whoever holds the link may see."""
    link, answer = _found(request, links.link_of, token)
    return answer or _demand_page(request, link.demand, token, RateForm())


def _demand_page(request, asked, token, form, status=200):
    address = request.build_absolute_uri(reverse("public:demand", args=[token]))
    fresh = "sent" in request.GET
    context = {
        "demand": asked,
        "token": token,
        "steps": progress(asked),
        "ratings": asked.ratings.by_askers(),
        "may_rate": ratings.may_rate(asked, timezone.localdate()),
        "form": form,
        "fresh": fresh,
        "address": address,
        "qr": qr(address),
        # Of a confidential one the words are its handler's; the asker knows them.
        "said": "您说的事按保密办理，这里不显示原话。"
        if asked.confidential
        else asked.words,
        "outcome": asked.outcome,
    }
    return _draw(request, "demand", context, status=status)


@unlisted
@require_POST
def demand_rate(request, token):
    """The asker's word on what came of it. Who has an account here is no asker."""
    link, answer = _found(request, links.link_of, token)
    if answer:
        return answer
    form = RateForm(request.POST)
    if request.user.is_authenticated:
        form.add_error(None, "您登录着工作账号，不能代提出的人评价。")
    if form.is_valid():
        now, address = timezone.now(), limits.address_of(request)
        if not limits.take(Attempt.Kind.POST, address, at=now):
            form.add_error(None, "这一小时里提交得太多了，请过一会儿再评。")
            return _demand_page(request, link.demand, token, form, status=429)
        try:
            ratings.rate(link.demand, **form.cleaned_data, link=link.pk, at=now)
        except VisitsRefused as refused:
            form.add_error(None, str(refused))
        else:
            return redirect("public:demand", token)
    return _demand_page(request, link.demand, token, form, status=422)


# --- for search machines -------------------------------------------------------------


@anyone
@require_safe
def robots(request):
    """Nothing of the portal is for search machines."""
    return HttpResponse(
        "User-agent: *\nDisallow: /\n", content_type="text/plain; charset=utf-8"
    )
