"""Visits as they are logged and listed; demands as they come and are dealt with."""

import uuid
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, needs
from enterprises import actions as enterprises
from enterprises.forms import PAGE_TOO_OLD, Seen
from enterprises.models import Business
from tianshan.database.keys_first import listed
from tianshan.ledgers.views import ledger_page
from tianshan.pinyin import fold
from tianshan.web import number, render_inside, render_part
from tianshan.web.masks import masked_phone, phone_tail
from tianshan.workdays import Calendar
from visits import (
    actions,
    confidential,
    correcting,
    doubles,
    dropping,
    of_visits,
    ratings,
)
from visits.alike import alike
from visits.entry_forms import EntryForm
from visits.forms import (
    FACTS,
    WORDS,
    AnswerForm,
    CallBackForm,
    DeclineForm,
    ExplainForm,
    PhotoForm,
    VisitForm,
    VoidForm,
)
from visits.history import told_history
from visits.ledgers import DEMANDS, STATES, VISITS
from visits.models import Demand, Photo, Promise, Visit
from visits.photo_views import take_from_form
from visits.steps import FORWARD, may_do, next_steps, what_is_next
from visits.telling_forms import DropForm
from visits.way import way_of

FOUND = 20  # businesses offered to choose from
KEPT = ("source",)  # what the address keeps while one chooses
SHOWN = 100  # visits, and demands, of one business on its page


@needs(Right.SEE_BUSINESSES)
@require_safe
def visit_list(request):
    return ledger_page(request, VISITS)


@needs(Right.SEE_DEMANDS)
@require_safe
def demand_list(request):
    return ledger_page(request, DEMANDS)


# --- whom ----------------------------------------------------------------------------


def chosen(request, having=Right.LOG_VISITS):
    """The business in `?business=`, if the user holds the right over it; else None."""
    asked = request.GET.get("business")
    if not asked:
        return None
    return get_object_or_404(
        Business.objects.visible_to(request.user, having).select_related(
            "grid", "building"
        ),
        pk=number(asked),
    )


def _key(request):
    """The key of a form that was drawn before, out of its address; else None."""
    try:
        return uuid.UUID(request.GET.get("key", ""))
    except ValueError:
        return None


def choose(request, heading, having=Right.LOG_VISITS):
    """Which business it is about: a search, each result a link back to this page.

    What else the address says is kept. Enter on the only one found goes on with it.
    """
    q = request.GET.get("q", "")
    if tail := phone_tail(q):
        q = tail
    kept = [(name, value) for name, value in request.GET.items() if name in KEPT]
    words = fold(q).split()[:5]
    found = Business.objects.visible_to(request.user, having).for_list()
    for word in words:
        found = found.filter(search__found=word)
    found = list(found[:FOUND]) if words else []
    kept_query = "".join(f"{urlencode([pair])}&" for pair in kept)
    if len(found) == 1 and not request.htmx:
        return redirect(f"{request.path}?{kept_query}business={found[0].pk}")
    context = {
        "heading": heading,
        "typed": q,
        "kept": kept,
        "kept_query": kept_query,
        "found": found,
        "searched": bool(words),
        "most": FOUND,
    }
    return render_part(request, "visits/choose.html", context, part="found")


def _waiting(business, user):
    """Of the business's demands: those still open, and those to tell it about."""
    demands = Demand.objects.visible_to(user).filter(business=business).waiting()
    waiting = _with_lights(listed(demands.order_by("-raised_on", "-pk")))
    promised = Promise.objects.visible_to(user).filter(business=business)
    return {
        "promises": listed(promised.open().order_by("due_on", "pk")),
        "open_demands": [demand for demand in waiting if not demand.to_tell],
        "to_tell": [d for d in waiting if d.to_tell and d.may_be_handled_by(user)],
    }


def _with_lights(demands):
    today, rows = timezone.localdate(), list(demands)
    for demand in rows:
        demand.lamp = demand.light(today)
        demand.drawn = STATES[demand.state]
    return rows


# --- visits --------------------------------------------------------------------------


