"""The description of the API as OpenAPI 3.1, made from the registries."""

from django import forms
from django.urls import reverse

from dashboard import map as maps
from dashboard.api import tokens
from dashboard.api.doors import PROBLEM, WORDS
from dashboard.api.ledgers import DEEPEST, MOST, SIZE, columns_of, filters_of
from tianshan.ledgers import FIGURES, LEDGERS, Figure

VERSION = "1.0"
TEXT, WHOLE = {"type": "string"}, {"type": "integer", "minimum": 0}
DAY = {"type": "string", "format": "date"}
MOMENT = {"type": "string", "format": "date-time"}
URL = {"type": "string", "format": "uri"}
NUMBER = {"type": ["number", "null"]}
CELL = {"type": ["string", "number", "boolean", "null"]}
ABOUT = """\
Ledgers, figures and the map of the portal, to read. What is masked in the portal is
masked here; the token's grid and scopes bound what is seen. 网格党建治理平台的台账、
统计数和地图，只读；遮盖和页面一样，能看多少由令牌的网格和范围决定。"""


def document(request, scopes):
    """Of what a token with these scopes opens, to the eyes of `request.user`."""
    ledgers = [LEDGERS[key] for key in LEDGERS if key in scopes]
    paths = {
        reverse("dashboard:api_index"): _get(
            "index", "这个令牌能读什么 / What the token opens", "Index"
        ),
        reverse("dashboard:api_openapi"): _get(
            "openapi", "这份说明 / This document", "Document"
        ),
    }
    schemas = {
        "Problem": PROBLEM_SCHEMA,
        "Index": INDEX,
        "Document": {"type": "object", "required": ["openapi", "info", "paths"]},
        "Scope": SCOPE,
    }
    if tokens.FIGURES in scopes:
        paths[reverse("dashboard:api_figures")] = _get(
            "figures", "统计数 / Figures", "Figures", PERIOD
        )
        schemas |= {"Figure": _figure(), "Figures": FIGURES_SCHEMA}
    if tokens.MAP in scopes:
        by = _parameter("by", "按什么着色 / Attribute", {"enum": [*maps.ATTRIBUTES]})
        paths[reverse("dashboard:api_map")] = _get(
            "map",
            "网格和楼宇（GeoJSON，WGS-84） / Grids and buildings",
            "Map",
            [by, *PERIOD],
            kind="application/geo+json",
        )
        schemas["Map"] = MAP
    for ledger in ledgers:
        name = f"ledger_{ledger.key}"
        columns = columns_of(ledger, request.user)
        paths[reverse("dashboard:api_ledger", args=[ledger.key])] = _get(
            name,
            f"{ledger.title}（{ledger.unit}）",
            name,
            [*_of_ledger(ledger, columns), *_filters(ledger, request)],
        )
        schemas[name] = _ledger(ledger, columns)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "天山网格党建治理平台接口",
            "version": VERSION,
            "description": ABOUT,
        },
        "servers": [{"url": request.build_absolute_uri("/").rstrip("/")}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {
                str(status): {
                    "description": title,
                    "content": {PROBLEM: {"schema": _ref("Problem")}},
                }
                for status, (title, _) in WORDS.items()
            },
            "schemas": schemas,
        },
    }


def _ref(name, where="schemas"):
    return {"$ref": f"#/components/{where}/{name}"}


def _get(name, summary, schema, parameters=(), kind="application/json"):
    answers = {
        "200": {"description": summary, "content": {kind: {"schema": _ref(schema)}}}
    }
    others = {str(status): _ref(str(status), "responses") for status in WORDS}
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "parameters": [*parameters],
            "responses": answers | others,
        }
    }


def _parameter(name, words, schema):
    return {"name": name, "in": "query", "description": words, "schema": schema}


PERIOD = [
    _parameter("grid", "网格编码，默认令牌的网格 / Code of a grid", TEXT),
    _parameter("start", "起 / First day", DAY),
    _parameter("end", "止 / Last day", DAY),
]


def _of_ledger(ledger, columns):
    sorts = [c.key for c in columns if c.sort]
    figures = [
        key
        for key, figure in FIGURES.items()
        if isinstance(figure, Figure) and figure.ledger == ledger.key
    ]
    yield _parameter(
        "page", "第几页 / Page", {"type": "integer", "minimum": 1, "maximum": DEEPEST}
    )
    size = {"type": "integer", "minimum": 1, "maximum": MOST, "default": SIZE}
    yield _parameter("size", "一页多少条 / Rows of a page", size)
    yield _parameter("columns", "要哪些列，用逗号隔开 / Columns, by commas", TEXT)
    if sorts:
        both = {"enum": [*sorts, *(f"-{key}" for key in sorts)]}
        yield _parameter("sort", "按哪列排，前加 - 倒排 / Column to sort by", both)
    yield _parameter("ids", "只要这些编号，用点隔开 / These rows, by dots", TEXT)
    if figures:
        words = "只要这个指标背后的条目，可加 grid、start、end / Rows behind a figure"
        yield _parameter("figure", words, {"enum": figures})


