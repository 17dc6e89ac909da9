"""`manage.py import_ledger FILE`: the engine of the import page, from the shell."""

import datetime as dt
import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from enterprises import imports
from grids.models import Grid
from tianshan.files import FileProblem


class Command(BaseCommand):
    help = "Imports a ledger (xlsx, xls or csv) into a grid."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--grid", help="code of the grid; needed if there are two")
        parser.add_argument(
            "--since",
            type=dt.date.fromisoformat,
            help="new rows have been known since this day; today by default",
        )
        parser.add_argument("--dry-run", action="store_true", help="write nothing")
        parser.add_argument("--json", action="store_true", help="answer in JSON alone")

    def handle(self, *, file, grid, since, dry_run, **options):
        now = timezone.now()
        today = timezone.localdate(now)
        try:
            content = file.read_bytes()
        except OSError as problem:
            raise CommandError(f"读不了 {file}：{problem.strerror}。") from problem
        place = self._grid(grid)
        try:
            if dry_run:
                with file.open("rb") as stream:
                    made = imports.plan(stream, grid=place, today=today)
            else:
                batch, _ = imports.upload(
                    name=file.name,
                    content=content,
                    grid=place,
                    known_since=since or today,
                    by=None,
                    at=now,
                )
                imports.start(batch, by=None, at=now)
                made = imports.finish(batch, at=now)
        except FileProblem as problem:
            raise CommandError(str(problem)) from problem
        answer = {**made.summary(), "problems": made.problems}
        if options["json"]:
            self.stdout.write(json.dumps(answer, ensure_ascii=False, indent=1))
        else:
            self._say(answer)

    def _grid(self, code):
        grids = Grid.objects.filter(kind=Grid.Kind.GRID)
        if code:
            grids = Grid.objects.filter(code=code)
        found = list(grids[:2])
        if not found:
            raise CommandError(
                f"没有编码为 {code} 的网格。" if code else "还没有网格。"
            )
        if len(found) > 1:
            raise CommandError("有不止一个网格，请用 --grid 写明编码。")
        return found[0]

    def _say(self, answer):
        self.stdout.write(
            "共 {rows} 行：新增 {new}，变更 {changed}，未变 {same}，未收 {rejected}；"
            "重复粘贴 {duplicates}。".format(**answer)
        )
        for problem in answer["problems"]:
            self.stdout.write(
                "{sheet} 第 {row} 行 {column}“{value}”：{message}".format(**problem)
            )
