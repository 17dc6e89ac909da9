/* Keeps the page for visits and its files, so that it opens without a network.

   `self.SHELL` says what is kept: {version, page, files}. No other page and no answer of
   the portal is kept here; the door of an activity keeps its own page for the day
   (`doors.js`), and gets it back when there is no network. */

const NAME = `shell-${self.SHELL.version}`;
const FILES = new Set(self.SHELL.files);

async function keep() {
  const cache = await caches.open(NAME);
  await Promise.all(
    [self.SHELL.page, ...self.SHELL.files].map(async (address) => {
      const answer = await fetch(address, { credentials: "omit", cache: "reload" });
      if (!answer.ok || answer.redirected) throw new Error(`not kept: ${address}`);
      await cache.put(address, answer);
    })
  );
}

async function takeOver() {
  for (const name of await caches.keys()) {
    if (name.startsWith("shell-") && name !== NAME) await caches.delete(name);
  }
  await self.clients.claim();
}

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(keep());
});

self.addEventListener("activate", (event) => event.waitUntil(takeOver()));

const kept = (address) => caches.match(address, { ignoreVary: true });

async function page(request) {
  const { pathname } = new URL(request.url);
  if (pathname === self.SHELL.page) {
    return (await kept(self.SHELL.page)) || fetch(request);
  }
  try {
    return await fetch(request);
  } catch (problem) {
    const door = await keptToday(pathname);
    if (door) return door;
    // Without a network every page leads to the one that works.
    if (!(await kept(self.SHELL.page))) throw problem;
    return Response.redirect(self.SHELL.page);
  }
}

async function keptToday(pathname) {
  const now = new Date();
  const two = (number) => String(number).padStart(2, "0");
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  for (const name of await caches.keys()) {
    if (!name.startsWith("doors-") || !name.endsWith(day)) continue;
    const answer = await (await caches.open(name)).match(pathname, { ignoreVary: true });
    if (answer) return answer;
  }
  return null;
}

const orKept = (request) => fetch(request).catch(async (problem) => {
  const answer = await kept(new URL(request.url).pathname);
  if (answer) return answer;
  throw problem;
});

async function file(request) {
  return (await kept(new URL(request.url).pathname)) || fetch(request);
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(request));
  else if (FILES.has(address.pathname)) event.respondWith(file(request));
  else if (["script", "style"].includes(request.destination)) event.respondWith(orKept(request));
});
