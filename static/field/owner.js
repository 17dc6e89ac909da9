/* Whose phone this is, and what of the day it keeps. */

import { now } from "./clock.js";
import { all, clear, get, put, remove } from "./store.js";

const JSON_ONLY = { headers: { Accept: "application/json" }, credentials: "same-origin" };

// Signed out, here or on another page: what is still on its way must not be kept.
let left = false;
const channel = "BroadcastChannel" in window ? new BroadcastChannel("field-left") : null;
channel?.addEventListener("message", () => {
  left = true;
});

export function leave() {
  left = true;
  channel?.postMessage("left");
}

export async function owner() {
  return (await get("kept", "owner"))?.author || null;
}

/** The route, unless its day is over: then it is thrown away. */
export async function route() {
  const kept = await get("kept", "route");
  if (!kept) return null;
  if (now(kept) < Date.parse(kept.until)) return kept;
  await remove("kept", "route");
  return null;
}

/** Fetch the day's route anew; returns null when it cannot be had. */
export async function fetchRoute(address, business) {
  const query = business ? `?business=${business}` : "";
  let fresh;
  try {
    const answer = await fetch(`${address}${query}`, JSON_ONLY);
    if (!answer.ok) return null;
    fresh = await answer.json();
  } catch {
    return null;
  }
  await belongsTo(fresh.author.id);
  const before = await route();
  const known = new Set(fresh.stops.map((stop) => stop.id));
  if (!business && before?.day === fresh.day) {
    // Shops that were called up by hand stay for the day.
    fresh.stops.push(
      ...before.stops.filter((stop) => stop.added && !known.has(stop.id))
    );
  }
  for (const stop of fresh.stops) {
    if (String(stop.id) === String(business)) stop.added = !stop.lamp;
  }
  const kept = { ...fresh, id: "route", ahead: Date.parse(fresh.at) - Date.now() };
  if (left) return null;
  await put("kept", kept);
  if (!left) await put("kept", { id: "owner", author: fresh.author });
  return kept;
}

/** Somebody signed in: what belongs to another goes, but for his unsent records. */
export async function belongsTo(user) {
  const before = await owner();
  if (before && before.id !== user) await forget();
}

export async function forget() {
  await clear("kept");
  await clear("receipts");
}

/** Receipts hold a key and a number, and go after seven days. */
export async function dropOldReceipts() {
  const until = Date.now() - 7 * 86400000;
  for (const receipt of await all("receipts")) {
    if (receipt.at < until) await remove("receipts", receipt.key);
  }
}
