import django_filters
from django.db.models import Exists, OuterRef, Q
from django.forms import CheckboxSelectMultiple
from django.utils import timezone
from django_filters.widgets import DateRangeWidget

from enterprises.models import Business, ImportBatch
from grids.models import Building
from tianshan.ledgers.ledger import LedgerFilter
from tianshan.workdays.lights import GREEN, RED, YELLOW
from visits.models import Companion, Demand, DemandCategory, Visit

LIGHTS = [(RED, "红灯（已超期）"), (YELLOW, "黄灯"), (GREEN, "正常")]


class DayRange(DateRangeWidget):
    def __init__(self, attrs=None):
        super().__init__(attrs)
        for widget in self.widgets:
            widget.input_type = "date"


def buildings_in_sight(request):
    return Building.objects.visible_to(request.user).order_by("pinyin")


def imports_in_sight(request):
    return ImportBatch.objects.visible_to(request.user)


class VisitFilter(LedgerFilter):
    method = django_filters.ChoiceFilter(
        label="方式", choices=Visit.Method, empty_label="全部"
    )
    visited = django_filters.DateFromToRangeFilter(
        label="走访日期", field_name="visited_on", widget=DayRange
    )
    building = django_filters.ModelChoiceFilter(
        label="楼宇", queryset=buildings_in_sight, empty_label="全部"
    )
    void = django_filters.ChoiceFilter(
        label="作废",
        choices=[("false", "没有作废"), ("true", "已作废")],
        empty_label="全部",
        method="by_void",
    )
    together = django_filters.ChoiceFilter(
        label="同行",
        choices=[
            ("true", "有人同行"),
            ("colleague", "和同事"),
            ("unit", "和成员单位"),
            ("joined", "两人各记、已并成一次"),
        ],
        empty_label="全部",
        method="by_together",
    )
    outcome = django_filters.MultipleChoiceFilter(
        label="结果", choices=Visit.Outcome, widget=CheckboxSelectMultiple
    )
    batch = django_filters.ModelChoiceFilter(
        label="导入批次", queryset=imports_in_sight, method="by_batch"
    )

    class Meta:
        model = Visit
        fields = []

    def by_batch(self, queryset, name, batch):
        """The visits that an import wrote."""
        rows = batch.rows.filter(model="visit").written("new")
        return queryset.filter(pk__in=rows.values("target"))

    def by_together(self, queryset, name, value):
        if value == "joined":
            heads = Visit.objects.filter(joined_to=OuterRef("pk"))
            return queryset.filter(Exists(heads) | ~Q(joined_to=None))
        rows = Companion.objects.all()
        if value != "true":
            rows = rows.exclude(**{"user" if value == "colleague" else "unit": None})
        return queryset.filter(Exists(rows.filter(visit=OuterRef("pk"))))

    def by_void(self, queryset, name, value):
        return queryset.filter(voided_at__isnull=value == "false")

    def find(self, queryset, name, value):
        """By the business visited."""
        return queryset.filter(
            business__in=super().find(Business.objects.all(), name, value)
        )


class DemandFilter(LedgerFilter):
    light = django_filters.ChoiceFilter(
        label="红黄灯", choices=LIGHTS, empty_label="全部", method="by_light"
    )
    category = django_filters.ModelChoiceFilter(
        label="类别", queryset=DemandCategory.objects.all(), empty_label="全部"
    )
    source = django_filters.ChoiceFilter(
        label="来源", choices=Demand.Source, empty_label="全部"
    )
    raised = django_filters.DateFromToRangeFilter(
        label="提出日期", field_name="raised_on", widget=DayRange
    )
    building = django_filters.ModelChoiceFilter(
        label="楼宇",
        queryset=buildings_in_sight,
        field_name="business__building",
        empty_label="全部",
    )
    state = django_filters.MultipleChoiceFilter(
        label="状态", choices=Demand.State, widget=CheckboxSelectMultiple
    )
    telling = django_filters.ChoiceFilter(
        label="回告",
        choices=[
            ("waiting", "等着回告"),
            ("late", "回告超期"),
            ("unreached", "两次未联系上"),
            ("told", "已告诉"),
        ],
        empty_label="全部",
        method="by_telling",
    )
    confidential = django_filters.ChoiceFilter(
        label="保密",
        choices=[("true", "保密"), ("false", "不保密")],
        empty_label="全部",
        method="by_confidential",
    )
    batch = django_filters.ModelChoiceFilter(
        label="导入批次", queryset=imports_in_sight, method="by_batch"
    )

    class Meta:
        model = Demand
        fields = []

    def by_batch(self, queryset, name, batch):
        """The demands that an import wrote."""
        rows = batch.rows.filter(model="demand").written("new")
        return queryset.filter(pk__in=rows.values("target"))

    def by_telling(self, queryset, name, value):
        if value == "waiting":
            return queryset.waiting_to_be_told()
        if value == "late":
            today = timezone.localdate()
            return queryset.waiting_to_be_told().filter(tell_by__lt=today)
        if value == "unreached":
            return queryset.unreached()
        return queryset.exclude(told_on=None)

    def by_confidential(self, queryset, name, value):
        return queryset.filter(confidential=value == "true")

    def by_light(self, queryset, name, colour):
        return queryset.lit(colour, timezone.localdate())

    def find(self, queryset, name, value):
        """In the asker's words, or by the asker."""
        askers = super().find(Business.objects.all(), name, value)
        by_asker = Demand.objects.filter(business__in=askers)
        by_words = super().find(Demand.objects.all(), name, value)
        # Each by its own index; an OR would use neither.
        found = by_words.order_by().values("pk").union(by_asker.values("pk"))
        return queryset.filter(pk__in=found)
