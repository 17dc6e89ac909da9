/* The door of an activity without a network: its page is kept for the day, and what was
   ticked off until the portal has it. Both belong to whoever holds the door. */

import { isoDay } from "./clock.js";
import { ask } from "./dialog.js";

const SHELF = "door:";
const PAGES = "doors-";
const ours = (user) => `${PAGES}${user}-${isoDay(Date.now())}`;

const shelf = (user, page) => `${SHELF}${user}:${page}`;

/** What is kept of a door's page, the first ticked off first. */
export const kept = (user, page) => JSON.parse(localStorage.getItem(shelf(user, page)) || "[]");

export function keep(user, page, rows) {
  if (rows.length) localStorage.setItem(shelf(user, page), JSON.stringify(rows));
  else localStorage.removeItem(shelf(user, page));
}

/** `[[page of the door, how many]]` of what a user ticked off and the portal has not. */
export function unsent(user) {
  const mine = shelf(user, "");
  return Object.keys(localStorage)
    .filter((name) => name.startsWith(mine))
    .map((name) => name.slice(mine.length))
    .map((page) => [page, kept(user, page).length]);
}

/** Keep this page as it is now with its files, so that it opens without a network. */
export async function keepPage(user) {
  if (!("caches" in window)) return;
  const files = performance
    .getEntriesByType("resource")
    .map((entry) => new URL(entry.name))
    .filter((at) => at.origin === location.origin && /\.(js|css)$/.test(at.pathname))
    .map((at) => at.pathname);
  const cache = await caches.open(ours(user));
  for (const address of new Set([...files, location.pathname])) {
    const answer = await fetch(address);
    if (answer.ok && !answer.redirected) await cache.put(address, answer);
  }
}

/** Pages of doors go with their day and their owner; without a user, all of them. */
export async function forgetPages(user) {
  if (!("caches" in window)) return;
  for (const name of await caches.keys()) {
    if (name.startsWith(PAGES) && !(user && name === ours(user))) await caches.delete(name);
  }
}

/** Somebody signs out: true unless something is unsent and he would rather send it. */
export async function mayLeave(user) {
  const doors = unsent(user);
  if (!doors.length) return true;
  const count = doors.reduce((sum, [, rows]) => sum + rows, 0);
  const way = await ask("还有没上传的签到", `这台设备上还有 ${count} 条门口签到没上传。`, [
    ["去门口页上传", "send", "btn btn-primary"],
    ["不退出", "stay"],
    ["仍然退出，记录留在设备上等我登录", "leave", "btn btn-quiet"],
  ]);
  if (way === "send") location.assign(doors[0][0]);
  return way === "leave";
}
