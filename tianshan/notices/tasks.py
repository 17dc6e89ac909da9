"""What the worker does: writes the day's notices, posts to groups."""

import logging

from django.conf import settings
from django.db import transaction
from django.tasks import task
from django.utils import timezone

from tianshan.notices import groups, reminders
from tianshan.notices.models import Posting

log = logging.getLogger(__name__)


@task
def send_reminders():
    """The day's notices and postings; at night nothing is said, and what moves by the
    clock moves."""
    now = timezone.now()
    if not reminders.in_hours(now):
        reminders.put_right(now)
        return
    reminders.remind(now)
    for posting in Posting.objects.to_send(timezone.localdate(now)):
        send_posting.enqueue(posting.pk)


@task
def send_posting(pk):
    """Post one to its group. What failed is tried again by the next run."""
    with transaction.atomic():
        waiting = Posting.objects.select_for_update(skip_locked=True)
        posting = waiting.filter(pk=pk, sent_at=None, tries__lt=Posting.MOST).first()
        url = posting and settings.WECOM_WEBHOOKS.get(posting.group)
        if not url:
            return
        posting.tries += 1
        try:
            groups.post(url, posting.words)
        except groups.NotPosted as problem:
            posting.problem = str(problem)
            log.warning("group %s: not posted: %s", posting.group, problem)
        else:
            posting.sent_at, posting.problem = timezone.now(), ""
        posting.save(update_fields=["tries", "sent_at", "problem"])
