"""Help cases keep opening while their keys are changed, and the change is killed.

    python -m tests.proofs.key_rotation [--cases N] [--kills N] [--seed N] [--json]

`manage.py rotate_case_keys` runs as a process of its own and dies by `kill -9`, each time
a little after it said that so many cases are done. After each death every case must
open with the old and the new keys together; at the end with the new ones alone.
docs/cases.md holds the numbers of full runs.
"""

import argparse
import json
import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
from contextlib import suppress

import django

from tests.proofs.portal import Portal

MUST_BE_ZERO = ("lost", "altered", "left_over", "not_found", "in_history", "not_killed")
BATCH = 25  # of the killed runs: so that a kill falls into the middle of one


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=6603)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="tianshan-proof-") as home:
        found = prove(home, cases=asked.cases, kills=asked.kills, seed=asked.seed)
    if asked.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:>18}  {value}")
    return 1 if any(found[name] for name in MUST_BE_ZERO) else 0


def prove(home, *, cases, kills, seed):
    old, new, look_up, look_up_new = (secrets.token_urlsafe(32) for _ in range(4))
    with Portal(home, web=False):
        os.environ["DJANGO_SETTINGS_MODULE"] = "tianshan.settings"
        os.environ["CASES_KEYS"] = old
        os.environ["CASES_LOOKUP_KEY"] = look_up
        django.setup()
        from django.conf import settings

        from cases import rotating, sealing
        from cases.models import Identity

        events = Identity.events.rel.related_model.objects
        told = make_cases(cases, seed)
        history = events.count()
        found = {"cases": cases, "seed": seed, "kills": 0, "not_killed": 0}
        found |= {"lost": 0, "altered": 0}

        # From here on as an operator would: the new keys first.
        os.environ["CASES_KEYS"] = f"{new},{old}"
        os.environ["CASES_LOOKUP_KEY"] = look_up_new
        settings.CASES_KEYS, settings.CASES_LOOKUP_KEY = [new, old], look_up_new
        chance = random.Random(seed)
        left = []
        for _ in range(kills):
            # Every run gets through its share of what is there to do.
            killed = kill_half_way(cases // (2 * kills), chance)
            found["kills" if killed else "not_killed"] += 1
            judge(told, found)
            left.append(rotating.to_rotate().count())
        found["left_after_kills"] = left
        started = time.monotonic()
        subprocess.run(command(), check=True, stdout=subprocess.DEVNULL)
        found["seconds_of_the_rest"] = round(time.monotonic() - started, 1)
        found["left_over"] = rotating.to_rotate().count()

        settings.CASES_KEYS = [new]
        judge(told, found)
        found["not_found"] = sum(
            not Identity.objects.filter(
                case=case, phone_hash=sealing.phone_hash(facts["phone"])
            ).exists()
            for case, facts in chance.sample(sorted(told.items()), min(cases, 500))
        )
        found["in_history"] = events.count() - history
        return found


def make_cases(number, seed):
    """`{case's key: what was sealed in it}`."""
    from django.utils import timezone

    from accounts.models import User
    from accounts.rights import Role
    from cases.models import HelpCase, HelpItem, Identity
    from grids.models import Neighborhood
    from tests.factories import PostFactory, StreetFactory

    street = StreetFactory()
    committee = Neighborhood.objects.create(code="310105006004", name="茅台居委会")
    street.neighborhoods.add(committee)
    helper = PostFactory(role=Role.HELPER, grid=street).user
    assert User.objects.count() == 1
    at, item = timezone.now(), HelpItem.objects.first()
    rows = HelpCase.objects.bulk_create(
        [
            HelpCase(
                item=item,
                place="home",
                neighborhood=committee,
                state=HelpCase.State.ASSIGNED,
                registered_by=helper,
                registered_at=at,
                helper=helper,
                assigned_by=helper,
                assigned_at=at,
            )
            for _ in range(number)
        ],
        batch_size=1000,
    )
    chance, told, sealed = random.Random(seed), {}, []
    for place, case in enumerate(rows):
        facts = {
            "name": f"第{place}位阿姨",
            "phone": f"199{chance.randrange(10**8):08}",
            "address": f"某弄{chance.randrange(99)}号{place}室",
            "birth_year": str(chance.randrange(1930, 1960)),
            "note": "看不清屏幕" if place % 3 else "",
        }
        identity = Identity(case=case)
        identity.put(facts)
        sealed.append(identity)
        told[case.pk] = facts
    Identity.objects.bulk_create(sealed, batch_size=1000)
    return told


def command():
    return [sys.executable, "manage.py", "rotate_case_keys", f"--batch={BATCH}"]


def kill_half_way(share, chance):
    """Let a rotation do its share, and kill it within about the next batch.

    How long a batch takes is read off the run itself: a fast machine does hundreds of
    cases in what would be a moment on a slow one.
    """
    process = subprocess.Popen(command(), stdout=subprocess.PIPE, text=True)
    before = now = time.monotonic()
    for line in process.stdout:
        before, now = now, time.monotonic()
        done = line.split(" ")[0]
        if done.isdigit() and int(done) >= share:
            break
    with suppress(subprocess.TimeoutExpired):
        process.wait(chance.random() * (now - before))
    process.kill()
    process.stdout.close()
    return process.wait() == -9


def judge(told, found):
    from cases.models import Identity
    from cases.sealing import KeyProblem

    rows = {row.case_id: row for row in Identity.objects.all()}
    for case, facts in told.items():
        try:
            opened = rows[case].opened()
        except (KeyError, KeyProblem):
            found["lost"] += 1
        else:
            found["altered"] += opened != facts


if __name__ == "__main__":
    sys.exit(main())
