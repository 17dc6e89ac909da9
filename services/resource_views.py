"""Needs and providers: ledgers, one need with its offers side by side, what changes them."""

import random

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, needs
from services import providers, resources
from services.models import Contact, Match, Need, NeedAsker, Offer, Provider
from services.resource_forms import (
    ChoiceForm,
    ContactForm,
    NeedForm,
    NewProviderForm,
    OfferForm,
    OutcomeForm,
    PostponeForm,
    ProviderForm,
    ReasonForm,
    ThanksForm,
)
from services.resource_ledger import NEEDS, PROVIDERS
from tianshan import audit
from tianshan.ledgers.views import ledger_page
from tianshan.web import number
from visits.models import Demand
from visits.views import choose, chosen

# Another order each time it is shown: no provider stands first because of its name.
shuffled = random.SystemRandom().shuffle


def _taken(request, form, act, *args, **data):
    """Do the act with what the form holds; what is refused is said on the form."""
    try:
        return act(*args, by=request.user, at=timezone.now(), **data)
    except resources.Refused as refused:
        form.add_error(None, str(refused))
        return None


# --- needs ---------------------------------------------------------------------------


@needs(Right.SEE_SERVICES, Right.OFFER)
@require_safe
def need_list(request):
    return ledger_page(request, NEEDS)


@needs(Right.ORDER)
@require_http_methods(["GET", "HEAD", "POST"])
def need_new(request):
    """A need of the business in `?business=`; without one, choose it first."""
    business = chosen(request, Right.ORDER)
    if business is None:
        return choose(request, "登记需求", Right.ORDER)
    form = NeedForm(request.POST or None)
    if form.is_valid():
        need = _taken(request, form, resources.ask, [business], **form.cleaned_data)
        if need:
            messages.success(request, "需求已登记，候选的提供方列在下面。")
            return redirect(need)
    context = {"business": business, "form": form}
    return render(request, "services/need_new.html", context)


@needs(Right.ANSWER_DEMANDS)
@require_http_methods(["GET", "HEAD", "POST"])
def need_from_demand(request, pk):
    """转为需求: the demand goes on as a need, whose outcome answers it."""
    demand = get_object_or_404(
        Demand.objects.visible_to(request.user, Right.ANSWER_DEMANDS).select_related(
            "business__grid", "business__building", "category"
        ),
        pk=pk,
    )
    form = NeedForm(request.POST or None, initial={"words": demand.words[:500]})
    if form.is_valid():
        need = _taken(request, form, resources.turn, demand, **form.cleaned_data)
        if need:
            messages.success(request, "已转为需求，候选的提供方列在下面。")
            return redirect(need)
    context = {"demand": demand, "form": form}
    return render(request, "services/need_from_demand.html", context)


@needs(Right.ANSWER_DEMANDS)
@require_POST
def need_turn_back(request, pk):
    need = _need(request, pk)
    demand = get_object_or_404(
        Demand.objects.visible_to(request.user, Right.ANSWER_DEMANDS),
        need_asked__need=need,
    )
    try:
        resources.turn_back(need, by=request.user, at=timezone.now())
    except resources.Refused as refused:
        messages.error(request, str(refused))
        return redirect(need)
    messages.success(request, "已撤销转办，诉求照旧待处理。")
    return redirect(demand)


