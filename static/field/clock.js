/* Time, where the phone's clock may be wrong: the route says by how much. */

export const DAY = 86400000;

/** The server's time as near as the phone can tell, in milliseconds. */
export const now = (route) => Date.now() + (route?.ahead || 0);

const two = (number) => String(number).padStart(2, "0");

/** 2026-11-25 of the phone's own time zone, as inputs of days take it. */
export function isoDay(moment) {
  const at = new Date(moment);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** "11月25日" of a day as text. */
export function dayInWords(day) {
  const [, month, date] = day.split("-").map(Number);
  return `${month}月${date}日`;
}

export function inWords(moment) {
  const at = new Date(moment);
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  if (isoDay(moment) === isoDay(Date.now())) return `今天 ${time}`;
  return `${at.getMonth() + 1}月${at.getDate()}日 ${time}`;
}
