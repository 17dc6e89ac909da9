import django_filters
from django.forms import CheckboxSelectMultiple
from django.utils import timezone

from party.checks import CHECKS
from party.models import PartyOrganization
from tianshan.ledgers.ledger import LedgerFilter


class OrganizationFilter(LedgerFilter):
    kind = django_filters.MultipleChoiceFilter(
        label="类别", choices=PartyOrganization.Kind, widget=CheckboxSelectMultiple
    )
    standing = django_filters.ChoiceFilter(
        label="是否撤销",
        choices=[("yes", "在册"), ("no", "已撤销")],
        method="by_standing",
    )
    check = django_filters.ChoiceFilter(
        label="要看一看", choices=lambda: list(CHECKS.choices()), method="by_check"
    )

    class Meta:
        model = PartyOrganization
        fields = []

    def by_standing(self, queryset, name, value):
        standing = PartyOrganization.objects.standing().values("pk")
        if value == "yes":
            return queryset.filter(pk__in=standing)
        return queryset.exclude(pk__in=standing)

    def by_check(self, queryset, name, value):
        """Of those that stand, the ones of which a check says so."""
        today = timezone.localdate()
        return CHECKS.narrow(queryset.standing(today), value, today)
