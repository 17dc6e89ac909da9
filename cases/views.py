"""Help cases: the list without content, one case, its steps, who looked at it."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts import again
from accounts.rights import Right, needs
from cases import actions, forms, helpers
from cases.counts import counts_of, years
from cases.models import SOON, ConsentItem, HelpCase, HelpItem, Identity, around
from cases.sealing import phone_hash
from grids.models import Neighborhood
from tianshan.web.masks import masked_phone

INSIDE = (Right.ASSIGN_CASES, Right.HANDLE_CASES)
STATES = {
    HelpCase.State.WAITING: "warn",
    HelpCase.State.ASSIGNED: "info",
    HelpCase.State.WORKING: "info",
    HelpCase.State.FINISHED: "ok",
    HelpCase.State.ENDED: "mute",
}
# Shown masked until asked for, one by one.
MASKED = {"phone": "电话", "address": "住址"}


@dataclass(frozen=True)
class Page:
    """The page of one step: its form, what it does, its words."""

    form: Any
    act: Any
    title: str
    button: str
    done: str
    icon: str
    hint: str


PAGES = {
    "assign": Page(
        forms.AssignForm,
        actions.assign,
        "分派",
        "分派",
        "已分派，帮办员会收到通知。",
        "user-share",
        "交给一位帮办员",
    ),
    "let_stand_in": Page(
        forms.StandInForm,
        actions.let_stand_in,
        "请人代办",
        "请他代办",
        "已请人代办，到时自动收回。",
        "clock-hour-4",
        "另一位帮办员可以打开几小时",
    ),
    "ask_consent": Page(
        forms.ConsentForm,
        actions.ask_consent,
        "征询同意",
        "记下",
        "答复已记下。",
        "speakerphone",
        "一条一条念，本人口头答复",
    ),
    "read_steps": Page(
        forms.StepsForm,
        actions.read_steps,
        "逐步读、逐步办",
        "记下",
        "步骤已记下。",
        "list-check",
        "读一步、办一步",
    ),
    "finish": Page(
        forms.FinishForm,
        actions.finish,
        "办结",
        "办结",
        "已办结。",
        "circle-check",
        "谁按的提交、结果读给本人听、用了多久",
    ),
    "end": Page(
        forms.EndForm,
        actions.end,
        "没有办成",
        "记为没有办成",
        "已记下。",
        "circle-x",
        "写明原因",
    ),
    "erase": Page(
        forms.EraseForm,
        actions.erase,
        "擦除",
        "擦除",
        "已擦除，只留统计。",
        "trash",
        "本人要求时，擦掉称呼、电话、住址",
    ),
}
OF_COORDINATOR = ("assign", "let_stand_in", "end", "erase")
OF_HELPER = ("ask_consent", "read_steps", "finish", "end", "erase")


def _seen(request, pk):
    """The case as far as the user sees it, and whether he may open it."""
    rows = HelpCase.objects.visible_to(request.user).for_list()
    case = get_object_or_404(rows, pk=pk)
    opens = HelpCase.objects.readable_by(request.user).filter(pk=pk).exists()
    return case, opens


def _assigns(request, case):
    return HelpCase.objects.assignable_by(request.user).filter(pk=case.pk).exists()


# --- the list ----------------------------------------------------------------------------


def _bands(rows, today):
    """`[(key, label, rows)]`: certificates that ran out, or will in 30, 60, 90 days."""
    bands, start = [("0", "已到期", rows.filter(expires_on__lt=today))], today
    for days in SOON:
        end = today + dt.timedelta(days=days)
        within = rows.filter(expires_on__range=(start, end))
        bands.append((str(days), f"{days} 天内到期", within))
        start = end + dt.timedelta(days=1)
    return bands


@needs(*INSIDE)
@require_safe
def case_list(request):
    """Open cases, those first whose certificate runs out first; nobody is named."""
    today = timezone.localdate()
    rows = HelpCase.objects.visible_to(request.user)
    waiting = HelpCase.objects.assignable_by(request.user).waiting(today)
    bands = _bands(rows.open(), today)
    lists = {"": rows.open(), "waiting": waiting, "closed": rows.closed()}
    lists |= {f"within-{key}": found for key, _, found in bands}
    state, within = request.GET.get("state", ""), request.GET.get("within", "")
    listed = lists.get(f"within-{within}" if within else state)
    if listed is None:
        raise Http404
    listed = listed.for_list()
    if state == "closed":
        listed = listed.order_by("-closed_on", "-pk")
    page = Paginator(listed, 50).get_page(request.GET.get("page"))
    lost = set(waiting.exclude(helper=None).values_list("pk", flat=True))
    context = {
        "page": page,
        "rows": [
            (case, _drawn(case, case.pk in lost), _left(case, today)) for case in page
        ],
        "bands": [(days, label, found.count()) for days, label, found in bands],
        "within": within,
        "state": state,
        "coordinates": request.user.may(Right.ASSIGN_CASES),
    }
    return render(request, "cases/case_list.html", context)


def _drawn(case, lost):
    """`(kind, words)` of the state; a case whose helper left waits again."""
    if lost:
        return "warn", "待重新分派"
    return STATES[case.state], case.get_state_display()


def _left(case, today):
    """The light of a certificate's end, by days."""
    if case.expires_on is None or case.state in HelpCase.CLOSED:
        return None
    days = (case.expires_on - today).days
    if days < 0:
        return "red", f"已到期 {-days} 天"
    colour = "red" if days <= SOON[0] else "yellow" if days <= SOON[1] else "green"
    return colour, f"还有 {days} 天"


