"""The categories of demands: one list, kept by the system administrator."""

from django.contrib import messages
from django.db.models import Count
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.rights import Right, needs
from visits import actions
from visits.forms import CategoryForm
from visits.models import DemandCategory


@needs(Right.RUN_SYSTEM)
@require_http_methods(["GET", "HEAD", "POST"])
def category_list(request):
    """All categories with how often each was used, and a form to add one."""
    form = CategoryForm(request.POST or None)
    del form.fields["active"]
    if form.is_valid():
        category = actions.add_category(
            **form.cleaned_data, by=request.user, at=timezone.now()
        )
        messages.success(request, f"已添加“{category}”。")
        return redirect("visits:category_list")
    categories = DemandCategory.objects.visible_to(request.user)
    context = {"form": form, "categories": categories.annotate(used=Count("demands"))}
    status = 400 if form.errors else 200
    return render(request, "visits/category_list.html", context, status=status)


@needs(Right.RUN_SYSTEM)
@require_http_methods(["GET", "HEAD", "POST"])
def category_edit(request, pk):
    category = _category(request, pk)
    form = CategoryForm(request.POST or None, instance=category)
    if form.is_valid():
        try:
            actions.edit_category(
                category, **form.cleaned_data, by=request.user, at=timezone.now()
            )
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "已保存。")
            return redirect("visits:category_list")
    context = {
        "category": _category(request, pk),
        "form": form,
        "used": category.demands.count(),
    }
    status = 400 if form.errors else 200
    return render(request, "visits/category_edit.html", context, status=status)


@needs(Right.RUN_SYSTEM)
@require_POST
def category_move(request, pk):
    """`way=up` or `way=down`."""
    actions.move_category(
        _category(request, pk),
        up=request.POST.get("way") == "up",
        by=request.user,
        at=timezone.now(),
    )
    return redirect("visits:category_list")


@needs(Right.RUN_SYSTEM)
@require_POST
def category_delete(request, pk):
    category = _category(request, pk)
    try:
        actions.delete_category(category, by=request.user, at=timezone.now())
    except actions.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"已删除“{category}”。")
    return redirect("visits:category_list")


def _category(request, pk):
    return get_object_or_404(DemandCategory.objects.visible_to(request.user), pk=pk)
