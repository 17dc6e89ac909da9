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
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && at.form) {
      event.preventDefault();
      at.form.requestSubmit();
    }
    if (event.key === "Escape") {
      for (const menu of document.querySelectorAll("details.menu[open]")) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    }
  });

  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
    const back = event.target.closest("[data-back]");
    if (back) history.back();
    const reveal = event.target.closest("[data-reveal]");
    if (reveal) {
      const field = document.getElementById(reveal.dataset.reveal);
      const shown = field.type === "text";
      field.type = shown ? "password" : "text";
      reveal.setAttribute("aria-pressed", String(!shown));
    }
  });

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

  // A number typed to search for goes no further than its last four digits.
  document.addEventListener("submit", (event) => {
    const box = event.target.querySelector('input[name="q"]');
    const digits = box ? box.value.replace(/\D/g, "") : "";
    if (box && /^\+?[\d\s-]{7,20}$/.test(box.value.trim()) && digits.length <= 13) box.value = digits.slice(-4);
  }, true);

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

  /* --- errors: go to the first field that has one --- */

  function showErrors(root) {
    const summary = root.querySelector("[data-errors]");
    if (!summary) return;
    const form = summary.closest("form") || root;
    (form.querySelector("[aria-invalid=true]") || summary).focus();
  }

  ready(() => {
    for (const button of document.querySelectorAll("[data-back], [data-reveal]")) {
      button.hidden = button.matches("[data-back]") && history.length < 2;
    }
    showErrors(document);
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

  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    const form = ctx.sourceElement?.closest?.("form");
    if (form?.hasAttribute("aria-busy")) release(form);
  });

  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    const list = document.querySelector("[data-said], [data-total]");
    if (list) say(list.dataset.said || `共 ${list.dataset.total} 条`);
    const target = ctx.target;
    const part = target?.isConnected ? target : document.getElementById(target?.id);
    if (part) showErrors(part);
  });
})();
