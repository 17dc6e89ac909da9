"""Out to a provider of single sign-on, back from it, and whose subject is whose."""

import logging

from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts import sign_on
from accounts.models import Subject, User
from accounts.rights import Right, anyone, needs
from tianshan.audit import record

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
    """Signed in as the account that has the subject; a second factor is still asked."""
    provider = _provider(key)
    try:
        who = sign_on.subject(
            request.session, key, provider, request.GET, back=_back(request, key)
        )
    except sign_on.Refused as refused:
        return _refused(request, provider, refused)
    user = User.objects.filter(subjects__provider=key, subjects__subject=who).first()
    if user is None:
        return _refused(request, provider, "no account has the subject")
    record_authentication(request, user, method="oidc", provider=key)
    response = perform_login(request, Login(user=user))
    request.session.set_expiry(0)
    return response


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
        given = form.cleaned_data
        try:
            with transaction.atomic():
                Subject.objects.update_or_create(
                    user=account,
                    provider=given["provider"],
                    defaults={"subject": given["subject"]},
                )
                record(
                    "account.subject_set",
                    account,
                    by=request.user,
                    at=timezone.now(),
                    kind=given["provider"],
                )
        except IntegrityError:
            form.add_error("subject", "这个编号已经对着另一个账号。")
        else:
            messages.success(request, "统一登录的编号已记下。")
            return redirect("accounts:account_detail", pk)
    context = {"account": account, "form": form}
    return render(request, "accounts/account_subject.html", context)
