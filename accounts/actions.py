"""What the security administrator does with accounts."""

import secrets
import string

from allauth.mfa.models import Authenticator
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts import guard, passwords, phones, sessions
from accounts.models import EnrolledPhone, SignedIn, Subject, User
from tianshan.audit import record

# Nobody takes one letter for another: 0 O o, 1 l I are left out.
LETTERS = "".join(set(string.ascii_letters + string.digits) - set("0Oo1lI"))


class Refused(Exception):
    """An act that cannot be now; the message is for the user."""


def _first_password(user):
    """Four groups of four, by chance, of the kinds that the rules ask for."""
    while True:
        groups = ["".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4)]
        password = "-".join(groups)
        try:
            validate_password(password, user)
        except ValidationError:
            continue
        return password


def _locked(user):
    return User.objects.select_for_update(of=["self"]).get(pk=user.pk)


@transaction.atomic
def make(*, username, display_name, by, at):
    """An account without a post, which may do nothing yet: `(user, first password)`."""
    if User.objects.filter(username__iexact=username).exists():
        raise Refused("这个账号名已经有了，请换一个。")
    user = User(username=username, display_name=display_name, date_joined=at)
    user.set_unusable_password()
    user.save()
    password = _first_password(user)
    passwords.change(user, password, at=at, first=True)
    record("account.made", user, by=by, at=at)
    return user, password


@transaction.atomic
def reset(user, *, by, at):
    """A new first password; whoever is signed in by the old one is out."""
    user = _locked(user)
    if not user.is_active:
        raise Refused("账号已停用，请先恢复。")
    if user == by:
        raise Refused("自己的密码请在“改密码”里换。")
    password = _first_password(user)
    passwords.change(user, password, at=at, first=True)
    guard.lift(user, at=at)
    sessions.end(SignedIn.objects.all(), user=user, by=by, at=at)
    record("account.password_reset", user, by=by, at=at)
    return password


@transaction.atomic
def disable(user, *, reason, by, at):
    """Out at the next request everywhere; enrolled phones are none any more."""
    user = _locked(user)
    if user == by:
        raise Refused("不能停用自己的账号，请另一位安全管理员办。")
    if not user.is_active:
        raise Refused("账号已经停用。")
    user.is_active = False
    user.save(update_fields=["is_active"])
    sessions.end(SignedIn.objects.all(), user=user, by=by, at=at)
    for phone in EnrolledPhone.objects.in_force().filter(user=user):
        phones.end(phone, why=EnrolledPhone.Ended.DISABLED, by=by, at=at)
    record("account.disabled", user, by=by, at=at, reason=reason)


@transaction.atomic
def enable(user, *, reason, by, at):
    user = _locked(user)
    if user.is_active:
        raise Refused("账号没有停用。")
    user.is_active = True
    user.save(update_fields=["is_active"])
    record("account.enabled", user, by=by, at=at, reason=reason)


@transaction.atomic
def drop_second_factor(user, *, reason, by, at):
    """Whoever lost phone and codes sets up a new one; all sessions end."""
    user = _locked(user)
    if user == by:
        raise Refused("自己的请在“登录安全”里换。")
    if not Authenticator.objects.filter(user=user).delete()[0]:
        raise Refused("这个账号没有设第二因素。")
    sessions.end(SignedIn.objects.all(), user=user, by=by, at=at)
    record("second_factor.dropped", user, by=by, at=at, reason=reason)


@transaction.atomic
def link(user, *, provider, subject, by, at):
    """From now on the account is signed in as whom the provider calls so."""
    try:
        with transaction.atomic():
            Subject.objects.update_or_create(
                user=user, provider=provider, defaults={"subject": subject}
            )
    except IntegrityError:
        raise Refused("这个编号已经对着另一个账号。") from None
    record("account.subject_set", user, by=by, at=at, kind=provider)


@transaction.atomic
def unlink(linked, *, reason, by, at):
    """The provider opens the account no more; sessions that may have come by it end."""
    user = _locked(linked.user)
    if user == by:
        raise Refused("自己的请另一位安全管理员办。")
    if not Subject.objects.filter(pk=linked.pk, user=user).delete()[0]:
        raise Refused("这个编号已经去掉。")
    sessions.end(SignedIn.objects.all(), user=user, by=by, at=at)
    record(
        "account.subject_removed",
        user,
        by=by,
        at=at,
        kind=linked.provider,
        reason=reason,
    )


@transaction.atomic
def unlock(user, *, by, at):
    """Wrong passwords are forgotten: the account may be tried again at once."""
    if not guard.lift(user, at=at):
        raise Refused("这个账号没有暂停登录。")
    record("account.unlocked", user, by=by, at=at)


def end_sessions(user, *, by, at):
    if not sessions.end(SignedIn.objects.all(), user=user, by=by, at=at):
        raise Refused("这个账号现在没有登录。")
