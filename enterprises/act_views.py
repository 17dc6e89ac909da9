"""Acts on one business: each a page with a form, and one action behind it."""

import itertools

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.rights import Right, needs
from enterprises import actions, twins
from enterprises.forms import (
    CaretakerForm,
    DatesForm,
    MoveForm,
    NoteForm,
    NoteWordsForm,
    OpenForm,
    OwnerForm,
    PriorityForm,
    StepForm,
    VoidNoteForm,
)
from enterprises.models import Business, Caretaker, JournalEntry
from grids.models import Building
from grids.rules import Rules
from tianshan.values.forms import ExtraForm
from tianshan.web import render_inside

STEPS = {
    "suspend": ("停业", "暂时不营业，还会回来。停业期间不计入覆盖和走访。"),
    "reopen": ("恢复经营", "重新开门营业。原来迁出或注销的，先回到最后的地点。"),
    "leave": ("迁出", "搬离本网格，不再由这里走访。走访、诉求的记录都保留。"),
    "close": ("注销关店", "不再经营。走访、诉求的记录都保留。"),
}


def _business(request, pk, right):
    rows = Business.objects.visible_to(request.user, right)
    return get_object_or_404(rows.select_related("grid", "building"), pk=pk)


def _done(request, form, act, **more):
    """Run the act with what a valid form says; a refusal comes back on the form."""
    if not form.is_valid():
        return None
    try:
        return act(**(form.cleaned_data | more), by=request.user, at=timezone.now())
    except actions.Refused as refused:
        form.add_error(None, str(refused))


def _page(request, business, form, heading, words, button, **more):
    context = {
        "business": business,
        "form": form,
        "act": heading,
        "words": words,
        "button": button,
        **more,
    }
    status = 422 if form.errors else 200
    return render(request, "enterprises/business_act.html", context, status=status)


# --- new ---------------------------------------------------------------------------


@needs(Right.EDIT_BUSINESSES)
@require_http_methods(["GET", "HEAD", "POST"])
def business_new(request):
    """A business that is new here; what it may be already is shown before it is made."""
    start = {name: request.GET.get(name, "")[:40] for name in ("building", "room")}
    form = OpenForm(request.POST or None, user=request.user, initial=start)
    found, kind = [], request.POST.get("kind", Business.Kind.MERCHANT)
    extra = ExtraForm(request.POST or None, of="business", row=Business(), kind=kind)
    extra.prints = {}  # a row that is new has no answers yet
    if extra.asked and request.POST and request.POST.get("asked_for") != kind:
        form.add_error("kind", "这一类还有几项要填，已列在下面，请填好再登记。")
    if form.is_valid() and extra.is_valid() | (not extra.asked):
        try:
            business = actions.open_business(
                **form.cleaned_data,
                extra=extra.answers if extra.asked else {},
                by=request.user,
                at=timezone.now(),
            )
        except actions.LikelyTwins as likely:
            form.add_error(None, str(likely))
            found = likely.twins
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"已登记：{business.name}。")
            return redirect(business)
    context = {
        "form": form,
        "extra": extra,
        "kind": kind,
        "twins": found,
        "ask": bool(found),
    }
    status = 422 if form.errors or extra.errors else 200
    return render(request, "enterprises/business_new.html", context, status=status)


@needs(Right.EDIT_BUSINESSES)
@require_safe
def business_likely(request):
    """What a business that is being typed may be; its form loads this while typing.

    The phone is left out: personal data stands in no address.
    """
    code = request.GET.get("code", "").strip().upper()[:18]
    building = request.GET.get("building", "")
    place = Building.objects.visible_to(request.user)
    found = twins.likely(
        Business.objects.visible_to(request.user),
        name=request.GET.get("name", "").replace("\x00", "")[:120],
        code=code if code.isalnum() and code.isascii() else "",
        building=place.filter(pk=building).first() if building.isdecimal() else None,
        room=request.GET.get("room", "").replace("\x00", "")[:40],
    )
    return render_inside(request, "enterprises/business_likely.html", {"twins": found})


# --- its life ----------------------------------------------------------------------


@needs(Right.EDIT_BUSINESSES)
@require_http_methods(["GET", "HEAD", "POST"])
def business_step(request, pk, step):
    """Suspend, reopen, close, leave: from a day on, with a reason."""
    if step not in STEPS:
        raise Http404
    business = _business(request, pk, Right.EDIT_BUSINESSES)
    heading, words = STEPS[step]
    form = StepForm(request.POST or None)
    if _done(request, form, actions.take_step, business=business, step=step):
        messages.success(request, f"已记：{heading}。")
        return redirect(business)
    return _page(request, business, form, heading, words, heading)


@needs(Right.EDIT_BUSINESSES)
@require_http_methods(["GET", "HEAD", "POST"])
def business_move(request, pk):
    """To another stall, room, building or grid, from a day on."""
    business = _business(request, pk, Right.EDIT_BUSINESSES)
    form = MoveForm(request.POST or None, user=request.user, business=business)
    if _done(request, form, actions.move, business=business):
        messages.success(request, "已记搬动，原地点连同日期都保留。")
        return redirect(business)
    words = (
        f"现在：{business.place or business.grid}。"
        "换室号铺位、换楼、换网格都在这里办，以前的走访仍算在原来的地点。"
    )
    return _page(request, business, form, "搬动地点", words, "记下搬动")


