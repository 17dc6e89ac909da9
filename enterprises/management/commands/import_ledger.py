"""`manage.py import_ledger FILE`: the engine of the import page, from the shell."""

import argparse
import datetime as dt
import io
import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from enterprises import imports
from grids.models import Grid
from tianshan.database import statistics
from tianshan.files import FileProblem, read_workbook


def _day(text):
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"“{text}”不是日期，请写成 2026-01-31 的样子。"
        ) from None


class Command(BaseCommand):
    help = "Imports a ledger (xlsx, xls or csv) into a grid."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--grid", help="code of the grid; needed if there are two")
        parser.add_argument(
            "--since",
            type=_day,
            help="new rows have been known since this day; today by default",
        )
        parser.add_argument("--dry-run", action="store_true", help="write nothing")
        parser.add_argument("--json", action="store_true", help="answer in JSON alone")

    def handle(self, *, file, grid, since, dry_run, **options):
        now = timezone.now()
        today = timezone.localdate(now)
        if since and since > today:
            raise CommandError("--since 不能在将来。")
        grid = self._grid(grid)
        try:
            content = file.read_bytes()
            made = (
                imports.plan(read_workbook(io.BytesIO(content)), grid=grid, today=today)
                if dry_run
                else self._write(file.name, content, grid, since or today, now)
            )
        except OSError as problem:
            raise CommandError(f"读不了 {file}：{problem.strerror}。") from problem
        except FileProblem as problem:
            raise CommandError(str(problem)) from problem
        if not dry_run:
            statistics.refresh()
        answer = {**made.summary(), "problems": made.problems}
        if options["json"]:
            self.stdout.write(json.dumps(answer, ensure_ascii=False, indent=1))
        else:
            self._say(answer)

    @transaction.atomic
    def _write(self, name, content, grid, since, now):
        """All the steps of a batch at once, so that none is left half done."""
        batch = imports.upload(
            name=name, content=content, grid=grid, known_since=since, by=None, at=now
        )
        imports.start(batch, by=None, at=now)
        return imports.finish(batch, at=now)

    def _grid(self, code):
        if code:
            found = Grid.objects.filter(code=code).first()
            if found is None:
                raise CommandError(f"没有编码为 {code} 的网格。")
            return found
        grids = list(Grid.objects.filter(kind=Grid.Kind.GRID).order_by("path"))
        if not grids:
            raise CommandError("还没有综合网格，请先建好网格。")
        if len(grids) > 1:
            codes = "、".join(f"{grid.code}（{grid.name}）" for grid in grids)
            raise CommandError(f"有不止一个综合网格，请用 --grid 写明编码：{codes}。")
        return grids[0]

    def _say(self, answer):
        self.stdout.write(
            "共 {rows} 行：新增 {new}，变更 {changed}，未变 {same}，未收 {rejected}；"
            "重复粘贴 {duplicates}。".format(**answer)
        )
        for note in answer["notes"]:
            self.stdout.write(note)
        for problem in answer["problems"]:
            self.stdout.write(
                "{sheet} 第 {row} 行 {column}“{value}”：{message}".format(**problem)
            )
