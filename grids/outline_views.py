"""Bringing outlines in from a file."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.rights import Right, needs
from grids import outlines
from grids.coordinates import System

MOST_BYTES = 4 * 1024 * 1024


class OutlinesForm(forms.Form):
    file = forms.FileField(
        label="GeoJSON 文件",
        help_text="每个图形写 code（网格编码）或 name（网格、楼宇的名称或俗称）",
    )
    system = forms.ChoiceField(
        label="坐标系",
        choices=System,
        initial=System.WGS84,
        help_text="图是在哪里画的，就选哪个；系统里一律存 WGS-84",
    )
    sketched = forms.BooleanField(
        label="是示意图，不是测绘的", required=False, help_text="地图上会注明“示意图”"
    )
    skip = forms.BooleanField(
        label="有错的跳过，其余的收下",
        required=False,
        help_text="不勾：有一个错就一个都不收，改好再传",
    )

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError("文件太大，最多 4 MB，请先简化轮廓。")
        return file


@needs(Right.EDIT_BUILDINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def outline_import(request):
    """Read a file and keep what is right; say of each feature what is wrong."""
    form, features = OutlinesForm(request.POST or None, request.FILES or None), []
    if form.is_valid():
        asked = form.cleaned_data
        try:
            features = outlines.read(
                asked["file"].read(), asked["system"], user=request.user
            )
        except outlines.Refused as refused:
            form.add_error("file", str(refused))
        else:
            wrong = sum(bool(one.problem) for one in features)
            if wrong < len(features) and (asked["skip"] or not wrong):
                changed = outlines.keep(
                    features,
                    asked["system"],
                    sketched=asked["sketched"],
                    by=request.user,
                    at=timezone.now(),
                )
                _say(request, len(features), wrong, changed)
                if not wrong:
                    return redirect("dashboard:map")
            else:
                form.add_error("file", f"有 {wrong} 个图形不对，没有收下；看下面。")
    context = {"form": form, "wrong": [one for one in features if one.problem]}
    status = 400 if form.errors else 200
    return render(request, "grids/outline_import.html", context, status=status)


def _say(request, all_of_them, wrong, changed):
    same = all_of_them - wrong - changed
    words = [f"收下 {changed} 个"]
    if same:
        words.append(f"{same} 个和原来一样")
    if wrong:
        words.append(f"跳过 {wrong} 个")
    messages.success(request, "，".join(words) + "。")
