/* A file of unsent records, read back in on the phone of whoever wrote them. */

import { all, put, SHAPE } from "./store.js";
import { KINDS } from "./words.js";

const KEY = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MOST_BYTES = 200 * 1024 * 1024;

export class Unreadable extends Error {}

/** Take in what the author saved as a file: `{taken, known, others}`.

    What is on the phone stays as it is, and the server knows by its key what it has: the
    same file may be read in as often as one likes. */
export async function readBack(file, author) {
  const { records, photos } = await content(file);
  const here = new Set((await all("records")).map((row) => row.key));
  const sent = new Set((await all("receipts")).map((row) => row.key));
  const counts = { taken: 0, known: 0, others: 0 };
  for (const row of records) {
    if (row.author !== author) counts.others += 1;
    else if (here.has(row.key) || sent.has(row.key)) counts.known += 1;
    else {
      await put("records", anew(row));
      counts.taken += 1;
    }
  }
  const kept = new Set((await all("photos")).map((photo) => photo.key));
  for (const photo of photos) {
    if (photo.author === author && !kept.has(photo.key)) {
      await put("photos", { ...photo, blob: await asBlob(photo), reason: "" });
    }
  }
  return counts;
}

async function content(file) {
  let found;
  try {
    if (file.size > MOST_BYTES) throw new Unreadable();
    found = JSON.parse(await file.text());
  } catch {
    throw new Unreadable();
  }
  const { format, records, photos = [] } = found || {};
  const good =
    format === "tianshan-field" &&
    Array.isArray(records) &&
    Array.isArray(photos) &&
    records.every(isRecord) &&
    photos.every(isPhoto);
  if (!good) throw new Unreadable();
  return { records, photos };
}

const isObject = (value) => typeof value === "object" && value !== null;

const isRecord = (row) =>
  isObject(row) &&
  KEY.test(row.key) &&
  row.kind in KINDS &&
  row.shape <= SHAPE &&
  isObject(row.fields) &&
  (row.business ? isObject(row.stop) && isObject(row.stop.facts) : row.kind === "door");

const isPhoto = (photo) =>
  isObject(photo) && KEY.test(photo.key) && KEY.test(photo.record) && typeof photo.blob === "string";

/** As if it had just been saved: the server is to judge it again. */
function anew({ key, shape, kind, author, business, stop, company, seen, route_at, made, filled_at, fields, state }) {
  return {
    key,
    shape,
    kind,
    author,
    business,
    stop,
    company,
    seen,
    route_at,
    made: Number(made) || Date.now(),
    filled_at,
    fields,
    state: state === "draft" ? "draft" : "waiting",
    reason: "",
  };
}

async function asBlob({ blob, sha256 }) {
  const [head, code = ""] = blob.split(",");
  const type = /^data:([a-z]+\/[a-z0-9.+-]+);base64$/.exec(head)?.[1] || "image/jpeg";
  let bytes;
  try {
    bytes = Uint8Array.from(atob(code), (character) => character.charCodeAt(0));
  } catch {
    throw new Unreadable();
  }
  const sum = await crypto.subtle.digest("SHA-256", bytes);
  const hex = [...new Uint8Array(sum)].map((b) => b.toString(16).padStart(2, "0")).join("");
  if (hex !== sha256) throw new Unreadable();
  return new Blob([bytes], { type });
}
