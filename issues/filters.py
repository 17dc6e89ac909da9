import django_filters

from grids.models import Building
from issues.models import DeliberationBody, Issue, Level, Matter, Measure
from party.models import MemberUnit
from tianshan.ledgers.ledger import LedgerFilter


def bodies_in_sight(request):
    return DeliberationBody.objects.visible_to(request.user)


def buildings_in_sight(request):
    return Building.objects.visible_to(request.user).order_by("pinyin")


def units_in_sight(request):
    return MemberUnit.objects.visible_to(request.user)


class IssueFilter(LedgerFilter):
    level = django_filters.MultipleChoiceFilter(label="层级", choices=Level)
    state = django_filters.MultipleChoiceFilter(label="状态", choices=Issue.State)
    body = django_filters.ModelMultipleChoiceFilter(
        label="议事主体", queryset=bodies_in_sight
    )

    class Meta:
        model = Issue
        fields = []


class MatterFilter(LedgerFilter):
    state = django_filters.MultipleChoiceFilter(label="状态", choices=Matter.State)
    ending = django_filters.MultipleChoiceFilter(
        label="办结方式", choices=Matter.Ending
    )
    common = django_filters.BooleanFilter(label="共性诉求", method="by_common")
    building = django_filters.ModelMultipleChoiceFilter(
        label="楼宇", queryset=buildings_in_sight
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
    state = django_filters.MultipleChoiceFilter(label="状态", choices=Measure.State)
    lead_unit = django_filters.ModelMultipleChoiceFilter(
        label="主办单位", queryset=units_in_sight
    )
    due = django_filters.DateFromToRangeFilter(label="期限", field_name="due_on")

    class Meta:
        model = Measure
        fields = []

    def find(self, queryset, name, value):
        """In the measure's own words, or by the issue's title and pinyin."""
        by_issue = super().find(Issue.objects.all(), name, value)
        return queryset.filter(content__icontains=value.strip()) | queryset.filter(
            issue__in=by_issue
        )
