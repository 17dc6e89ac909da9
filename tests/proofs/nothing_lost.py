"""Nothing is lost: visits sent while server and database are killed, again and again.

    python -m tests.proofs.nothing_lost [--records N] [--kills N] [--seed N] [--json]

`docs/reliability.md` says what is counted, and holds the numbers of full runs.
"""

import argparse
import io
import json
import os
import random
import sys
import tempfile
import time
import uuid
from collections import Counter
from itertools import cycle

import django
from PIL import Image

from tests.proofs.phones import PASSWORD, Phone, Picture, Record, send_together
from tests.proofs.portal import Portal

PHONES = 12
SHOPS_OF_A_PHONE = 5
DROPPED = 0.10
BAD_ONES = 0.03  # what can never be stored, sent among the others
WAYS = ("form", "sync")
WITH_PHOTO = 0.25  # of what is sent by the phones' own way


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=24)
    parser.add_argument("--seed", type=int, default=6603)
    parser.add_argument("--way", choices=WAYS, action="append")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="tianshan-proof-") as home:
        found = prove(
            home,
            records=asked.records,
            kills=asked.kills,
            seed=asked.seed,
            ways=asked.way or WAYS,
        )
    if asked.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            if name == "must_be_zero":
                continue
            print(f"{name:>22}  {value}")
    wrong = sum(found[name] for name in MUST_BE_ZERO)
    return 1 if wrong or found["stored"] != found["good"] else 0


MUST_BE_ZERO = (
    "lost",
    "altered",
    "doubled",
    "refused",
    "refused_then_accepted",
    "bad_stored",
    "unanswered",
    "without_audit",
    "photos_lost",
    "photos_doubled",
)


def prove(home, *, records, kills, seed, ways):
    """Run it all below `home`; returns what was sent, what happened and what came of it."""
    started = time.monotonic()
    with Portal(home) as portal:
        # Only now is it known where the database is.
        os.environ["DJANGO_SETTINGS_MODULE"] = "tianshan.settings"
        django.setup()
        phones = make_world(portal.port, records, seed, ways)
        for phone in phones:
            phone.sign_in()
        grim = Reaper(portal, records, kills, seed)
        sending = time.monotonic()
        send_together(phones, watch=grim.come)
        seconds = time.monotonic() - sending
        for phone in phones:
            for record in phone.records:
                if record.refusals:
                    phone.offer_again(record)
        answers = sum((phone.answers for phone in phones), Counter())
        return {
            "records": records,
            "ways": " ".join(ways),
            "seed": seed,
            "web_killed": grim.done["web"],
            "database_killed": grim.done["database"],
            "answers": {str(k): answers[k] for k in sorted(answers, key=str)},
            "seconds_sending": round(seconds),
            **judge(phones),
            "must_be_zero": MUST_BE_ZERO,
            "seconds": round(time.monotonic() - started),
        }


