/* Sending: one record at a time, in order, until the server has given each its number. */

import { all, alone, change, lockOf, onItsWay, settle } from "./store.js";
import { sendPhotos, wait } from "./photos.js";

const LOCK = "field-send";
const HEADERS = { Accept: "application/json" };

/** Who is signed in, with a token to send by; or why nobody can be asked. */
export async function session(address) {
  let answer;
  try {
    answer = await fetch(address, {
      headers: HEADERS,
      credentials: "same-origin",
      cache: "no-store",
    });
  } catch {
    return { why: "offline" };
  }
  if (answer.status === 401) {
    const told = await answer.json().catch(() => ({}));
    return told.locked ? { why: "locked", unlock: told.unlock } : { why: "login" };
  }
  if (answer.status === 403) return { why: "rights" };
  const told = answer.ok ? await answer.json().catch(() => null) : null;
  if (!told?.author) return { why: "later", after: wait(answer) };
  return told;
}

/** Records that wait, oldest first. */
export async function waiting() {
  const rows = (await all("records")).filter(
    (row) => row.state === "waiting" || row.state === "sending"
  );
  return rows.sort((one, other) => one.made - other.made);
}

/** Send what waits and is the signed-in author's: `{why}` says what stands in the way. */
export function sendAll(address, tell = () => {}) {
  return alone(LOCK, async () => {
    const rows = await waiting();
    const photos = (await all("photos")).filter((photo) => photo.state === "waiting");
    if (!rows.length && !photos.length) return { why: "" };
    const who = await session(address);
    if (who.why) return who;
    const mine = (row) => row.author === who.author.id;
    let held = false;
    for (const { key } of rows.filter(mine)) {
      const outcome = await alone(lockOf(key), () => sendOne(address, key, who));
      await tell();
      if (outcome?.why) return outcome;
      held ||= !outcome;
    }
    for (const photo of photos.filter(mine)) {
      const outcome = await sendPhotos(photo, who, () => freshToken(address, who));
      await tell();
      if (outcome) return outcome;
    }
    const others = rows.some((row) => !mine(row)) || photos.some((row) => !mine(row));
    if (held) return { why: "held" };
    return { why: others ? "others" : "" };
  });
}

async function freshToken(address, who) {
  const again = await session(address);
  if (again.author?.id !== who.author.id) return false;
  who.token = again.token;
  return true;
}

function body(row) {
  return JSON.stringify({
    kind: row.kind,
    key: row.key,
    author: row.author,
    filled_at: row.filled_at,
    sent_at: new Date().toISOString(),
    route_at: row.route_at,
    seen: row.seen,
    business: row.business,
    fields: row.fields,
  });
}

/** Send a record as it is kept now; `{why}` says what stands in the way. */
async function sendOne(address, key, who) {
  const goes = (kept) => kept.state === "waiting" || kept.state === "sending";
  // Without an answer nobody knows whether it was stored: then it is not edited.
  const row = await change("records", key, (kept) =>
    goes(kept) ? { ...kept, state: "sending", maybe: onItsWay(kept) } : null
  );
  if (!row || !goes(row)) return { why: "" };
  const maybe = onItsWay(row);
  const answer = await post(address, row, who);
  const unknown = !answer || answer.status >= 500;
  const settled = await judge(address, row, answer);
  if (settled === "stay") {
    await change("records", row.key, (kept) => ({
      ...kept,
      state: "waiting",
      maybe: maybe || unknown,
    }));
    return reason(answer);
  }
  return { why: "" };
}

async function post(address, row, who) {
  for (const turn of [1, 2]) {
    let answer;
    try {
      answer = await fetch(address, {
        method: "POST",
        headers: {
          ...HEADERS,
          "Content-Type": "application/json",
          "X-CSRFToken": who.token,
        },
        credentials: "same-origin",
        body: body(row),
      });
    } catch {
      return null;
    }
    // A stale token, or another's session: a fresh one tells which.
    if (answer.status !== 403 || turn === 2) return answer;
    if (!(await freshToken(address, who))) return answer;
  }
  return null;
}

/** What the answer means: "gone", "refused" or "stay". */
async function judge(address, row, answer) {
  const told = answer ? await answer.json().catch(() => null) : null;
  if ([200, 201].includes(answer?.status) && told?.number) {
    await settle(row.key, {
      key: row.key,
      kind: row.kind,
      number: told.number,
      href: told.href,
      author: row.author,
      at: Date.now(),
    });
    return "gone";
  }
  if ([409, 413, 422].includes(answer?.status) && told?.reason) {
    await change("records", row.key, (kept) => ({
      ...kept,
      state: "refused",
      reason: told.reason,
      maybe: false,
      clash: told.clash || null,
      seen: told.seen || kept.seen,
      stored: answer.status === 409 ? { number: told.number, href: told.href } : null,
      stop: told.facts ? { ...kept.stop, now: told.facts } : kept.stop,
    }));
    return "refused";
  }
  return "stay";
}

function reason(answer) {
  if (!answer) return { why: "offline" };
  if (answer.status === 401) return { why: "login" };
  if (answer.status === 403) return { why: "others" };
  return { why: "later", after: wait(answer) };
}

/** A refused record is to be tried again as it is. */
export const tryAgain = (key) =>
  change("records", key, (row) => ({ ...row, state: "waiting", reason: "" }));