@needs(Right.LOG_VISITS)
@require_http_methods(["GET", "HEAD", "POST"])
def visit_new(request):
    """The visit form of one business; the same submission twice is one visit.

    Its key stands in the address, for a browser that goes back asks for the page anew:
    it gets the same key, and once that has been used, the visit itself.
    """
    business = chosen(request)
    if business is None:
        return choose(request, "记走访")
    key = _key(request)
    if request.method != "POST":
        if key is None:
            return redirect(f"{request.path}?business={business.pk}&key={uuid.uuid4()}")
        mine = Visit.objects.visible_to(request.user).filter(visitor=request.user)
        saved = mine.filter(client_key=key).first()
        if saved:
            return redirect(saved)
    fresh, clashes = Seen.of(business, FACTS), {}
    seen = fresh
    if request.method == "POST":
        seen = Seen.read(request.POST.get("seen", ""), business)
    form = VisitForm(
        request.POST or None, business=business, seen=seen or fresh, client_key=key
    )
    if form.is_bound and seen is None:
        form.add_error(None, PAGE_TOO_OLD)

    if form.is_valid():
        data = form.cleaned_data
        try:
            visit, _ = actions.log_visit(
                business,
                client_key=data["client_key"],
                filled_at=data["filled_at"],
                facts_seen=seen.values,
                by=request.user,
                at=timezone.now(),
                **form.answers,
            )
        except actions.KeyReused as reused:
            context = {"business": business, "words": str(reused)}
            return render(request, "visits/key_reused.html", context, status=409)
        except enterprises.Conflict as conflict:
            form.add_error(None, str(conflict))
            clashes, business = conflict.fields, conflict.business
            fresh = Seen.of(business, FACTS)
            seen.refresh(form, fresh)
            seen = fresh
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            told = len(data["told"])
            also = f"已回告 {told} 件诉求。" if told else ""
            if taken := take_from_form(request, visit):
                also += f"收到 {taken} 张照片。"
            messages.success(request, f"走访已记。{also}")
            return redirect(visit)

    last = business.visits.standing().for_list().first()
    context = {
        "business": business,
        "form": form,
        "photo_form": PhotoForm(),
        "seen": (seen or fresh).text,
        "told": {str(value) for value in form["told"].value()},
        "kept": {str(value) for value in form["kept"].value()},
        "clashes": [_clash(form, name, value) for name, value in clashes.items()],
        "last": last,
        "may_call": bool(business.contact_phone)
        and Business.objects.visible_to(request.user, Right.CALL)
        .filter(pk=business.pk)
        .exists(),
        **_waiting(business, request.user),
    }
    status = 409 if clashes else 200
    return render(request, "visits/visit_new.html", context, status=status)


def _clash(form, name, theirs):
    """One fact that two people corrected, as both said it."""
    mine = form.cleaned_data[name]
    say = {
        "contact_phone": masked_phone,
        "state": lambda value: Business.State(value).label,
    }.get(name, lambda value: value)
    return {"label": form.fields[name].label, "theirs": say(theirs), "mine": say(mine)}


def _visit(request, pk):
    return get_object_or_404(
        Visit.objects.visible_to(request.user)
        .for_list()
        .select_related("voided_by", "business__building", "joined_to__visitor"),
        pk=pk,
    )


def _visit_page(request, visit, form, status=200):
    context = {
        "visit": visit,
        "demands": _with_lights(
            Demand.objects.visible_to(request.user).filter(visit=visit).for_list()
        ),
        "changed": [
            {"label": label, "before": before, "after": after}
            for label, before, after in _corrections(visit)
        ],
        "history": told_history(visit),
        "form": form,
        "photos": Photo.objects.of(visit).kept(),
        "photo_form": PhotoForm() if visit.visitor_id == request.user.pk else None,
        "companions": visit.companions.select_related("user", "unit"),
        "promises": visit.promises.for_list(),
        "kept": visit.kept_promises.for_list(),
        "corrections": [
            {"row": row, "lines": correcting.in_words(row)}
            for row in visit.corrections.select_related("by")
        ],
        "doubles": doubles.likely_of(visit) if not visit.voided_at else [],
        "joined": visit.joined.for_list(),
        "may_correct": correcting.may_correct(visit, request.user),
        "may_log": _may_log(request.user, visit.business),
    }
    return render(request, "visits/visit_detail.html", context, status=status)


def _may_log(user, business):
    mine = Business.objects.visible_to(user, Right.LOG_VISITS)
    return mine.filter(pk=business.pk).exists()


def _corrections(visit):
    """What was corrected at the door, in words; phones masked."""
    for name, (before, after) in visit.facts_changed.items():
        label = Business._meta.get_field(name).verbose_name
        if name == "contact_phone":
            before, after = masked_phone(before), masked_phone(after)
        elif name == "state":
            before, after = Business.State(before).label, Business.State(after).label
        yield label, before, after


@needs(Right.SEE_BUSINESSES)
@require_safe
def visit_detail(request, pk):
    visit = _visit(request, pk)
    form = VoidForm(demands=len(of_visits.asked_on(visit)))
    return _visit_page(request, visit, form)


