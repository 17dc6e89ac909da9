"""Accounts, for the security administrator alone."""

from allauth.account.decorators import reauthentication_required
from allauth.mfa.utils import is_mfa_enabled
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.validators import ASCIIUsernameValidator
from django.core.paginator import Paginator
from django.db.models import Max, Q
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts import actions, sign_on
from accounts.gate import asked_of
from accounts.models import User
from accounts.rights import Right, needs

STATES = {
    "active": "可登录",
    "disabled": "已停用",
    "paused": "登录暂停",
    "postless": "没有在任岗位",
}


class AccountForm(forms.Form):
    username = forms.CharField(
        label="账号名",
        max_length=40,
        validators=[
            ASCIIUsernameValidator(message="账号名用英文字母、数字和 @ . + - _。")
        ],
        help_text="登录用，定了不再改；不要用手机号和身份证号",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    display_name = forms.CharField(
        label="称呼", max_length=40, help_text="姓名，别人在页面上看到的"
    )


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label="原因", max_length=100, help_text="如“调离街道”“借调期满”，记入审计"
    )


def _accounts(request, at):
    pauses = Max("pauses__until", filter=Q(pauses__until__gt=at))
    return User.objects.visible_to(request.user).annotate(paused_until=pauses)


@needs(Right.MANAGE_ACCOUNTS)
@require_safe
def account_list(request):
    """Every account with the posts that it holds; `?q=` and `?state=` narrow them."""
    now = timezone.now()
    users = _accounts(request, now).order_by("username")
    q, state = request.GET.get("q", "").strip(), request.GET.get("state", "")
    if q:
        users = users.filter(Q(username__icontains=q) | Q(display_name__icontains=q))
    if state == "active":
        users = users.filter(is_active=True)
    elif state == "disabled":
        users = users.filter(is_active=False)
    elif state == "paused":
        users = users.filter(paused_until__gt=now)
    elif state == "postless":
        today = timezone.localdate()
        ended = Q(posts__until=None) | Q(posts__until__gt=today)
        in_post = User.objects.filter(ended, posts__since__lte=today)
        users = users.filter(is_active=True).exclude(pk__in=in_post.values("pk"))
    page = Paginator(users.prefetch_related("posts__grid"), 50).get_page(
        request.GET.get("page")
    )
    context = {"page": page, "q": q, "state": state, "states": STATES}
    return render(request, "accounts/account_list.html", context)


@needs(Right.MANAGE_ACCOUNTS)
@require_safe
def account_detail(request, pk):
    now = timezone.now()
    account = get_object_or_404(_accounts(request, now), pk=pk)
    posts = account.posts.select_related("grid").order_by("-since", "-pk")
    context = {
        "account": account,
        "posts": posts,
        "today": timezone.localdate(),
        "sessions": account.sessions.going_on(now),
        "phones": account.phones.in_force(),
        "second_factor": is_mfa_enabled(account),
        "sign_on": settings.OIDC_PROVIDERS,
        "subjects": [
            (sign_on.name_of(linked.provider), linked)
            for linked in account.subjects.order_by("provider")
        ],
        "asked_second_factor": asked_of(account),
    }
    return render(request, "accounts/account_detail.html", context)


@needs(Right.MANAGE_ACCOUNTS)
@reauthentication_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def account_new(request):
    """Its first password is shown on the answer to this form, and never again."""
    form = AccountForm(request.POST or None)
    if form.is_valid():
        try:
            account, password = actions.make(
                by=request.user, at=timezone.now(), **form.cleaned_data
            )
        except actions.Refused as refused:
            form.add_error("username", str(refused))
        else:
            return _shown_once(request, account, password)
    return render(request, "accounts/account_new.html", {"form": form})


@needs(Right.MANAGE_ACCOUNTS)
@reauthentication_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def account_reset(request, pk):
    """A new first password, shown once, as above."""
    account = get_object_or_404(User.objects.visible_to(request.user), pk=pk)
    refusal = ""
    if request.method == "POST":
        try:
            password = actions.reset(account, by=request.user, at=timezone.now())
        except actions.Refused as refused:
            refusal = str(refused)
        else:
            return _shown_once(request, account, password)
    context = {"account": account, "refusal": refusal}
    return render(request, "accounts/account_reset.html", context)


def _shown_once(request, account, password):
    context = {"account": account, "password": password}
    return render(request, "accounts/account_password.html", context)


@needs(Right.MANAGE_ACCOUNTS)
@reauthentication_required
@require_http_methods(["GET", "HEAD", "POST"])
def account_disable(request, pk):
    return _for_a_reason(
        request, pk, actions.disable, "账号已停用，各处的登录都已退出。"
    )


@needs(Right.MANAGE_ACCOUNTS)
@reauthentication_required
@require_http_methods(["GET", "HEAD", "POST"])
def account_enable(request, pk):
    return _for_a_reason(request, pk, actions.enable, "账号已恢复，可以登录。")


@needs(Right.MANAGE_ACCOUNTS)
@reauthentication_required
@require_http_methods(["GET", "HEAD", "POST"])
def account_second_factor(request, pk):
    return _for_a_reason(
        request,
        pk,
        actions.drop_second_factor,
        "第二因素已清除，本人登录后重新设。",
        template="accounts/account_second_factor.html",
    )


def _for_a_reason(request, pk, act, done, template="accounts/account_switch.html"):
    account = get_object_or_404(User.objects.visible_to(request.user), pk=pk)
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            act(account, reason=reason, by=request.user, at=timezone.now())
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, done)
            return redirect("accounts:account_detail", pk)
    context = {"account": account, "form": form}
    return render(request, template, context)


@needs(Right.MANAGE_ACCOUNTS)
@require_POST
def account_unlock(request, pk):
    return _done(request, pk, actions.unlock, "登录暂停已解除。")


@needs(Right.MANAGE_ACCOUNTS)
@require_POST
def account_end_sessions(request, pk):
    return _done(request, pk, actions.end_sessions, "这个账号各处的登录都已退出。")


def _done(request, pk, act, done):
    account = get_object_or_404(User.objects.visible_to(request.user), pk=pk)
    try:
        act(account, by=request.user, at=timezone.now())
    except actions.Refused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, done)
    return redirect("accounts:account_detail", pk)
