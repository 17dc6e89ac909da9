from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Case, IntegerField, Value, When
from django.db.models.functions import Coalesce
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django_tasks_db.models import DBTaskResult

from accounts.rights import Right, needs
from dashboard import jobs
from tianshan.backup import noted as backups


@needs(Right.RUN_SYSTEM)
@require_safe
def job_list(request):
    """What is being done, waits, has failed and is done, in this order."""
    now = timezone.now()
    order = ["RUNNING", "READY", "FAILED"]
    places = [When(status=state, then=Value(n)) for n, state in enumerate(order)]
    rows = DBTaskResult.objects.alias(
        place=Case(*places, default=Value(9), output_field=IntegerField()),
        at=Coalesce("finished_at", "started_at", "enqueued_at"),
    ).order_by("place", "-at", "pk")
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "jobs": jobs.tell(page, now),
        "backup": backups.skipped(now),
        "missing_since": jobs.worker_is_missing(now),
    }
    return render(request, "dashboard/job_list.html", context)


@needs(Right.RUN_SYSTEM)
@require_POST
def job_retry(request, pk):
    try:
        jobs.retry(pk, by=request.user, at=timezone.now())
    except jobs.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "已重新排上，后台轮到它就做。")
    return redirect("dashboard:job_list")
