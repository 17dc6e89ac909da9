"""What staff do with cards and links: print, make void, give out anew."""

from django.contrib import messages
from django.http import QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, needs
from enterprises.models import Business
from public import cards, links
from public.forms import RevokeForm
from public.models import Card, DemandLink, Sending, SentPhoto
from public.qr import qr
from public.sending import FOLDER
from tianshan import audit
from tianshan.files.keeping import picture_response
from tianshan.ledgers import LEDGERS
from tianshan.ledgers.panels import asked_or_404
from tianshan.web import render_inside
from tianshan.web.masks import masked_phone
from visits.models import Demand

# Of a form, what is no filter of a ledger.
NO_FILTER = {"page", "size", "format", "columns", "view", "csrfmiddlewaretoken"}
SHOWN = 50


# --- cards ---------------------------------------------------------------------------


def _asked_for(request, ledger, data):
    """`(query, businesses)`: the rows that the ledger's filters and ticks mean, in its
    order, of those that the user visits; at most one more than may be printed."""
    query = QueryDict(mutable=True)
    for key, values in data.lists():
        if key not in NO_FILTER:
            query.setlist(key, values)
    asked = asked_or_404(request, ledger, query)
    mine = Business.objects.visible_to(request.user, Right.LOG_VISITS)
    rows = asked.rows.filter(pk__in=mine.values("pk"))
    ids = list(rows.values_list("pk", flat=True)[: cards.MOST + 1])
    found = mine.select_related("building", "grid").in_bulk(ids)
    return query, [found[pk] for pk in ids]


@needs(Right.LOG_VISITS)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def card_print(request, key="businesses"):
    """Cards of the rows that a ledger shows, on sheets of A4: looked at, then made."""
    ledger = LEDGERS[key]
    data = request.POST if request.method == "POST" else request.GET
    query, businesses = _asked_for(request, ledger, data)
    context = {
        "ledger": ledger,
        "query": [(k, v) for k, values in query.lists() for v in values],
        "businesses": businesses,
        "shown": businesses[:SHOWN],
        "most": cards.MOST,
        "back": f"{ledger.url}?{query.urlencode()}",
    }
    if request.method != "POST" or not businesses:
        return render(request, "public/card_print.html", context)
    try:
        printed = cards.print_cards(businesses, by=request.user, at=timezone.now())
    except cards.Refused as refused:
        messages.warning(request, str(refused))
        return render(request, "public/card_print.html", context)
    context["cards"] = [
        {"card": card, "shop": card.business, "qr": qr(_address(request, token))}
        for card, token in printed
    ]
    return render(request, "public/card_sheets.html", context)


def _address(request, token):
    return request.build_absolute_uri(reverse("public:card", args=[token]))


@needs(Right.SEE_BUSINESSES)
@require_safe
def for_business(request, pk):
    """The cards of a business: a part of its page."""
    business = get_object_or_404(Business.objects.visible_to(request.user), pk=pk)
    mine = Business.objects.visible_to(request.user, Right.LOG_VISITS)
    context = {
        "business": business,
        "cards": Card.objects.filter(business=business).select_related(
            "made_by", "revoked_by"
        ),
        "may_print": mine.filter(pk=pk).exists(),
    }
    return render_inside(request, "public/for_business.html", context)


@needs(Right.LOG_VISITS)
@require_http_methods(["GET", "HEAD", "POST"])
def card_revoke(request, pk):
    card = get_object_or_404(
        Card.objects.visible_to(request.user, Right.LOG_VISITS).select_related(
            "business"
        ),
        pk=pk,
    )
    form = RevokeForm(request.POST or None)
    if form.is_valid():
        try:
            cards.revoke(
                card,
                reason=form.cleaned_data["reason"],
                by=request.user,
                at=timezone.now(),
            )
        except cards.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "这张码已作废，旧卡打不开了。要用请重新打印。")
            return redirect(card.business)
    return render(request, "public/card_revoke.html", {"card": card, "form": form})


# --- demands that came by a card -------------------------------------------------------


def _demand(request, pk, having=Right.SEE_DEMANDS):
    return get_object_or_404(
        Demand.objects.visible_to(request.user, having).select_related(
            "business__building", "grid", "category"
        ),
        pk=pk,
    )


@needs(Right.SEE_DEMANDS)
@require_safe
def for_demand(request, pk):
    """What came with a demand by the card, and its own links: a part of its page."""
    demand = _demand(request, pk)
    sent = Sending.objects.filter(demand=demand).order_by("pk")
    mine = Demand.objects.visible_to(request.user, Right.ANSWER_DEMANDS)
    context = {
        "demand": demand,
        "phone": masked_phone(_phone_of(demand)),
        "sent": sent,
        "photos": SentPhoto.objects.visible_to(request.user).filter(
            sending__demand=demand
        ),
        "links": DemandLink.objects.in_force()
        .filter(demand=demand)
        .select_related("made_by"),
        "may_call": Demand.objects.visible_to(request.user, Right.CALL)
        .filter(pk=pk)
        .exists(),
        "may_give": mine.filter(pk=pk).exists(),
    }
    return render_inside(request, "public/for_demand.html", context)


def _phone_of(demand):
    """The number that was left last, or ""."""
    left = Sending.objects.filter(demand=demand).exclude(phone="")
    return left.order_by("-pk").values_list("phone", flat=True).first() or ""


@needs(Right.CALL)
@never_cache
@require_POST
def phone(request, pk):
    """The number that the sender left, in full, for one call; logged before."""
    demand = _demand(request, pk, Right.CALL)
    number = _phone_of(demand)
    if number:
        audit.read(
            demand, "phone", by=request.user, at=timezone.now(), why="联系提出的人"
        )
    context = {"demand": demand, "number": number}
    return render(request, "public/phone.html", context)


@needs(Right.SEE_DEMANDS)
@require_safe
def photo(request, pk):
    """A photo that came with a demand; `?small=1` the small one."""
    photo = get_object_or_404(SentPhoto.objects.visible_to(request.user), pk=pk)
    return picture_response(FOLDER, photo.name, small="small" in request.GET)


@needs(Right.ANSWER_DEMANDS)
@never_cache
@require_POST
def link_give(request, pk):
    """A slip with a link of the demand's own, to hand over when telling back."""
    demand = _demand(request, pk, Right.ANSWER_DEMANDS)
    token = links.give(demand, by=request.user, at=timezone.now())
    address = request.build_absolute_uri(reverse("public:demand", args=[token]))
    context = {"demand": demand, "address": address, "qr": qr(address)}
    return render(request, "public/slip.html", context)


@needs(Right.ANSWER_DEMANDS)
@require_POST
def link_revoke(request, pk):
    demand = _demand(request, pk, Right.ANSWER_DEMANDS)
    count = links.revoke_all(demand, by=request.user, at=timezone.now())
    messages.success(request, f"已作废 {count} 个链接，拿着旧链接的人打不开了。")
    return redirect(demand)