@needs(Right.SEE_SERVICES, Right.OFFER)
@require_safe
def need_detail(request, pk):
    """Who asks, what is offered side by side, who could, what was chosen."""
    need = get_object_or_404(
        Need.objects.visible_to(request.user).select_related("grid", "raised_by"), pk=pk
    )
    aside = resources.stands_aside(request.user, need)
    offers = [] if aside else list(_offers(request, need))
    shuffled(offers)
    askers = _askers(request, need, offers)
    may_tend = resources.may_tend(request.user, need)
    today = timezone.localdate()
    context = {
        "need": need,
        "light": need.light(today),
        "aside": aside,
        "offers": [each for each in offers if not each.withdrawn_on],
        "gone": [each for each in offers if each.withdrawn_on],
        "askers": askers,
        "tasks": [
            {"task": task, "light": task.light(today)}
            for task in need.replacements.visible_to(request.user).select_related(
                "lost__provider"
            )
        ],
        "candidates": resources.candidates(need)
        if may_tend and need.state == Need.State.OPEN
        else [],
        "thanks": need.thanks.all(),
        "may_turn_back": may_tend
        and request.user.may(Right.ANSWER_DEMANDS)
        and resources.may_turn_back(need),
        "steps": need.open_steps if may_tend else set(),
        "may_tend": may_tend,
        "may_offer": need.state == Need.State.OPEN
        and (may_tend or Provider.objects.of_units(request.user).exists()),
        "past": need.is_past(today),
        "choices": Match.Choice.choices,
        "may_call": request.user.may(Right.CALL),
    }
    return render(request, "services/need_detail.html", context)


def _offers(request, need):
    """Those that the user may see, each with its terms in the order of what is compared."""
    rows = Offer.objects.visible_to(request.user).filter(need=need)
    own = set(Provider.objects.of_units(request.user).values_list("pk", flat=True))
    for row in rows.select_related("provider"):
        row.in_order = [(name, row.terms.get(name, "")) for name in need.compares]
        row.own = row.provider_id in own
        yield row


def _askers(request, need, offers):
    """Each asker with its word on each offer, in the order in which these are shown."""
    rows = NeedAsker.objects.visible_to(request.user).filter(need=need)
    said = {
        (match.asker_id, match.offer_id): match
        for match in Match.objects.in_force().filter(asker__need=need)
    }
    standing = [offer for offer in offers if not offer.withdrawn_on]
    return [
        {
            "asker": row,
            "said": [(offer, said.get((row.pk, offer.pk))) for offer in standing],
        }
        for row in rows.select_related("business", "demand")
    ]


def _need(request, pk):
    return get_object_or_404(
        Need.objects.visible_to(request.user, Right.SEE_SERVICES), pk=pk
    )


@needs(Right.ORDER)
@require_http_methods(["GET", "HEAD", "POST"])
def asker_add(request, pk):
    """One more that wants the same: chosen, then added by a press of the button."""
    need = _need(request, pk)
    business = chosen(request, Right.ORDER)
    if business is None:
        return choose(request, f"还有谁要：{need}", Right.ORDER)
    if request.method == "POST":
        try:
            resources.join(need, business, by=request.user, at=timezone.now())
        except resources.Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, f"已加上{business}。")
        return redirect(need)
    context = {"need": need, "business": business}
    return render(request, "services/asker_add.html", context)


@needs(Right.ORDER, Right.KEEP_RESOURCES, Right.OFFER)
@require_http_methods(["GET", "HEAD", "POST"])
def offer_new(request, pk):
    need = _need(request, pk)
    tends = resources.may_tend(request.user, need)
    rows = Provider.objects
    seen = rows.visible_to(request.user) if tends else rows.of_units(request.user)
    form = OfferForm(
        request.POST or None,
        need=need,
        providers=seen,
        initial={"provider": request.GET.get("provider")},
    )
    if form.is_valid():
        made = _taken(
            request,
            form,
            resources.offer,
            need,
            form.cleaned_data["provider"],
            terms=form.terms(),
            words=form.cleaned_data["words"],
        )
        if made:
            messages.success(request, f"已记下{made.provider}的提供意向。")
            return redirect(need)
    context = {"need": need, "form": form, "does": "记提供意向", "icon": "check"}
    return render(request, "services/need_step.html", context)


