/* The sorting page by key. Without it, links lead to each demand and one form sends it. */
(() => {
  "use strict";

  const typing = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable], dialog";
  const find = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const beside = () => document.getElementById("beside");
  const single = () => localStorage.getItem("keys") !== "off";
  const rows = () => all("#queue .dm > li");
  const title = (row) => find("a.q", row);
  const inHand = () => find("#queue .dm > li.open");
  let way = ""; // chosen by key before the panel is there

  function go(step) {
    const here = rows();
    const place = here.indexOf(document.activeElement.closest?.("#queue li"));
    // From elsewhere on the page the keys first lead back to the one in hand.
    const next = place < 0 ? inHand() || here[0] : here[place + step];
    if (!next) return;
    title(next).focus();
    next.scrollIntoView({ block: "nearest" });
  }

  function tick(row) {
    const box = row && find("input[name=pick]", row);
    if (!box) return;
    box.checked = !box.checked;
    box.dispatchEvent(new Event("change", { bubbles: true }));
  }

  // A demand ticked on one side is ticked on the other too.
  function agree(box) {
    for (const other of all(`input[name=pick][value="${CSS.escape(box.value)}"]`)) {
      other.checked = box.checked;
    }
    count();
  }

  function count() {
    const button = find("[data-act]");
    if (!button) return;
    const keys = new Set(all("input[name=pick]:checked").map((box) => box.value));
    keys.add(find("input[name=on]").value);
    button.textContent = `办理这 ${keys.size} 件`;
  }

  function choose(key) {
    const radio = find(`#beside input[data-way="${CSS.escape(key)}"]`);
    if (!radio) return;
    radio.checked = true;
    const part = find(`#beside .way-${radio.value} :is(textarea, input:not([type=hidden]))`);
    (part || find("[data-act]")).focus();
    (part || radio).scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches("input[name=pick]")) agree(event.target);
    if (event.target.matches("[data-keys-on]")) {
      localStorage.setItem("keys", event.target.checked ? "on" : "off");
    }
  });

  document.addEventListener("input", (event) => {
    if (!event.target.closest("[data-narrow]")) return;
    const words = event.target.value.trim().toLowerCase();
    for (const item of all("li", event.target.closest("details"))) {
      item.hidden = !item.textContent.toLowerCase().includes(words);
    }
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-keys-open]")) help();
  });

  function help() {
    const dialog = document.getElementById("keys");
    find("[data-keys-on]", dialog).checked = single();
    dialog.showModal();
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (event.key === "Escape" && beside()?.contains(event.target) && inHand()) {
      event.preventDefault();
      title(inHand()).focus();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest(typing)) return;
    const row = event.target.closest("#queue .dm > li");
    const arrow = row && { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const letter = single() && { j: 1, k: -1 }[event.key];
    if (arrow || letter) {
      event.preventDefault();
      go(arrow || letter);
    } else if (row && (event.key === " " || (single() && event.key === "x"))) {
      if (event.target.matches("input")) return; // the box ticks itself
      event.preventDefault();
      tick(row);
    } else if (single() && /^[1-6]$/.test(event.key)) {
      event.preventDefault();
      const link = row && !row.classList.contains("open") && find("[data-take]", row);
      if (link) {
        way = event.key;
        link.click();
      } else choose(event.key);
    } else if (single() && event.key === "u" && find("[data-undo] button")) {
      event.preventDefault();
      find("[data-undo]").requestSubmit();
    } else if (single() && event.key === "?" && document.getElementById("keys")) {
      event.preventDefault();
      help();
    }
  });

  function ready() {
    for (const part of all("[data-keys-open], [data-narrow]")) part.hidden = false;
    for (const box of all("#queue input[name=pick]")) agree(box);
    count();
  }

  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    if (ctx.target?.id !== "beside") return;
    const on = find("input[name=on]")?.value;
    for (const row of rows()) {
      const mine = row.dataset.id === on;
      row.classList.toggle("open", mine);
      if (mine) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
    ready();
    if (way) choose(way);
    else find("h2", beside()).focus();
    way = "";
  });

  window.addEventListener("pageshow", count);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
})();
