/* On every page of the portal: what this phone has not sent yet, the day's route for a
   phone, the page that works without a network, and signing out. */

import { forgetPages, unsent } from "./doors.js";
import { make, note } from "./draw.js";
import { signOut } from "./leave.js";
import { belongsTo, fetchRoute, route } from "./owner.js";
import { sendNow, standing, start } from "./queue.js";
import { exists } from "./store.js";
import { line, old } from "./words.js";

const { dataset } = document.body;
const user = Number(dataset.user) || 0;
const main = document.getElementById("main");
const FRESH = 10 * 60000;

// A phone in the hand, not a desk that others use too.
const phone = matchMedia("(pointer: coarse)").matches;

const place = make("div", { class: "unsent", role: "status" });

async function draw() {
  const now = await standing(user);
  const words = line(now);
  place.replaceChildren();
  if (words) {
    const bad = now.refused || now.photosRefused || old(now);
    const ways = [make("a", { class: "btn btn-sm", href: `${dataset.field}#/records` }, "打开")];
    if (!now.busy && (now.waiting || now.photos)) {
      const send = make("button", { type: "button", class: "btn btn-sm" }, "现在上传");
      send.addEventListener("click", sendNow);
      ways.push(send);
    }
    place.append(
      note(
        bad ? "bad" : "warn",
        make("p", {}, words),
        old(now) && make("p", {}, make("b", {}, old(now))),
        make("div", { class: "row-btn" }, ...ways)
      )
    );
  }
  if (!place.isConnected) main?.prepend(place);
}

/** The visit form of a shop: on a phone the one that works without a network. */
async function lead() {
  const asked = new URLSearchParams(location.search);
  const shop = asked.get("business");
  if (location.pathname !== dataset.visit || !shop || asked.has("plain")) return;
  if (document.querySelector("[data-errors], .note-warn")) return;
  let kept = await route();
  if (!kept?.stops.some((stop) => String(stop.id) === shop)) {
    kept = await fetchRoute(dataset.route, shop);
  }
  if (kept?.author.id === user && kept.stops.some((stop) => String(stop.id) === shop)) {
    location.replace(`${dataset.field}#/visit/${shop}`);
  }
}

/** What was ticked off at doors and is not sent: each has its own page. */
function drawDoors() {
  for (const [page, count] of unsent(user)) {
    if (page === location.pathname) continue;
    const way = make("a", { class: "btn btn-sm", href: page }, "打开门口页");
    main?.prepend(note("warn", make("p", {}, `有 ${count} 条门口签到还没上传。`), way));
  }
}

async function begin() {
  document.addEventListener("submit", signOut, true);
  drawDoors();
  forgetPages(user);
  if (!("indexedDB" in window)) return;
  if (!phone && !(await exists())) return;
  if (user) await belongsTo(user);
  if (phone && dataset.route) {
    const { serviceWorker, storage } = navigator;
    serviceWorker?.register(dataset.worker, { scope: "/", updateViaCache: "none" });
    storage?.persist?.();
    await lead();
    const kept = await route();
    const stale = !kept || Date.now() - (Date.parse(kept.at) - kept.ahead) > FRESH;
    if (stale || location.pathname === "/work/") fetchRoute(dataset.route);
  }
  await start(dataset.sync, draw);
}

if (user) begin();
