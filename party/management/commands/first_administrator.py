"""`manage.py first_administrator`: the account by which an office begins."""

import datetime as dt
import getpass
import sys

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.account_views import AccountForm
from accounts.models import User
from grids.models import Grid
from party import posts


class Command(BaseCommand):
    help = (
        "Makes the first security administrator of an office and asks for a first"
        " password on the terminal; it has to be changed at sign-in, within seven days."
        " Refused as soon as there is one who may sign in."
    )

    def add_arguments(self, parser):
        parser.add_argument("username", help="what one signs in by")
        parser.add_argument("display_name", help="what others read")
        parser.add_argument(
            "--street",
            nargs=2,
            metavar=("CODE", "NAME"),
            help="the street, where there is none yet: 310105006 天山路街道",
        )
        parser.add_argument(
            "--live-on",
            type=dt.date.fromisoformat,
            help="the day from which it is in use, YYYY-MM-DD; until then it can be moved",
        )

    def handle(self, username, display_name, street, live_on, **options):
        form = AccountForm({"username": username, "display_name": display_name})
        if not form.is_valid():
            said = [words for errors in form.errors.values() for words in errors]
            raise CommandError("".join(said))
        try:
            with transaction.atomic():
                user = posts.begin(
                    street=self._street(street, live_on),
                    password=self._password(username),
                    at=timezone.now(),
                    **form.cleaned_data,
                )
        except posts.Refused as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(
            f"安全管理员“{user}”（{user.username}）已开好，请在七天内登录并换掉密码。"
        )

    def _street(self, given, live_on):
        there = Grid.objects.filter(kind=Grid.Kind.STREET).order_by("pk").first()
        if there:
            return there
        if not (given and live_on):
            raise CommandError(
                "还没有街道，请用 --street 编码 名称 和 --live-on 日期。"
            )
        code, name = given
        return Grid.objects.create(
            code=code, name=name, kind=Grid.Kind.STREET, live_on=live_on
        )

    def _password(self, username):
        """Typed twice where nobody else reads it: in no argument, no pipe and no file."""
        if not sys.stdin.isatty():
            raise CommandError("请在终端里运行：密码只在终端里问。")
        password = getpass.getpass("第一个密码：")
        try:
            validate_password(password, User(username=username))
        except ValidationError as problem:
            raise CommandError("".join(problem.messages)) from None
        if getpass.getpass("再输一次：") != password:
            raise CommandError("两次输的不一样。")
        return password