@needs(Right.LOG_VISITS)
@require_POST
def visit_void(request, pk):
    visit = _visit(request, pk)
    form = VoidForm(request.POST, demands=len(of_visits.asked_on(visit)))
    if form.is_valid():
        try:
            left = actions.void_visit(
                visit,
                **form.cleaned_data,
                by=request.user,
                at=timezone.now(),
            )
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            also = (
                "，这次的诉求记为误记" if form.cleaned_data.get("with_demands") else ""
            )
            messages.success(
                request, f"这条走访已作废{also}，它回告的诉求和改过的资料已还原。"
            )
            if left:
                words = "、".join(left)
                messages.warning(request, f"这几项后来又有人改过，没有还原：{words}。")
            return redirect(visit)
    return _visit_page(request, visit, form, status=422)


@needs(Right.SEE_BUSINESSES)
@require_safe
def for_business(request, pk):
    """What passed between a business and us, latest first: visits and demands."""
    business = get_object_or_404(
        Business.objects.visible_to(request.user).select_related("building"), pk=pk
    )
    visits = Visit.objects.visible_to(request.user).filter(business=business)
    demands = Demand.objects.visible_to(request.user).filter(business=business)
    lines = [
        *(
            {"day": visit.visited_on, "visit": visit}
            for visit in visits.for_list()[:SHOWN]
        ),
        *(
            {"day": demand.raised_on, "demand": demand}
            for demand in _with_lights(demands.for_list()[:SHOWN])
        ),
    ]
    lines.sort(key=lambda line: line["day"], reverse=True)
    context = {"business": business, "lines": lines[:SHOWN], "most": SHOWN}
    return render_inside(request, "visits/for_business.html", context)


# --- demands -------------------------------------------------------------------------


@needs(Right.LOG_VISITS)
@require_http_methods(["GET", "HEAD", "POST"])
def demand_new(request):
    """A demand that came by a call, over the counter or as a message.

    `?source=` is how it came, `?after=` the one written down just before, of the same
    message.
    """
    business = chosen(request)
    if business is None:
        return choose(request, "记诉求")
    before = _before(request, business)
    form = EntryForm(
        request.POST or None,
        business=business,
        user=request.user,
        initial=_as_before(request, business, before),
    )
    if form.is_valid():
        try:
            demand, created = actions.take_demand(
                business, **form.said, by=request.user, at=timezone.now()
            )
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            words = (
                f"诉求已记，由{demand.owed_by}答复。"
                if created
                else "这件诉求已经记过，没有再记一件。"
            )
            if taken := take_from_form(request, demand):
                words += f"收到 {taken} 张照片。"
            messages.success(request, words)
            if "more" in request.POST:
                again = f"?business={business.pk}&after={demand.pk}"
                return redirect(request.path + again)
            return redirect(demand)
    context = {
        "business": business,
        "form": form,
        "photo_form": PhotoForm(),
        "before": before,
        **_waiting(business, request.user),
    }
    return render(request, "visits/demand_new.html", context)


def _before(request, business):
    """The demand of this business that the user wrote down just before; or None."""
    mine = Demand.objects.visible_to(request.user).filter(recorded_by=request.user)
    after = number(request.GET.get("after", ""))
    return mine.filter(business=business, pk=after).first() if after else None


def _as_before(request, business, before):
    """What the form begins with."""
    if before:
        return {
            "source": before.source,
            "said_by": before.said_by,
            "raised_on": before.raised_on,
        }
    source = request.GET.get("source")
    return {
        "source": source if source in EntryForm.SOURCES else Demand.Source.CALL,
        "said_by": business.contact_name,
    }


@needs(Right.LOG_VISITS)
@require_POST
def demand_alike(request):
    """Open demands that may ask for the same; by POST: words stay out of addresses."""
    business = chosen(request)
    if business is None:
        raise Http404
    words = request.POST.get("words", "")[:WORDS]
    hidden = "confidential" in request.POST
    found = [] if hidden else alike(request.user, business, words)
    return render(request, "visits/demand_new.html#alike", {"found": found})


def _reckoned(demand):
    """The deadlines that the demand had, the one in force last, each with its days."""
    calendar = Calendar.load()
    dues = list(demand.dues.select_related("by"))
    for due in dues:
        due.days = calendar.between(due.since, due.due_on)
        due.lines = calendar.reckon(due.since, due.days)
        due.provisional = any(line.provisional for line in due.lines)
    return dues


