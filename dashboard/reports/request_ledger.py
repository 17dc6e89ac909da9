"""The ledger of who asked for which form (索表登记)."""

import django_filters
from django.db.models import Q
from django.forms import CheckboxSelectMultiple

from accounts.rights import Right
from dashboard.reports.upward import Filing, FormRequest, UpwardForm
from grids.models import Grid
from tianshan.ledgers.ledger import Column, Ledger, LedgerFilter
from tianshan.ledgers.ledger import register as add
from tianshan.web.templatetags.portal import tag


class RequestFilter(LedgerFilter):
    grid = django_filters.ModelChoiceFilter(
        label="向谁要",
        queryset=lambda request: Grid.objects.governed_by(
            request.user, Right.SEE_REPORTS
        ).order_by("path"),
        to_field_name="code",
        empty_label="全部",
    )
    often = django_filters.MultipleChoiceFilter(
        label="多久一次", choices=FormRequest.Often, widget=CheckboxSelectMultiple
    )
    answered = django_filters.ChoiceFilter(
        label="答复",
        choices=[("yes", "已答复"), ("no", "还没有答复")],
        empty_label="全部",
        method="by_answer",
    )
    report = django_filters.ModelChoiceFilter(
        label="对应的报表",
        field_name="form",
        queryset=lambda request: UpwardForm.objects.visible_to(request.user),
        empty_label="全部",
    )
    asked_on = django_filters.DateFromToRangeFilter(
        label="哪天要的",
        widget=django_filters.widgets.DateRangeWidget(attrs={"type": "date"}),
    )

    class Meta:
        model = FormRequest
        fields = []

    def find(self, queryset, name, value):
        for word in value.split()[:5]:
            queryset = queryset.filter(
                Q(asked_by__icontains=word)
                | Q(name__icontains=word)
                | Q(basis__icontains=word)
                | Q(fields__icontains=word)
            )
        return queryset

    def by_answer(self, queryset, name, value):
        return queryset.filter(answer__isnull=value == "no")


def plain(name):
    """Two names that say the same: without blanks and marks, half width."""
    return "".join(ch for ch in name.casefold() if ch.isalnum())


def reported_already(request, user):
    """`[(field, [filing, …])]`: in which signed issues the same numbers stand already."""
    wanted = {plain(name): name for name in request.fields}
    signed = (
        Filing.objects.visible_to(user)
        .filter(state=Filing.State.SIGNED, form__grid=request.grid_id)
        .exclude(pk=request.answer_id)
        .for_list()
        .prefetch_related("cells")
    )
    found, forms = {}, set()
    for filing in signed:  # the latest of each form
        if filing.form_id in forms:
            continue
        forms.add(filing.form_id)
        for name in dict.fromkeys(plain(cell.label) for cell in filing.cells.all()):
            if name in wanted:
                found.setdefault(wanted[name], []).append(filing)
    return [(name, found[name]) for name in request.fields if name in found]


def asked_too(request, user):
    """`[(field, [request, …])]`: who else asked for the same numbers."""
    wanted = {plain(name): name for name in request.fields}
    others = FormRequest.objects.visible_to(user).filter(grid=request.grid_id)
    found = {}
    for other in others.exclude(pk=request.pk).for_list():
        for name in dict.fromkeys(map(plain, other.fields)):
            if name in wanted:
                found.setdefault(wanted[name], []).append(other)
    return [(name, found[name]) for name in request.fields if name in found]


REQUESTS = Ledger(
    key="form_requests",
    title="索表登记",
    unit="次",
    page="dashboard:request_list",
    rows=lambda user: FormRequest.objects.visible_to(user).for_list(),
    filters=RequestFilter,
    lead_text="谁向街道、网格要过什么表，凭什么要，用哪一期答复的。",
    hint="单位、表名、依据、要的数",
    empty="还没有登记。有单位来要表，先登记，再看这些数是不是已经报过。",
    actions=[("登记一次", "plus", "dashboard:request_new", Right.FILL_FORMS)],
    columns=[
        Column("name", "要什么表", lambda row: row.name, link=True, sort=("name",)),
        Column("asked_by", "要表单位", lambda row: row.asked_by, sort=("asked_by",)),
        Column("asked_on", "哪天要的", lambda row: row.asked_on, sort=("asked_on",)),
        Column("basis", "依据", lambda row: row.basis),
        Column(
            "often", "多久一次", lambda row: row.get_often_display(), sort=("often",)
        ),
        Column("fields", "要哪些数", lambda row: "、".join(row.fields)),
        Column(
            "answer",
            "用哪一期答复",
            lambda row: str(row.answer) if row.answer else "还没有答复",
            draw=lambda row: (
                tag("ok", str(row.answer), "circle-check")
                if row.answer
                else tag("line", "还没有答复", "circle-dashed")
            ),
        ),
        Column("answered_on", "答复日期", lambda row: row.answered_on, shown=False),
        Column("grid", "向谁要", lambda row: row.grid.name, sort=("grid__path",)),
        Column("by", "登记", lambda row: row.by.display_name, shown=False),
    ],
)


def register():
    add(REQUESTS)
