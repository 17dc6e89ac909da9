/* Elements, icons and notes; words go in as text, never as markup. */

/** `make("p", {class: "note"}, "words", child)`; a property `on` holds listeners. */
export function make(name, properties = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "on") {
      for (const [event, act] of Object.entries(value)) made.addEventListener(event, act);
    } else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...inside.filter((part) => part != null && part !== false));
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "i");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${document.body.dataset.icons}#${name}`);
  svg.append(use);
  return svg;
}

const NOTES = {
  ok: "circle-check",
  info: "info-circle",
  warn: "alert-triangle",
  bad: "alert-circle",
};

export function note(kind, ...inside) {
  return make(
    "div",
    { class: `note note-${kind}` },
    icon(NOTES[kind]),
    make("div", {}, ...inside)
  );
}

const LAMPS = { red: "alert-octagon-filled", yellow: "alert-triangle-filled" };

export function lamp({ colour, words }) {
  return make("span", { class: `lamp lamp-${colour}` }, icon(LAMPS[colour]), words);
}

export function button(label, act, kind = "btn") {
  return make("button", { type: "button", class: kind, on: { click: act } }, label);
}