@needs(Right.SEE_DEMANDS)
@require_safe
def demand_detail(request, pk):
    demand = get_object_or_404(
        Demand.objects.visible_to(request.user)
        .for_list()
        .select_related("visit", "told_by", "told_visit", "dropped_by"),
        pk=pk,
    )
    steps = next_steps(demand, request.user)
    context = {
        "demand": demand,
        "state": STATES[demand.state],
        "lamp": demand.light(timezone.localdate()),
        "next": what_is_next(demand),
        "may_untell": "untell" in demand.open_steps
        and demand.told_from
        and not demand.told_visit_id
        and may_do(demand, request.user, Right.LOG_VISITS),
        "may_restore": "restore" in demand.open_steps
        and may_do(demand, request.user, Right.ANSWER_DEMANDS),
        "steps": steps,
        "first_step": next((one for one in steps if one["step"] in FORWARD), None),
        "may_reassign": demand.handler_id != request.user.pk
        and "hand_over" in demand.open_steps
        and confidential.may_reassign(demand, request.user),
        "dues": _reckoned(demand),
        "first_word_by": Calendar.load().add(demand.raised_on, 1),
        "way": way_of(request.user, demand),
        "may_read": demand.confidential
        and confidential.may_handle(demand, request.user),
        "history": told_history(demand),
        "ratings": demand.ratings.select_related("called_by"),
        "photos": Photo.objects.visible_to(request.user).of(demand).kept(),
        "photo_form": PhotoForm() if demand.recorded_by == request.user else None,
    }
    return render(request, "visits/demand_detail.html", context)


def _step(
    request,
    pk,
    *,
    step,
    kind,
    act,
    template,
    done,
    initial=None,
    right=Right.ANSWER_DEMANDS,
):
    """One step of one demand: its form, and what is refused said on the form."""
    demand = get_object_or_404(
        Demand.objects.visible_to(request.user).for_list(), pk=pk
    )
    if not may_do(demand, request.user, right):
        raise PermissionDenied
    if request.method != "POST" and step not in demand.open_steps:
        messages.warning(
            request, f"这件诉求现在是“{demand.get_state_display()}”，不能再办这一步。"
        )
        return redirect(demand)
    form = kind(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            act(demand, **form.cleaned_data, by=request.user, at=timezone.now())
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, done)
            return redirect(demand)
    if demand.confidential:  # the handler sees what he deals with; it is noted
        secret = confidential.read_words(demand, by=request.user, at=timezone.now())
        demand.words = secret.words
    return render(request, template, {"demand": demand, "form": form})


@needs(Right.ANSWER_DEMANDS)
@require_http_methods(["GET", "HEAD", "POST"])
def demand_answer(request, pk):
    return _step(
        request,
        pk,
        step="answer",
        kind=AnswerForm,
        act=actions.answer,
        template="visits/demand_answer.html",
        done="已答复。请在 3 个工作日内告诉提出的人，再登记回告。",
    )


@needs(Right.ANSWER_DEMANDS)
@require_http_methods(["GET", "HEAD", "POST"])
def demand_decline(request, pk):
    return _step(
        request,
        pk,
        step="decline",
        kind=DeclineForm,
        act=actions.decline,
        template="visits/demand_decline.html",
        done="已记不予受理。请把原因告诉提出的人，再登记回告。",
    )


@needs(Right.ANSWER_DEMANDS)
@require_http_methods(["GET", "HEAD", "POST"])
def demand_withdraw(request, pk):
    return _step(
        request,
        pk,
        step="withdraw",
        kind=DropForm,
        act=dropping.withdraw,
        template="visits/demand_withdraw.html",
        done="已记本人撤回。",
    )


@needs(Right.ANSWER_DEMANDS)
@require_http_methods(["GET", "HEAD", "POST"])
def demand_mistake(request, pk):
    return _step(
        request,
        pk,
        step="mistake",
        kind=DropForm,
        act=dropping.mistake,
        template="visits/demand_mistake.html",
        done="已记为误记，各项指标不再计它。",
    )


@needs(Right.PROPOSE_ISSUES)
@require_http_methods(["GET", "HEAD", "POST"])
def demand_explain(request, pk):
    return _step(
        request,
        pk,
        step="explain",
        kind=ExplainForm,
        act=ratings.explain,
        template="visits/demand_explain.html",
        done="已记说明。请告诉提出的人，再登记回告。",
        right=Right.PROPOSE_ISSUES,
    )


@needs(Right.ANSWER_DEMANDS)
@require_POST
def demand_restore(request, pk):
    demand = get_object_or_404(Demand.objects.visible_to(request.user), pk=pk)
    try:
        dropping.restore(demand, by=request.user, at=timezone.now())
    except actions.Refused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, "已恢复，接着办。")
    return redirect(demand)


@needs(Right.ANSWER_DEMANDS)
@require_http_methods(["GET", "HEAD", "POST"])
def demand_call_back(request, pk):
    return _step(
        request,
        pk,
        step="call_back",
        kind=CallBackForm,
        act=ratings.call_back,
        template="visits/demand_call_back.html",
        done="已记回访。它只作对照，不算提出的人自己的评价。",
    )
