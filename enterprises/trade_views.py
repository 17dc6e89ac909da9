"""The list of trades, kept by the system administrator; no business is shown."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.rights import Right, needs
from enterprises import trades
from enterprises.actions import Refused
from enterprises.forms import TradeForm, WordForm
from enterprises.models import Trade, TradeWord
from tianshan.web import number

WORDS_SHOWN = 100


@needs(Right.RUN_SYSTEM)
@require_http_methods(["GET", "HEAD", "POST"])
def trade_list(request):
    """All trades by section, the words that lead to none, and a form to add one."""
    form = TradeForm(request.POST or None)
    del form.fields["active"]
    if form.is_valid():
        try:
            trade = trades.add(**form.cleaned_data, by=request.user, at=timezone.now())
        except Refused as refused:
            form.add_error("name", str(refused))
        else:
            messages.success(request, f"已添加“{trade}”。")
            return redirect("enterprises:trade_list")
    rows = trades.with_use(Trade.objects.visible_to(request.user))
    waiting = trades.unsorted()
    context = {
        "form": form,
        "trades": rows.prefetch_related("words"),
        "offered": Trade.objects.visible_to(request.user).filter(active=True),
        "unsorted": waiting[:WORDS_SHOWN],
        "unsorted_total": waiting.count(),
    }
    status = 400 if form.errors else 200
    return render(request, "enterprises/trade_list.html", context, status=status)


@needs(Right.RUN_SYSTEM)
@require_http_methods(["GET", "HEAD", "POST"])
def trade_edit(request, pk):
    trade = _trade(request, pk)
    form = TradeForm(request.POST or None, instance=trade)
    if form.is_valid():
        try:
            trades.edit(trade, **form.cleaned_data, by=request.user, at=timezone.now())
        except Refused as refused:
            form.add_error("name", str(refused))
        else:
            messages.success(request, "已保存。")
            return redirect("enterprises:trade_list")
    return _trade_page(request, pk, form=form)


def _trade_page(request, pk, *, form=None, word_form=None):
    rows = trades.with_use(Trade.objects.visible_to(request.user))
    trade = get_object_or_404(rows, pk=pk)
    context = {
        "trade": trade,
        "words": trade.words.all(),
        "form": form or TradeForm(instance=trade),
        "word_form": word_form or WordForm(),
    }
    wrong = any(f is not None and f.errors for f in (form, word_form))
    status = 400 if wrong else 200
    return render(request, "enterprises/trade_edit.html", context, status=status)


@needs(Right.RUN_SYSTEM)
@require_POST
def trade_assign(request):
    """Lead a word of the work list to the trade chosen beside it."""
    form = WordForm(request.POST)
    trade = get_object_or_404(
        Trade.objects.visible_to(request.user).filter(active=True),
        pk=number(request.POST.get("trade")),
    )
    if form.is_valid():
        return _assign(request, form, trade, "enterprises:trade_list")
    messages.error(request, "这个写法不能用，请刷新后再选。")
    return redirect("enterprises:trade_list")


@needs(Right.RUN_SYSTEM)
@require_POST
def word_add(request, pk):
    """Add a word to the trade whose page this is."""
    trade = _trade(request, pk)
    form = WordForm(request.POST)
    if form.is_valid():
        return _assign(request, form, trade, "enterprises:trade_edit", trade.pk)
    return _trade_page(request, pk, word_form=form)


def _assign(request, form, trade, *back):
    word = form.cleaned_data["word"]
    try:
        trades.assign(word, trade=trade, by=request.user, at=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"“{word}”已归到“{trade}”。")
    return redirect(*back)


@needs(Right.RUN_SYSTEM)
@require_POST
def word_release(request, pk):
    word = get_object_or_404(TradeWord.objects.visible_to(request.user), pk=pk)
    try:
        trades.release(word, by=request.user, at=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("enterprises:trade_edit", word.trade_id)


@needs(Right.RUN_SYSTEM)
@require_POST
def trade_move(request, pk):
    """`way=up` or `way=down`, within the section."""
    up = request.POST.get("way") == "up"
    trades.move(_trade(request, pk), up=up, by=request.user, at=timezone.now())
    return redirect("enterprises:trade_list")


@needs(Right.RUN_SYSTEM)
@require_POST
def trade_delete(request, pk):
    trade = _trade(request, pk)
    try:
        trades.delete(trade, by=request.user, at=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("enterprises:trade_edit", pk)
    messages.success(request, f"已删除“{trade}”。")
    return redirect("enterprises:trade_list")


def _trade(request, pk):
    return get_object_or_404(Trade.objects.visible_to(request.user), pk=pk)
