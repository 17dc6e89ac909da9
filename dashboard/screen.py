"""What the one screen shows: figures from the registry, each with its link."""

import datetime as dt
import functools
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, replace

from django.db.models import Count
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html

from accounts.rights import Right
from dashboard.figures import standings
from dashboard.models import Standing
from grids.models import Building, Grid
from issues.models import Issue, Level, Slot
from tianshan.ledgers import (
    FIGURES,
    Rate,
    SmallCount,
    count_all,
    count_by_grid,
    kept,
    percent,
)
from tianshan.web.templatetags.portal import percent1, thousands
from tianshan.workdays.lights import light, worst

MONTHS = 6
SHOWN = 4  # of a level's issues, of the red measures
BUILDINGS = 40  # of those with the lowest effective coverage; the ledger has all


@dataclass(frozen=True)
class Tile:
    """A number as the page shows it: its unit, its meaning and its rows' address."""

    key: str
    label: str
    unit: str
    definition: str
    value: float | None
    href: str
    share: float = 0  # of the businesses in scope, in percent
    start: float = 0  # where its part of the bar begins

    @property
    def drawn(self):
        return self.drawn_as("num")

    @property
    def large(self):
        return self.drawn_as("num fig")

    @property
    def of_gap(self):
        return self.drawn_as("num gap-n")

    def drawn_as(self, css):
        """As a link to its rows; what it means, a script shows (static/figures.js)."""
        if self.value is None:
            words = "无数据" if self.href else "不显示"
            return format_html(
                '<span class="num t2" data-figure="{}">{}</span>', self.key, words
            )
        words = (
            percent1(self.value)
            if self.unit == "%"
            else format_html("{}<small>{}</small>", thousands(self.value), self.unit)
        )
        if not self.href:
            return format_html(
                '<span class="num" data-figure="{}">{}</span>', self.key, words
            )
        return format_html(
            '<a class="{}" href="{}" data-figure="{}">{}</a>',
            css,
            self.href,
            self.key,
            words,
        )


def tile_of(figure, scope):
    """The tile of a figure that is rows, without its number."""
    words = (figure.key, figure.label, figure.unit, figure.definition)
    return Tile(*words, None, figure.href(scope))


def kept_of(read, scope):
    """`read(scope)`, or what it read while nothing of that has changed."""
    return kept.keep(("dashboard", read.__name__, *scope.key), lambda: read(scope))


# --- periods -----------------------------------------------------------------------


def periods(scope):
    """The periods offered as links, `[(label, start, end)]`, all up to today."""
    today = scope.today
    ten_day = today.replace(day=1 if today.day <= 10 else 11 if today.day <= 20 else 21)
    quarter = today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    return [
        ("累计", min(scope.grid.live_on, today), today),
        ("本旬", ten_day, today),
        ("本月", today.replace(day=1), today),
        ("本季", quarter, today),
        ("今年", today.replace(month=1, day=1), today),
    ]


def period_links(scope):
    """Each period as a link; of several that are the same, the first is lit."""
    offered = periods(scope)
    spans = [(start, end) for _, start, end in offered]
    lit = spans.index(scope.period) if scope.period in spans else None
    return [
        {
            "label": label,
            "query": scope.during(start, end).query,
            "current": place == lit,
        }
        for place, (label, start, end) in enumerate(offered)
    ]


def grid_links(scope, having):
    """The grids among which the user may choose, none when there is but one."""
    grids = list(Grid.objects.visible_to(scope.user, having).order_by("path"))
    if len(grids) < 2:
        return []
    return [
        {"label": grid.name, "code": grid.code, "current": grid == scope.grid}
        for grid in grids
    ]


# --- tiles -------------------------------------------------------------------------


def read_figures(scope):
    """`{key: Tile}` of every figure and rate, all counted in one statement."""
    values = FIGURES.values_for(scope)
    tiles = {}
    for key, figure in FIGURES.items():
        if isinstance(figure, Rate):
            value = percent(values[figure.numerator], values[figure.denominator])
            href = FIGURES[figure.numerator].href(scope)
        elif isinstance(figure, SmallCount):
            value, href = _small(figure, scope), ""
        else:
            value, href = values[key], figure.href(scope)
        tiles[key] = Tile(
            key, figure.label, figure.unit, figure.definition, value, href
        )
    return tiles