# --- one case ------------------------------------------------------------------------------


@needs(*INSIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def case_new(request):
    user = request.user
    near = {right: around(user, right) for right in INSIDE if user.may(right)}
    coordinates = Right.ASSIGN_CASES in near
    places = near[Right.ASSIGN_CASES if coordinates else Right.HANDLE_CASES]
    form = forms.RegisterForm(
        request.POST or None,
        neighborhoods=Neighborhood.objects.filter(pk__in=places),
        possible=helpers.possible(user, timezone.localdate()) if coordinates else None,
    )
    if form.is_valid():
        said = form.cleaned_data
        try:
            case = actions.register(
                item=said["item"],
                place=said["place"],
                neighborhood=said["neighborhood"],
                expires_on=said["expires_on"],
                facts=form.facts,
                helper=said.get("helper"),
                by=user,
                at=timezone.now(),
            )
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{case}已登记。")
            return redirect(case)
    context = {"form": form, "coordinates": coordinates}
    return render(request, "cases/case_new.html", context)


@needs(*INSIDE)
@require_safe
def case_detail(request, pk):
    return _detail(request, pk)


@needs(Right.HANDLE_CASES)
@require_POST
def case_show(request, pk):
    """One masked field in full, which is noted by itself."""
    field = request.POST.get("field")
    if field not in MASKED:
        raise Http404
    return _detail(request, pk, shown=field)


def _detail(request, pk, shown=None):
    """With its content for whoever may open it, and lately said who they are; else what
    the coordinator sees."""
    case, opens = _seen(request, pk)
    user, now = request.user, timezone.now()
    if shown and not opens:
        raise Http404
    if opens and not again.lately(request, at=now):
        return again.ask(request, back=case.get_absolute_url() if shown else None)
    context = {"case": case, "opens": opens, "minutes": case.minutes, "shown": shown}
    if opens:
        fields = ["name", shown] if shown else ["name"]
        content = actions.open_content(case, fields, by=user, at=now)
        context |= _asked_and_read(case) | {
            "content": content,
            "masked": [
                (
                    field,
                    label,
                    content[field] if field == shown else _mask(field, content),
                )
                for field, label in MASKED.items()
                if content[field]
            ],
        }
    lost = HelpCase.objects.waiting().filter(pk=pk).exclude(helper=None).exists()
    context |= {
        "drawn": _drawn(case, lost),
        "lamp": _left(case, timezone.localdate()),
        "steps": _steps(request, case, opens),
        "may_start": opens and "start" in case.open_steps,
        "may_edit": opens and "edit" in case.open_steps,
        "stand_in": case.stand_ins.in_force(now).select_related("user", "by").first(),
        "assigns": _assigns(request, case),
        "looked": case.readings().count(),
    }
    return render(request, "cases/case_detail.html", context)


def _asked_and_read(case):
    """What consent was asked for, with its answers; which steps were read aloud."""
    answers = actions.answers_of(case)
    heard = {one.step: one for one in case.steps_read.all()}
    # What was asked of one that is closed, whatever is asked today.
    closed = case.state in HelpCase.CLOSED
    words = ConsentItem.objects.filter(
        **{"pk__in": answers} if closed else {"active": True}
    )
    steps = list(heard) if closed else case.item.steps
    return {
        "consents": [(item, answers.get(item.pk)) for item in words],
        "steps_read": [(step, heard.get(step)) for step in steps],
        "steps_left": sum(step not in heard for step in steps),
    }


def _mask(field, content):
    return masked_phone(content[field]) if field == "phone" else "已隐藏"


def _steps(request, case, opens):
    """`[(name, Page)]` that the user may take now."""
    names = [*(OF_HELPER if opens else ())]
    if _assigns(request, case):
        names += [name for name in OF_COORDINATOR if name not in names]
        waiting = HelpCase.objects.waiting().filter(pk=case.pk).exists()
        if not opens and not waiting and "end" in names:
            names.remove("end")  # its helper says why
    elif not opens:
        names = []
    order = [name for name in PAGES if name in names and name in case.open_steps]
    return [(name, PAGES[name]) for name in order]


@needs(*INSIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def case_step(request, pk, step):
    case, opens = _seen(request, pk)
    if step not in PAGES:
        raise Http404
    page, more = PAGES[step], {}
    if step not in dict(_steps(request, case, opens)):
        messages.warning(
            request, f"这件帮办现在是“{case.get_state_display()}”，不能办这一步。"
        )
        return redirect(case)
    if step == "ask_consent":
        more = {
            "items": list(ConsentItem.objects.active()),
            "answers": actions.answers_of(case),
        }
    form = page.form(request.POST or None, case=case, user=request.user, **more)
    if form.is_valid():
        try:
            page.act(case, **form.cleaned_data, by=request.user, at=timezone.now())
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, page.done)
            return redirect("cases:case_list" if step == "erase" else case)
    context = {"case": case, "form": form, "page": page, "step": step}
    return render(request, "cases/case_step.html", context)


@needs(Right.HANDLE_CASES)
@require_POST
def case_start(request, pk):
    case, _ = _seen(request, pk)
    return _press(request, case, actions.start, "开始了，先征询同意。")


@needs(Right.ASSIGN_CASES)
@require_POST
def stand_in_end(request, pk):
    case, _ = _seen(request, pk)
    return _press(request, case, actions.end_stand_in, "已收回，代办的人打不开了。")


def _press(request, case, act, done):
    try:
        act(case, by=request.user, at=timezone.now())
    except actions.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, done)
    return redirect(case)


