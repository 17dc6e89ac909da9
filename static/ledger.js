/* A ledger by hand and by key: ticking rows, the panel beside the list, columns.
   Without it, rows are links, ticks show the bar, and panels are pages. */
(() => {
  "use strict";

  const typing = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable], dialog";
  const find = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const wide = () => matchMedia("(min-width: 768px)").matches;
  const say = (words) => {
    const region = document.getElementById("said");
    if (region) region.textContent = words;
  };

  /* --- ticked rows --- */

  const boxes = () => all("#list input[name=pick]");
  let last = null;

  function count() {
    const bar = find("#picked");
    if (!bar) return;
    const unit = find("#list [data-unit]").dataset.unit;
    const here = boxes();
    const ticked = here.filter((box) => box.checked).length;
    const every = find("input[name=all]", bar);
    const page = find("[data-pick-all]");
    page.checked = ticked > 0 && ticked === here.length;
    page.indeterminate = ticked > 0 && ticked < here.length;
    if (every) {
      every.closest("label").hidden = ticked < here.length;
      if (ticked < here.length) every.checked = false;
    }
    const words = every?.checked ? `已选全部 ${every.dataset.count} ${unit}` : `已选 ${ticked} ${unit}`;
    const shown = find("[data-picked]", bar);
    if (shown.textContent !== words) {
      shown.textContent = words;
      if (ticked) say(words);
    }
    for (const box of here) box.closest("tr").classList.toggle("picked", box.checked);
  }

  function tick(box, range) {
    const here = boxes();
    const [from, to] = [here.indexOf(last), here.indexOf(box)];
    if (range && from >= 0 && to >= 0) {
      for (const other of here.slice(Math.min(from, to), Math.max(from, to) + 1)) {
        other.checked = box.checked;
      }
    }
    last = box;
    count();
  }

  /* --- the panel beside the list --- */

  const panel = () => document.getElementById("peek");
  let opener = null;

  async function open(url, from) {
    const place = panel();
    opener = from;
    for (const row of all("#list tr[aria-selected]")) row.removeAttribute("aria-selected");
    from?.closest("tr")?.setAttribute("aria-selected", "true");
    await window.htmx.ajax("GET", url, { target: "#peek", swap: "innerHTML" });
    if (!place.firstElementChild) return;
    place.hidden = false;
    place.closest(".ledger").classList.add("beside");
    find("h2, [autofocus]", place)?.focus();
    dress(place);
  }

  function close() {
    const place = panel();
    if (!place || place.hidden) return false;
    place.hidden = true;
    place.replaceChildren();
    place.closest(".ledger").classList.remove("beside");
    for (const row of all("#list tr[aria-selected]")) row.removeAttribute("aria-selected");
    if (opener?.isConnected) opener.focus();
    opener = null;
    return true;
  }

  const title = (row) => find("a.nm", row);
  const peekUrl = (row) => {
    const url = find("#list [data-peek]").dataset.peek;
    return url.replace(/\/0\/(?=$|\?)/, `/${row.dataset.id}/`);
  };
  const peek = (row) => (wide() ? open(peekUrl(row), title(row)) : title(row).click());

  document.addEventListener("click", (event) => {
    const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    const box = event.target.closest("#list input[name=pick]");
    if (box) return tick(box, event.shiftKey);
    if (event.target.closest("[data-close]") && panel()?.contains(event.target)) {
      event.preventDefault();
      close();
      return;
    }
    const move = event.target.closest("[data-move]");
    if (move) return shift(move);
    if (event.target.closest("[data-print]")) return window.print();
    if (event.target.closest("[data-keys-open]")) return help();
    const link = event.target.closest("a[data-panel]");
    if (link && plain && wide() && panel() && window.htmx) {
      event.preventDefault();
      open(link.href, link);
      return;
    }
    const row = event.target.closest("#list .led tbody tr[data-id]");
    if (!row || !plain || !window.htmx || !wide()) return;
    if (event.target.closest("a, button, input, label, summary, select")) return;
    if (!getSelection().isCollapsed) return; // somebody is marking text to copy
    peek(row);
  });

  // Shift and a click would mark text between two boxes.
  document.addEventListener("mousedown", (event) => {
    if (event.shiftKey && event.target.closest("#list .ck")) event.preventDefault();
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-pick-all]")) {
      for (const box of boxes()) box.checked = event.target.checked;
      count();
    }
    if (event.target.matches("#picked input[name=all]")) count();
    if (event.target.matches("[data-keys-on]")) {
      localStorage.setItem("keys", event.target.checked ? "on" : "off");
    }
  });
  /* On a phone the filters lie over the rows that they are to show. */
  document.addEventListener("submit", (event) => {
    const more = find(".facet-more[open]", event.target);
    if (more && !wide()) more.open = false;
  });

  document.addEventListener("reset", (event) => {
    if (event.target.id === "picked") setTimeout(count);
  });

  /* --- columns: up and down instead of numbers --- */

  function dress(root) {
    for (const list of all("[data-cols]:not(.moved)", root)) {
      list.classList.add("moved");
      for (const item of list.children) {
        const name = item.textContent.trim();
        for (const [way, words, arrow] of [["up", "上移", "↑"], ["down", "下移", "↓"]]) {
          const button = document.createElement("button");
          button.type = "button";
          button.className = "icon-btn";
          button.dataset.move = way;
          button.setAttribute("aria-label", `${words}：${name}`);
          button.textContent = arrow;
          item.append(button);
        }
      }
    }
  }

  function shift(button) {
    const item = button.closest("li");
    const list = item.parentElement;
    const other = button.dataset.move === "up" ? item.previousElementSibling : item.nextElementSibling;
    if (!other) return;
    if (button.dataset.move === "up") other.before(item);
    else other.after(item);
    [...list.children].forEach((each, place) => {
      find("input[name^=place_]", each).value = place + 1;
    });
    button.focus();
  }

  /* --- keys --- */

  const rows = () => all("#list .led tbody tr[data-id]");
  const current = () => document.activeElement?.closest?.("#list .led tbody tr[data-id]");

  function go(step) {
    const here = rows();
    const place = here.indexOf(current() || opener?.closest("tr"));
    const next = here[place < 0 ? (step > 0 ? 0 : here.length - 1) : place + step];
    if (!next) return;
    title(next).focus();
    next.scrollIntoView({ block: "nearest" });
    if (panel() && !panel().hidden && next.closest(".beside")) peekBeside(next);
  }

  // While a row is shown beside, the keys lead from row to row without leaving the list.
  async function peekBeside(row) {
    if (!find("#peek [data-row]")) return;
    await open(peekUrl(row), title(row));
    title(row).focus();
  }

  function help() {
    const dialog = document.getElementById("keys");
    find("[data-keys-on]", dialog).checked = single();
    dialog.showModal();
  }

  const single = () => localStorage.getItem("keys") !== "off";

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (event.key === "Escape" && close()) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest(typing)) return;
    if (event.key === "?" && single() && document.getElementById("keys")) {
      event.preventDefault();
      return help();
    }
    const row = current();
    const arrows = row && { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const letters = single() && { j: 1, k: -1 }[event.key];
    if (arrows || letters) {
      event.preventDefault();
      go(arrows || letters);
      return;
    }
    if (!row) return;
    if (event.key === "ArrowRight" || (single() && event.key === "p")) {
      event.preventDefault();
      peek(row);
    }
    const onLink = event.target.matches("a.nm");
    if ((event.key === " " && onLink) || (single() && event.key === "x")) {
      event.preventDefault();
      const box = find("input[name=pick]", row);
      box.checked = !box.checked;
      tick(box, event.shiftKey);
    }
  });

  /* --- after each draw --- */

  function ready() {
    const page = find("[data-pick-all]");
    if (page) page.hidden = false;
    for (const button of all("[data-print], [data-keys-open]")) button.hidden = false;
    count();
    dress(document);
  }

  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    const target = ctx.target?.id;
    if (target === "peek") return dress(panel());
    if (target !== "list") return;
    if (!panel()?.hidden) close();
    ready();
  });

  // The browser brings ticks back on going back; so must the bar.
  window.addEventListener("pageshow", count);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
})();
