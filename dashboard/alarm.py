"""Whoever keeps the accounts, and the auditor, are told when doors or passwords are tried
in numbers: at all hours, once an hour each (GB/T 22239-2019, 入侵防范 f)."""

import datetime as dt

from django.contrib.auth import get_user_model
from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone

from accounts.models import Refusal, SignInPause
from accounts.rights import Right, roles_with
from grids.models import Post
from tianshan.notices import notify
from visits.reminders import people

HOUR = dt.timedelta(hours=1)
TRIED = 30  # refused acts of one account, this clock hour and the one before
SERIES = 2  # pauses in a row of one account


def raise_alarms(at):
    """Tell of what was tried within the last hour: how many notices."""
    return sum(_tell(*alarm, at) for alarm in (*_doors(at), *_passwords(at)))


def _doors(at):
    """`(key, words, account)` of who was refused again and again."""
    refused = Refusal.objects.filter(hour__gt=at - 2 * HOUR).values("user")
    many = refused.order_by("user").annotate(n=Sum("times")).filter(n__gte=TRIED)
    users = get_user_model().objects.in_bulk([row["user"] for row in many])
    for row in many:
        user = users[row["user"]]
        words = f"“{user.display_name}”一小时内 {row['n']} 次想办不该办的事，都被拒绝了"
        yield f"alarm-doors-{user.pk}", f"{words}。请核对是不是本人", user


def _passwords(at):
    paused = SignInPause.objects.in_force(at).filter(last_at__gt=at - HOUR)
    kind = SignInPause.Kind
    for row in paused.filter(series__gte=SERIES).select_related("user"):
        if row.kind != kind.ADDRESS and row.user:
            words = (
                f"有人连着输错“{row.user.display_name}”的密码，已暂停 {row.series} 次"
            )
            yield f"alarm-password-{row.user_id}", words, row.user
    if addresses := paused.filter(kind=kind.ADDRESS).count():
        words = f"有 {addresses} 个地址连着输错密码，那里暂时不能登录"
        yield "alarm-addresses", words, None


def _tell(key, words, account, at):
    """Each is led to the page that he may open."""
    key = f"{key}-{timezone.localtime(at):%Y%m%d%H}"
    page = reverse("accounts:account_list")
    if account:
        page = reverse("accounts:account_detail", args=[account.pk])
    audit = reverse("accounts:audit_list")
    told = 0
    for right, url in ((Right.MANAGE_ACCOUNTS, page), (Right.READ_AUDIT, audit)):
        users = people(Post.objects.filter(role__in=roles_with(right)))
        told += notify(users, key=key, words=words, url=url, at=at)
    return told
