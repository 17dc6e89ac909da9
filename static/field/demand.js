/* A demand that came by a call, over the counter or as a message, without a visit. */

import { isoDay, now } from "./clock.js";
import { fill, offer, tell } from "./form.js";

export function drawDemand(record, { route }) {
  const template = document.getElementById("demand-form");
  const form = template.content.firstElementChild.cloneNode(true);
  const { stop } = record;
  if (route) offer(form, route.categories);
  tell(form, stop, false);
  const day = form.elements.raised_on;
  day.max = isoDay(now(route));
  day.value = day.max;
  fill(form, { said_by: stop.facts.contact_name, ...record.fields });
  return form;
}
