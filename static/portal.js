/* What every page does beyond links and forms. Without it the portal still works. */
(() => {
  "use strict";

  const typing = "input, textarea, select, [contenteditable]";
  const ready = (act) =>
    document.readyState === "loading"
      ? document.addEventListener("DOMContentLoaded", act)
      : act();

  /* --- keys: "/" searches, Ctrl+Enter submits, Escape closes a menu --- */

  document.addEventListener("keydown", (event) => {
    const at = event.target;
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !at.closest(typing)) {
      const search = document.querySelector(".find input");
      if (search) {
        event.preventDefault();
        search.focus();
      }
    }
    if (event.key === "Escape") {
      document.getElementById("suggested")?.replaceChildren();
      for (const menu of document.querySelectorAll("details.menu[open]")) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    }
  });

  /* --- from a row back to its list: the same filters, the same place, the row --- */

  const LIST = "list";
  const here = () => location.pathname + location.search;

  document.addEventListener("click", (event) => {
    const row = event.target.closest("#list tr[data-id] a.nm")?.closest("tr");
    const { user } = document.body.dataset;
    if (!row) return;
    const list = { user, path: location.pathname, address: here(), row: row.dataset.id, top: scrollY };
    try {
      sessionStorage.setItem(LIST, JSON.stringify(list));
    } catch {
      // A browser that keeps nothing leads to the beginning of the list.
    }
  });

  ready(() => {
    let list = null;
    try {
      list = JSON.parse(sessionStorage.getItem(LIST));
    } catch {
      return;
    }
    if (!list || list.user !== document.body.dataset.user) return;
    for (const link of document.querySelectorAll(".crumb a")) {
      if (link.pathname === list.path && !link.search) link.href = list.address;
    }
    const [{ type } = {}] = performance.getEntriesByType("navigation");
    if (here() !== list.address || type !== "navigate") return; // back does it by itself
    if (!document.referrer.startsWith(location.origin)) return;
    const row = document.querySelector(`#list tr[data-id="${CSS.escape(list.row)}"]`);
    if (!row) return;
    scrollTo(0, list.top);
    row.classList.add("marked");
    row.querySelector("a.nm").focus({ preventScroll: true });
  });

  /* --- arrows go from a box to what was found below it, and back --- */

  document.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    for (const form of document.querySelectorAll("form[data-arrows]")) {
      const list = document.querySelector(form.dataset.arrows);
      const box = form.querySelector("input[type=search]");
      const stops = [box, ...(list?.querySelectorAll("a") || [])];
      const at = stops.indexOf(event.target);
      if (at < 0 || !stops[at + step]) continue;
      event.preventDefault();
      stops[at + step].focus();
    }
  });

  // One letter opens a page from wherever one is not typing, unless keys are off.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.defaultPrevented || event.target.closest(typing)) return;
    if (store("keys") === "off" || document.querySelector("dialog[open]")) return;
    const key = CSS.escape(event.key);
    const link = event.key.length === 1 && document.querySelector(`a[data-key="${key}"]`);
    if (link) {
      event.preventDefault();
      location.assign(link.href);
    }
  });

  function store(name) {
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  }

  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
    const back = event.target.closest("[data-back]");
    if (back) history.back();
    const copy = event.target.closest("[data-copy]");
    if (copy) copyText(copy);
    const reveal = event.target.closest("[data-reveal]");
    if (reveal) {
      const field = document.getElementById(reveal.dataset.reveal);
      const shown = field.type === "text";
      field.type = shown ? "password" : "text";
      reveal.setAttribute("aria-pressed", String(!shown));
    }
  });

  // What is marked can be copied by hand too, where the clipboard is out of reach.
  async function copyText(button) {
    const field = document.querySelector(button.dataset.copy);
    const label = button.querySelector("span") || button;
    field.focus();
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      if (!document.execCommand("copy")) return;
    }
    label.textContent = "已复制";
    say("已复制");
  }

  ready(() => {
    for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
    for (const button of document.querySelectorAll("[data-back], [data-reveal]")) {
      button.hidden = button.matches("[data-back]") && history.length < 2;
    }
  });

  /* --- htmx: token, signed-out sessions, failures, what changed --- */

  function say(words) {
    const region = document.getElementById("said");
    if (region) region.textContent = words;
  }

  function warn(words) {
    const line = document.createElement("p");
    line.className = "note note-bad";
    line.textContent = words;
    document.getElementById("toasts")?.replaceChildren(line);
  }

  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    const token = document.querySelector("[name=csrfmiddlewaretoken]");
    if (token && !/^(GET|HEAD)$/i.test(ctx.request.method)) {
      ctx.request.headers["X-CSRFToken"] = token.value;
    }
  });

  // A session that has ended answers with the sign-in page: show it as a page.
  document.addEventListener("htmx:before:response", (event) => {
    const { raw } = event.detail.ctx.response;
    if (raw.redirected && new URL(raw.url).pathname === document.body.dataset.login) {
      event.preventDefault();
      const here = location.pathname + location.search;
      location.assign(`${document.body.dataset.login}?next=${encodeURIComponent(here)}`);
    }
  });

  document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
    const words = {
      403: "没有权限，或页面放得太久。请刷新后再试。",
      404: "没有找到，可能已被归档或移走。请刷新后再看。",
      409: "别人刚刚改过这条记录。请刷新后再办理。",
    };
    warn(words[ctx.response.status] || "没能加载。请稍后再试。");
  });
  document.addEventListener("htmx:error", ({ detail }) => {
    if (detail.ctx?.request) warn("连不上服务器。请检查网络后再试。");
  });

  // What failed did not happen: its address does not belong into the history.
  document.addEventListener("htmx:before:history:update", (event) => {
    if (event.detail.response?.status >= 400) event.preventDefault();
  });

  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    const list = document.querySelector("[data-said], [data-total]");
    const { said, total } = list?.dataset || {};
    if (said || total) say(said || `共 ${total} 条`);
  });
})();
