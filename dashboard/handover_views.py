"""Passing on what a post has to do, for the security administrator alone."""

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.rights import Right, needs
from dashboard import handover
from grids.models import Post


class _Successor(forms.ModelChoiceField):
    def label_from_instance(self, user):
        """Two people may go by one name: an account tells them apart."""
        return f"{user.display_name}（{user.username}）"


class HandoverForm(forms.Form):
    to = _Successor(
        label="接手的人", queryset=User.objects.none(), empty_label="请选择"
    )
    reason = forms.CharField(label="原因", max_length=100, help_text="如“岗位调整”")

    def __init__(self, *args, post, user, **kwargs):
        super().__init__(*args, **kwargs)
        others = User.objects.visible_to(user).filter(is_active=True)
        others = others.exclude(pk__in=[post.user_id, user.pk])
        self.fields["to"].queryset = others.order_by("display_name", "username")


@needs(Right.MANAGE_ACCOUNTS)
@reauthentication_required
@require_http_methods(["GET", "HEAD", "POST"])
def post_handover(request, pk):
    posts = Post.objects.visible_to(request.user).select_related("user", "grid")
    post = get_object_or_404(posts, pk=pk)
    form = HandoverForm(request.POST or None, post=post, user=request.user)
    if form.is_valid():
        try:
            handover.hand_over(
                post, by=request.user, at=timezone.now(), **form.cleaned_data
            )
        except handover.Refused as refused:
            form.add_error(None, str(refused))
        else:
            to = form.cleaned_data["to"]
            messages.success(request, f"已交给{to.display_name}，原岗位已卸任。")
            return redirect("accounts:account_detail", to.pk)
    duties = handover.duties(post, timezone.localdate())
    context = {
        "post": post,
        "form": form,
        "duties": [line for line in duties if not line[2]],
        "left": [line for line in duties if line[2]],
    }
    return render(request, "dashboard/post_handover.html", context)
