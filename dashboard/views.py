"""The one screen and its figures, the start page, today's work, search, holidays."""

import json
from urllib.parse import urlencode

from django.contrib import messages
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.rights import Right, Role, anyone, needs, signed_in
from dashboard import actions, finding, mending, screen, today, wide
from dashboard.forms import DayRuleForm
from dashboard.holidays import years
from dashboard.models import Standing
from dashboard.scoped import with_scope
from dashboard.values import lists_for
from dashboard.walk import PLANNED, walk_of
from dashboard.words import posts_in_words
from enterprises.models import Business
from tianshan.database import replica
from tianshan.database.replica import from_replica
from tianshan.ledgers import BadScope, read_scope
from tianshan.ledgers.models import SavedView
from tianshan.web import render_inside, render_part
from tianshan.web.masks import phone_tail
from visits.models import Demand

# Where each role starts, in the order in which several posts of one user count.
START = {
    Role.GRID_STAFF: "dashboard:work",
    Role.PARTY_WORKER: "dashboard:work",
    Role.BRANCH_SECRETARY: "visits:demand_list",
    Role.BUILDING_SECRETARY: "visits:demand_list",
    Role.GRID_CHIEF: "dashboard:dashboard",
    Role.STREET_LEADER: "dashboard:dashboard",
    Role.GRID_CLERK: "enterprises:business_list",
    Role.UNIT_OFFICER: "issues:measure_list",
    Role.CASE_COORDINATOR: "cases:case_list",
    Role.HELPER: "cases:case_list",
    Role.SECURITY_ADMIN: "accounts:account_list",
    Role.AUDITOR: "accounts:audit_list",
    Role.SYSTEM_ADMIN: "dashboard:holiday_list",
}


# The secretaries' list begins with what waits, the most urgent first.
WAITING = [("state", state) for state in Demand.State if state in Demand.OWED]
START_WITH = {"visits:demand_list": "?" + urlencode([*WAITING, ("sort", "due")])}


@signed_in
@require_safe
def start(request):
    """To the view that the user chose to begin with, or to the page of the role."""
    views = SavedView.objects.visible_to(request.user)
    if view := views.filter(starts__user=request.user).first():
        return redirect(view)
    held = {post.role for post in request.user.posts_in_force}
    page = next((page for role, page in START.items() if role in held), "dashboard:me")
    return redirect(reverse(page) + START_WITH.get(page, ""))


@signed_in
@require_safe
def me(request):
    """My posts, and what each lets me see and do."""
    lines = posts_in_words(request.user, timezone.localdate())
    return render(request, "dashboard/me.html", {"posts": lines})


@needs(Right.MANAGE_ACCOUNTS)
@require_safe
def reach(request, pk):
    """What another account may see and do, and why."""
    account = get_object_or_404(User.objects.visible_to(request.user), pk=pk)
    lines = posts_in_words(account, timezone.localdate())
    context = {"account": account, "posts": lines}
    return render(request, "dashboard/reach.html", context)


@needs(Right.SEE_BUSINESSES)
@require_safe
def for_business(request, pk):
    """How one business stands, condition by condition; its page loads this in place."""
    business = get_object_or_404(Business.objects.visible_to(request.user), pk=pk)
    day = timezone.localdate()
    row = Standing.objects.on(day).filter(business=business).first()
    context = {
        "business": business,
        "counts": business.counts and row is not None and row.operating,
        "row": row,
        "not_due": row is not None and row.is_not_due(day),
        "conditions": mending.lines_of(row, day, business=business, user=request.user),
    }
    return render_inside(request, "dashboard/for_business.html", context)


# --- figures -----------------------------------------------------------------------


@needs(Right.SEE_FIGURES)
@require_safe
@from_replica
@with_scope
def dashboard(request, scope):
    said = wide.read("dashboard", scope)
    if said.text is None:
        return wide.waiting_page(request, scope)
    context = {
        "scope": scope,
        "cards": said.text,
        "definitions": screen.definitions(),
        "as_of": said.as_of or replica.as_of(request),
        "periods": screen.period_links(scope),
        "grids": screen.grid_links(scope, Right.SEE_FIGURES),
        "report_url": reverse("dashboard:report_list")
        if request.user.may(Right.SEE_REPORTS)
        else "",
        "wall_url": reverse("dashboard:wall_list")
        if request.user.may(Right.KEEP_WALLS)
        else "",
    }
    return render(request, "dashboard/dashboard.html", context)


