/* Unsent records as a file, for when nothing else helps. */

import { all } from "./store.js";
import { isoDay } from "./clock.js";

/** A blob as a data: address. */
export const asText = (blob) =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });

/** Save all unsent records of the author, or one, with their photos. */
export async function save(author, key) {
  const chosen = (row) => row.author === author && (!key || (row.record || row.key) === key);
  const records = (await all("records")).filter(chosen);
  const photos = [];
  for (const photo of (await all("photos")).filter(chosen)) {
    photos.push({ ...photo, blob: await asText(photo.blob) });
  }
  const text = JSON.stringify({ format: "tianshan-field", records, photos }, null, 1);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = `没上传的走访-${isoDay(Date.now())}.json`;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  return records.length;
}
