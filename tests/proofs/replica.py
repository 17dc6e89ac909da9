"""Dashboards, ledgers and exports from a replica that lags, stops and comes back.

    python -m tests.proofs.replica [--saves N] [--seed N] [--json]

A primary and a replica of it, both real, on loopback; the portal in this process, so
that what is kept in memory is shared by all that are asked. `docs/reliability.md` says
what must be 0.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time

import django

from tests.proofs.follower import Follower
from tests.proofs.portal import Portal

MOST_BEHIND = 8  # seconds
PAGES = ("/businesses/", "/merchants/", "/dashboard/", "/dashboard/brief/", "/map/")
MUST_BE_ZERO = (
    "own_not_seen",
    "wrong_after_replay",
    "tile_and_rows_differ",
    "errors",
    "not_said",
    "stale_beyond_the_limit",
    "never_read_there",
)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--saves", type=int, default=300)
    parser.add_argument("--seed", type=int, default=6603)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="tianshan-proof-") as home:
        found = prove(home, saves=asked.saves, seed=asked.seed)
    if asked.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            if name != "must_be_zero":
                print(f"{name:>24}  {value}")
    return 1 if any(found[name] for name in MUST_BE_ZERO) else 0


def prove(home, *, saves, seed):
    with Portal(home, web=False) as portal:
        follower = Follower(portal.database)
        follower.make()
        try:
            os.environ["DATABASE_REPLICA_URL"] = follower.url
            os.environ["DATABASE_REPLICA_SECONDS"] = str(MOST_BEHIND)
            os.environ["LOG_LEVEL"] = "CRITICAL"
            os.environ["DJANGO_SETTINGS_MODULE"] = "tianshan.settings"
            django.setup()
            return Proof(follower, saves, seed).run()
        finally:
            follower.stop()


class Proof:
    def __init__(self, follower, saves, seed):
        from accounts.rights import Role
        from tests.factories import (
            BuildingFactory,
            BusinessFactory,
            GridFactory,
            PostFactory,
            StreetFactory,
        )

        self.follower, self.saves = follower, saves
        self.chance = random.Random(seed)
        self.found = dict.fromkeys(MUST_BE_ZERO, 0)
        self.found |= {"read_from_replica": 0, "read_from_primary": 0}
        street = StreetFactory()
        grid = GridFactory(code="310105006603", parent=street)
        building = BuildingFactory(grid=grid)
        self.shops = [
            BusinessFactory(grid=grid, building=building, name=f"茶行{n}")
            for n in range(20)
        ]
        self.names = {shop.pk: shop.name for shop in self.shops}
        holders = [PostFactory(grid=grid, role=Role.GRID_CHIEF).user for _ in range(2)]
        self.writer, self.reader = map(self.signed_in, holders)

    def signed_in(self, user):
        from django.test import Client

        client = Client(headers={"host": "127.0.0.1"}, raise_request_exception=False)
        client.force_login(user)
        return client

    def run(self):
        started = time.monotonic()
        self.follower.catch_up()
        self.while_it_follows()
        self.while_it_stands_still()
        self.while_it_goes_and_comes()
        self.found["never_read_there"] = int(not self.found["read_from_replica"])
        seconds = round(time.monotonic() - started, 1)
        return self.found | {
            "saves": self.saves,
            "seconds": seconds,
            "must_be_zero": MUST_BE_ZERO,
        }

    # --- asking and telling --------------------------------------------------------

    def page(self, client, url="/businesses/", **query):
        answer = client.get(url, query)
        if answer.status_code != 200:
            self.found["errors"] += 1
            return ""
        there = "X-Data-Until" in answer.headers
        self.found["read_from_replica" if there else "read_from_primary"] += 1
        if answer.streaming:
            return b"".join(answer).decode(errors="replace")
        return answer.content.decode()

    def save(self):
        """Give a shop another name, by the page's own form."""
        shop = self.chance.choice(self.shops)
        url = f"/businesses/{shop.pk}/edit/"
        page = self.writer.get(url).content.decode()
        name = f"{self.chance.choice('甲乙丙丁')}店{self.chance.randrange(10**6)}号"
        answer = self.writer.post(
            url,
            {
                "name": name,
                "kind": shop.kind,
                "state": shop.state,
                "building": shop.building_id,
                "room": shop.room,
                "discovered_on": shop.discovered_on,
                "seen": page.split('name="seen" value="')[1].split('"')[0],
            },
        )
        if answer.status_code != 302:
            raise SystemExit(f"Not saved: {answer.status_code} {answer.content[:500]}")
        self.names[shop.pk] = name
        return name

    def all_names(self, text):
        return all(name in text for name in self.names.values())

    # --- three states --------------------------------------------------------------

    def while_it_follows(self):
        """Each save is seen at once by who saved, and by all once it is replayed."""
        for number in range(self.saves):
            name = self.save()
            form = {"format": "csv"} if number % 5 == 0 else {}
            if name not in self.page(self.writer, **form):
                self.found["own_not_seen"] += 1
            self.page(self.reader)  # of before or after
            self.follower.catch_up()
            if not self.all_names(self.page(self.reader, **form)):
                self.found["wrong_after_replay"] += 1
            if number % 10 == 0:
                self.compare_figures()

    def compare_figures(self):
        figures = json.loads(self.page(self.reader, "/dashboard/figures.json") or "{}")
        tile = {f["key"]: f.get("value") for f in figures.get("figures", ())}
        rows = self.page(self.reader, figure="in_scope")
        if f'data-total="{tile.get("in_scope")}"' not in rows:
            self.found["tile_and_rows_differ"] += 1

    def while_it_stands_still(self):
        """Who saved reads the primary, others the replica, each by its own memory;
        when it has stood still for too long all read the primary, and are told."""
        from tianshan.database.replica import BEHIND

        self.follower.catch_up()
        before = self.page(self.reader)
        self.follower.pause()
        name = self.save()
        for _ in range(3):
            if name not in self.page(self.writer):
                self.found["own_not_seen"] += 1
            old = self.page(self.reader)
            if name not in old and BEHIND in old:
                self.found["stale_beyond_the_limit"] += 1
        self.found["stale_pages_within_the_limit"] = int(name not in old)
        deadline = time.monotonic() + MOST_BEHIND + 1
        while time.monotonic() < deadline:
            self.page(self.reader)
        for url in PAGES:
            page = self.page(self.reader, url)
            if BEHIND not in page:
                self.found["not_said"] += 1
            if url == "/businesses/" and not self.all_names(page):
                self.found["stale_beyond_the_limit"] += 1
        self.follower.go_on()
        self.follower.catch_up()
        after = self.page(self.reader)
        if not self.all_names(after) or BEHIND in after or before == after:
            self.found["wrong_after_replay"] += 1
        self.compare_figures()

    def while_it_goes_and_comes(self):
        """It ends while pages are read, some half-way; none of them fails."""
        from django.db import connections

        from tianshan.database import replica

        ended = threading.Event()

        def read(number):
            client = self.signed_in_again(number)
            try:
                while not ended.is_set():
                    for url in PAGES:
                        self.page(client, url)
                    self.page(client, format="csv")
            finally:
                connections.close_all()

        threads = [threading.Thread(target=read, args=[n]) for n in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        self.follower.stop()
        time.sleep(1)
        ended.set()
        for thread in threads:
            thread.join()
        name = self.save()
        for url in PAGES:
            page = self.page(self.reader, url)
            if replica.DOWN not in page:
                self.found["not_said"] += 1
            if url == "/businesses/" and name not in page:
                self.found["stale_beyond_the_limit"] += 1
        self.follower.start()
        self.follower.catch_up()
        read_there = self.found["read_from_replica"]
        deadline = time.monotonic() + replica.RETRY + 30
        while self.found["read_from_replica"] == read_there:
            if time.monotonic() > deadline:
                self.found["never_read_there"] += 1
                return
            if not self.all_names(self.page(self.reader)):
                self.found["wrong_after_replay"] += 1
            time.sleep(0.2)

    def signed_in_again(self, number):
        from accounts.models import User

        users = list(User.objects.order_by("pk"))
        return self.signed_in(users[number % len(users)])


if __name__ == "__main__":
    sys.exit(main())