def _small(figure, scope):
    return kept.keep((figure.key, *scope.key), lambda: figure.total(scope))


def figures_text(scope, more=None):
    return json.dumps(figures_as_json(scope), ensure_ascii=False)


def figures_as_json(scope, values=None):
    """The contract of /dashboard/figures.json, figure by figure; `values` where they
    have been counted already."""
    values = values or FIGURES.values_for(scope)
    answer = []
    for key, figure in FIGURES.items():
        entry = {
            "key": key,
            "label": figure.label,
            "value": None,
            "unit": figure.unit,
            "definition": figure.definition,
            "href": None,
        }
        if isinstance(figure, Rate):
            entry["value"] = percent(
                values[figure.numerator], values[figure.denominator]
            )
            for part in ("numerator", "denominator"):
                of = getattr(figure, part)
                entry[part] = values[of]
                entry[f"{part}_href"] = FIGURES[of].href(scope)
        elif isinstance(figure, SmallCount):
            entry["value"] = _small(figure, scope)
            entry["suppressed"] = entry["value"] is None
        else:
            entry["value"] = values[key]
            entry["sum_href" if figure.adds else "href"] = figure.href(scope)
        answer.append(entry)
    return answer


# --- coverage ----------------------------------------------------------------------

NEXT_STEPS = {
    "gap_unvisited": "网格员按到期先后去走访",
    "gap_overdue": "负责的党组织先给结果",
    "gap_untold": "把结果告诉提出的人",
    "gap_absent": "请来参加一场活动",
    "gap_uncovered": "落实由哪个党组织负责",
}
# What waits on businesses, and for whom.
WAITING = {
    "gap_unvisited": ("走访", "走访责任人"),
    "gap_untold": ("回告", "给出结果的人"),
    "gap_uncovered": ("覆盖", "网格长、台账员"),
}


def bar(tiles):
    """The parts of the bar from left to right; together they are all in scope."""
    whole = tiles["in_scope"].value
    keys = [
        "effective",
        *(f"gap_{condition}" for condition in Standing.Condition),
        "not_due",
        "gap_uncovered",
    ]
    parts, start = {}, 0.0
    for key in keys:
        share = round(100 * tiles[key].value / whole, 3) if whole else 0
        parts[key] = replace(tiles[key], share=share, start=round(start, 3))
        start += share
    return parts


def difference(tiles):
    """From formal to effective coverage, in points."""
    formal, effective = tiles["formal_coverage"], tiles["effective_coverage"]
    return round((formal.value or 0) - (effective.value or 0), 1)


PLACED = ("in_scope", "covered", "effective", *WAITING)


def placed(scope):
    """`[(building's key, its name, {figure: n})]`, all counted in one pass."""
    numbers = {
        key: Count("pk", filter=FIGURES[key].condition(scope) or None) for key in PLACED
    }
    rows = standings(scope).visible_to(scope.user).classed(scope.day).order_by()
    places = rows.values_list("business__building", "business__building__name")
    return [
        (pk, name, dict(zip(PLACED, counts, strict=True)))
        for pk, name, *counts in places.annotate(**numbers)
    ]


def by_building(scope):
    """In scope, covered and effective of each building, with links to the rows."""
    places = kept_of(placed, scope)
    counts = {pk: numbers for pk, _, numbers in places if pk is not None}
    names = Building.objects.visible_to(scope.user).in_bulk(counts)
    lines = []
    for pk, building in names.items():
        count = counts[pk]
        lines.append(
            {
                "building": building,
                "formal": percent(count["covered"], count["in_scope"]),
                "effective": percent(count["effective"], count["in_scope"]),
                "counts": {
                    key: {
                        "value": count[key],
                        "href": f"{FIGURES[key].href(scope)}&building={pk}",
                    }
                    for key in ("in_scope", "covered", "effective")
                },
            }
        )
    return sorted(lines, key=lambda line: (line["effective"], line["building"].pinyin))


