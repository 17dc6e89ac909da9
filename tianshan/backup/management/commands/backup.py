import datetime as dt
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from tianshan.backup import Refused, archive, erasures, noted
from tianshan.backup.sealed import key_of
from tianshan.backup.server import Database

NAME = "tianshan-{:%Y%m%dT%H%M%SZ}.backup"
NAMES = "tianshan-*.backup"


class Command(BaseCommand):
    help = (
        "Writes database and files into one sealed archive below BACKUP_FOLDER, verifies"
        " it, and throws away archives that are older than BACKUP_KEEP_DAYS."
    )

    def add_arguments(self, parser):
        parser.add_argument("--to", type=Path, help="a folder, instead")
        parser.add_argument("--verify", type=Path, help="only verify this archive")

    def handle(self, *, to, verify, **options):
        try:
            key = key_of(settings.BACKUP_KEY)
            if verify:
                self._say("完好", verify, archive.verify(verify, key=key))
                return
            self._make(Path(to or settings.BACKUP_FOLDER), key)
        except Refused as refused:
            raise CommandError(str(refused)) from None

    def _make(self, folder, key):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        at = timezone.now().astimezone(dt.UTC)
        path = folder / NAME.format(at)
        erasures.complete()
        made = archive.write(
            path,
            key=key,
            database=Database(connection.settings_dict),
            files=settings.MEDIA_ROOT,
            at=at,
        )
        noted.note(at=at, rows=rows_of(made), files=len(made["files"]))
        self._say("已备份并核对", path, made)
        old = too_old(folder.glob(NAMES), at, settings.BACKUP_KEEP_DAYS)
        for each in old:
            each.unlink()
        if old:
            self.stdout.write(f"已删除 {len(old)} 个过期的备份。")

    def _say(self, what, path, manifest):
        self.stdout.write(
            f"{what}：{path}，{path.stat().st_size / 1e6:.1f} MB，"
            f"{len(manifest['tables'])} 张表 {rows_of(manifest)} 行，{len(manifest['files'])} 个文件。"
        )


def rows_of(manifest):
    return sum(count for count, _ in manifest["tables"].values())


def too_old(paths, at, days):
    """Those made longer ago than so many days, by their names; never the newest."""
    oldest = NAME.format(at - dt.timedelta(days=days))
    return [path for path in sorted(paths)[:-1] if path.name < oldest]