@needs(Right.ORDER, Right.KEEP_RESOURCES, Right.OFFER)
@require_http_methods(["GET", "HEAD", "POST"])
def offer_withdraw(request, pk):
    offer = get_object_or_404(
        Offer.objects.visible_to(request.user).select_related("need", "provider"), pk=pk
    )
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        now = timezone.now()
        try:
            task = resources.withdraw_offer(
                offer, why=form.cleaned_data["why"], by=request.user, at=now
            )
        except resources.Refused as refused:
            form.add_error(None, str(refused))
        else:
            words = f"{offer.provider}已退出。"
            if task:
                words += f"{task.settle_by:%-m月%-d日}前要找到人补位，候选列在下面。"
            messages.success(request, words)
            return redirect(offer.need)
    context = {
        "need": offer.need,
        "form": form,
        "does": f"{offer.provider}退出",
        "icon": "door-exit",
    }
    return render(request, "services/need_step.html", context)


@needs(Right.ORDER, Right.KEEP_RESOURCES)
@require_POST
def need_choose(request, pk, offer):
    """What an asker says to an offer, written down for it."""
    asker = get_object_or_404(
        NeedAsker.objects.visible_to(request.user).select_related("need"), pk=pk
    )
    offer = get_object_or_404(
        Offer.objects.visible_to(request.user).filter(need=asker.need), pk=offer
    )
    form = ChoiceForm(request.POST)
    if form.is_valid():
        try:
            resources.choose(
                asker,
                offer,
                choice=form.cleaned_data["choice"],
                by=request.user,
                at=timezone.now(),
            )
        except resources.Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, "已记下。")
    else:
        messages.error(request, "请选办了、没办或在看。")
    return redirect(asker.need)


# What ends or moves a need: the act, what the page is called, its form.
STEPS = {
    "postpone": (resources.postpone, "改期", "calendar-event", PostponeForm),
    "meet": (resources.meet, "已对接", "circle-check", OutcomeForm),
    "give_up": (resources.give_up, "没有办成", "circle-off", OutcomeForm),
    "withdraw": (resources.withdraw, "撤回需求", "arrow-back-up", OutcomeForm),
    "thank": (resources.thank, "记致谢", "award", ThanksForm),
}


@needs(Right.ORDER, Right.KEEP_RESOURCES)
@require_http_methods(["GET", "HEAD", "POST"])
def need_step(request, pk, step):
    need = _need(request, pk)
    act, does, icon, kind = STEPS[step]
    form = kind(request.POST or None)
    if form.is_valid() and _taken(request, form, act, need, **form.cleaned_data):
        messages.success(request, "已记下。")
        return redirect(need)
    context = {"need": need, "form": form, "does": does, "icon": icon}
    return render(request, "services/need_step.html", context)


@needs(Right.ORDER, Right.KEEP_RESOURCES)
@require_POST
def need_seek_again(request, pk):
    need = _need(request, pk)
    try:
        resources.seek_again(need, by=request.user, at=timezone.now())
    except resources.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "接着找。")
    return redirect(need)


# --- providers -----------------------------------------------------------------------


@needs(Right.SEE_SERVICES)
@require_safe
def provider_list(request):
    return ledger_page(request, PROVIDERS)


@needs(Right.KEEP_RESOURCES)
@require_http_methods(["GET", "HEAD", "POST"])
def provider_new(request):
    form = NewProviderForm(request.POST or None, user=request.user)
    if form.is_valid():
        provider = _taken(request, form, providers.enter, **form.cleaned_data)
        if provider:
            messages.success(request, f"已登记{provider}。")
            return redirect(provider)
    return render(request, "services/provider_new.html", {"form": form})


def _provider(request, pk, *, having=Right.SEE_SERVICES):
    return get_object_or_404(
        Provider.objects.visible_to(request.user, having).select_related(
            "grid", "unit", "business"
        ),
        pk=pk,
    )


@needs(Right.SEE_SERVICES)
@require_safe
def provider_detail(request, pk):
    provider = _provider(request, pk)
    kept = Provider.objects.visible_to(request.user, Right.KEEP_RESOURCES)
    offers = Offer.objects.visible_to(request.user).filter(provider=provider)
    context = {
        "provider": provider,
        "may_keep": kept.filter(pk=pk).exists(),
        "may_call": request.user.may(Right.CALL),
        "may_note": request.user.may(Right.ORDER)
        or request.user.may(Right.KEEP_RESOURCES),
        "offers": offers.select_related("need").order_by("-made_on", "-pk"),
        "contacts": Contact.objects.visible_to(request.user)
        .filter(provider=provider)
        .select_related("need", "by"),
    }
    return render(request, "services/provider_detail.html", context)


