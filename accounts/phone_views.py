"""One's own enrolled phones, and the page that asks an idle one for its PIN."""

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.core.validators import RegexValidator
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts import phones
from accounts.middleware import idle, phone_of, remember_phone
from accounts.models import EnrolledPhone
from accounts.rights import signed_in

SIX_DIGITS = RegexValidator(r"\A[0-9]{6}\Z", "PIN 是 6 位数字。")
DIGITS = {"inputmode": "numeric", "autocomplete": "off", "maxlength": 6}


class EnrolForm(forms.Form):
    label = forms.CharField(
        label="手机名称",
        max_length=20,
        help_text="如“工作手机”，只有自己和安全管理员看得到",
    )
    pin = forms.CharField(
        label="PIN",
        validators=[SIX_DIGITS],
        widget=forms.PasswordInput(attrs=DIGITS),
        help_text="6 位数字，不要用生日和连号",
    )
    again = forms.CharField(
        label="再输一次 PIN", widget=forms.PasswordInput(attrs=DIGITS)
    )

    def clean(self):
        cleaned = super().clean()
        if "pin" in cleaned and cleaned["pin"] != cleaned.get("again"):
            self.add_error("again", "两次输的不一样。")
        return cleaned


class UnlockForm(forms.Form):
    pin = forms.CharField(
        label="PIN",
        widget=forms.PasswordInput(attrs={**DIGITS, "autofocus": True}),
        error_messages={"required": "请输入 PIN。"},
    )


@signed_in
@require_safe
def phone_list(request):
    """One's own phones, the enrolled ones first."""
    mine = EnrolledPhone.objects.visible_to(request.user).filter(user=request.user)
    context = {
        "phones": mine.in_force(),
        "ended": mine.exclude(ended_at=None)[:10],
        "in_hand": phone_of(request),
        "most": phones.MOST_PHONES,
    }
    return render(request, "accounts/phone_list.html", context)


@signed_in
@reauthentication_required
@require_http_methods(["GET", "HEAD", "POST"])
def phone_enrol(request):
    """Enrol the browser in hand; asks for the password once more before."""
    form = EnrolForm(request.POST or None)
    if form.is_valid():
        try:
            _, token = phones.enrol(
                label=form.cleaned_data["label"],
                pin=form.cleaned_data["pin"],
                by=request.user,
                at=timezone.now(),
            )
        except phones.Refused as refused:
            form.add_error("pin", str(refused))
        else:
            messages.success(request, "这部手机已登记，久未操作时输 PIN 就能继续。")
            response = redirect("accounts:phone_list")
            remember_phone(response, token)
            return response
    return render(request, "accounts/phone_enrol.html", {"form": form})


@signed_in
@require_POST
def phone_remove(request, pk):
    phone = get_object_or_404(
        EnrolledPhone.objects.visible_to(request.user).filter(user=request.user), pk=pk
    )
    try:
        phones.remove(phone, by=request.user, at=timezone.now())
    except phones.Refused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, f"“{phone.label}”已移除。")
    return redirect("accounts:phone_list")


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unlock(request):
    """Six digits, and on to where one was; the fifth wrong PIN ends the session."""
    back = request.POST.get("next") or request.GET.get("next") or "/"
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}):
        back = "/"
    phone = phone_of(request)
    if phone is None or not idle(request):
        return redirect(back)
    form = UnlockForm(request.POST or None)
    if form.is_valid():
        if phones.unlock(phone, pin=form.cleaned_data["pin"], at=timezone.now()):
            request.just_seen = True
            return redirect(back)
        phone.refresh_from_db()
        if phone.ended_at:
            logout(request)
            messages.error(
                request, "PIN 连错五次，这部手机的登记已失效，请用密码登录。"
            )
            return redirect("account_login")
        form.add_error(
            "pin", f"PIN 不对，还可以试 {phones.MOST_WRONG - phone.wrong} 次。"
        )
    context = {"form": form, "next": back, "unsaved": "unsaved" in request.GET}
    status = 422 if form.errors else 200
    return render(request, "accounts/unlock.html", context, status=status)
