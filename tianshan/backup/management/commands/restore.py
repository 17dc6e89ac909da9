import datetime as dt
from pathlib import Path

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from tianshan.audit import record
from tianshan.audit.models import Entry
from tianshan.backup import Refused, erasures
from tianshan.backup.restoring import restore
from tianshan.backup.sealed import key_of
from tianshan.backup.server import Database


class Command(BaseCommand):
    help = (
        "Brings an archive of `backup` back into an empty database, or with --replace"
        " --replace in place of what is there; erases again who was erased since."
    )

    def add_arguments(self, parser):
        parser.add_argument("path", type=Path)
        parser.add_argument(
            "--replace",
            action="count",
            default=0,
            help="said twice: all that is in the database is thrown away",
        )

    def handle(self, *, path, replace, **options):
        if replace == 1:
            raise CommandError(
                "--replace 会丢掉现有的数据库。确实要这样，请把 --replace 写两次。"
            )
        now = timezone.now()
        database = Database(connection.settings_dict)
        try:
            key = key_of(settings.BACKUP_KEY)
            if replace and "django_migrations" in database.tables():
                # What the database alone knows of erasures is gone in a moment.
                erasures.complete()
            connection.close()
            manifest = restore(
                path,
                key=key,
                database=database,
                files=settings.MEDIA_ROOT,
                replace=bool(replace),
                at=now,
            )
        except Refused as refused:
            raise CommandError(str(refused)) from None
        # The tables may be an older release's; rights of roles are in no archive.
        call_command("migrate", interactive=False, verbosity=0)
        made_at = dt.datetime.fromisoformat(manifest["made_at"])
        erased = erasures.again(made_at)
        # Who had signed out or was locked out since would be in again.
        Session.objects.all().delete()
        record(
            "backup.restored",
            Entry.objects.order_by("pk").last() or Entry(pk=0),
            by=None,
            at=now,
            made_at=manifest["made_at"],
            erased_again=erased,
        )
        rows = sum(count for count, _ in manifest["tables"].values())
        self.stdout.write(
            f"已恢复 {timezone.localtime(made_at):%Y-%m-%d %H:%M} 的备份："
            f"{len(manifest['tables'])} 张表 {rows} 行、{len(manifest['files'])} 个文件"
            f"全部核对一致，重新擦除 {erased} 件。所有人需要重新登录。"
        )
