/* Keeps the page for visits and its files, so that it opens without a network.

   `self.SHELL` says what is kept: {version, page, files}. No other page and no answer of
   the portal is kept: what belongs to a user never lies here. */

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
    // Without a network every page leads to the one that works.
    if (!(await kept(self.SHELL.page))) throw problem;
    return Response.redirect(self.SHELL.page);
  }
}

async function file(request) {
  return (await kept(new URL(request.url).pathname)) || fetch(request);
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(request));
  else if (FILES.has(address.pathname)) event.respondWith(file(request));
});