@needs(Right.EDIT_BUSINESSES)
@require_http_methods(["GET", "HEAD", "POST"])
def business_owner(request, pk):
    """Somebody else runs it: the same shop, or another one at its place."""
    business = _business(request, pk, Right.EDIT_BUSINESSES)
    form = OwnerForm(request.POST or None)
    if form.is_valid():
        data = dict(form.cleaned_data)
        another = data.pop("how") == OwnerForm.ANOTHER
        if not another:
            data.pop("name")
        act = actions.succeed if another else actions.change_owner
        try:
            after = act(business, **data, by=request.user, at=timezone.now())
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            words = (
                "老店已关，新店已登记。覆盖不随店转移，请尽快落实新店由哪个党组织负责。"
                if another
                else "已记：换了经营者。"
            )
            messages.success(request, words)
            return redirect(after)
    words = (
        f"现在的联系人：{business.contact_name or '未填'}。地点不变；"
        "还是这家店的，走访、诉求和覆盖接着算；另开一家的，从头算起，两家互相连着。"
    )
    return _page(request, business, form, "换了经营者", words, "记下")


@needs(Right.MARK_PRIORITY)
@require_http_methods(["GET", "HEAD", "POST"])
def business_priority(request, pk):
    """Mark as priority, or take the marking back; past days stay what they were."""
    business = _business(request, pk, Right.MARK_PRIORITY)
    form = PriorityForm(request.POST or None)
    if business.priority:
        heading, words = "取消重点", "从这天起恢复一般走访周期，以前的日子不变。"
        act, day = actions.unmark_priority, "until"
    else:
        today = timezone.localdate()
        days = Rules.load().on(business.grid, today).priority_every
        heading, words = "列为重点", f"从这天起每 {days} 天要走访一次，以前的日子不变。"
        act, day = actions.mark_priority, "since"

    def mark(since, reason, **who):
        return act(business, reason=reason, **{day: since}, **who)

    if _done(request, form, mark):
        messages.success(request, f"已记：{heading}。")
        return redirect(business)
    return _page(request, business, form, heading, words, heading)


@needs(Right.ASSIGN_CARETAKERS)
@require_http_methods(["GET", "HEAD", "POST"])
def business_caretaker(request, pk):
    """Who owes the visits of this business, from a day on."""
    business = _business(request, pk, Right.ASSIGN_CARETAKERS)
    form = CaretakerForm(request.POST or None, business=business)
    if _done(request, form, actions.assign_caretaker, business=business):
        messages.success(request, "已记走访责任人。")
        return redirect(business)
    now = Caretaker.objects.in_force().filter(business=business).select_related("user")
    names = "、".join(care.user.display_name for care in now) or "没有指定到人"
    words = f"现在：{names}。换人从这天起算，以前的不变。"
    return _page(request, business, form, "走访责任人", words, "指定")


@needs(Right.EDIT_BUSINESSES)
@require_http_methods(["GET", "HEAD", "POST"])
def business_dates(request, pk):
    """Put right dates that were entered wrongly."""
    business = _business(request, pk, Right.EDIT_BUSINESSES)
    rows = list(
        itertools.chain(
            business.occupancies.select_related("building", "grid").order_by("since"),
            business.operations.order_by("since"),
        )
    )
    form = DatesForm(request.POST or None, business=business, rows=rows)
    if form.is_valid():
        try:
            changed = actions.correct_dates(
                business,
                discovered_on=form.cleaned_data["discovered_on"],
                dates=form.dates(),
                reason=form.cleaned_data["reason"],
                by=request.user,
                at=timezone.now(),
            )
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            words = "日期已更正，达标情况已重算。" if changed else "日期没有变化。"
            messages.success(request, words)
            return redirect(business)
    words = (
        "只改填错的日期：哪天发现、哪天入驻、哪天停业。真的搬了、停了，请用相应的办理。"
    )
    return _page(request, business, form, "更正日期", words, "更正")


# --- notes -------------------------------------------------------------------------


@needs(Right.SEE_BUSINESSES)
@require_http_methods(["GET", "HEAD", "POST"])
def business_journal(request, pk):
    """The notes of a business, and a form for another; its page loads this in place."""
    business = _business(request, pk, Right.SEE_BUSINESSES)
    may_write = (
        Business.objects.visible_to(request.user, Right.LOG_VISITS)
        .filter(pk=business.pk)
        .exists()
    )
    form = NoteForm(request.POST or None)
    if _done(request, form, actions.note, business=business):
        messages.success(request, "已记下。")
        return redirect("enterprises:business_journal", business.pk)
    entries = JournalEntry.objects.visible_to(request.user).filter(business=business)
    context = {
        "business": business,
        "form": form if may_write else None,
        "entries": entries.for_list()[:100],
    }
    return render_inside(request, "enterprises/business_journal.html", context)


def _note(request, pk):
    """A note that one may still touch: one's own; others are not found."""
    entries = JournalEntry.objects.visible_to(request.user, Right.LOG_VISITS)
    rows = entries.filter(by=request.user).select_related("business__grid")
    return get_object_or_404(rows, pk=pk)


@needs(Right.LOG_VISITS)
@require_http_methods(["GET", "HEAD", "POST"])
def note_correct(request, pk):
    entry = _note(request, pk)
    form = NoteWordsForm(request.POST or None, initial={"words": entry.words})
    if _done(request, form, actions.correct_note, entry=entry):
        messages.success(request, "已更正，原来的话留在变更记录里。")
        return redirect("enterprises:business_journal", entry.business_id)
    words = "更正后显示新的，原来的话在变更记录里还能看到。"
    return _page(request, entry.business, form, "更正日志", words, "更正")


@needs(Right.LOG_VISITS)
@require_http_methods(["GET", "HEAD", "POST"])
def note_void(request, pk):
    entry = _note(request, pk)
    form = VoidNoteForm(request.POST or None)
    if _done(request, form, actions.void_note, entry=entry):
        messages.success(request, "已作废，仍看得到，注明原因。")
        return redirect("enterprises:business_journal", entry.business_id)
    words = f"作废的是：{entry.words}"
    return _page(request, entry.business, form, "作废日志", words, "作废")
