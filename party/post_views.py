"""Posts of an account, for the security administrator alone."""

import datetime as dt

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.rights import Right, Role, needs
from grids.models import Grid, Post
from party import posts
from party.models import MemberUnit, PartyOrganization, Station
from tianshan.web.forms import DayInput, likely_day

DAY = {"widget": DayInput, "validators": [likely_day]}


class PostForm(forms.Form):
    """Names of places and organisations alone; what goes on there it does not show."""

    role = forms.ChoiceField(label="岗位", choices=[("", "请选择"), *Role.choices])
    grid = forms.ModelChoiceField(
        label="网格", queryset=Grid.objects.order_by("path"), empty_label="请选择"
    )
    organization = forms.ModelChoiceField(
        label="党组织",
        queryset=PartyOrganization.objects.order_by("pinyin", "pk"),
        required=False,
        empty_label="没有",
        help_text="党支部书记、楼宇党委书记要选",
    )
    unit = forms.ModelChoiceField(
        label="成员单位",
        queryset=MemberUnit.objects.order_by("name"),
        required=False,
        empty_label="没有",
        help_text="成员单位联络员要选",
    )
    station = forms.ModelChoiceField(
        label="阵地",
        queryset=Station.objects.order_by("name"),
        required=False,
        empty_label="没有",
        help_text="阵地工作人员要选",
    )
    since = forms.DateField(label="到任", **DAY)
    until = forms.DateField(
        label="卸任", required=False, help_text="这一天起不再任职；没有定就不填", **DAY
    )

    def clean(self):
        cleaned = super().clean()
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until <= since:
            self.add_error("until", "卸任要晚于到任。")
        return cleaned


class EndForm(forms.Form):
    on = forms.DateField(label="卸任", help_text="这一天起不再任职", **DAY)
    reason = forms.CharField(label="原因", max_length=100)


@needs(Right.MANAGE_ACCOUNTS)
@reauthentication_required
@require_http_methods(["GET", "HEAD", "POST"])
def post_new(request, pk):
    account = get_object_or_404(User.objects.visible_to(request.user), pk=pk)
    form = PostForm(request.POST or None, initial={"since": timezone.localdate()})
    if form.is_valid():
        given = form.cleaned_data
        field = posts.NARROWED.get(given["role"], ("",))[0]
        try:
            posts.give(
                account,
                role=Role(given["role"]),
                grid=given["grid"],
                since=given["since"],
                until=given["until"],
                narrowed_to=given.get(field),
                by=request.user,
                at=timezone.now(),
            )
        except posts.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "岗位已加上。")
            return redirect("accounts:account_detail", pk)
    return render(request, "party/post_new.html", {"account": account, "form": form})


@needs(Right.MANAGE_ACCOUNTS)
@reauthentication_required
@require_http_methods(["GET", "HEAD", "POST"])
def post_end(request, pk):
    post = get_object_or_404(Post.objects.visible_to(request.user), pk=pk)
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    form = EndForm(request.POST or None, initial={"on": tomorrow})
    if form.is_valid():
        try:
            posts.end(post, by=request.user, at=timezone.now(), **form.cleaned_data)
        except posts.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "卸任已记下；手上的事要另外交接。")
            return redirect("accounts:account_detail", post.user_id)
    return render(request, "party/post_end.html", {"post": post, "form": form})
