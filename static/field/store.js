/* What this phone keeps: the route, its owner, records and their photos, receipts.

   A later version may add stores and fields, and must go on reading what an earlier one
   kept: records name their shape. */

const NAME = "field";
const VERSION = 1;
const STORES = {
  kept: { keyPath: "id" }, // "route", "owner"
  records: { keyPath: "key" },
  photos: { keyPath: "key" },
  receipts: { keyPath: "key" },
};
export const SHAPE = 1;

let opening = null;

function open() {
  opening ||= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      const db = request.result;
      for (const [name, options] of Object.entries(STORES)) {
        if (!db.objectStoreNames.contains(name)) db.createObjectStore(name, options);
      }
    };
    request.onsuccess = () => {
      const db = request.result;
      const forget = () => {
        db.close();
        opening = null;
      };
      db.onversionchange = forget;
      db.onclose = forget;
      resolve(db);
    };
    request.onerror = () => {
      opening = null;
      reject(request.error);
    };
  });
  return opening;
}

async function within(names, mode, act) {
  const db = await open();
  return new Promise((resolve, reject) => {
    // On the disk before we say so: a battery may die the next second.
    const work = db.transaction(names, mode, { durability: "strict" });
    const request = act((name) => work.objectStore(name));
    work.oncomplete = () => resolve(request?.result);
    work.onabort = () => reject(work.error);
  });
}

export const get = (store, key) => within([store], "readonly", (at) => at(store).get(key));
export const all = (store) => within([store], "readonly", (at) => at(store).getAll());
export const put = (store, row) =>
  within([store], "readwrite", (at) => at(store).put(row));
export const remove = (store, key) =>
  within([store], "readwrite", (at) => at(store).delete(key));
export const clear = (store) => within([store], "readwrite", (at) => at(store).clear());

/** Change a record if it is still there: `change(row)` returns the row or null. */
export function change(store, key, alter) {
  return within([store], "readwrite", (at) => {
    const request = at(store).get(key);
    request.onsuccess = () => {
      const row = request.result && alter(request.result);
      if (row) at(store).put(row);
    };
    return request;
  });
}

/** The server has it: its receipt instead of the record, in one transaction. */
export const settle = (key, receipt) =>
  within(["records", "receipts"], "readwrite", (at) => {
    at("records").delete(key);
    return at("receipts").put(receipt);
  });

/** A record is whole: it waits to be sent, and its photos with it. */
export async function release(row) {
  const photos = (await all("photos")).filter(
    (photo) => photo.record === row.key && photo.state === "draft"
  );
  return within(["records", "photos"], "readwrite", (at) => {
    for (const photo of photos) at("photos").put({ ...photo, state: "waiting" });
    return at("records").put({ ...row, state: "waiting", reason: "", clash: null });
  });
}

/** Take a record away with its photos, as its author asked; not one on its way. */
export async function drop(key) {
  const photos = (await all("photos")).filter((photo) => photo.record === key);
  return within(["records", "photos"], "readwrite", (at) => {
    const request = at("records").get(key);
    request.onsuccess = () => {
      if (!request.result || onItsWay(request.result)) return;
      for (const photo of photos) at("photos").delete(photo.key);
      at("records").delete(key);
    };
    return request;
  });
}

/** Is it being sent, or was its answer lost? Then the server may have it already. */
export const onItsWay = (row) => row.state === "sending" || Boolean(row.maybe);

/** While `act` runs no other page of this browser does the same; null if one does. */
export async function alone(name, act) {
  if (!navigator.locks) return act();
  return navigator.locks.request(name, { ifAvailable: true }, (lock) =>
    lock ? act() : null
  );
}

/** Of one record: either it is being changed, or it is being sent. */
export const lockOf = (key) => `field-record-${key}`;

/** Nothing of the database is left. */
export async function destroy() {
  const db = await open();
  db.close();
  opening = null;
  return new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(NAME);
    request.onsuccess = request.onerror = request.onblocked = resolve;
  });
}

/** Has this browser ever kept anything here? Asking must not make the database. */
export async function exists() {
  if (!indexedDB.databases) return true;
  return (await indexedDB.databases()).some((db) => db.name === NAME);
}
