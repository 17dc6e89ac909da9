from django.core.management.base import BaseCommand, CommandError

from cases import rotating
from cases.sealing import KeyProblem


class Command(BaseCommand):
    help = (
        "Wrap the keys of help cases with the newest of CASES_KEYS, and hash their"
        " phones with CASES_LOOKUP_KEY. It may be stopped and started again; when it"
        " says that none is left, the older keys can be dropped."
    )

    def add_arguments(self, parser):
        parser.add_argument("--batch", type=int, default=rotating.BATCH)

    def handle(self, *, batch, **options):
        try:
            done, unopened = rotating.rotate(batch=batch, said=self._said)
            left = rotating.to_rotate().count()
        except KeyProblem as problem:
            raise CommandError(f"{problem} 什么也没有改。") from None
        self.stdout.write(f"重新封存 {done} 件，还剩 {left} 件。")
        if unopened:
            raise CommandError(
                f"有 {unopened} 件现有的密钥打不开，没有动它们。"
                "请把旧密钥也放进 CASES_KEYS，再运行一次。"
            )

    def _said(self, number):
        self.stdout.write(f"{number} …")
        self.stdout.flush()