def _filters(ledger, request):
    found = filters_of(ledger, request)
    yield from [each for each in PERIOD if each["name"] not in found]
    for name, (field, suffix) in found.items():
        ends = {"after": "起", "before": "止", "min": "最小", "max": "最大"}
        words = f"{field.label}{ends.get(suffix, '')}"
        yield _parameter(name, words, _of_field(field))


def _of_field(field):
    """What a filter takes, as far as the registry tells."""
    if hasattr(field, "queryset"):
        return TEXT
    if isinstance(field, forms.MultipleChoiceField):
        return {"type": "array", "items": {"enum": _choices(field)}}
    if isinstance(field, forms.ChoiceField):
        return {"enum": _choices(field)}
    if isinstance(field, forms.DateField):
        return DAY
    return TEXT


def _choices(field):
    """The values of a choice, without its empty one."""
    found = []
    for value, label in field.choices:
        inner = label if isinstance(label, list | tuple) else [(value, label)]
        found += [str(key) for key, _ in inner if key not in (None, "")]
    return found


# --- what is answered ----------------------------------------------------------------


def _object(properties, optional=()):
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _list(items):
    return {"type": "array", "items": items}


def _ledger(ledger, columns):
    cells = {
        column.key: {
            "title": column.label,
            **CELL,
            **({"description": f"遮盖：{column.masked}"} if column.masked else {}),
        }
        for column in columns
    }
    row = _object({"id": {"type": "integer"}, "cells": _object(cells, optional=cells)})
    keys = {"enum": [column.key for column in columns]}
    return _object(
        {
            "as_of": MOMENT,
            "ledger": {"const": ledger.key},
            "title": TEXT,
            "unit": TEXT,
            "day": DAY,
            "filter": TEXT,
            "total": WHOLE,
            "sum": NUMBER,
            "page": {"type": "integer", "minimum": 1},
            "pages": {"type": "integer", "minimum": 1},
            "size": {"type": "integer", "minimum": 1, "maximum": MOST},
            "next": {"type": ["string", "null"], "format": "uri"},
            "columns": _list(_object({"key": keys, "label": TEXT})),
            "rows": _list(row),
        }
    )


def _figure():
    rows = {"type": ["string", "null"], "format": "uri"}
    parts = {
        "suppressed": {"type": "boolean"},
        "numerator": WHOLE,
        "denominator": WHOLE,
        "numerator_rows": rows,
        "denominator_rows": rows,
    }
    return _object(
        {
            "key": {"enum": [*FIGURES]},
            "label": TEXT,
            "value": NUMBER,
            "unit": TEXT,
            "definition": TEXT,
            "rows": rows,
            **parts,
        },
        optional=parts,
    )


PROBLEM_SCHEMA = _object(
    {
        "type": TEXT,
        "title": TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": TEXT,
        "request_id": TEXT,
        "parameter": TEXT,
    },
    optional=("parameter",),
)
_OPENED = _list(
    _object({"key": TEXT, "title": TEXT, "unit": TEXT, "url": URL}, ("unit",))
)
INDEX = _object(
    {
        "as_of": MOMENT,
        "label": TEXT,
        "grid": TEXT,
        "grid_name": TEXT,
        "until": DAY,
        "openapi": URL,
        "ledgers": _OPENED,
        "others": _OPENED,
    }
)
SCOPE = _object({"grid": TEXT, "grid_name": TEXT, "start": DAY, "end": DAY, "day": DAY})
FIGURES_SCHEMA = _object(
    {"as_of": MOMENT, "scope": _ref("Scope"), "figures": _list(_ref("Figure"))}
)
_GRID = _object(
    {
        "kind": {"const": "grid"},
        "code": TEXT,
        "name": TEXT,
        "sketched": {"type": "boolean"},
    }
)
_BUILDING = _object(
    {
        "kind": {"const": "building"},
        "id": {"type": "integer"},
        "name": TEXT,
        "class": TEXT,
        "class_label": TEXT,
        "words": TEXT,
        "figures": _object(dict.fromkeys(maps.COUNTED, WHOLE)),
        "sketched": {"type": "boolean"},
    }
)
_GEOMETRY = {
    "type": ["object", "null"],
    "properties": {
        "type": {"enum": ["Point", "Polygon", "MultiPolygon"]},
        "coordinates": {"type": "array"},
    },
    "required": ["type", "coordinates"],
}
MAP = _object(
    {
        "as_of": MOMENT,
        "type": {"const": "FeatureCollection"},
        "scope": _ref("Scope"),
        "by": {"enum": [*maps.ATTRIBUTES]},
        "features": _list(
            _object(
                {
                    "type": {"const": "Feature"},
                    "geometry": _GEOMETRY,
                    "properties": {"oneOf": [_GRID, _BUILDING]},
                }
            )
        ),
    }
)