def building_table(scope):
    """Drawn once while nothing in it changes; of thousands the first alone."""
    if not (lines := by_building(scope)):
        return ""
    context = {"lines": lines[:BUILDINGS], "whole": len(lines)}
    return render_to_string("dashboard/dashboard.html#building_table", context)


def month_ends(scope):
    """The last days of the months before the scope's day, and that day itself."""
    days = [scope.day]
    while len(days) < MONTHS:
        days.append(days[-1].replace(day=1) - dt.timedelta(days=1))
    return [day for day in reversed(days) if day >= scope.grid.live_on]


def trend(scope):
    """Formal and effective coverage at the end of each month, from dated Standing."""
    scopes = [scope.during(day.replace(day=1), day) for day in month_ends(scope)]
    keys = ("in_scope", "covered", "effective")
    asked = [(FIGURES[key], month) for month in scopes for key in keys]
    counts = iter(count_all(asked))
    points = []
    for place, month in enumerate(scopes):
        whole, covered, effective = next(counts), next(counts), next(counts)
        points.append(
            {
                "day": month.end,
                "whole": whole,
                "formal": percent(covered, whole),
                "effective": percent(effective, whole),
                "formal_href": FIGURES["covered"].href(month),
                "effective_href": FIGURES["effective"].href(month),
                "x": 80 + place * 104,
            }
        )
    for point in points:
        for key in ("formal", "effective"):
            point[f"{key}_y"] = round(112 - (point[key] or 0), 1)
    return {
        "points": points,
        "lines": [{"label": f"{n}%", "y": 112 - n} for n in (0, 50, 100)],
        "formal": " ".join(f"{p['x']},{p['formal_y']}" for p in points if p["whole"]),
        "effective": " ".join(
            f"{p['x']},{p['effective_y']}" for p in points if p["whole"]
        ),
    }


# --- the same period before ------------------------------------------------------

COMPARED = (
    "effective",
    "visits_enterprise",
    "visits_merchant",
    "demands_raised",
    "demands_overdue",
    "demands_satisfied",
    "issues_closed",
    "measures_done",
    "activities",
    "attendance",
)


def before(scope):
    """The figures beside those of as many days just before, with the difference in
    words; without lines where those days begin before the go-live day."""
    days = (scope.day - scope.start).days + 1
    if days < 1:
        return {"since": scope.start, "scope": None, "lines": []}
    now = scope.during(scope.start, scope.day)
    then = scope.during(
        scope.start - dt.timedelta(days=days), scope.start - dt.timedelta(days=1)
    )
    if then.start < scope.grid.live_on:
        return {"since": then.start, "scope": None, "lines": []}
    counts = iter(
        count_all([(FIGURES[key], s) for key in COMPARED for s in (now, then)])
    )
    lines = []
    for key in COMPARED:
        pair = [
            replace(tile_of(FIGURES[key], each), value=next(counts))
            for each in (now, then)
        ]
        lines.append(
            {"now": pair[0], "then": pair[1], "words": difference_in_words(*pair)}
        )
    return {"since": then.start, "scope": then, "lines": lines}


def difference_in_words(now, then):
    """多 3 家次（+25.0%）, 少 2 件, 一样; no share of nothing."""
    more = now.value - then.value
    if not more:
        return "一样"
    words = f"{'多' if more > 0 else '少'} {abs(more):,} {now.unit}"
    if not then.value:
        return words
    return f"{words}（{100 * more / then.value:+.1f}%）"


# --- grids beside each other -------------------------------------------------------

BESIDE = (
    "in_scope",
    "covered",
    "effective",
    "visits_enterprise",
    "visits_merchant",
    "demands_raised",
    "demands_overdue",
    "issues_open",
    "measures_overdue",
    "activities",
)


def grids_beside(scope):
    """The grids just below the scope's, in the order of their codes: no ranking.

    `{"labels": …, "lines": …}`; None where there is but one.
    """
    below = Grid.objects.visible_to(scope.user, Right.SEE_FIGURES)
    grids = list(below.filter(parent=scope.grid).order_by("path"))
    if len(grids) < 2:
        return None
    counts = count_by_grid([FIGURES[key] for key in BESIDE], scope)
    lines = []
    for grid in grids:
        narrow = scope.over(grid)
        tiles = [
            replace(
                tile_of(FIGURES[key], narrow),
                value=sum(counts.get((key, pk), 0) for pk in grid.subtree),
            )
            for key in BESIDE
        ]
        whole, covered, effective, *others = tiles
        lines.append(
            {
                "grid": grid,
                "href": f"{reverse('dashboard:dashboard')}?{narrow.query}",
                "in_scope": whole,
                "shares": [
                    (part, percent(part.value, whole.value))
                    for part in (covered, effective)
                ],
                "tiles": others,
            }
        )
    return {"labels": [FIGURES[key].label for key in BESIDE[3:]], "lines": lines}


