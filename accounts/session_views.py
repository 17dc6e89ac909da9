"""One's own sessions: what is open where, and the way to end it."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts import sessions
from accounts.models import SignedIn
from accounts.rights import signed_in


@signed_in
@require_safe
def session_list(request):
    """Where one is signed in now, the newest act first."""
    mine = SignedIn.objects.visible_to(request.user).filter(user=request.user)
    context = {
        "sessions": mine.going_on(timezone.now()),
        "this": request.session.get(sessions.SIGNED_IN),
    }
    return render(request, "accounts/session_list.html", context)


@signed_in
@require_POST
def session_end(request, pk):
    """One of one's own; the one in hand ends by signing out."""
    session = get_object_or_404(sessions.others(request), pk=pk)
    _end(request, SignedIn.objects.filter(pk=session.pk))
    messages.success(request, f"“{session.browser}”上的登录已退出。")
    return redirect("accounts:session_list")


@signed_in
@require_POST
def session_end_others(request):
    """All but the one in hand."""
    if number := _end(request, sessions.others(request)):
        messages.success(request, f"别处的 {number} 个登录都已退出。")
    else:
        messages.warning(request, "别处没有登录。")
    return redirect("accounts:session_list")


def _end(request, which):
    return sessions.end(which, user=request.user, by=request.user, at=timezone.now())
