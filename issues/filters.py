import django_filters
from django.utils import timezone

from grids.models import Building
from issues.models import DeliberationBody, Issue, Level, Matter, Measure
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

    class Meta:
        model = Measure
        fields = []

    def by_light(self, queryset, name, colour):
        return queryset.lit(colour, timezone.localdate())

    def find(self, queryset, name, value):
        """In the measure's own words, or by the issue's title and pinyin."""
        by_issue = super().find(Issue.objects.all(), name, value)
        return queryset.filter(content__icontains=value.strip()) | queryset.filter(
            issue__in=by_issue
        )