# --- deliberation ------------------------------------------------------------------


def cadence(tiles):
    """`[(label, kept, due, rate)]` of the regular meetings."""
    return [
        (of.label, *(tiles[f"cadence_{of}{part}"] for part in ("_kept", "_due", "")))
        for of in Slot.Cadence
    ]


def issues(scope):
    """The open issues, each with its light; the most urgent ones first."""
    rows = list(
        FIGURES["issues_open"].rows(scope).select_related("body").order_by("-pk")
    )
    measures = defaultdict(list)
    for measure in FIGURES["measures_open"].rows(scope).filter(issue__in=rows):
        measures[measure.issue_id].append(measure)
    askers = dict(
        Issue.objects.filter(pk__in=[issue.pk for issue in rows])
        .filter(matters__links__left_at=None)
        .values_list("pk")
        .annotate(Count("matters__links__demand", distinct=True))
        .order_by()
    )
    lines = []
    for issue in rows:
        lights = [
            light(measure.decided_on, measure.due_on, scope.day)
            for measure in measures[issue.pk]
        ]
        colour, words = worst(lights) or ("none", "还没有在办措施")
        lines.append(
            {
                "issue": issue,
                "colour": colour,
                "words": words,
                "measures": len(measures[issue.pk]),
                "demands": askers.get(issue.pk, 0),
            }
        )
    order = ("red", "yellow", "none", "green")
    return sorted(lines, key=lambda line: order.index(line["colour"]))


def levels(lines, tiles):
    """The first of them level by level, and how many show which light."""
    return [
        {
            "ordinal": "一二三"[level - 1],
            "label": level.label,
            "tile": tiles[f"issues_level_{level.value}"],
            "lines": [line for line in lines if line["issue"].level == level][:SHOWN],
        }
        for level in Level
    ], Counter(line["colour"] for line in lines)


# --- what needs attention ----------------------------------------------------------


def overdue(scope):
    """Where the overdue demands were raised, and who owes an answer to most of them."""
    rows = FIGURES["demands_overdue"].rows(scope).order_by()
    owed = rows.values_list("owed_by").annotate(n=Count("pk"))
    places = rows.values_list("business__building__name").annotate(n=Count("pk"))
    return _most(places), "、".join(
        f"{name} {n}" for name, n in owed.order_by("-n")[:3]
    )


def attention(tiles, *, red, overdue, places):
    """Red lines first: what is stuck, who owes it, what comes next."""
    lines = [*red]
    if tiles["demands_overdue"].value:
        words, owes = overdue
        lines.append(
            {
                "colour": "red",
                "kind": "红灯",
                "tile": tiles["demands_overdue"],
                "words": words,
                "owes": owes,
                "next": "先给结果；做不到的，说清卡在哪里",
            }
        )
    if tiles["measures_yellow"].value:
        lines.append(
            {
                "colour": "yellow",
                "kind": "黄灯",
                "tile": tiles["measures_yellow"],
                "words": "时间已用去八成",
                "owes": "各主办单位",
                "next": "到期前完成并报结果",
            }
        )
    for key, (kind, owes) in WAITING.items():
        if tiles[key].value:
            of_name = Counter()
            for _, name, numbers in places:
                of_name[name] += numbers[key]
            lines.append(
                {
                    "colour": "none",
                    "kind": kind,
                    "tile": tiles[key],
                    "words": _most(of_name.items()),
                    "owes": owes,
                    "next": NEXT_STEPS[key],
                }
            )
    return lines


