"""/metrics: what whoever runs the portal watches. Counts alone, nobody's data."""

import secrets

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Count, Min
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_tasks_db.models import DBTaskResult
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from accounts.rights import anyone
from tianshan.audit.models import Seal
from tianshan.audit.seals import LEDGERS
from tianshan.backup import noted
from tianshan.web import measured


@anyone
@require_safe
@never_cache
def metrics(request):
    """For whoever brings METRICS_TOKEN; to all others there is nothing here."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    token = settings.METRICS_TOKEN
    if not token or not secrets.compare_digest(given.encode(), token.encode()):
        raise Http404
    content = measured.told() + generate_latest(state_of_things(timezone.now()))
    return HttpResponse(content, content_type=measured.CONTENT_TYPE)


def state_of_things(now):
    """Gauges that are read from the database when they are asked for."""
    registry = CollectorRegistry()

    def gauge(name, words, labels=()):
        return Gauge(f"tianshan_{name}", words, labels, registry=registry)

    jobs = gauge("jobs", "Jobs of the worker by state", ["state"])
    by_state = DBTaskResult.objects.order_by().values_list("status")
    for state, count in by_state.annotate(n=Count("pk")):
        jobs.labels(state=state.lower()).set(count)
    oldest = DBTaskResult.objects.ready().aggregate(at=Min("enqueued_at"))["at"]
    waiting = gauge("job_waiting_seconds", "How long the oldest job has waited")
    waiting.set((now - oldest).total_seconds() if oldest else 0)

    made = noted.last_made()
    gauge("backup_skipped", "1 when a night had no backup").set(
        bool(noted.skipped(now))
    )
    if made:
        since = gauge("backup_age_seconds", "Since the last backup was made")
        since.set((now - made).total_seconds())

    unsealed = gauge("audit_unsealed", "Audit lines after the last seal", ["ledger"])
    age = gauge("audit_sealed_age_seconds", "Since the last seal", ["ledger"])
    for ledger, (model, _) in LEDGERS.items():
        last = Seal.objects.filter(ledger=ledger).order_by("-pk").first()
        lines = model.objects.filter(pk__gt=last.upto if last else 0)
        unsealed.labels(ledger=ledger).set(lines.count())
        if last:
            age.labels(ledger=ledger).set((now - last.at).total_seconds())

    sessions = Session.objects.filter(expire_date__gt=now).count()
    gauge("sessions", "Sessions that have not expired").set(sessions)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        gauge("database_bytes", "Size of the database").set(cursor.fetchone()[0])
    return registry