@needs(Right.CALL)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def provider_phone(request, pk):
    """The number in full: one tap for who keeps the resources there, for others with a
    reason; both are logged before anything is shown."""
    provider = _provider(request, pk)
    if not provider.contact_phone:
        messages.warning(request, "没有登记联系电话。")
        return redirect(provider)
    kept = Provider.objects.visible_to(request.user, Right.KEEP_RESOURCES)
    own = kept.filter(pk=pk).exists()
    form = ReasonForm(request.POST or None)
    number = None
    if request.method == "POST" and (own or form.is_valid()):
        why = "联系提供方" if own else form.cleaned_data["why"]
        audit.read(
            provider, "contact_phone", by=request.user, at=timezone.now(), why=why
        )
        number = provider.contact_phone
    context = {"provider": provider, "form": form, "number": number, "own": own}
    return render(request, "services/provider_phone.html", context)


@needs(Right.KEEP_RESOURCES)
@require_http_methods(["GET", "HEAD", "POST"])
def provider_edit(request, pk):
    provider = _provider(request, pk, having=Right.KEEP_RESOURCES)
    form = ProviderForm(request.POST or None, instance=provider, user=request.user)
    if form.is_valid():
        facts = {**form.cleaned_data, "business": provider.business}
        changed = _taken(request, form, providers.edit, provider, **facts)
        if changed is not None:
            messages.success(request, "已保存。" if changed else "没有变化，未作改动。")
            return redirect(provider)
    context = {"provider": provider, "form": form, "does": "改资料", "icon": "check"}
    return render(request, "services/provider_step.html", context)


@needs(Right.KEEP_RESOURCES)
@require_http_methods(["GET", "HEAD", "POST"])
def provider_end(request, pk):
    provider = _provider(request, pk, having=Right.KEEP_RESOURCES)
    form = ReasonForm(request.POST or None)
    if form.is_valid() and _taken(
        request, form, providers.end, provider, **form.cleaned_data
    ):
        messages.success(request, f"{provider}不再列为候选。")
        return redirect(provider)
    context = {
        "provider": provider,
        "form": form,
        "does": "不再提供",
        "icon": "archive",
    }
    return render(request, "services/provider_step.html", context)


@needs(Right.ORDER, Right.KEEP_RESOURCES)
@require_http_methods(["GET", "HEAD", "POST"])
def contact_new(request, pk):
    """Note that the provider was spoken to; `?need=` says for which need."""
    provider = _provider(request, pk)
    need = Need.objects.visible_to(request.user).filter(
        pk=number(request.GET.get("need"))
    )
    need = need.first()
    form = ContactForm(request.POST or None)
    if form.is_valid() and _taken(
        request, form, providers.note_contact, provider, need=need, **form.cleaned_data
    ):
        messages.success(request, "已记下。")
        return redirect(need or provider)
    context = {"provider": provider, "form": form, "does": "记联系", "icon": "phone"}
    return render(request, "services/provider_step.html", context)


@needs(Right.ORDER)
@require_http_methods(["GET", "HEAD", "POST"])
def own_business(request):
    """Which business one runs oneself: where it offers, one stands aside."""
    mine = request.user.own_businesses.select_related("business")
    business = chosen(request, Right.ORDER)
    if business is None:
        return choose(request, "本人经营的企业商户", Right.ORDER)
    if request.method == "POST":
        providers.own(business, by=request.user, at=timezone.now())
        messages.success(request, f"已记下。{business}提供资源的需求，由他人办理。")
        return redirect("services:need_list")
    context = {"business": business, "mine": mine}
    return render(request, "services/own_business.html", context)
