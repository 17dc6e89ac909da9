/* The wall brings its numbers up to date in place. What it cannot fetch it keeps, and
   says how old that is; a link that was revoked it shows no longer. */
const EVERY = 60_000; // milliseconds between two looks
const state = document.getElementById("wall-state");
let fresh = Date.now();

const links = (page) => [...page.querySelectorAll("link[rel=stylesheet], script")].map((each) => each.href || each.src).join();

function age() {
  const minutes = Math.round((Date.now() - fresh) / 60_000);
  return minutes < 60 ? `${minutes} 分钟` : `${Math.floor(minutes / 60)} 小时 ${minutes % 60} 分钟`;
}

function stale() {
  state.textContent = `连不上服务器，下面是 ${age()}前的数`;
  state.hidden = false;
}

async function look() {
  let answer;
  try {
    // Without cookies: whoever is signed in on this machine is none of the wall's business.
    answer = await fetch(location.href, { credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer", signal: AbortSignal.timeout(30_000) });
    if (answer.status === 404) return location.reload();
    if (!answer.ok) return stale();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const wall = page.getElementById("wall");
    if (!wall) return stale();
    if (links(page) !== links(document)) return location.reload(); // a new edition of the portal
    document.getElementById("wall").replaceWith(document.adoptNode(wall));
    fresh = Date.now();
    state.hidden = true;
  } catch {
    stale();
  }
}

setInterval(look, EVERY);
