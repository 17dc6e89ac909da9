import django_filters
from django.db.models import F, Q, TextField, Value
from django.db.models.functions import Concat, Lower, Replace
from django.forms import CheckboxSelectMultiple

from accounts.rights import Right
from enterprises.models import (
    Business,
    Coverage,
    ImportBatch,
    Priority,
    Trade,
    TradeWord,
)
from grids.models import Building, Grid
from party.models import PartyOrganization, in_force
from tianshan.ledgers.ledger import LedgerFilter
from tianshan.pinyin import fold


def buildings_in_sight(request):
    return Building.objects.visible_to(request.user).order_by("pinyin")


def grids_in_sight(request):
    return Grid.objects.visible_to(request.user, Right.SEE_BUSINESSES)


BLANK = Value(" ", TextField())


class BusinessFilter(LedgerFilter):
    UNCOVERED = "none"
    UNSORTED = "none"

    building = django_filters.ModelChoiceFilter(
        label="楼宇", queryset=buildings_in_sight, method="by_building"
    )
    area = django_filters.ModelChoiceFilter(
        label="网格",
        queryset=grids_in_sight,
        to_field_name="code",
        method="by_area",
    )
    state = django_filters.MultipleChoiceFilter(
        label="经营状态",
        choices=Business.State,
        method="by_state",
        widget=CheckboxSelectMultiple,
    )
    mode = django_filters.MultipleChoiceFilter(
        label="覆盖方式",
        choices=[*Coverage.Mode.choices, (UNCOVERED, "未覆盖")],
        method="by_mode",
        widget=CheckboxSelectMultiple,
    )
    section = django_filters.MultipleChoiceFilter(
        label="门类",
        choices=[*Trade.Section.choices, (UNSORTED, "未归类")],
        method="by_section",
        widget=CheckboxSelectMultiple,
    )
    priority = django_filters.ChoiceFilter(
        label="重点",
        choices=[("True", "重点"), ("False", "一般")],
        method="by_priority",
    )
    organization = django_filters.ModelChoiceFilter(
        label="党组织",
        queryset=lambda request: PartyOrganization.objects.visible_to(request.user),
        method="by_organization",
    )
    batch = django_filters.ModelChoiceFilter(
        label="导入批次",
        queryset=lambda request: ImportBatch.objects.visible_to(request.user),
        method="by_batch",
    )

    class Meta:
        model = Business
        fields = []

    # With a day that is looked back to, what is dated is asked of that day.

    def find(self, queryset, name, value):
        """Where a business has moved since, its room of that day in place of today's."""
        if not self.looks_at:
            return super().find(queryset, name, value)
        today = Lower("room", output_field=TextField())
        then = Lower("then_room", output_field=TextField())
        without = Replace(
            Concat(BLANK, "search", BLANK),
            Concat(BLANK, today, BLANK),
            BLANK,
            output_field=TextField(),
        )
        queryset = queryset.annotate(then_search=Concat(without, then))
        moved = ~Q(then_room=F("room"))
        for word in fold(value).split()[:5]:
            same = ~moved & Q(search__found=word)
            queryset = queryset.filter(same | moved & Q(then_search__contains=word))
        return queryset

    def by_building(self, queryset, name, building):
        if self.looks_at:
            return queryset.filter(then_building=building.pk)
        return queryset.filter(building=building)

    def by_area(self, queryset, name, grid):
        """In the grid or anywhere below it."""
        if self.looks_at:
            return queryset.filter(then_grid_path__startswith=grid.path)
        return queryset.filter(grid__among=grid.subtree)

    def by_state(self, queryset, name, states):
        if self.looks_at:
            return queryset.filter(then_state__in=states)
        return queryset.filter(state__in=states)

    def by_priority(self, queryset, name, value):
        marked = value == "True"
        if not self.looks_at:
            return queryset.filter(priority=marked)
        then = Priority.objects.filter(in_force(self.looks_at)).values("business")
        if marked:
            return queryset.filter(pk__in=then)
        return queryset.exclude(pk__in=then)

    def by_mode(self, queryset, name, values):
        """By the mode that ranks first among the coverages in force."""
        wanted = queryset.none()
        coverages = Coverage.objects.filter(in_force(self.looks_at))
        for value in values:
            if value == self.UNCOVERED:
                wanted |= queryset.exclude(pk__in=coverages.values("business"))
                continue
            rank = Coverage.RANK[value]
            better = coverages.filter(rank__lt=rank)
            wanted |= queryset.filter(
                pk__in=coverages.filter(mode=value).values("business")
            ).exclude(pk__in=better.values("business"))
        return wanted

    def by_section(self, queryset, name, letters):
        """By the sections that the businesses' words lead to, or by none."""
        words = TradeWord.objects.filter(trade__section__in=letters)
        wanted = Q(trade__in=words.values("word"))
        if self.UNSORTED in letters:
            wanted |= ~Q(trade__in=TradeWord.objects.values("word"))
        return queryset.filter(wanted)

    def by_organization(self, queryset, name, organization):
        """Those that the organisation covers, by the mode in `?by=` if there is one."""
        rows = Coverage.objects.filter(
            in_force(self.looks_at), organization=organization
        )
        if self.data.get("by") in Coverage.Mode.values:
            rows = rows.filter(mode=self.data["by"])
        return queryset.filter(pk__in=rows.values("business"))

    def by_batch(self, queryset, name, batch):
        """The businesses that an import wrote; by `?wrote=` the new or changed ones."""
        wrote = self.data.get("wrote")
        rows = batch.rows.filter(model="business").written(
            *([wrote] if wrote in ("new", "changed") else [])
        )
        return queryset.filter(pk__in=rows.values("target"))


class AnyBusinessFilter(BusinessFilter):
    kind = django_filters.MultipleChoiceFilter(
        label="类别", choices=Business.Kind, widget=CheckboxSelectMultiple
    )
