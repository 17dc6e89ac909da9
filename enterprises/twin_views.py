"""The work list of likely twins, merging two of them, and making them two again."""

from django.apps import apps
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.rights import Right, needs
from enterprises import merging, twins
from enterprises.actions import Refused
from enterprises.forms import EMPTY, MergeForm
from enterprises.ledgers import founded
from enterprises.models import Business, Merge
from grids.models import Grid
from tianshan.ledgers import kept
from tianshan.web.masks import masked_phone

PAGE = 20
# More than so many businesses are compared grid by grid (docs/performance.md).
AT_ONCE = 20_000


def _mergeable(user):
    return Business.objects.visible_to(user, Right.MERGE)


@needs(Right.MERGE)
@require_safe
def twin_list(request):
    """Pairs that may be one business, the surest first; and the merges so far."""
    found = _mergeable(request.user)
    grids = list(Grid.objects.governed_by(request.user, Right.MERGE).for_list())
    together = len(grids) == 1 or kept.count(found) <= AT_ONCE
    if not together:
        grids = [grid for grid in grids if grid.kind != Grid.Kind.STREET]
    asked = request.GET.get("grid")
    grid = next((g for g in grids if g.code == asked), None if together else grids[0])
    if grid:
        found = found.filter(grid__path__startswith=grid.path)
    pairs = twins.pairs(found)
    page = Paginator(pairs, PAGE).get_page(request.GET.get("page"))
    ids = {pk for pair in page for pk in pair}
    known = Business.objects.select_related("grid", "building").in_bulk(ids)
    both = [[known[one], known[other]] for one, other in page]
    rows = [{"both": pair, "why": twins.in_words(*pair)} for pair in both]
    merges = Merge.objects.visible_to(request.user, Right.MERGE).for_list()[:PAGE]
    context = {
        "page": page,
        "rows": rows,
        "total": len(pairs),
        "merges": merges,
        "grids": grids,
        "together": together,
        "grid": grid,
    }
    return render(request, "enterprises/twin_list.html", context)


@needs(Right.MERGE)
@require_http_methods(["GET", "HEAD", "POST"])
def business_merge(request, pk, other):
    """Side by side, fact by fact; `pk` stays, `other` is taken into it."""
    rows = _mergeable(request.user).select_related("grid", "building")
    survivor = get_object_or_404(rows, pk=pk)
    gone = get_object_or_404(rows, pk=other)
    facts = list(_facts(survivor, gone))
    form = MergeForm(
        request.POST or None, facts=[fact for fact in facts if not fact["same"]]
    )
    if form.is_valid():
        try:
            merge = merging.merge(
                survivor,
                gone,
                choices=form.choices(),
                reason=form.cleaned_data["reason"],
                by=request.user,
                at=timezone.now(),
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"已并入 {survivor.name}。要撤销，见本页下方。")
            return redirect(merge)
    context = {
        "survivor": survivor,
        "gone": gone,
        "same": [fact for fact in facts if fact["same"]],
        "form": form,
        "moving": _moving(gone),
        "why": "、".join(twins.in_words(survivor, gone)),
    }
    status = 422 if form.errors else 200
    return render(request, "enterprises/business_merge.html", context, status=status)


def _facts(survivor, gone):
    """Each fact of both, in words: `{name, label, mine, theirs, same}`."""
    for name in merging.CHOSEN:
        mine, theirs = _shown(survivor, name), _shown(gone, name)
        yield {
            "name": name,
            "label": Business._meta.get_field(name).verbose_name,
            "mine": mine,
            "theirs": theirs,
            "same": getattr(survivor, name) == getattr(gone, name),
        }
    mine, theirs = _present(survivor), _present(gone)
    yield {
        "name": merging.NOW,
        "label": "现在的地点和状态",
        "mine": mine,
        "theirs": theirs,
        "same": mine == theirs,
    }


def _present(business):
    place = business.place or business.grid.name
    return f"{business.grid.name} {place}，{business.get_state_display()}"


def _shown(business, name):
    value = getattr(business, name)
    if name == "contact_phone":
        return masked_phone(value) or EMPTY
    if name == "founded_on":
        return str(founded(business) or EMPTY)
    field = Business._meta.get_field(name)
    if field.choices and value:
        return getattr(business, f"get_{name}_display")()
    return EMPTY if value is None or value == "" else str(value)


def _moving(business):
    """How many rows of each kind go over, in words."""
    counts = []
    for model, field in merging.relations():
        found = model._base_manager.filter(**{field.attname: business.pk})
        if number := found.aggregate(n=Count("pk"))["n"]:
            counts.append({"label": model._meta.verbose_name, "count": number})
    return counts


@needs(Right.MERGE)
@require_POST
def twins_apart(request, pk, other):
    """Rule that two are not the same; they are listed no more."""
    rows = _mergeable(request.user)
    one, two = (get_object_or_404(rows, pk=key) for key in (pk, other))
    try:
        merging.tell_apart(
            one,
            two,
            reason=request.POST.get("reason", "").replace("\x00", "")[:200],
            by=request.user,
            at=timezone.now(),
        )
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"已记：{one.name}与{two.name}不是同一家。")
    return redirect("enterprises:twin_list")


def _merge(request, pk):
    rows = Merge.objects.visible_to(request.user, Right.MERGE)
    return get_object_or_404(rows.select_related("survivor", "gone", "by"), pk=pk)


@needs(Right.MERGE)
@require_safe
def merge_detail(request, pk):
    """What a merge moved, and the way back."""
    merge = _merge(request, pk)
    counted = {}
    for entry in merge.moved:
        counted[entry["model"]] = counted.get(entry["model"], 0) + 1
    context = {
        "merge": merge,
        "moved": [
            {"label": _label(label), "count": count} for label, count in counted.items()
        ],
        "kept": [_in_words(row) for row in merge.kept],
        "left": [_in_words(row) for row in merge.left],
    }
    return render(request, "enterprises/merge_detail.html", context)


def _label(model):
    return apps.get_model(model)._meta.verbose_name


def _in_words(row):
    """A row of the log with its name and, where it has one, its page."""
    model = apps.get_model(row["model"])
    found = model._base_manager.filter(pk=row["pk"]).first()
    url = found.get_absolute_url() if hasattr(found, "get_absolute_url") else ""
    words = row.get("why", "留在并入的那一家")
    return {"label": model._meta.verbose_name, "url": url, "words": words, **row}


@needs(Right.MERGE)
@require_POST
def merge_undo(request, pk):
    merge = _merge(request, pk)
    try:
        merge = merging.undo(merge, by=request.user, at=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        words = f"，有 {len(merge.left)} 条没有还原，列在下面" if merge.left else ""
        messages.success(request, f"已撤销，又是两家{words}。")
    return redirect(merge)