class Reaper:
    """Kills one or the other whenever so many more records have their number."""

    def __init__(self, portal, records, kills, seed):
        chance = random.Random(seed)
        self.portal, self.chance = portal, chance
        # Both kinds equally often, at moments nobody knows beforehand.
        at = sorted(chance.randrange(max(1, records * 9 // 10)) for _ in range(kills))
        kinds = [kind for kind, _ in zip(cycle(["web", "database"]), at, strict=False)]
        chance.shuffle(kinds)
        self.plan = list(zip(at, kinds, strict=True))
        self.done = Counter()

    def come(self, sent):
        if not self.plan or sent < self.plan[0][0]:
            return
        _, kind = self.plan.pop(0)
        time.sleep(self.chance.uniform(0, 0.3))
        kill, start = {
            "web": (self.portal.kill_web, self.portal.start_web),
            "database": (self.portal.kill_database, self.portal.start_database),
        }[kind]
        kill()
        self.done[kind] += 1
        time.sleep(self.chance.uniform(0.1, 1.5))
        start()


# --- the world -----------------------------------------------------------------------


def make_world(port, records, seed, ways):
    """A grid, its shops, and phones with what they hold unsent."""
    from django.contrib.auth.hashers import make_password
    from django.utils import timezone

    from tests.factories import BusinessFactory, GridFactory, PostFactory, StreetFactory
    from visits.models import DemandCategory

    chance = random.Random(seed)
    grid = GridFactory(code="310105006603", parent=StreetFactory())
    category = DemandCategory.objects.offered().first()
    hashed, now = make_password(PASSWORD), timezone.localtime().isoformat()
    phones, count = [], max(2, min(PHONES, records // 10))
    for number in range(count):
        user = PostFactory(
            grid=grid, user__username=f"phone{number}", user__password=hashed
        ).user
        shops = [
            BusinessFactory(grid=grid, name=f"商户 {number}-{shop}").pk
            for shop in range(SHOPS_OF_A_PHONE)
        ]
        held = [
            make_record(chance, chance.choice(shops), category.pk, now, f"{number}-{n}")
            for n in range(len(range(number, records, count)))
        ]
        way = ways[number % len(ways)]
        for record in held:
            if way == "sync" and not record.bad and chance.random() < WITH_PHOTO:
                record.pictures.append(make_picture(chance))
        phones.append(
            Phone(
                user=user.pk,
                login=user.username,
                port=port,
                way=way,
                records=held,
                seed=chance.randrange(2**32),
                drop=DROPPED,
            )
        )
    return phones


def make_record(chance, business, category, now, name):
    outcome = chance.choices(["normal", "demand", "absent"], [6, 3, 1])[0]
    record = Record(
        key=uuid.UUID(int=chance.getrandbits(128), version=4),
        business=business,
        outcome=outcome,
        note=f"记录 {name}：" + "楼道里没有信号。" * chance.randrange(5),
        filled_at=now,
    )
    if outcome == "demand":
        record.category, record.words = category, f"原话 {name}：希望改时间 🚚"
    if chance.random() < BAD_ONES:
        record.bad, record.outcome, record.category = True, "demand", 0
    return record


def make_picture(chance):
    """A JPEG of some 50 kB, as no other: noise does not shrink."""
    image = Image.frombytes("RGB", (160, 120), chance.randbytes(160 * 120 * 3))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90)
    return Picture(uuid.UUID(int=chance.getrandbits(128), version=4), file.getvalue())


# --- what came of it -----------------------------------------------------------------


def judge(phones):
    """Every record against what is stored, read from the tables."""
    from django.db import connection

    from tianshan.audit.models import Entry
    from tianshan.files.keeping import picture_response
    from visits.models import Demand, Photo, Visit

    connection.close()  # the server at its other end was killed
    sent = [record for phone in phones for record in phone.records]
    good = [record for record in sent if not record.bad]
    stored = Counter(Visit.objects.values_list("client_key", flat=True))
    visits = {visit.client_key: visit for visit in Visit.objects.all()}
    words = Counter(Demand.objects.values_list("visit__client_key", "words"))
    audited = Counter(
        Entry.objects.filter(verb="visit.logged").values_list("subject_id", flat=True)
    )

    def as_sent(record):
        visit = visits[record.key]
        return (visit.pk, visit.business_id, visit.outcome, visit.note) == (
            record.number,
            record.business,
            record.outcome,
            record.note,
        )

    photos = {photo.key: photo for photo in Photo.objects.kept()}

    def is_kept(record, picture):
        """Whole, of its own record, and its file can be read."""
        photo = photos.get(picture.key)
        if photo is None:
            return False
        stored = b"".join(picture_response("photos", photo.name))
        with Image.open(io.BytesIO(stored)) as image:
            image.load()
        return (photo.sha256, photo.record_key) == (picture.sha256, record.key)

    pictures = [(record, picture) for record in good for picture in record.pictures]
    here = [record for record in good if record.key in visits]
    return {
        "photos": len(pictures),
        "photos_lost": sum(not is_kept(*each) for each in pictures),
        "photos_doubled": Photo.objects.count() - len(pictures),
        "good": len(good),
        "bad": len(sent) - len(good),
        "stored": len(here),
        "unanswered": sum(not record.number for record in good),
        "lost": sum(bool(r.number) and r.key not in visits for r in good)
        + sum(bool(r.words) and not words[r.key, r.words] for r in good if r.number),
        "altered": sum(not as_sent(record) for record in here),
        "doubled": sum(count - 1 for count in stored.values())
        + sum(count - 1 for count in words.values()),
        "refused": sum(bool(record.refusals) for record in good),
        "refused_then_accepted": sum(bool(r.refusals and r.number) for r in sent),
        "bad_stored": sum(r.bad and r.key in visits for r in sent),
        "without_audit": sum(audited[visit.pk] != 1 for visit in visits.values()),
    }


if __name__ == "__main__":
    sys.exit(main())
