"""The address to which phones send what they filled in without a network."""

import json
import logging
import traceback

from django.db import InterfaceError, OperationalError
from django.http import JsonResponse, RawPostDataException
from django.middleware.csrf import get_token
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.rights import Right, for_devices
from visits import sync
from visits.actions import KeyReused

log = logging.getLogger("visits.sync")
RETRY_AFTER = "10"


@never_cache
@for_devices(Right.LOG_VISITS)
@require_http_methods(["GET", "HEAD", "POST"])
def record_sync(request):
    """GET says whose session it is, with a token to send by; POST stores one record.

    201 stored, 200 the same again, 409 other content under the key, 403 another's
    session, 413 and 422 what can never succeed as it is; all else is 503: come again.
    """
    if request.method != "POST":
        author = {"id": request.user.pk, "name": request.user.display_name}
        return JsonResponse({"author": author, "token": get_token(request)})
    if int(request.headers.get("Content-Length") or 0) > sync.MOST_BYTES:
        return JsonResponse({"reason": "这条记录太长，请缩短后再传。"}, status=413)
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError, RawPostDataException):
        # The last: a form with files, which is no JSON and read already.
        return JsonResponse({"reason": "记录不完整。"}, status=422)
    if isinstance(body, dict) and body.get("author") != request.user.pk:
        reason = "这条不是现在登录的人记的，等本人登录后再传。"
        return JsonResponse({"reason": reason}, status=403)
    try:
        record, created = sync.receive(body, by=request.user, at=timezone.now())
    except sync.Unfit as unfit:
        return JsonResponse({"reason": unfit.reason, **unfit.more}, status=422)
    except KeyReused as reused:
        stored = _stored(reused.record) if reused.record else {}
        return JsonResponse({"reason": str(reused), **stored}, status=409)
    except (OperationalError, InterfaceError):
        raise  # the database is away, which the middleware says
    except Exception as problem:
        # A phone that heard of an error of ours as its own would drop the record. The
        # message may hold what was written; the lines of code do not.
        where = "".join(traceback.format_tb(problem.__traceback__))
        log.error("record not stored: %s\n%s", type(problem).__name__, where)
        answer = JsonResponse({"reason": "系统暂时收不了，稍后会再传。"}, status=503)
        answer.headers["Retry-After"] = RETRY_AFTER
        return answer
    return JsonResponse(_stored(record), status=201 if created else 200)


def _stored(record):
    return {"number": record.pk, "href": record.get_absolute_url()}
