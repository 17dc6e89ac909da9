"""What the API answers."""

import json

from django.http import Http404, JsonResponse
from django.urls import reverse
from django.utils import timezone

from dashboard import map as maps
from dashboard import wide
from dashboard.api import ledgers, openapi, tokens
from dashboard.api.doors import Bad, needs_scope, problem, with_token
from tianshan.audit import record
from tianshan.database import replica
from tianshan.database.replica import from_replica
from tianshan.ledgers import FIGURES, LEDGERS, Figure, Rate, read_scope

PERIOD = {"grid", "start", "end"}


def _json(request, body, kind="application/json", as_of=None):
    until = timezone.localtime(as_of or replica.as_of(request))
    body = {"as_of": until.isoformat(timespec="seconds")} | body
    return JsonResponse(
        body, content_type=kind, json_dumps_params={"ensure_ascii": False}
    )


def _only(request, *known):
    for name in request.GET:
        if name not in known:
            raise Bad(f"没有“{name[:40]}”这个参数。", name[:40])


def _ledgers(request):
    """The ledgers of the token that its maker may still open."""
    may = tokens.scopes_for(request.user)
    scopes = [key for key in request.token.scopes if key in may]
    return [LEDGERS[key] for key in scopes if key in LEDGERS]


@with_token
def index(request):
    """What the token opens, and until when."""
    _only(request)
    row = request.token
    scopes = {
        tokens.FIGURES: reverse("dashboard:api_figures"),
        tokens.MAP: reverse("dashboard:api_map"),
    }
    may = tokens.scopes_for(request.user)
    return _json(
        request,
        {
            "label": row.label,
            "grid": row.grid.code,
            "grid_name": row.grid.name,
            "until": row.until.isoformat(),
            "openapi": request.build_absolute_uri(reverse("dashboard:api_openapi")),
            "ledgers": [
                {
                    "key": ledger.key,
                    "title": ledger.title,
                    "unit": ledger.unit,
                    "url": _url(request, ledger),
                }
                for ledger in _ledgers(request)
            ],
            "others": [
                {
                    "key": key,
                    "title": may[key],
                    "url": request.build_absolute_uri(scopes[key]),
                }
                for key in scopes
                if key in row.scopes and key in may
            ],
        },
    )


def _url(request, ledger):
    return request.build_absolute_uri(
        reverse("dashboard:api_ledger", args=[ledger.key])
    )


@with_token
@from_replica
def ledger(request, key):
    """The rows of a ledger, some hundreds at a time; that they left is recorded."""
    if key not in LEDGERS:
        raise Http404
    needs_scope(request, key)
    body = ledgers.answer(request, LEDGERS[key])
    record(
        "api.ledger_read",
        request.token,
        by=request.token.made_by,
        at=timezone.now(),
        ledger=key,
        rows=len(body["rows"]),
        filters=sorted(set(request.GET) - {"page", "size"}),
    )
    return _json(request, body)


def _counting():
    answer = problem(503, "范围大，正在统计，请稍后再取。")
    answer.headers["Retry-After"] = str(wide.AGAIN)
    return answer


def _scope(request):
    return read_scope(request.user, request.GET, today=timezone.localdate())


@with_token
@from_replica
def figures(request):
    """The figures of figures.json, each with the address of the rows behind it."""
    needs_scope(request, tokens.FIGURES)
    _only(request, *PERIOD)
    scope = _scope(request)
    opened = {ledger.key for ledger in _ledgers(request)}

    def rows(key):
        figure = FIGURES[key]
        if not isinstance(figure, Figure) or figure.ledger not in opened:
            return None
        url = _url(request, LEDGERS[figure.ledger])
        return f"{url}?figure={key}&{scope.query}"

    counted = wide.read("figures", scope, link=request.token)
    if counted.text is None:
        return _counting()
    told = []
    for said in json.loads(counted.text):
        entry = {name: value for name, value in said.items() if "href" not in name}
        entry["rows"] = rows(said["key"])
        if isinstance(rate := FIGURES[said["key"]], Rate):
            entry["numerator_rows"] = rows(rate.numerator)
            entry["denominator_rows"] = rows(rate.denominator)
        told.append(entry)
    body = {"scope": scope.as_json, "figures": told}
    return _json(request, body, as_of=counted.as_of)


@with_token
@from_replica
def map_geojson(request):
    """The map as a FeatureCollection: grids and buildings with their figures."""
    needs_scope(request, tokens.MAP)
    _only(request, "by", *PERIOD)
    by = request.GET.get("by") or "coverage"
    if by not in maps.ATTRIBUTES:
        raise Bad(f"by 是 {'、'.join(maps.ATTRIBUTES)} 之一。", "by")
    scope = _scope(request)
    counted = wide.read("geojson", scope, {"by": by}, link=request.token)
    if counted.text is None:
        return _counting()
    body = {
        "type": "FeatureCollection",
        "scope": scope.as_json,
        "by": by,
        "features": json.loads(counted.text),
    }
    return _json(request, body, "application/geo+json", as_of=counted.as_of)


@with_token
def openapi_json(request):
    """The description of all that this token opens."""
    _only(request)
    scopes = set(request.token.scopes) & set(tokens.scopes_for(request.user))
    return JsonResponse(
        openapi.document(request, scopes), json_dumps_params={"ensure_ascii": False}
    )
