"""Pages of a scope: whose grid and period the address names."""

import functools

from django.shortcuts import render
from django.utils import timezone

from tianshan.ledgers import BadScope, read_scope


def with_scope(view):
    """`view(request, scope)`; a grid or period that cannot be is refused in words."""

    @functools.wraps(view)
    def scoped(request):
        today = timezone.localdate()
        try:
            scope = read_scope(request.user, request.GET, today=today)
        except BadScope as problem:
            context = {"problem": str(problem)}
            return render(request, "dashboard/problem.html", context, status=400)
        return view(request, scope)

    return scoped
