"""Out to a provider of single sign-on, back from it, and whose subject is whose."""

import logging
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts import actions, sign_on
from accounts.account_views import ReasonForm
from accounts.models import Subject, User
from accounts.rights import Right, anyone, needs, signed_in

log = logging.getLogger(__name__)


def _provider(key):
    if key not in settings.OIDC_PROVIDERS:
        raise Http404
    return settings.OIDC_PROVIDERS[key]


def _back(request, key):
    return request.build_absolute_uri(reverse("accounts:sign_on_back", args=[key]))


def _refused(request, provider, refused):
    log.warning("single sign-on refused: %s", refused)
    context = {"provider": provider}
    return render(request, "accounts/sign_on_refused.html", context, status=403)


@anyone  # It is the way in.
@require_POST
def sign_on_begin(request, key):
    provider = _provider(key)
    try:
        there = sign_on.begin(request.session, key, provider, back=_back(request, key))
    except sign_on.Refused as refused:
        return _refused(request, provider, refused)
    return redirect(there)


@anyone  # It is the way in.
@never_cache
@require_safe
def sign_on_back(request, key):
    """Signed in as the account that has the subject; a second factor is still asked.
    Or asked anew, and on to where one was."""
    provider = _provider(key)
    try:
        who, then = sign_on.subject(
            request.session, key, provider, request.GET, back=_back(request, key)
        )
    except sign_on.Refused as refused:
        return _refused(request, provider, refused)
    user = User.objects.filter(subjects__provider=key, subjects__subject=who).first()
    if user is None:
        return _refused(request, provider, "no account has the subject")
    if then:
        if user != request.user:
            return _refused(request, provider, "another one came back")
        record_authentication(
            request, user, method="oidc", provider=key, reauthenticated=True
        )
        return redirect(then)
    record_authentication(request, user, method="oidc", provider=key)
    response = perform_login(request, Login(user=user))
    request.session.set_expiry(0)
    return response


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_on_again(request, key):
    """Out to the provider to sign in anew, before something sensitive opens."""
    provider = _provider(key)
    then = request.POST.get("next") or request.GET.get("next") or "/"
    if not url_has_allowed_host_and_scheme(then, {request.get_host()}):
        then = "/"
    if request.method == "POST":
        back = _back(request, key)
        try:
            there = sign_on.begin(request.session, key, provider, back=back, then=then)
        except sign_on.Refused as refused:
            return _refused(request, provider, refused)
        return redirect(there)
    ways = get_adapter().get_reauthentication_methods(request.user)
    others = [
        {**way, "url": f"{way['url']}?{urlencode({'next': then})}"}
        for way in ways
        if way["url"] != request.path
    ]
    context = {"provider": provider, "next": then}
    context["reauthentication_alternatives"] = others
    return render(request, "accounts/sign_on_again.html", context)


class SubjectForm(forms.Form):
    provider = forms.ChoiceField(label="统一登录")
    subject = forms.CharField(
        label="对方的编号",
        max_length=200,
        help_text="对方系统里这个人的编号（sub），请向对方管理员要",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["provider"].choices = [
            (key, provider["name"]) for key, provider in settings.OIDC_PROVIDERS.items()
        ]


@needs(Right.MANAGE_ACCOUNTS)
@reauthentication_required
@require_http_methods(["GET", "HEAD", "POST"])
def account_subject(request, pk):
    """Say what a provider calls the account."""
    account = get_object_or_404(User.objects.visible_to(request.user), pk=pk)
    form = SubjectForm(request.POST or None)
    if form.is_valid():
        try:
            actions.link(
                account, **form.cleaned_data, by=request.user, at=timezone.now()
            )
        except actions.Refused as refused:
            form.add_error("subject", str(refused))
        else:
            messages.success(request, "统一登录的编号已记下。")
            return redirect("accounts:account_detail", pk)
    context = {"account": account, "form": form}
    return render(request, "accounts/account_subject.html", context)


@needs(Right.MANAGE_ACCOUNTS)
@reauthentication_required
@require_http_methods(["GET", "HEAD", "POST"])
def account_subject_remove(request, pk, subject):
    """The account is reached by that provider no more."""
    account = get_object_or_404(User.objects.visible_to(request.user), pk=pk)
    mine = Subject.objects.visible_to(request.user).filter(user=account)
    linked = get_object_or_404(mine, pk=subject)
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            actions.unlink(linked, reason=reason, by=request.user, at=timezone.now())
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "统一登录的编号已去掉，各处的登录都已退出。")
            return redirect("accounts:account_detail", pk)
    context = {"account": account, "form": form, "linked": linked}
    context["provider"] = sign_on.name_of(linked.provider)
    return render(request, "accounts/account_subject_remove.html", context)
