import django_filters
from django.forms import CheckboxSelectMultiple

from party.models import PartyOrganization
from tianshan.ledgers.ledger import LedgerFilter


class OrganizationFilter(LedgerFilter):
    kind = django_filters.MultipleChoiceFilter(
        label="类别", choices=PartyOrganization.Kind, widget=CheckboxSelectMultiple
    )

    class Meta:
        model = PartyOrganization
        fields = []
