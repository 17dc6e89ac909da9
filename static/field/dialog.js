/* A question above the page, in the portal's look: keyboard and focus are the browser's. */

import { button, make } from "./draw.js";

/** Ask; resolves to the value of the way chosen, or to null by Esc.

    `ways` are `[label, value, kind]`, the first is the safe one and has the focus. */
export function ask(heading, words, ways) {
  return new Promise((resolve) => {
    const before = document.activeElement;
    const box = make("dialog", { class: "ask", "aria-labelledby": "ask-h", "aria-describedby": "ask-w" });
    const done = (answer) => {
      box.close();
      box.remove();
      if (before?.isConnected) before.focus();
      resolve(answer);
    };
    const buttons = ways.map(([label, value, kind = "btn"]) => button(label, () => done(value), kind));
    box.append(
      make("h2", { id: "ask-h" }, heading),
      make("p", { id: "ask-w" }, words),
      make("div", { class: "ways" }, ...buttons)
    );
    box.addEventListener("cancel", (event) => {
      event.preventDefault();
      done(null);
    });
    document.body.append(box);
    box.showModal();
    buttons[0].focus();
  });
}
