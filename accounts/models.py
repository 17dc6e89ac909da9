"""Who signs in, in which sessions, and from which phones of their own."""

import datetime as dt
from functools import cached_property

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.fields import ArrayField
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.rights import BY_GRID, Right, may
from tianshan.audit.classes import INTERNAL, SEALED
from tianshan.audit.history import tracked
from tianshan.ledgers import kept


class UserQuerySet(models.QuerySet):
    def visible_to(self, user):
        """All accounts for the security administrator, else oneself."""
        if may(user, Right.MANAGE_ACCOUNTS):
            return self
        return self.filter(pk=user.pk)


class PortalUserManager(UserManager.from_queryset(UserQuerySet)):
    pass


@tracked(exclude=["password", "used_passwords", "last_login"])
class User(AbstractUser):
    """An account. What it may do comes from its posts alone (`grids.Post`)."""

    first_name = None
    last_name = None
    email = None
    display_name = models.CharField("称呼", max_length=40)
    password_set_at = models.DateTimeField("密码设定时间", null=True, editable=False)
    # Another person knows it: it opens nothing but the page that changes it.
    password_is_first = models.BooleanField(
        "要先改密码", default=False, db_default=False, editable=False
    )
    # Hashes of those before the one in use, the newest first.
    used_passwords = ArrayField(
        models.CharField(max_length=128),
        default=list,
        db_default=[],
        blank=True,
        editable=False,
    )

    REQUIRED_FIELDS = ["display_name"]
    VISIBILITY = {
        INTERNAL: "id username display_name is_active date_joined is_staff"
        " is_superuser groups user_permissions last_login password_set_at"
        " password_is_first",
        SEALED: "password used_passwords",
    }

    objects = PortalUserManager()

    class Meta:
        verbose_name = "账号"

    def __str__(self):
        return self.display_name

    @cached_property
    def posts_in_force(self):
        """Posts held today, with their grids; read anew when a post or grid changed."""
        key = ("posts", self.pk, timezone.localdate())
        return kept.keep(key, lambda: list(self.posts.in_force().reaching()))

    @cached_property
    def sight(self):
        """What figures are kept by: of two who look at the same grids in the same roles
        they are the same. Who looks by something narrower has his own."""
        posts = self.posts_in_force
        if not all(post.role in BY_GRID for post in posts):
            return kept.who(self)
        return repr(sorted((post.role, post.below) for post in posts))

    def may(self, right):
        """Does a post in force carry the right? For rooms that cannot import rights."""
        return may(self, right)

    @property
    def may_read_audit(self):
        return may(self, Right.READ_AUDIT)


class EnrolledPhoneQuerySet(models.QuerySet):
    def visible_to(self, user):
        """All for the security administrator, else one's own."""
        if may(user, Right.MANAGE_ACCOUNTS):
            return self
        return self.filter(user=user)

    def in_force(self):
        return self.filter(ended_at=None)


@tracked(exclude=["token_hash", "pin", "wrong", "unlocked_at"])
class EnrolledPhone(models.Model):
    """A phone on which its owner's session waits behind a PIN instead of ending."""

    class Ended(models.TextChoices):
        REMOVED = "removed", "移除"
        WRONG_PIN = "wrong_pin", "PIN 连错五次"
        DISABLED = "disabled", "账号停用"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="phones",
        verbose_name="账号",
    )
    label = models.CharField("名称", max_length=20)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    pin = models.CharField(max_length=128, editable=False)
    # Wrong PINs since the last right one.
    wrong = models.PositiveSmallIntegerField(default=0, editable=False)
    enrolled_at = models.DateTimeField("登记时间")
    unlocked_at = models.DateTimeField("最近解锁", null=True)
    ended_at = models.DateTimeField("失效时间", null=True)
    ended_why = models.CharField("失效原因", max_length=10, choices=Ended, blank=True)

    VISIBILITY = {
        INTERNAL: "id user label enrolled_at unlocked_at ended_at ended_why",
        SEALED: "token_hash pin wrong",
    }

    objects = EnrolledPhoneQuerySet.as_manager()

    class Meta:
        verbose_name = "登记的手机"
        ordering = ["-enrolled_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None) ^ ~Q(ended_why=""), name="phone_ended_whole"
            )
        ]

    def __str__(self):
        return f"手机 {self.pk}"


class SignInPauseQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Of accounts, for the security administrator; addresses are nobody's."""
        if may(user, Right.MANAGE_ACCOUNTS):
            return self.exclude(user=None)
        return self.none()

    def in_force(self, at):
        return self.filter(until__gt=at)


class SignInPause(models.Model):
    """Wrong passwords of late for one name, in one browser or from one address, and
    until when no more are looked at. Neither names nor addresses are kept."""

    class Kind(models.TextChoices):
        ACCOUNT = "account", "账号"
        BROWSER = "browser", "常用的浏览器"
        ADDRESS = "address", "网络地址"

    kind = models.CharField("数的是", max_length=10, choices=Kind)
    key = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        related_name="pauses",
        verbose_name="账号",
    )
    wrong = models.PositiveSmallIntegerField("这一轮输错", default=0)
    since = models.DateTimeField("这一轮从")
    last_at = models.DateTimeField("最近一次")
    series = models.PositiveSmallIntegerField("第几轮", default=0)
    until = models.DateTimeField("暂停到", null=True)

    VISIBILITY = {
        INTERNAL: "id kind user wrong since last_at series until",
        SEALED: "key",
    }

    objects = SignInPauseQuerySet.as_manager()

    class Meta:
        verbose_name = "登录暂停"

    def __str__(self):
        return f"{self.get_kind_display()} {self.pk}"


class RefusalQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Nobody looks at these; what they come to stands in the audit log."""
        return self.none()


class Refusal(models.Model):
    """How often somebody was refused at one address within an hour, for the time being
    (`accounts.refusals`)."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="+",
        verbose_name="账号",
    )
    act = models.CharField("操作", max_length=100, blank=True)
    hour = models.DateTimeField("哪个小时")
    times = models.PositiveIntegerField("次数", default=0)

    VISIBILITY = {SEALED: "id user act hour times"}

    objects = RefusalQuerySet.as_manager()

    class Meta:
        verbose_name = "被拒绝的次数"
        indexes = [models.Index(fields=["hour"])]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "hour", "act"], name="refusals_are_counted_once"
            ),
        ]

    def __str__(self):
        return f"{self.act} {self.times}"


class SignedInQuerySet(models.QuerySet):
    def visible_to(self, user):
        """All for the security administrator, else one's own."""
        if may(user, Right.MANAGE_ACCOUNTS):
            return self
        return self.filter(user=user)

    def going_on(self, at):
        """Those that still open something: neither left, ended nor too old."""
        oldest = at - dt.timedelta(seconds=settings.SESSION_COOKIE_AGE)
        return self.filter(
            began_at__gt=oldest,
            session_key__in=Session.objects.filter(expire_date__gt=at).values(
                "session_key"
            ),
        )


class SignedIn(models.Model):
    """One session, so that its owner sees it and can end it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="sessions",
        verbose_name="账号",
    )
    session_key = models.CharField(max_length=40, unique=True)
    browser = models.CharField("在哪里登录", max_length=40)
    began_at = models.DateTimeField("登录时间")
    seen_at = models.DateTimeField("最近操作")

    VISIBILITY = {INTERNAL: "id user browser began_at seen_at", SEALED: "session_key"}

    objects = SignedInQuerySet.as_manager()

    class Meta:
        verbose_name = "登录"
        ordering = ["-seen_at", "-pk"]

    def __str__(self):
        return f"{self.browser} {self.pk}"


class SubjectQuerySet(models.QuerySet):
    def visible_to(self, user):
        """All for the security administrator, else one's own."""
        if may(user, Right.MANAGE_ACCOUNTS):
            return self
        return self.filter(user=user)


@tracked()
class Subject(models.Model):
    """What a provider of single sign-on calls the account; the administrator says so."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="subjects",
        verbose_name="账号",
    )
    provider = models.CharField("统一登录", max_length=30)
    subject = models.CharField("对方的编号", max_length=200)

    VISIBILITY = {INTERNAL: "id user provider subject"}

    objects = SubjectQuerySet.as_manager()

    class Meta:
        verbose_name = "统一登录编号"
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "subject"], name="subject_of_one_account"
            ),
            models.UniqueConstraint(
                fields=["provider", "user"], name="one_subject_a_provider"
            ),
        ]

    def __str__(self):
        return f"{self.provider} {self.pk}"
