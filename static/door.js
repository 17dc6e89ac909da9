/* The door of an activity. What is ticked off is kept in this browser until the portal
   has it, under a key of its own: sent twice it counts once. */

import { keep, keepPage, kept } from "./field/doors.js";
import { button, make } from "./field/draw.js";

const door = document.getElementById("door");
const author = Number(document.body.dataset.user);
const page = location.pathname;
const unsent = door.querySelector("[data-unsent]");
const here = door.querySelector("[data-here]");
const refused = door.querySelector("[data-refused]");
const WHY = { 401: "请重新登录后再传", 403: "要由记录的人登录后再传" };
let sending = false;

const rows = () => kept(author, page);
const count = (row) => Number(row.persons || 1);

/** Write down what is kept now, and say what of it waits or was refused. */
function put(list, why = "有网络时自动传") {
  keep(author, page, list);
  const waiting = list.filter((row) => !row.reason).length;
  unsent.textContent = waiting ? `，${waiting} 条还没传，${why}` : "";
  refused.replaceChildren(...list.filter((row) => row.reason).map(line));
  refused.hidden = !refused.children.length;
}

function line(row) {
  const drop = () => put(rows().filter((other) => other.key !== row.key));
  return make(
    "li",
    {},
    `${row.whose || row.title}：${row.reason}`,
    button("知道了", drop, "btn btn-sm")
  );
}

function mark(row, by = 1) {
  here.textContent = Number(here.textContent) + by * count(row);
  const form = door.querySelector(`[name="signup"][value="${row.signup}"]`)?.form;
  if (form) form.replaceWith(make("span", { class: "door-ok" }, `到 ${count(row)} 位`));
}

function ticked(event) {
  const form = event.target;
  event.preventDefault();
  event.stopImmediatePropagation();
  const said = Object.fromEntries(new FormData(form));
  delete said.csrfmiddlewaretoken;
  const walkIn = form.hasAttribute("data-walk-in");
  if (walkIn && !said.title.trim()) {
    form.elements.title.focus();
    return;
  }
  const whose = form.closest("li")?.querySelector("b").textContent;
  const row = { ...said, whose, author, filled_at: new Date().toISOString() };
  put([...rows(), row]);
  mark(row);
  if (walkIn) {
    form.reset();
    anew(form);
    form.elements.title.focus();
  }
  send();
}

/** A kept page holds the key of the walk-in that it was drawn with: never use it twice. */
function anew(form) {
  form.elements.key.value = crypto.randomUUID();
}

async function send() {
  if (sending || !navigator.onLine) return;
  sending = true;
  let sent = 0;
  try {
    for (let row; (row = rows().find((one) => !one.reason)); sent++) {
      const asked = await fetch(door.dataset.sync, { cache: "no-store" });
      if (!asked.ok) {
        put(rows(), WHY[asked.status]);
        break;
      }
      const answer = await fetch(door.dataset.sync, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": (await asked.json()).token },
        body: JSON.stringify({ ...row, sent_at: new Date().toISOString() }),
      });
      if (answer.status === 409 || answer.status === 422) {
        const { reason } = await answer.json();
        put(rows().map((one) => (one.key === row.key ? { ...one, reason } : one)));
        mark({ persons: row.persons }, -1);
      } else if (answer.ok) put(rows().filter((one) => one.key !== row.key));
      else {
        put(rows(), WHY[answer.status]);
        break;
      }
    }
    if (sent) await keepPage(author);
  } catch {
    // No network: tried again when there is one.
  } finally {
    sending = false;
  }
}

door.addEventListener("submit", ticked, true);
const find = document.getElementById("door-q");
find.hidden = false;
find.addEventListener("input", () => {
  const words = find.value.replace(/\s/g, "").toLowerCase();
  for (const one of door.querySelectorAll("[data-find]")) {
    one.hidden = !one.dataset.find.includes(words);
  }
});
anew(door.querySelector("[data-walk-in]"));
rows().filter((row) => !row.reason).forEach((row) => mark(row));
put(rows());
navigator.serviceWorker?.register(document.body.dataset.worker, {
  scope: "/",
  updateViaCache: "none",
});
window.addEventListener("online", send);
setInterval(send, 15000);
await send();
keepPage(author).catch(() => {}); // without a network the one kept before stays
