/* Photos: made small on the phone, kept beside their record, sent in parts. */

import { change, put, remove } from "./store.js";

const LONG_EDGE = 1600;
const QUALITY = 0.82;
const MOST_BYTES = 15 * 1024 * 1024;
const MOST_PIXELS = 50_000_000;
const PART = 256 * 1024;

export class NotAPhoto extends Error {}

const TOO_LARGE = "照片太大，请换一张或用手机相机重拍。";
const NONE = "这个文件不是照片，没有加上。";

/** Keep a photo for a record, drawn anew: without place, camera and hidden parts. */
export async function keep(file, record) {
  if (file.size > MOST_BYTES) throw new NotAPhoto(TOO_LARGE);
  const head = new Uint8Array(await file.slice(0, 64 * 1024).arrayBuffer());
  const kind = kindOf(head);
  if (!kind) throw new NotAPhoto(NONE);
  if (pixels(head, kind) > MOST_PIXELS) throw new NotAPhoto(TOO_LARGE);
  // A HEIC that this browser cannot read goes as it is: the server draws it anew.
  const blob = (await smaller(file)) || (kind === "heic" ? file : null);
  if (!blob) throw new NotAPhoto(NONE);
  const sum = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
  const photo = {
    key: crypto.randomUUID(),
    record: record.key,
    author: record.author,
    sha256: [...new Uint8Array(sum)].map((b) => b.toString(16).padStart(2, "0")).join(""),
    blob: new Blob([await blob.arrayBuffer()], { type: blob.type }),
    made: Date.now(),
    state: record.state === "draft" ? "draft" : "waiting",
  };
  await put("photos", photo);
  return photo;
}

function kindOf(head) {
  const ascii = (from, to) => String.fromCharCode(...head.slice(from, to));
  if (head[0] === 0xff && head[1] === 0xd8) return "jpeg";
  if (ascii(1, 4) === "PNG") return "png";
  if (ascii(0, 4) === "RIFF" && ascii(8, 12) === "WEBP") return "webp";
  if (ascii(4, 8) === "ftyp") return "heic";
  return "";
}

/** How many pixels the header names; 0 where it is not told early. */
function pixels(head, kind) {
  const view = new DataView(head.buffer);
  if (kind === "png" && head.length > 24) return view.getUint32(16) * view.getUint32(20);
  if (kind !== "jpeg") return 0;
  let at = 2;
  while (at + 9 < head.length && head[at] === 0xff) {
    const marker = head[at + 1];
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return view.getUint16(at + 5) * view.getUint16(at + 7);
    }
    at += 2 + view.getUint16(at + 2);
  }
  return 0;
}

async function smaller(file) {
  let picture;
  try {
    picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return null;
  }
  const scale = Math.min(1, LONG_EDGE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
}

/** Send one photo from where the server has it; returns what stands in the way, or null. */
export async function sendPhotos(photo, who, freshToken) {
  const address = `/visits/photos/${photo.key}/`;
  const headers = {
    Accept: "application/json",
    "X-Photo-SHA256": photo.sha256,
    "X-Record-Key": photo.record,
    "Content-Type": "application/octet-stream",
  };
  const total = photo.blob.size;
  let renewed = false;
  let at = null;
  let turns = Math.ceil(total / PART) + 8;
  try {
    while (turns > 0) {
      turns -= 1;
      if (at === null) {
        const asked = await fetch(address, { headers, credentials: "same-origin" });
        const told = await asked.json().catch(() => ({}));
        if (asked.status === 401) return { why: told.locked ? "locked" : "login" };
        if (!asked.ok) return { why: "later", after: wait(asked) };
        if (told.done) return gone(photo);
        at = Math.min(told.have || 0, total - 1);
      }
      const end = Math.min(at + PART, total);
      const answer = await fetch(address, {
        method: "PUT",
        credentials: "same-origin",
        headers: {
          ...headers,
          "X-CSRFToken": who.token,
          "Content-Range": `bytes ${at}-${end - 1}/${total}`,
        },
        body: photo.blob.slice(at, end),
      });
      const told = await answer.json().catch(() => ({}));
      if (told.done && answer.ok) return gone(photo);
      if (answer.status === 202) at = Math.min(told.have ?? 0, total - 1);
      else if ([409, 413, 422].includes(answer.status) && told.reason) {
        await change("photos", photo.key, (kept) => ({
          ...kept,
          state: "refused",
          reason: told.reason,
        }));
        return null;
      } else if (answer.status === 401) return { why: "login" };
      else if (answer.status === 403) {
        if (renewed || !(await freshToken())) return { why: "others" };
        renewed = true;
      } else return { why: "later", after: wait(answer) };
    }
  } catch {
    return { why: "offline" };
  }
  return { why: "later" };
}

/** The seconds after which the server asks to come again. */
export const wait = (answer) => Number(answer.headers.get("Retry-After")) || 0;

async function gone(photo) {
  await remove("photos", photo.key);
  return null;
}
