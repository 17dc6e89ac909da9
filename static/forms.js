/* What every form does beyond being sent. Without it forms still work.

   data-guard           warns before what was typed is lost
   data-draft="key"     keeps what was typed in this browser, for this account
   data-private         on a field: never kept in the browser
   data-secret          on a box: while it is ticked nothing of the form is kept
   data-leave           on a link: where Escape leads
*/
(() => {
  "use strict";

  const DAY = 86400000;
  const KEPT_FOR = 7 * DAY;
  const body = () => document.body;
  const ready = (act) =>
    document.readyState === "loading"
      ? document.addEventListener("DOMContentLoaded", act)
      : act();

  /* --- one press, one submission --- */

  const pressed = new Map();

  function hold(form, button) {
    pressed.set(form, { button, inside: [...(button?.childNodes || [])] });
    if (!button) return;
    button.disabled = true;
    button.replaceChildren("提交中…");
  }

  function release(form) {
    const { button, inside } = pressed.get(form) || {};
    form.removeAttribute("aria-busy");
    pressed.delete(form);
    if (!button) return;
    button.disabled = false;
    button.replaceChildren(...inside);
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.hasAttribute("aria-busy")) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    form.setAttribute("aria-busy", "true");
    // A disabled button is not sent: wait until the browser has read the form.
    setTimeout(() => {
      if (event.defaultPrevented && !form.matches("[hx-post]")) release(form);
      else if (form.hasAttribute("aria-busy")) hold(form, event.submitter);
    });
  }, true);

  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[aria-busy]")) release(form);
  });

  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    const form = ctx.sourceElement?.closest?.("form");
    if (form?.hasAttribute("aria-busy")) release(form);
  });

  /* --- forms that would be lost --- */

  const changed = new Set();
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-guard]");
    if (form) changed.add(form);
  });
  document.addEventListener("submit", (event) => changed.delete(event.target));
  window.addEventListener("beforeunload", (event) => {
    if ([...changed].some((form) => form.isConnected)) event.preventDefault();
  });

  /* --- keys: Ctrl+Enter saves, Escape leaves --- */

  document.addEventListener("keydown", (event) => {
    const form = event.target.form || event.target.closest?.("form");
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form) {
      event.preventDefault();
      form.requestSubmit();
    }
    if (event.key === "Escape" && !event.defaultPrevented) leave(form);
  });

  function leave(form) {
    if (document.querySelector("details.menu[open], dialog[open]")) return;
    const link = (form || document).querySelector("a[data-leave]");
    const from = link?.closest("form");
    if (!from) return;
    const kept = from.matches("[data-draft]") ? "草稿会留在这台电脑上。" : "";
    if (changed.has(from) && !confirm(`内容还没保存，确定离开？${kept}`)) return;
    changed.delete(from);
    location.assign(link.href);
  }

  /* --- errors: go to the first field that has one --- */

  function showErrors(root) {
    const summary = root.querySelector("[data-errors]");
    if (!summary) return;
    const form = summary.closest("form") || root;
    (form.querySelector("[aria-invalid=true]") || summary).focus();
  }

  /* --- drafts --- */

  const PREFIX = "draft:";
  const SENT = "draft-sent";
  const keyOf = (form) => `${PREFIX}${body().dataset.user}:${form.dataset.draft}`;

  // A browser may refuse to keep anything; the form then works without drafts.
  function store(act) {
    try {
      return act();
    } catch {
      return null;
    }
  }

  function kept(form) {
    return [...form.elements].filter(
      (field) =>
        field.name &&
        !["hidden", "password", "file", "submit", "button"].includes(field.type) &&
        !field.closest("[data-private]")
    );
  }

  function contents(form) {
    const found = {};
    for (const field of kept(form)) {
      const values = (found[field.name] ||= []);
      if (field.type === "checkbox" || field.type === "radio") {
        if (field.checked) values.push(field.value);
      } else {
        values.push(field.value);
      }
    }
    return found;
  }

  function fill(form, fields) {
    const left = structuredClone(fields);
    for (const field of kept(form)) {
      const values = left[field.name];
      if (!values) continue;
      if (field.type === "checkbox" || field.type === "radio") {
        field.checked = values.includes(field.value);
      } else if (values.length) {
        field.value = values.shift();
      }
    }
    changed.add(form);
    form.dispatchEvent(new Event("change", { bubbles: true }));
  }

  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

  function keepDrafts(form) {
    form.dataset.drafting = "true";
    const key = keyOf(form);
    const before = contents(form);
    let waiting = 0;
    const keep = () => {
      clearTimeout(waiting);
      const fields = contents(form);
      const secret = form.querySelector("[data-secret]:checked");
      store(() =>
        secret || same(fields, before)
          ? localStorage.removeItem(key)
          : localStorage.setItem(key, JSON.stringify({ at: Date.now(), fields }))
      );
    };
    form.addEventListener("change", keep);
    form.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(keep, 200);
    });
    form.addEventListener("submit", () => store(() => sessionStorage.setItem(SENT, key)));
    const draft = store(() => JSON.parse(localStorage.getItem(key)));
    if (draft && !same(draft.fields, before)) offer(form, key, draft);
  }

  function offer(form, key, draft) {
    const at = new Date(draft.at);
    const two = (number) => String(number).padStart(2, "0");
    const time = `${at.getMonth() + 1}月${at.getDate()}日 ${two(at.getHours())}:${two(at.getMinutes())}`;
    const note = document.createElement("div");
    note.className = "note note-info draft";
    note.setAttribute("role", "status");
    const words = document.createElement("p");
    words.textContent = `有一份 ${time} 没保存的草稿。姓名、电话不留草稿，要重新填。`;
    const buttons = document.createElement("div");
    buttons.className = "row-btn";
    const button = (label, act) => {
      const made = document.createElement("button");
      made.type = "button";
      made.className = "btn btn-sm";
      made.textContent = label;
      made.addEventListener("click", () => {
        act();
        note.remove();
      });
      buttons.append(made);
    };
    button("恢复", () => fill(form, draft.fields));
    button("放弃", () => store(() => localStorage.removeItem(key)));
    note.append(words, buttons);
    form.prepend(note);
  }

  // What was sent is done with when a page of the portal answers without the form, or
  // with word of success. The sign-in page and error pages are no such answer.
  function settleSent() {
    const key = store(() => sessionStorage.getItem(SENT));
    if (!key) return;
    store(() => sessionStorage.removeItem(SENT));
    if (!body().dataset.user) return;
    const back = [...document.querySelectorAll("form[data-draft]")].some(
      (form) => keyOf(form) === key
    );
    const said = document.querySelector("#toasts > *");
    if (!document.querySelector("[data-errors]") && (!back || said)) {
      store(() => localStorage.removeItem(key));
    }
  }

  function dropDrafts(old) {
    store(() => {
      for (const key of Object.keys(localStorage)) {
        if (!key.startsWith(PREFIX)) continue;
        const at = store(() => JSON.parse(localStorage.getItem(key)).at) || 0;
        if (old(key, at)) localStorage.removeItem(key);
      }
    });
  }

  // Whoever signs out leaves nothing behind; a session that ends by itself does.
  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-signs-out]")) {
      dropDrafts((key) => key.startsWith(`${PREFIX}${body().dataset.user}:`));
    }
  });

  function begin(root) {
    for (const form of root.querySelectorAll("form[data-draft]:not([data-drafting])")) {
      keepDrafts(form);
    }
    showErrors(root);
  }

  ready(() => {
    settleSent();
    dropDrafts((key, at) => Date.now() - at > KEPT_FOR);
    begin(document);
  });

  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    const target = ctx.target;
    const part = target?.isConnected ? target : document.getElementById(target?.id);
    if (part) begin(part);
  });
})();