@needs(Right.SEE_FIGURES)
@require_safe
@from_replica
@with_scope
def brief(request, scope):
    """One page for a phone or a sheet of A4, five minutes before an inspection."""
    said = wide.read("brief", scope)
    if said.text is None:
        return wide.waiting_page(request, scope)
    as_of = said.as_of or replica.as_of(request)
    context = {"scope": scope, "numbers": said.text, "as_of": as_of}
    return render(request, "dashboard/brief.html", context)


@needs(Right.SEE_FIGURES)
@require_safe
@never_cache
@from_replica
def figures_json(request):
    """Every figure with its definition and the list that has as many rows."""
    as_of = timezone.localtime(replica.as_of(request))
    try:
        scope = read_scope(request.user, request.GET, today=as_of.date())
    except BadScope as problem:
        return JsonResponse({"error": str(problem)}, status=400)
    said = wide.read("figures", scope)
    if said.text is None:
        return wide.waiting_json()
    as_of = timezone.localtime(said.as_of) if said.as_of else as_of
    head = {"as_of": as_of.isoformat(timespec="seconds"), "scope": scope.as_json}
    # The figures are JSON already, of which there is much.
    body = json.dumps(head, ensure_ascii=False)[:-1] + f', "figures": {said.text}}}'
    return HttpResponse(body, content_type="application/json")


# --- today -------------------------------------------------------------------------


@needs(Right.LOG_VISITS)
@require_safe
def work(request):
    context = today.work_of(request.user, timezone.localdate())
    return render(request, "dashboard/work.html", context)


@needs(Right.LOG_VISITS)
@require_safe
def plan(request):
    """The whole walk of the day, by building and floor."""
    day = timezone.localdate()
    context = {"today": day, "walk": walk_of(request.user, day, most=PLANNED)}
    return render(request, "dashboard/plan.html", context)


# --- search ------------------------------------------------------------------------


@needs(
    Right.SEE_TERRITORY,
    Right.SEE_BUSINESSES,
    Right.SEE_PARTY,
    Right.SEE_DEMANDS,
    Right.SEE_ISSUES,
)
@require_safe
@from_replica
def search(request):
    """One box over all ledgers that one sees; a page, or suggestions below the box."""
    q = request.GET.get("q", "")[:60]
    words = finding.words_of(q)
    if tail := phone_tail(words):
        return redirect(f"{request.path}?q={tail}")
    hasty = request.htmx and (request.htmx.target or "").endswith("#suggested")
    groups = finding.find(
        request, words, shown=finding.SUGGESTED if hasty else finding.SHOWN
    )
    context = {
        "q": q,
        "words": words,
        "groups": groups,
        "places": finding.places_of(request.user),
    }
    part = "suggested" if hasty else "found"
    return render_part(request, "dashboard/search.html", context, part=part)


# --- holidays ----------------------------------------------------------------------


@needs(Right.RUN_SYSTEM)
@require_http_methods(["GET", "HEAD", "POST"])
def holiday_list(request):
    """The days that override the weekday, by year, and a form to enter one."""
    form = DayRuleForm(request.POST) if request.method == "POST" else DayRuleForm()
    if form.is_valid():
        rule = actions.set_day(**form.cleaned_data, by=request.user, at=timezone.now())
        messages.success(request, f"已存：{rule.date} {rule.get_kind_display()}。")
        return redirect("dashboard:holiday_list")
    context = {"form": form, "years": years(timezone.localdate())}
    status = 400 if form.errors else 200
    return render(request, "dashboard/holiday_list.html", context, status=status)


@needs(Right.RUN_SYSTEM)
@require_safe
def value_list(request):
    """Where each list of values is kept."""
    return render(request, "dashboard/value_list.html", {"lists": lists_for(request)})


# --- is it alive? ------------------------------------------------------------------


# Whoever watches the machine asks these, without an account; they say nothing else.
@anyone
@require_safe
@never_cache
def healthz(request):
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@anyone
@require_safe
@never_cache
def readyz(request):
    """The database answers and holds the tables that this code expects."""
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return _not_ready("database away")
    if waiting:
        return _not_ready("migrations waiting")
    return HttpResponse("ready\n", content_type="text/plain; charset=utf-8")


def _not_ready(why):
    return HttpResponse(
        f"{why}\n",
        status=503,
        content_type="text/plain; charset=utf-8",
        headers={"Retry-After": "5"},
    )