def red(scope):
    rows = (
        FIGURES["measures_overdue"]
        .rows(scope)
        .select_related("issue", "matter", "lead_unit", "lead_organization")
    )
    rows = rows.order_by("due_on", "pk")[:SHOWN]
    return [_red_measure(measure, scope.day) for measure in rows]


def _red_measure(measure, day):
    late = light(measure.decided_on, measure.due_on, day)
    return {
        "colour": "red",
        "kind": "红灯",
        "title": measure.content,
        "url": measure.get_absolute_url(),
        "words": f"{measure.issue or measure.matter}，{late.words}",
        "owes": str(measure.lead),
        "next": "报完成情况，或说清卡在哪里",
    }


def _most(places):
    """The three places with the most, in words."""
    most = sorted(places, key=lambda place: (-place[1], place[0] or ""))[:3]
    return "、".join(f"{name or '楼宇不详'} {n}" for name, n in most if n)


def context(scope):
    tiles = read_figures(scope)
    by_level, lamps = levels(kept_of(issues, scope), tiles)
    parts = bar(tiles)
    return {
        "scope": scope,
        "f": tiles,
        "bar": parts,
        "gaps": [
            {"tile": parts[f"gap_{condition}"], "next": NEXT_STEPS[f"gap_{condition}"]}
            for condition in Standing.Condition
        ],
        "uncovered_next": NEXT_STEPS["gap_uncovered"],
        "difference": difference(tiles),
        "fates": _fates(tiles),
        "levels": by_level,
        "lamps": lamps,
        "buildings": kept_of(building_table, scope),
        "modes": [tiles[f"covered_{m}"] for m in ("own", "joint", "place", "regional")],
        "help": [tiles[f"helpcases_{place}"] for place in ("home", "counter", "stand")],
        "attention": attention(
            tiles,
            red=kept_of(red, scope),
            overdue=kept_of(overdue, scope),
            places=kept_of(placed, scope),
        ),
        "cadence": cadence(tiles),
        "grids": grids_beside(scope),
        "buildings_url": reverse("grids:building_list"),
        "trend": trend(scope),
        "before": before(scope),
    }


def cards(scope, more=None):
    """All that the page says of the scope, drawn once while nothing in it changes."""
    return render_to_string("dashboard/dashboard.html#cards", context(scope))


# --- five minutes before an inspection -------------------------------------------------

TEN = (
    "formal_coverage",
    "effective_coverage",
    "gap_unvisited",
    "visits_enterprise",
    "visits_merchant",
    "demands_raised",
    "demands_overdue",
    "issues_open",
    "measures_overdue",
    "satisfaction_rate",
)
ALARMING = {"gap_unvisited", "demands_overdue", "measures_overdue"}
BRIEF = 7  # of the lines of attention


def brief(scope):
    """The ten numbers, and first what is red: who owes it, what comes next."""
    tiles = read_figures(scope)
    lines = attention(
        tiles,
        red=kept_of(red, scope),
        overdue=kept_of(overdue, scope),
        places=kept_of(placed, scope),
    )
    return {
        "f": tiles,
        "numbers": [
            {"tile": tiles[key], "red": key in ALARMING and bool(tiles[key].value)}
            for key in TEN
        ],
        "attention": lines[:BRIEF],
        "left": len(lines[BRIEF:]),
        "difference": difference(tiles),
    }


def brief_drawn(scope, more=None):
    context = brief(scope) | {"scope": scope}
    return render_to_string("dashboard/brief.html#numbers", context)


@functools.cache
def definitions():
    """What each figure means; the same for everybody while the process runs."""
    figures = {"figures": FIGURES.values()}
    return render_to_string("dashboard/dashboard.html#definitions", figures)


def _fates(tiles):
    """Where the demands raised in the period are now, as parts of one bar."""
    whole = tiles["demands_raised"].value
    parts, start = [], 0.0
    for key, fill in (
        ("demands_told", "f1"),
        ("demands_joined", "f2"),
        ("demands_new", "f3"),
        ("demands_answered", "f4"),
        ("demands_ended", "f5"),
        ("demands_declined", "f6"),
    ):
        share = round(100 * tiles[key].value / whole, 3) if whole else 0
        tile = replace(tiles[key], share=share, start=round(start, 3))
        parts.append({"tile": tile, "fill": fill})
        start += share
    return parts
