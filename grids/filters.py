import django_filters
from django.forms import CheckboxSelectMultiple

from grids.models import Building, Grid
from tianshan.ledgers.ledger import LedgerFilter


class GridFilter(LedgerFilter):
    kind = django_filters.MultipleChoiceFilter(
        label="类别", choices=Grid.Kind, widget=CheckboxSelectMultiple
    )

    def find(self, queryset, name, value):
        return queryset.filter(name__contains=value.strip()) | queryset.filter(
            code__startswith=value.strip()
        )

    class Meta:
        model = Grid
        fields = []


class BuildingFilter(LedgerFilter):
    kind = django_filters.MultipleChoiceFilter(
        label="类别", choices=Building.Kind, widget=CheckboxSelectMultiple
    )
    ownership = django_filters.ChoiceFilter(
        label="产权", choices=Building.Ownership, empty_label="全部"
    )

    class Meta:
        model = Building
        fields = []