@needs(Right.HANDLE_CASES)
@require_http_methods(["GET", "HEAD", "POST"])
def case_edit(request, pk):
    case, opens = _seen(request, pk)
    if not opens:
        raise PermissionDenied
    if "edit" not in case.open_steps:
        messages.warning(
            request, f"这件帮办现在是“{case.get_state_display()}”，不能再改。"
        )
        return redirect(case)
    if request.method == "POST":
        # Saving unseals nothing, so what was typed is never lost to a question.
        form = forms.FactsForm(request.POST)
    elif again.lately(request, at=timezone.now()):
        fields = ["name", "phone", "address"]
        content = actions.open_content(case, fields, by=request.user, at=timezone.now())
        form = forms.FactsForm(initial=content | {"expires_on": case.expires_on})
    else:
        return again.ask(request)
    if form.is_valid():
        try:
            actions.edit(
                case,
                facts=form.facts,
                expires_on=form.cleaned_data["expires_on"],
                by=request.user,
                at=timezone.now(),
            )
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "已保存。")
            return redirect(case)
    return render(request, "cases/case_edit.html", {"case": case, "form": form})


def _by_day(lines):
    """`[(day, who, what for, [(field, times)])]`, the last day first."""
    days = {}
    for line in lines:
        at = timezone.localtime(line.at)
        seen = days.setdefault((at.date(), line.by, line.why), {})
        label = Identity._meta.get_field(line.field).verbose_name
        seen.setdefault(label, []).insert(0, f"{at:%H:%M}")
    return [(*key, seen.items()) for key, seen in days.items()]


@needs(*INSIDE)
@require_safe
def case_readings(request, pk):
    """Who looked at it, in large print, for the person to take along."""
    case, _ = _seen(request, pk)
    readings = _by_day(case.readings())
    context = {"case": case, "readings": readings, "looked": case.readings().count()}
    context["now"] = timezone.now()
    return render(request, "cases/case_readings.html", context)


@needs(Right.HANDLE_CASES)
@require_safe
def case_copy(request, pk):
    """All that is kept of the person, in large print, when he asks for it (个人信息保护法
    article 45)."""
    case, opens = _seen(request, pk)
    now = timezone.now()
    if not opens:
        raise Http404
    if not again.lately(request, at=now):
        return again.ask(request)
    content = actions.open_content(
        case, Identity.FIELDS, by=request.user, at=now, why="本人要副本"
    )
    facts = [
        (Identity._meta.get_field(field).verbose_name, content[field])
        for field in Identity.FIELDS
        if content[field]
    ]
    context = {"case": case, "facts": facts, "minutes": case.minutes, "now": now}
    return render(request, "cases/case_copy.html", context | _asked_and_read(case))


