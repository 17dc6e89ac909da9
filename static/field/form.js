/* The visit form: drawn by the server once, filled for the shop at hand, read back. */

import { isoDay, now } from "./clock.js";
import { doorProblems, problems } from "./check.js";
import { make, note } from "./draw.js";

const NEVER_SENT = new Set(["client_key", "filled_at", "seen", "photos"]);

/** A form for the record's shop; `categories` are those offered now, if they are known. */
export function draw(record, { route }) {
  const form = document.getElementById("visit-form").content.firstElementChild.cloneNode(
    true
  );
  const { stop } = record;
  if (route) offer(form, route.categories);
  tell(form, stop);
  form.querySelector("[data-facts]").textContent = factsInWords(form, stop.facts);
  const day = form.elements.visited_on;
  day.max = isoDay(now(route));
  day.value = day.max;
  fill(form, { ...stop.facts, ...record.fields });
  return form;
}

/** The categories of the day, in place of those that the page was kept with. */
function offer(form, categories) {
  for (const box of form.querySelectorAll(".chips")) {
    const first = box.querySelector("input[name$='-category']");
    if (!first) continue;
    const chips = [...box.querySelectorAll(".chip")];
    const pattern = chips.at(-1);
    const none = chips.filter((chip) => chip.querySelector("input").value === "");
    const made = categories.map((category, place) => {
      const chip = pattern.cloneNode(true);
      const input = chip.querySelector("input");
      input.value = category.id;
      input.checked = false;
      input.id = `id_${input.name}_${place + none.length}`;
      chip.replaceChildren(input, category.name);
      return chip;
    });
    box.replaceChildren(...none, ...made);
  }
}

function tell(form, stop) {
  const place = form.querySelector("[data-waiting]");
  if (stop.tell?.length) {
    const lines = stop.tell.map((item) =>
      make(
        "li",
        {},
        `${item.asked}　${item.declined ? "不予受理：" : "结果："}`,
        make("b", {}, item.words),
        make(
          "label",
          { class: "agree" },
          make("input", {
            type: "checkbox",
            class: "form-check-input",
            name: "told",
            value: item.id,
          }),
          make("span", {}, "这次告诉了他")
        )
      )
    );
    place.append(note("ok", make("b", {}, "要告诉他"), make("ul", {}, ...lines)));
  }
  if (stop.open?.length) {
    const lines = stop.open.map((words) => make("li", {}, words));
    place.append(note("info", make("b", {}, "在办的诉求"), make("ul", {}, ...lines)));
  }
}

function factsInWords(form, facts) {
  const state = form.querySelector(`[name=state] option[value="${facts.state}"]`);
  return [
    facts.staff_count ? `${facts.staff_count} 人` : "人数未填",
    `${facts.contact_name || "联系人未填"} ${facts.contact_phone || ""}`.trim(),
    state?.textContent || "",
  ].join("，");
}

const dayOf = (form) => form.elements.visited_on || form.elements.seen_on;

const fieldsOf = (form) =>
  [...form.elements].filter((field) => field.name && !NEVER_SENT.has(field.name));

export function fill(form, values) {
  for (const field of fieldsOf(form)) {
    if (!(field.name in values)) continue;
    const value = values[field.name];
    if (field.type === "radio") field.checked = field.value === String(value);
    else if (field.type === "checkbox") {
      field.checked = (value || []).map(String).includes(field.value);
    } else if (value !== "" || field !== dayOf(form)) field.value = value ?? "";
  }
  for (const more of form.querySelectorAll(".more-demand")) {
    more.open = [...more.querySelectorAll("input:checked, textarea")].some((f) => f.value);
  }
}

/** What was answered; the day only if another than today was set. */
export function read(form) {
  const fields = {};
  for (const field of fieldsOf(form)) {
    if (field.type === "radio") {
      fields[field.name] ??= "";
      if (field.checked) fields[field.name] = field.value;
    } else if (field.type === "checkbox") {
      fields[field.name] ??= [];
      if (field.checked) fields[field.name].push(Number(field.value));
    } else fields[field.name] = field.value;
  }
  const day = dayOf(form);
  if (fields[day.name] === day.max) fields[day.name] = "";
  return fields;
}

/** Show what stands in the way, go to the first; returns whether anything does. */
export function refuse(form, record) {
  const { max } = dayOf(form);
  const found =
    record.kind === "door"
      ? doorProblems(read(form), max)
      : problems(read(form), record.stop.facts, max);
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
  }
  const place = form.querySelector("[data-problems]");
  place.replaceChildren();
  if (!found.length) return false;
  const lines = found.map(([name, words]) => {
    const field = form.querySelector(`[name="${name}"]`);
    for (const each of form.querySelectorAll(`[name="${name}"]`)) {
      each.setAttribute("aria-invalid", "true");
    }
    const link = make("a", { href: "#", role: "button" }, words);
    link.addEventListener("click", (event) => {
      event.preventDefault();
      field.focus();
      field.scrollIntoView({ block: "center" });
    });
    return make("li", {}, link);
  });
  const box = note("bad", make("ul", { class: "err-sum" }, ...lines));
  box.setAttribute("role", "alert");
  box.tabIndex = -1;
  place.append(box);
  box.focus();
  box.scrollIntoView({ block: "center" });
  return true;
}
