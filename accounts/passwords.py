"""Password rules of 等保 (GB/T 22239-2019, identity).

ASVS 5.0 6.2.5 and 6.2.10 advise against two of them; the deviation is deliberate, since
the office is assessed by 等保 (docs/decisions/0001-password-rules.md).
"""

import datetime as dt
import re

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.contrib.auth.password_validation import (
    CommonPasswordValidator,
    MinimumLengthValidator,
)
from django.core.exceptions import ValidationError

KINDS = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^a-zA-Z0-9]")
REMEMBERED = 5  # the one in use and those before it
FIRST_LASTS = dt.timedelta(days=7)  # what another set, while nobody signed in by it
WARNED = 7  # days before a password has to be changed
# What whoever guesses at this portal tries first (ASVS 5.0 6.2.11).
OWN_WORDS = ("tianshan", "天山", "wangge", "网格", "dangjian", "党建")


class LongEnough(MinimumLengthValidator):
    """Django's rule in the words of this portal."""

    def get_error_message(self):
        return f"密码至少要 {self.min_length} 个字符。"

    def get_help_text(self):
        return self.get_error_message()


class NotCommon(CommonPasswordValidator):
    """The same; of the 20,000 commonest."""

    def get_error_message(self):
        return "这个密码太常见，别人一猜就中，请换一个。"

    def get_help_text(self):
        return "不要用常见的密码。"


class ThreeClasses:
    """Asks for three of: small letters, capitals, digits, other characters."""

    def validate(self, password, user=None):
        if sum(bool(re.search(kind, password)) for kind in KINDS) < 3:
            raise ValidationError(self.get_help_text(), code="three_classes")

    def get_help_text(self):
        return "小写字母、大写字母、数字、符号，四类里至少有三类。"


class NoOwnWords:
    """Refuses the account's own name and the words of the place."""

    def validate(self, password, user=None):
        written = password.casefold()
        name = user.username.casefold() if user else ""
        if any(word in written for word in OWN_WORDS) or (name and name in written):
            raise ValidationError(self.get_help_text(), code="own_words")

    def get_help_text(self):
        return "不要用账号名和“天山”“网格”“党建”（拼音也算）。"


class NoneOfTheLast:
    """Refuses the password in use and the four before it."""

    def validate(self, password, user=None):
        if user is None or not user.pk:
            return
        if any(check_password(password, used) for used in _remembered(user)):
            raise ValidationError(self.get_help_text(), code="used")

    def get_help_text(self):
        return f"最近用过的 {REMEMBERED} 个密码不能再用。"


def _remembered(user):
    return [user.password, *user.used_passwords][:REMEMBERED]


def change(user, password, *, at, first=False):
    """Give the account a password and remember the one before, on the instance.

    `first`: whoever set it is not its owner, who must change it before anything else.
    """
    if user.password and user.has_usable_password():
        user.used_passwords = _remembered(user)[: REMEMBERED - 1]
    user.set_password(password)
    user.password_set_at, user.password_is_first = at, first
    user.save(
        update_fields=[
            "password",
            "password_set_at",
            "password_is_first",
            "used_passwords",
        ]
    )


def days_left(user, at):
    """Whole days until the password has to be changed, negative when that is due; None
    where nobody asks for it."""
    if not settings.PASSWORD_DAYS:
        return None
    age = at - (user.password_set_at or user.date_joined)
    return settings.PASSWORD_DAYS - 1 - age.days


def has_lapsed(user, at):
    """A first password that nobody used in time opens nothing (ASVS 5.0 6.4.1)."""
    return user.password_is_first and at - user.password_set_at > FIRST_LASTS
