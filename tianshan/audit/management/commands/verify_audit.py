import json
from dataclasses import asdict

from django.core.management.base import BaseCommand, CommandError

from tianshan.audit.seals import LEDGERS, verify


class Command(BaseCommand):
    help = (
        "Check that no audit line was changed, taken away or slipped in since sealed."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--expect",
            nargs="*",
            default=[],
            metavar="HASH",
            help="hashes noted elsewhere, as ledger=hash; each must still be in the chain",
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *, expect, **options):
        noted = {ledger: [] for ledger in LEDGERS}
        for each in expect:
            ledger, _, fingerprint = each.partition("=")
            if ledger not in noted or len(fingerprint) != 64:
                raise CommandError(f"{each} 不是“{'、'.join(LEDGERS)}=64 位指纹”。")
            noted[ledger].append(fingerprint)
        verdicts = [verify(ledger, noted[ledger]) for ledger in LEDGERS]
        if options["json"]:
            self.stdout.write(json.dumps([asdict(v) for v in verdicts], indent=1))
        else:
            for verdict in verdicts:
                self._say(verdict)
        if any(verdict.problems for verdict in verdicts):
            raise CommandError("审计记录和封存的不一致。")

    def _say(self, verdict):
        self.stdout.write(
            f"{verdict.ledger}: {verdict.seals} 号封存，{verdict.lines} 条一致与否见下，"
            f"未封存 {verdict.unsealed} 条，链尾 {verdict.head}"
        )
        for problem in verdict.problems:
            self.stdout.write(f"  {problem}")
