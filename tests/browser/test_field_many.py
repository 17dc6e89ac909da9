"""Many visits in three browser profiles: stored once, or still on the phone with a reason.

FIELD_VISITS=300 pytest tests/browser/test_field_many.py
"""

import datetime as dt
import os
import random

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.rights import Role
from enterprises.models import Business
from tests.browser.conftest import PHONE
from tests.browser.test_field import SHELL, kept
from tests.factories import BuildingFactory, BusinessFactory, PostFactory
from visits.models import Visit

VISITS = int(os.environ.get("FIELD_VISITS", "45"))
PROFILES = 3

# Queue visits through the phone's own modules, as its form does.
QUEUE = """async ([shops, author, made]) => {
  const { get, put, SHAPE } = await import("/static/field/store.js");
  const route = await get("kept", "route");
  for (const id of shops) {
    const stop = route.stops.find((each) => each.id === id);
    await put("records", {
      key: crypto.randomUUID(), shape: SHAPE, kind: "visit", author, business: id,
      stop, seen: stop.seen, route_at: route.at, state: "waiting", reason: "",
      made: made++, filled_at: new Date().toISOString(),
      fields: {...stop.facts, outcome: "normal", people_met: "owner", facts: "same",
               method: "on_spot", visited_on: "", note: `visit ${id}`},
    });
  }
}"""
# Send every record three times, in any order, whatever was answered before.
THRICE = """async (seed) => {
  const { all } = await import("/static/field/store.js");
  const rows = (await all("records")).filter((row) => row.state === "waiting");
  const told = await (await fetch("/visits/sync/", {headers: {Accept: "application/json"}})).json();
  if (!told.author) return "waits";
  const sends = [...rows, ...rows];
  let x = seed;
  sends.sort(() => ((x = (x * 16807) % 2147483647) % 2 ? 1 : -1));
  for (const row of sends) {
    const { key, kind, author, filled_at, route_at, seen, business, fields } = row;
    await fetch("/visits/sync/", {method: "POST",
      headers: {Accept: "application/json", "Content-Type": "application/json",
                "X-CSRFToken": told.token},
      body: JSON.stringify({kind, key, author, filled_at, route_at, seen, business,
                            fields, sent_at: new Date().toISOString()})});
  }
  const { sendAll } = await import("/static/field/send.js");
  const outcome = await sendAll("/visits/sync/");
  return outcome?.why ?? "busy";
}"""
WRONG_CLOCK = """(() => { const Real = Date, off = 2 * 86400000;
  window.Date = class extends Real {
    constructor(...given) { given.length ? super(...given) : super(Real.now() + off); }
    static now() { return Real.now() + off; }
  }; })()"""


