/* What a number of the dashboard means, on hover, focus and tap, and a copy of it as a
   sentence. One box for all numbers; the definitions stand at the end of the page. */
const meanings = document.getElementById("definitions");
const WAIT = 250; // milliseconds of rest before a pointer opens or closes the box

const box = document.createElement("div");
box.className = "about";
box.id = "about";
box.popover = "manual";
box.setAttribute("role", "group");
const name = document.createElement("b");
const meaning = document.createElement("p");
meaning.id = "about-meaning";
const text = document.createElement("textarea");
text.className = "inp";
text.rows = 4;
text.readOnly = true;
text.hidden = true;
text.setAttribute("aria-label", "这个数写成的一句话");
const buttons = document.createElement("div");
buttons.className = "row-btn";
const rows = document.createElement("a");
rows.className = "btn btn-sm btn-primary";
rows.textContent = "看这些记录";
const copy = document.createElement("button");
copy.className = "btn btn-sm";
copy.type = "button";
buttons.append(rows, copy);
box.append(name, meaning, text, buttons);

let of = null; // the number that the box speaks of
let timer = 0;

const about = (key) => meanings.querySelector(`[data-of="${CSS.escape(key)}"]`);
const near = (number, what) => number.closest(`[data-${what}]`)?.dataset[what] || meanings.dataset[what];

function sentence(number) {
  const label = about(number.dataset.figure).previousElementSibling.textContent;
  const value = number.dataset.value || [...number.childNodes].map((each) => each.textContent).join(" ");
  const where = near(number, "where");
  const of = where === meanings.dataset.where ? "" : `（${meanings.dataset.where}）`;
  return `截至${meanings.dataset.asOf}，${where}${of} ${near(number, "when")}，${label} ${value}。口径：${meaning.textContent}`;
}

function place() {
  const at = of.getBoundingClientRect();
  const { offsetWidth: wide, offsetHeight: high } = box;
  const below = at.bottom + 6 + high <= innerHeight || at.top < high + 6;
  box.style.left = `${Math.max(8, Math.min(at.left, innerWidth - wide - 8))}px`;
  box.style.top = `${below ? at.bottom + 6 : at.top - high - 6}px`;
}

function open(number, touched = false) {
  clearTimeout(timer);
  if (of === number || box.contains(document.activeElement)) return;
  close();
  const found = about(number.dataset.figure);
  if (!found) return;
  of = number;
  name.textContent = found.previousElementSibling.textContent;
  meaning.textContent = found.textContent;
  box.setAttribute("aria-label", `${name.textContent}的口径`);
  text.hidden = true;
  copy.textContent = "复制成一句话";
  rows.hidden = !touched || !number.href;
  rows.href = number.href || "";
  number.after(box); // so that the next Tab leads to its buttons
  number.setAttribute("aria-describedby", meaning.id);
  box.showPopover();
  place();
}

function close() {
  clearTimeout(timer);
  if (!of) return;
  of.removeAttribute("aria-describedby");
  of = null;
  if (box.matches(":popover-open")) box.hidePopover();
}

const later = (act) => {
  clearTimeout(timer);
  timer = setTimeout(act, WAIT);
};
const numberAt = (event) => event.target.closest?.("[data-figure]");

// Without the right to the clipboard the sentence is marked, to be copied by hand.
copy.addEventListener("click", async () => {
  const words = sentence(of);
  try {
    await navigator.clipboard.writeText(words);
    copy.textContent = "已复制";
  } catch {
    text.value = words;
    text.hidden = false;
    text.focus();
    text.select();
    copy.textContent = document.execCommand("copy") ? "已复制" : "已选中，请按 Ctrl+C";
    place();
  }
  document.getElementById("said").textContent = copy.textContent;
});

document.addEventListener("pointerover", (event) => {
  if (event.pointerType === "touch") return;
  const number = numberAt(event);
  if (number) later(() => open(number));
  else if (box.contains(event.target)) clearTimeout(timer);
});
document.addEventListener("pointerout", (event) => {
  if (event.pointerType === "touch" || !(numberAt(event) || box.contains(event.target))) return;
  later(() => {
    if (!box.contains(document.activeElement) && document.activeElement !== of) close();
  });
});
document.addEventListener("focusin", (event) => {
  const number = numberAt(event);
  if (number?.matches(":focus-visible")) open(number);
  else if (!number && !box.contains(event.target)) close();
});
// The first tap says what the number means, the second opens its rows.
document.addEventListener("click", (event) => {
  const number = numberAt(event);
  if (number && event.pointerType === "touch" && of !== number) {
    event.preventDefault();
    open(number, true);
  } else if (!number && !box.contains(event.target)) close();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !of) return;
  const number = of;
  if (box.contains(document.activeElement)) number.focus();
  close();
});
addEventListener("scroll", () => of && place(), { passive: true, capture: true });
addEventListener("resize", close);
addEventListener("pagehide", close);

for (const number of document.querySelectorAll("span[data-figure]")) number.tabIndex = 0;
