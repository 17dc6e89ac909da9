"""Accounts and the audit log, each for its one administrator (三员分立)."""

from django.core.paginator import Paginator
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.rights import Right, needs
from tianshan.audit.models import Entry


@needs(Right.MANAGE_ACCOUNTS)
@require_safe
def account_list(request):
    """Every account with the posts that it holds."""
    users = User.objects.visible_to(request.user).order_by("username")
    page = Paginator(users.prefetch_related("posts__grid"), 50).get_page(
        request.GET.get("page")
    )
    return render(request, "accounts/account_list.html", {"page": page})


@needs(Right.READ_AUDIT)
@require_safe
def audit_list(request):
    """Who did what, newest first; `?q=` finds a verb, an account or a request."""
    q = request.GET.get("q", "").strip()
    entries = Entry.objects.visible_to(request.user).for_list()
    if q:
        entries = (
            entries.filter(verb__contains=q)
            | entries.filter(by__username=q)
            | entries.filter(by__display_name=q)
            | entries.filter(request=q)
        )
    page = Paginator(entries, 50).get_page(request.GET.get("page"))
    return render(request, "accounts/audit_list.html", {"page": page, "q": q})
