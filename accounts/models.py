"""Who signs in."""

from functools import cached_property

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.utils import timezone

from accounts.rights import Right, may
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


@tracked(exclude=["password", "last_login"])
class User(AbstractUser):
    """An account. What it may do comes from its posts alone (`grids.Post`)."""

    first_name = None
    last_name = None
    email = None
    display_name = models.CharField("称呼", max_length=40)

    REQUIRED_FIELDS = ["display_name"]
    VISIBILITY = {
        INTERNAL: "id username display_name is_active date_joined is_staff"
        " is_superuser groups user_permissions last_login",
        SEALED: "password",
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

    def may(self, right):
        """Does a post in force carry the right? For rooms that cannot import rights."""
        return may(self, right)

    @property
    def may_read_audit(self):
        return may(self, Right.READ_AUDIT)
