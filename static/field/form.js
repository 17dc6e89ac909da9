/* The visit form: drawn by the server once, filled for the shop at hand, read back. */

import { dayInWords, isoDay, now } from "./clock.js";
import { demandProblems, doorProblems, problems } from "./check.js";
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
  along(form, record.company, record.fields);
  form.querySelector("[data-facts]").textContent = factsInWords(form, stop.facts);
  const day = form.elements.visited_on;
  day.max = isoDay(now(route));
  day.value = day.max;
  fill(form, { ...stop.facts, ...record.fields });
  return form;
}

/** The categories of the day, in place of those that the page was kept with. */
export function offer(form, categories) {
  for (const box of form.querySelectorAll(".chips")) {
    const first = box.querySelector("input[name$='category']");
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

/** What the shop is to be told, what it waits for and what was promised to it; on a
    visit with boxes to tick. */
export function tell(form, stop, ticks = true) {
  const place = form.querySelector("[data-waiting]");
  const box = (name, value, words) =>
    ticks && make("label", { class: "agree" }, tick(name, value), make("span", {}, words));
  const lines = (items, line) => make("ul", {}, ...items.map((item) => make("li", {}, ...line(item))));
  if (stop.tell?.length) {
    const told = lines(stop.tell, (item) => [
      `${item.asked}　${item.declined ? "不予受理：" : "结果："}`,
      make("b", {}, item.words),
      box("told", item.id, "这次告诉了他"),
    ].filter(Boolean));
    place.append(note("ok", make("b", {}, "要告诉他"), told));
  }
  if (stop.open?.length) {
    place.append(note("info", make("b", {}, "在办的诉求"), lines(stop.open, (words) => [words])));
  }
  if (stop.promises?.length) {
    const made = lines(stop.promises, (item) => [
      `${item.words}（${item.by}，${dayInWords(item.due)}以前）`,
      box("kept", item.id, "办到了"),
    ].filter(Boolean));
    place.append(note("info", make("b", {}, "答应的事"), made));
  }
}

const tick = (name, value) =>
  make("input", { type: "checkbox", class: "form-check-input", name, value });

/** Who may come along: colleagues and member units of the shop's grid. */
function along(form, company, chosen) {
  const place = form.querySelector("[data-company]");
  const lists = [
    ["colleagues", "同事", company?.colleagues],
    ["units", "成员单位", company?.units],
  ];
  const inside = place.querySelector(".sub-form");
  for (const [name, label, people] of lists.reverse()) {
    if (!people?.length) continue;
    const chips = people.map((one) => make("label", { class: "chip" }, make("input", { type: "checkbox", name, value: one.id }), one.name));
    inside.prepend(make("fieldset", { class: "fld" }, make("legend", {}, label), make("div", { class: "chips big" }, ...chips)));
    place.hidden = false;
  }
  place.open = Boolean(chosen.colleagues?.length || chosen.units?.length);
}

function factsInWords(form, facts) {
  const state = form.querySelector(`[name=state] option[value="${facts.state}"]`);
  return [
    facts.staff_count ? `${facts.staff_count} 人` : "人数未填",
    `${facts.contact_name || "联系人未填"} ${facts.contact_phone || ""}`.trim(),
    state?.textContent || "",
  ].join("，");
}

const DAYS = ["visited_on", "seen_on", "raised_on"];
const dayOf = (form) => DAYS.map((name) => form.elements[name]).find(Boolean);

const fieldsOf = (form) =>
  [...form.elements].filter((field) => field.name && !NEVER_SENT.has(field.name));

/** A box that says yes or no by itself, not one of several. */
const single = (field) => field.type === "checkbox" && !field.hasAttribute("value");

export function fill(form, values) {
  for (const field of fieldsOf(form)) {
    if (!(field.name in values)) continue;
    const value = values[field.name];
    if (field.type === "radio") field.checked = field.value === String(value);
    else if (single(field)) field.checked = Boolean(value);
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
    } else if (single(field)) fields[field.name] = field.checked ? "on" : "";
    else if (field.type === "checkbox") {
      fields[field.name] ??= [];
      if (field.checked) fields[field.name].push(Number(field.value));
    } else fields[field.name] = field.value;
  }
  const day = dayOf(form);
  if (fields[day.name] === day.max) fields[day.name] = "";
  return fields;
}

const CHECKS = { visit: problems, door: doorProblems, demand: demandProblems };

/** Show what stands in the way, go to the first; returns whether anything does. */
export function refuse(form, record) {
  const { max } = dayOf(form);
  const found = CHECKS[record.kind](read(form), max, record.stop);
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
