"""The definitions of extra fields, kept by the system administrator.

How many rows hold an answer is shown; no answer is.
"""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.rights import Right, needs
from tianshan.values import actions
from tianshan.values.extra import CARRIERS
from tianshan.values.forms import FieldForm
from tianshan.values.models import ExtraField


@needs(Right.RUN_SYSTEM)
@require_http_methods(["GET", "HEAD", "POST"])
def extra_list(request):
    """All fields by ledger with how many rows answer, and a form to add one."""
    form = FieldForm(request.POST or None)
    del form.fields["active"]
    if form.is_valid():
        field = actions.add_field(
            **form.cleaned_data, by=request.user, at=timezone.now()
        )
        messages.success(request, f"已添加“{field}”。")
        return redirect("dashboard:extra_list")
    fields = list(ExtraField.objects.visible_to(request.user))
    for field in fields:
        field.used = actions.used(field)
    groups = [
        {"carrier": carrier, "fields": [f for f in fields if f.of == carrier.key]}
        for carrier in CARRIERS.values()
    ]
    context = {"form": form, "groups": groups}
    status = 400 if form.errors else 200
    return render(request, "dashboard/extra_list.html", context, status=status)


@needs(Right.RUN_SYSTEM)
@require_http_methods(["GET", "HEAD", "POST"])
def extra_field_edit(request, pk):
    field = _field(request, pk)
    form = FieldForm(request.POST or None, instance=field)
    if form.is_valid():
        try:
            actions.edit_field(
                field,
                changes=form.cleaned_data,
                by=request.user,
                at=timezone.now(),
            )
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "已保存。")
            return redirect("dashboard:extra_list")
    context = {
        "field": field,
        "carrier": CARRIERS[field.of],
        "form": form,
        "used": actions.used(field),
    }
    status = 400 if form.errors else 200
    return render(request, "dashboard/extra_field_edit.html", context, status=status)


@needs(Right.RUN_SYSTEM)
@require_POST
def extra_move(request, pk):
    """`way=up` or `way=down`, among the fields of the ledger."""
    up = request.POST.get("way") == "up"
    actions.move_field(_field(request, pk), up=up, by=request.user, at=timezone.now())
    return redirect("dashboard:extra_list")


@needs(Right.RUN_SYSTEM)
@require_POST
def extra_delete(request, pk):
    field = _field(request, pk)
    try:
        actions.delete_field(field, by=request.user, at=timezone.now())
    except actions.Refused as refused:
        messages.error(request, str(refused))
        return redirect("dashboard:extra_field_edit", pk)
    messages.success(request, f"已删除“{field}”。")
    return redirect("dashboard:extra_list")


def _field(request, pk):
    return get_object_or_404(ExtraField.objects.visible_to(request.user), pk=pk)