@pytest.fixture
def world(seeded, grid):
    """Three walkers, each with a building of shops that are all due."""
    walkers = []
    for place in range(PROFILES):
        user = PostFactory(role=Role.GRID_STAFF, grid=grid).user
        building = BuildingFactory(grid=grid, name=f"茶城 {place}")
        shops = BusinessFactory.create_batch(
            min(VISITS // PROFILES, 20),
            grid=grid,
            building=building,
            discovered_on=timezone.localdate() - dt.timedelta(days=3),
        )
        walkers.append((user, shops))
    return walkers


def test_every_visit_is_stored_once_or_still_on_the_phone_with_a_reason(
    visitor, world, grid, other_grid
):
    chance = random.Random(20260924)
    pages = []
    for place, (user, shops) in enumerate(world):
        page = visitor(user, PHONE, has_touch=True, is_mobile=True)
        if place == 1:
            page.add_init_script(WRONG_CLOCK)
        page.goto("/work/")
        page.evaluate("navigator.serviceWorker.ready")
        page.goto(SHELL)
        page.wait_for_selector(".stop")
        page.evaluate(
            "async (ids) => { const { fetchRoute } = await import('/static/field/owner.js');"
            "for (const id of ids) await fetchRoute('/visits/plan/route.json', id); }",
            [shop.pk for shop in shops],
        )
        page.context.set_offline(True)
        ids = [shops[n % len(shops)].pk for n in range(VISITS // PROFILES)]
        half = len(ids) // 2
        made = 1_700_000_000_000
        page.evaluate(QUEUE, [ids[:half], user.pk, made])
        # The tab is killed; a new one goes on.
        context = page.context
        page.close()
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.goto(SHELL)
        page.evaluate(QUEUE, [ids[half:], user.pk, made + half])
        pages.append(page)

    # Shops move away, one account is closed, one session ends.
    moved = world[0][1][0]
    Business.objects.filter(pk=moved.pk).update(grid=other_grid)
    User.objects.filter(pk=world[2][0].pk).update(is_active=False)
    cookies = pages[1].context.cookies()
    pages[1].context.clear_cookies()

    order = [*pages, *pages]
    chance.shuffle(order)
    for page in order:
        page.context.set_offline(False)
        page.evaluate(THRICE, chance.randrange(1, 10**6))
    pages[1].context.add_cookies(cookies)
    for page in pages:
        page.evaluate(THRICE, chance.randrange(1, 10**6))
        page.wait_for_timeout(200)
        page.evaluate(THRICE, chance.randrange(1, 10**6))

    left = [row for page in pages for row in kept(page)["records"]]
    refused = [row for row in left if row["state"] == "refused"]
    waiting = [row for row in left if row["state"] != "refused"]
    stored = list(Visit.objects.values_list("client_key", flat=True))
    assert len(stored) == len(set(stored))
    assert all(row["reason"] for row in refused)
    assert {row["business"] for row in refused} == {moved.pk}
    # The closed account's wait for a sign-in, which its phone says.
    assert {row["author"] for row in waiting} == {world[2][0].pk}
    pages[2].locator("#unsent").get_by_text("请先登录").wait_for()
    total = VISITS // PROFILES * PROFILES
    assert len(stored) + len(left) == total
    assert not {str(key) for key in stored} & {row["key"] for row in left}
    print(
        f"{total} visits: {len(stored)} stored once, {len(refused)} refused with a "
        f"reason, {len(waiting)} wait for their author"
    )


# The first shape in which records were ever kept: later versions must read it.
OLD = """() => new Promise((done) => {
  indexedDB.deleteDatabase("field").onsuccess = () => {
    const asked = indexedDB.open("field", 1);
    asked.onupgradeneeded = () => {
      for (const [name, keyPath] of [["kept", "id"], ["records", "key"],
                                     ["photos", "key"], ["receipts", "key"]])
        asked.result.createObjectStore(name, {keyPath});
    };
    asked.onsuccess = () => { asked.result.close(); done(); };
  };
})"""


def test_a_new_version_takes_over_and_strands_no_record(visitor, world):
    """A record kept by the first version, under an older worker's cache."""
    user, shops = world[0]
    page = visitor(user, PHONE, has_touch=True, is_mobile=True)
    page.goto("/work/")
    page.evaluate("navigator.serviceWorker.ready")
    page.evaluate(OLD)
    page.evaluate(
        """async ([id, author]) => {
          const cache = await caches.open("shell-old");
          await cache.put("/work/field/", new Response("an old page"));
          const asked = indexedDB.open("field");
          await new Promise((done) => (asked.onsuccess = done));
          const work = asked.result.transaction("records", "readwrite");
          work.objectStore("records").put({
            key: "11111111-1111-4111-8111-111111111111", shape: 1, kind: "visit",
            author, business: id, stop: {name: "旧记录", tell: [], open: [], facts: {}},
            state: "waiting", made: Date.now() - 4 * 86400000,
            filled_at: new Date(Date.now() - 4 * 86400000).toISOString(),
            fields: {outcome: "normal", people_met: "owner", facts: "", method: "on_spot"},
          });
          await new Promise((done) => (work.oncomplete = done));
          asked.result.close();
          const worker = await navigator.serviceWorker.getRegistration();
          await worker.unregister();
        }""",
        [shops[0].pk, user.pk],
    )
    page.context.route("**/visits/sync/", lambda route: route.abort())
    page.goto("/work/")
    page.evaluate("navigator.serviceWorker.ready")
    page.wait_for_function(
        "async () => !(await caches.keys()).includes('shell-old')", polling=200
    )
    # The page's own try has failed before the network is let through.
    with page.expect_event("requestfailed", lambda r: r.url.endswith("/visits/sync/")):
        page.goto(f"{SHELL}#/records")
    page.get_by_text("旧记录").wait_for()
    page.get_by_text("最早的一条已放了 4 天").wait_for()
    send = page.locator("#unsent").get_by_role("button", name="现在上传")
    send.wait_for()
    page.context.unroute("**/visits/sync/")
    send.tap()
    page.locator("#unsent .note").wait_for(state="detached")
    visit = Visit.objects.get()
    assert visit.visited_on == timezone.localdate() - dt.timedelta(days=4)