@needs(*INSIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def case_find(request):
    """By the phone that the person tells: which cases, without opening any."""
    form = forms.FindForm(request.POST or None)
    found = None
    if form.is_valid():
        rows = HelpCase.objects.visible_to(request.user).for_list()
        sought = phone_hash(form.cleaned_data["phone"])
        found = list(rows.filter(identity__phone_hash=sought)) if sought else []
    return render(request, "cases/case_find.html", {"form": form, "found": found})


# --- helpers for a time -----------------------------------------------------------------------


@needs(Right.ASSIGN_CASES)
@require_http_methods(["GET", "HEAD", "POST"])
def helper_list(request):
    today = timezone.localdate()
    form = forms.AppointForm(request.POST or None, by=request.user)
    if form.is_valid():
        try:
            helpers.appoint(**form.cleaned_data, by=request.user, at=timezone.now())
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "已定为临时帮办员。")
            return redirect("cases:helper_list")
    posts = helpers.posts_of_helpers(request.user, today)
    return render(request, "cases/helper_list.html", {"form": form, "posts": posts})


@needs(Right.ASSIGN_CASES)
@require_POST
def helper_end(request, pk):
    posts = helpers.posts_of_helpers(request.user, timezone.localdate())
    post = get_object_or_404(posts.exclude(until=None), pk=pk)
    helpers.dismiss(post, by=request.user, at=timezone.now())
    messages.success(request, f"{post.user}不再帮办，手里的已收回，等您重新分派。")
    return redirect("cases:helper_list")


# --- the catalogue, stands, counts ---------------------------------------------------------


@needs(*INSIDE)
@require_safe
def item_list(request):
    context = {
        "items": HelpItem.objects.visible_to(request.user),
        "consents": ConsentItem.objects.visible_to(request.user).active(),
        "coordinates": request.user.may(Right.ASSIGN_CASES),
    }
    return render(request, "cases/item_list.html", context)


@needs(Right.ASSIGN_CASES)
@require_http_methods(["GET", "HEAD", "POST"])
def item_new(request):
    return _item(request, None)


@needs(Right.ASSIGN_CASES)
@require_http_methods(["GET", "HEAD", "POST"])
def item_edit(request, pk):
    return _item(
        request, get_object_or_404(HelpItem.objects.visible_to(request.user), pk=pk)
    )


def _item(request, item):
    form = forms.ItemForm(request.POST or None, instance=item)
    if form.is_valid():
        kept = actions.keep_item(
            form.save(commit=False), by=request.user, at=timezone.now()
        )
        messages.success(request, f"“{kept}”已保存。")
        return redirect("cases:item_list")
    return render(request, "cases/item_edit.html", {"form": form, "item": item})


@needs(Right.ASSIGN_CASES)
@require_http_methods(["GET", "HEAD", "POST"])
def words_new(request):
    last = ConsentItem.objects.active().last()
    return _words(request, None, initial={"position": last.position + 10})


@needs(Right.ASSIGN_CASES)
@require_http_methods(["GET", "HEAD", "POST"])
def words_edit(request, pk):
    words = get_object_or_404(ConsentItem.objects.visible_to(request.user), pk=pk)
    if not words.active:
        messages.warning(request, "这段话已经改过或者不再念了，现在念的列在下面。")
        return redirect("cases:item_list")
    return _words(request, words)


def _words(request, words, initial=None):
    form = forms.WordsForm(request.POST or None, instance=words, initial=initial)
    if form.is_valid():
        said = form.cleaned_data
        try:
            actions.keep_words(words, **said, by=request.user, at=timezone.now())
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "已保存，从现在起照这段念。")
            return redirect("cases:item_list")
    return render(request, "cases/words_edit.html", {"form": form, "words": words})


@needs(Right.ASSIGN_CASES)
@require_POST
def words_stop(request, pk):
    words = get_object_or_404(ConsentItem.objects.visible_to(request.user), pk=pk)
    try:
        actions.stop_words(words, by=request.user, at=timezone.now())
    except actions.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"“{words}”以后不再念。")
    return redirect("cases:item_list")


@needs(*INSIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def tally_new(request):
    user = request.user
    rights = [right for right in INSIDE if user.may(right)]
    near = Neighborhood.objects.filter(pk__in=around(user, rights[0]))
    form = forms.TallyForm(request.POST or None, neighborhoods=near)
    if form.is_valid():
        actions.tally(**form.cleaned_data, by=user, at=timezone.now())
        messages.success(request, "人次已记下。")
        return redirect("cases:case_list")
    return render(request, "cases/tally_new.html", {"form": form})


@needs(Right.COUNT_CASES)
@require_safe
def count_list(request):
    """Finished help of a year by neighbourhood and by item; small numbers are hidden."""
    today = timezone.localdate()
    offered = years(today)
    year = request.GET.get("year", str(today.year))
    if year not in map(str, offered):
        raise Http404
    context = {
        "year": int(year),
        "years": offered,
        "tables": counts_of(request.user, int(year)),
    }
    return render(request, "cases/count_list.html", context)
