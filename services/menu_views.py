"""The menu's pages: brands with their services, each kept by a form of its own."""

from django.contrib import messages
from django.db.models import Count
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.rights import Right, needs
from services import menu
from services.models import MenuItem, ServiceBrand
from services.order_forms import BrandForm, ItemForm


@needs(Right.KEEP_MENU)
@require_safe
def menu_list(request):
    """All brands, and of each its services with how often they were ordered."""
    items = MenuItem.objects.visible_to(request.user).for_list()
    of_brand = {}
    for item in items.annotate(ordered=Count("orders", distinct=True)):
        of_brand.setdefault(item.brand_id, []).append(item)
    brands = list(ServiceBrand.objects.visible_to(request.user))
    for brand in brands:
        brand.rows = of_brand.get(brand.pk, [])
    return render(request, "services/menu_list.html", {"brands": brands})


def _saved(request, form, act, *args):
    try:
        return act(*args, **form.cleaned_data, by=request.user, at=timezone.now())
    except menu.Refused as refused:
        form.add_error("name", str(refused))
        return None


def _page(request, form, title, row=None):
    context = {"form": form, "title": title, "row": row}
    status = 400 if form.errors else 200
    return render(request, "services/menu_edit.html", context, status=status)


@needs(Right.KEEP_MENU)
@require_http_methods(["GET", "HEAD", "POST"])
def brand_new(request):
    form = BrandForm(request.POST or None)
    del form.fields["active"]
    if form.is_valid() and (brand := _saved(request, form, menu.add_brand)):
        messages.success(request, f"已添加“{brand}”，接着添加它的服务。")
        return redirect("services:menu_list")
    return _page(request, form, "添加品牌")


@needs(Right.KEEP_MENU)
@require_http_methods(["GET", "HEAD", "POST"])
def brand_edit(request, pk):
    brand = get_object_or_404(ServiceBrand.objects.visible_to(request.user), pk=pk)
    form = BrandForm(request.POST or None, instance=brand)
    if form.is_valid() and _saved(request, form, menu.edit_brand, brand):
        messages.success(request, "已保存。")
        return redirect("services:menu_list")
    return _page(request, form, "改品牌", brand)


@needs(Right.KEEP_MENU)
@require_http_methods(["GET", "HEAD", "POST"])
def item_new(request):
    brand = request.GET.get("brand", "")
    form = ItemForm(request.POST or None, user=request.user, initial={"brand": brand})
    del form.fields["active"]
    if form.is_valid() and (item := _saved(request, form, menu.add_item)):
        messages.success(request, f"菜单上已添加“{item}”。")
        return redirect("services:menu_list")
    return _page(request, form, "添加服务")


@needs(Right.KEEP_MENU)
@require_http_methods(["GET", "HEAD", "POST"])
def item_edit(request, pk):
    item = get_object_or_404(MenuItem.objects.visible_to(request.user), pk=pk)
    form = ItemForm(request.POST or None, instance=item, user=request.user)
    if form.is_valid() and _saved(request, form, menu.edit_item, item):
        messages.success(request, "已保存。")
        return redirect("services:menu_list")
    return _page(request, form, "改服务", item)
