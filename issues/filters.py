import django_filters
from django.db.models import Q
from django.utils import timezone

from grids.models import Building
from issues.models import (
    DeliberationBody,
    Extension,
    Issue,
    Level,
    Matter,
    Measure,
    MeasurePart,
)
from party.models import MemberUnit
from tianshan.ledgers.ledger import LedgerFilter
from tianshan.workdays.lights import GREEN, RED, YELLOW

LIGHTS = [(RED, "红灯"), (YELLOW, "黄灯"), (GREEN, "正常")]


def bodies_in_sight(request):
    return DeliberationBody.objects.visible_to(request.user)


def buildings_in_sight(request):
    return Building.objects.visible_to(request.user).order_by("pinyin")


def units_in_sight(request):
    return MemberUnit.objects.visible_to(request.user)


class IssueFilter(LedgerFilter):
    level = django_filters.ChoiceFilter(label="层级", choices=Level, empty_label="全部")
    state = django_filters.ChoiceFilter(
        label="状态", choices=Issue.State, empty_label="全部"
    )
    body = django_filters.ModelChoiceFilter(
        label="议事主体", queryset=bodies_in_sight, empty_label="全部"
    )
    building = django_filters.ModelChoiceFilter(
        label="楼宇", queryset=buildings_in_sight, empty_label="全部"
    )
    supervised = django_filters.BooleanFilter(label="督办中")

    class Meta:
        model = Issue
        fields = []


class MatterFilter(LedgerFilter):
    state = django_filters.ChoiceFilter(
        label="状态", choices=Matter.State, empty_label="全部"
    )
    ending = django_filters.ChoiceFilter(
        label="办结方式", choices=Matter.Ending, empty_label="全部"
    )
    common = django_filters.BooleanFilter(label="共性诉求", method="by_common")
    building = django_filters.ModelChoiceFilter(
        label="楼宇", queryset=buildings_in_sight, empty_label="全部"
    )

    class Meta:
        model = Matter
        fields = []

    def by_common(self, queryset, name, value):
        common = Matter.objects.common().values("pk")
        if value:
            return queryset.filter(pk__in=common)
        return queryset.exclude(pk__in=common)


class MeasureFilter(LedgerFilter):
    state = django_filters.ChoiceFilter(
        label="状态", choices=Measure.State, empty_label="全部"
    )
    light = django_filters.ChoiceFilter(
        label="红黄灯", choices=LIGHTS, empty_label="全部", method="by_light"
    )
    lead_unit = django_filters.ModelChoiceFilter(
        label="主办单位", queryset=units_in_sight, empty_label="全部"
    )
    supervised = django_filters.BooleanFilter(label="督办中")

    class Meta:
        model = Measure
        fields = []

    def by_light(self, queryset, name, colour):
        return queryset.lit(colour, timezone.localdate())

    def find(self, queryset, name, value):
        """In the measure's own words, or by the issue's title and pinyin."""
        by_issue = super().find(Issue.objects.all(), name, value)
        by_matter = super().find(Matter.objects.all(), name, value)
        return queryset.filter(
            Q(content__icontains=value.strip())
            | Q(issue__in=by_issue)
            | Q(matter__in=by_matter)
        )


class PartFilter(LedgerFilter):
    state = django_filters.MultipleChoiceFilter(label="状态", choices=MeasurePart.State)
    light = django_filters.ChoiceFilter(
        label="红黄灯", choices=LIGHTS, empty_label="全部", method="by_light"
    )
    lead = django_filters.ChoiceFilter(
        label="主协办",
        choices=[("true", "主办"), ("false", "协办")],
        empty_label="全部",
        method="by_lead",
    )
    unit = django_filters.ModelChoiceFilter(
        label="单位", queryset=units_in_sight, empty_label="全部"
    )
    asked = django_filters.BooleanFilter(label="等延期答复", method="by_asked")

    class Meta:
        model = MeasurePart
        fields = []

    def by_light(self, queryset, name, colour):
        return queryset.lit(colour, timezone.localdate())

    def by_lead(self, queryset, name, value):
        return queryset.filter(lead=value == "true")

    def by_asked(self, queryset, name, value):
        waiting = Extension.objects.undecided().values("part")
        if value:
            return queryset.filter(pk__in=waiting)
        return queryset.exclude(pk__in=waiting)

    def find(self, queryset, name, value):
        """In its own words or its measure's, or by the issue's title and pinyin."""
        by_issue = super().find(Issue.objects.all(), name, value)
        words = value.strip()
        return queryset.filter(
            Q(content__icontains=words)
            | Q(measure__content__icontains=words)
            | Q(measure__issue__in=by_issue)
        )
