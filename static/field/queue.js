/* When to send, and how things stand: on the network, on being shown, and by a timer. */

import { all } from "./store.js";
import { sendAll } from "./send.js";
import { dropOldReceipts } from "./owner.js";

const FIRST = 15000;
const LONGEST = 15 * 60000;
const channel = "BroadcastChannel" in window ? new BroadcastChannel("field") : null;

let timer = 0;
let turns = 0;
let again = false;
let state = { why: "", next: 0, busy: false };
let listener = () => {};
let address = "";

/** How things stand for `user`: counts, the oldest, and what stands in the way. */
export async function standing(user) {
  const records = await all("records");
  const mine = records.filter((row) => row.author === user);
  const waits = mine.filter((row) => row.state !== "draft");
  const photos = (await all("photos")).filter((photo) => photo.author === user);
  return {
    ...state,
    waiting: waits.filter((row) => row.state !== "refused").length,
    refused: waits.filter((row) => row.state === "refused").length,
    drafts: mine.length - waits.length,
    photos: photos.filter((photo) => photo.state === "waiting").length,
    photosRefused: photos.filter((photo) => photo.state === "refused").length,
    others: records.length - mine.length,
    oldest: Math.min(...mine.map((row) => row.made), ...photos.map((p) => p.made)),
  };
}

/** Something was saved, changed or deleted here: other pages are to know. */
export async function changed() {
  channel?.postMessage("changed");
  await listener();
}

export async function sendNow() {
  // The network came back while a try was failing for want of it: that try is not all.
  again = state.busy;
  if (again) return;
  clearTimeout(timer);
  state = { ...state, busy: true, next: 0 };
  await listener();
  let outcome;
  try {
    outcome = await sendAll(address, changed);
  } catch {
    outcome = { why: "later" };
  }
  state = { busy: false, why: outcome?.why || "", unlock: outcome?.unlock, next: 0 };
  turns = ["offline", "later", "held"].includes(state.why) ? turns + 1 : 0;
  if (again && state.why === "offline") return sendNow();
  if (turns || !outcome) plan(outcome?.after);
  await changed();
}

/** The next try, later each time; never before the moment the server named. */
function plan(after = 0) {
  const spread = 0.8 + Math.random() * 0.4;
  const pause = Math.min(FIRST * 2 ** Math.max(turns - 1, 0), LONGEST) * spread;
  const wait = Math.max(pause, after * 1000);
  state.next = Date.now() + wait;
  timer = setTimeout(sendNow, wait);
}

/** Begin: `draw` is called whenever something may look different. */
export async function start(url, draw) {
  address = url;
  listener = draw;
  if (channel) channel.onmessage = () => listener();
  window.addEventListener("online", sendNow);
  window.addEventListener("offline", () => listener());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") sendNow();
  });
  await dropOldReceipts();
  await sendNow();
}
