/* What is seen at a door: a new shop, another owner, a shop that is gone. */

import { isoDay, now } from "./clock.js";
import { make } from "./draw.js";
import { fill } from "./form.js";

/** The form for the record's shop, or for a new one when it names none. */
export function drawDoor(record, { route }) {
  const template = document.getElementById(record.business ? "door-changed" : "door-new");
  const form = template.content.firstElementChild.cloneNode(true);
  if (!record.business) {
    offer(form.elements.building, route?.buildings);
    offer(form.elements.grid, route?.grids);
  }
  const day = form.elements.seen_on;
  day.max = isoDay(now(route));
  day.value = day.max;
  fill(form, record.fields);
  return form;
}

/** The places of the route beside the empty choice that the form came with. */
function offer(list, places = []) {
  const options = places.map(({ id, name }) => make("option", { value: id }, name));
  list.replaceChildren(list.options[0], ...options);
}
