"""What this room adds to the ledgers of businesses: how each stands, and until when."""

import datetime as dt
from functools import cache, lru_cache

import django_filters
from django import forms
from django.db.models import (
    Case,
    CharField,
    F,
    FilteredRelation,
    Func,
    OuterRef,
    Q,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, JSONObject, NullIf
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from dashboard import elevation
from dashboard.models import Standing
from dashboard.walk import cared_for
from enterprises.models import Business
from tianshan.ledgers import Column, extend
from tianshan.web.templatetags.portal import lamp

KEYS = ("businesses", "enterprises", "merchants")
Condition = Standing.Condition
DATES = ("visited_until", "overdue_from", "untold_from", "absent_from")

# The three conditions that hold now, each by one character.
MARKS = (
    (Condition.UNVISITED, "访", "按期走访", "未按期走访"),
    (Condition.OVERDUE, "诉", "诉求不超期", "诉求超期"),
    (Condition.UNTOLD, "告", "结果已告知", "结果未告知"),
)


def with_standing(queryset, *, user, day):
    """Each business with how it stands on the day, read by one subquery."""
    row = Standing.objects.on(day).filter(business=OuterRef("pk"))
    return queryset.annotate(
        standing=Subquery(
            row.values(
                all=JSONObject(
                    operating="operating",
                    mode="mode",
                    visited="visited",
                    day=Value(day.isoformat()),
                    **{name: Cast(name, CharField()) for name in DATES},
                )
            )[:1]
        )
    )


def standing_of(row):
    """`(Standing, day)` as annotated, or None for a business that is in no scope."""
    values = row.standing
    if not values or not values["operating"] or not row.counts:
        return None
    dates = [values[name] for name in DATES]
    return _read(values["mode"], values["visited"], values["day"], *dates)


@lru_cache(maxsize=10_000)
def _read(mode, visited, day, *dates):
    """Read once for all columns and rows that stand alike; nobody may change it."""
    day, *dates = (text and dt.date.fromisoformat(text) for text in (day, *dates))
    dated = dict(zip(DATES, dates, strict=True))
    return Standing(mode=mode, visited=visited, **dated), day


def state_in_words(row):
    """有效, 未到期, 未覆盖, or all that it fails."""
    known = standing_of(row)
    if known is None:
        return "不计"
    standing, day = known
    if not standing.mode:
        return "未覆盖"
    if standing.is_not_due(day):
        return "未到期"
    failed = standing.failures(day)
    return "、".join(condition.label for condition in failed) if failed else "有效"


def draw_state(row):
    known = standing_of(row)
    if known is None:
        return _label("t2", state_in_words(row))
    standing, day = known
    if not standing.mode:
        return _label("ts-tag ts-tag-line", state_in_words(row))
    if standing.is_not_due(day):
        return _label("ts-tag ts-tag-info", state_in_words(row))
    return _marks(state_in_words(row), *standing.failures(day))


@cache
def _label(style, words):
    return format_html('<span class="{}">{}</span>', style, words)


@cache
def _marks(words, *failed):
    marks = format_html_join(
        "",
        '<i class="{}" title="{}">{}</i>',
        (
            ("n", bad, letter) if condition in failed else ("y", good, letter)
            for condition, letter, good, bad in MARKS
        ),
    )
    return format_html(
        '<span class="four" aria-hidden="true">{}</span>'
        '<span class="visually-hidden">{}</span>',
        marks,
        words,
    )


def visit_due(row):
    known = standing_of(row)
    return known[0].visited_until if known else None


def draw_visit_due(row):
    known = standing_of(row)
    if known is None:
        return "—"
    standing, day = known
    left = (standing.visited_until - day).days
    words = f"{standing.visited_until:%m-%d}"
    if left < 0:
        return lamp("red", f"{words} 超 {-left} 天")
    if left <= 7:
        return lamp("yellow", f"{words} 剩 {left} 天")
    return lamp("green", standing.visited_until.isoformat())


# --- the same for exports of many rows -----------------------------------------------


def joined_standing(queryset, *, user, day):
    """Each business beside the one row of Standing that holds on the day."""
    return queryset.annotate(
        held=FilteredRelation(
            "standings",
            condition=Q(standings__since__lte=day)
            & (Q(standings__until=None) | Q(standings__until__gt=day)),
        )
    )


IN_SCOPE = Q(held__operating=True, kind__in=Business.COUNTED)


def state_in_sql(day):
    failed = [
        Case(
            When(Standing.fails(condition, day, "held__"), then=Value(condition.label))
        )
        for condition in Condition
    ]
    return Case(
        When(~IN_SCOPE, then=Value("不计")),
        When(held__mode="", then=Value("未覆盖")),
        When(held__visited=False, held__visited_until__gte=day, then=Value("未到期")),
        default=Coalesce(
            NullIf(WithCommas(*failed), Value("", TextField())),
            Value("有效", TextField()),
        ),
        output_field=TextField(),
    )


class WithCommas(Func):
    """Those texts that are there, as 甲、乙."""

    function = "concat_ws"
    output_field = TextField()

    def __init__(self, *texts):
        super().__init__(Value("、"), *texts)


EFFECTIVE, NOT_DUE, UNCOVERED = "effective", "not_due", "uncovered"


def by_gap(filters, queryset, name, value):
    """The day's class of each business; those that fail by their first failing one."""
    day = filters.looks_at or timezone.localdate()
    rows = Standing.objects.on(day).counting()
    if value == EFFECTIVE:
        rows = rows.effective(day)
    elif value == NOT_DUE:
        rows = rows.not_due(day)
    elif value == UNCOVERED:
        rows = rows.uncovered()
    else:
        rows = rows.first_failing(Condition(value), day)
    return queryset.filter(pk__in=rows.values("business"))


def by_care(filters, queryset, name, value):
    """The rows of businesses whose visits the user owes."""
    businesses, own = cared_for(filters.request.user)
    if not own:
        return queryset.none()
    return queryset.filter(business__in=businesses)


class BlockFilter(django_filters.Filter):
    """The businesses behind a class of a building's elevation, on its day."""

    field_class = forms.CharField

    def filter(self, queryset, value):
        if not value:
            return queryset
        asked = elevation.asked_for(value, self.parent.request.user)
        if asked is None:
            return queryset.none()
        words, businesses = asked
        # What the chip says instead of the value.
        self.parent.form.fields[self.field_name].widget.choices = [(value, words)]
        return queryset.filter(pk__in=businesses)


def register():
    extend(
        *KEYS,
        columns=[
            Column(
                "standing",
                "达标",
                state_in_words,
                draw=draw_state,
                annotate=with_standing,
                sql=state_in_sql,
                joins=joined_standing,
            ),
            Column(
                "visit_due",
                "应访",
                visit_due,
                draw=draw_visit_due,
                annotate=with_standing,
                sql=Case(When(IN_SCOPE, then=F("held__visited_until"))),
                joins=joined_standing,
            ),
        ],
        filters={
            "gap": django_filters.ChoiceFilter(
                label="达标情况",
                empty_label="全部",
                choices=[
                    (EFFECTIVE, "有效"),
                    (NOT_DUE, "未到期"),
                    *Condition.choices,
                    (UNCOVERED, "未覆盖"),
                ],
                method="by_gap",
            ),
            "by_gap": by_gap,
            "block": BlockFilter(
                field_name="block", label="楼层图", widget=forms.HiddenInput
            ),
        },
    )
    extend(
        "telling",
        filters={
            "care": django_filters.ChoiceFilter(
                label="谁走访",
                choices=[("mine", "我负责走访的")],
                empty_label="全部",
                method="by_care",
            ),
            "by_care": by_care,
        },
    )
