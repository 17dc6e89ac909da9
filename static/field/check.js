/* What must be filled in before a visit is kept. The server judges it all again. */

/** `[[name, words], …]`: what is missing or does not fit together. */
export function problems(fields, today, { facts: shown }) {
  const found = [];
  const say = (name, words) => found.push([name, words]);
  const absent = fields.outcome === "absent";
  if (!fields.outcome) say("outcome", "请选走访的结果。");
  if (fields.outcome && !absent && !fields.people_met) {
    say("people_met", "请选见到了谁；没遇到人，结果选“无人”。");
  }
  let demands = 0;
  for (let number = 0; `demand-${number}-words` in fields; number += 1) {
    const words = fields[`demand-${number}-words`].trim();
    const category = fields[`demand-${number}-category`];
    if (words && !category) say(`demand-${number}-category`, "请选这件诉求的类别。");
    if (category && !words && (number > 0 || fields.outcome === "demand")) {
      say(`demand-${number}-words`, "请写下这件诉求的原话。");
    }
    if (words && category) demands += 1;
  }
  const said = found.some(([name]) => name.startsWith("demand-"));
  if (fields.outcome === "demand" && !demands && !said) {
    say("demand-0-words", "选了“有诉求”，请写下类别和原话。");
  }
  if (absent && demands) {
    say("outcome", "没有遇到人，就不能记诉求；见到了请改选“有诉求”。");
  }
  if (absent && fields.told?.length) {
    say("outcome", "没有遇到人，就没有告诉到；见到了请改选结果。");
  }
  const promised = (fields.promise_words || "").trim();
  if (absent && (promised || fields.kept?.length)) {
    say("outcome", "没有遇到人，就没有答应什么、办到什么；见到了请改选结果。");
  }
  if (promised && !fields.promise_on) say("promise_on", "请选答应在哪天以前办到。");
  if (!promised && fields.promise_on) {
    say("promise_words", "请写答应了什么，没有就把日期清掉。");
  }
  const corrected = Object.keys(shown).some((name) => (fields[name] || "") !== shown[name]);
  if (fields.facts === "same" && corrected) {
    say("facts", "选了“无变化”，下面的资料却改过。请核对，改对的选“有变化”。");
  }
  if (fields.visited_on && fields.visited_on > today) {
    say("visited_on", "日期在将来，请改成今天或更早。");
  }
  return found;
}

/** The same of what is seen at a door; a new shop names its place, others their kind. */
export function doorProblems(fields, today) {
  const found = [];
  const say = (name, words) => found.push([name, words]);
  if ("kind" in fields) {
    if (!fields.kind) say("kind", "请选看到什么。");
  } else {
    if (!fields.building && !fields.grid) say("building", "请选楼宇，不在楼里的选网格。");
    if (!fields.name.trim() && !fields.words.trim()) {
      say("name", "请写招牌上的名称；看不到招牌，写下看到的情况。");
    }
  }
  if (fields.seen_on && fields.seen_on > today) {
    say("seen_on", "日期在将来，请改成今天或更早。");
  }
  return found;
}

/** The same of a demand that came by a call, over the counter or as a message. */
export function demandProblems(fields, today) {
  const found = [];
  const say = (name, words) => found.push([name, words]);
  if (!fields.source) say("source", "请选来源。");
  if (!fields.category) say("category", "请选类别。");
  if (!fields.words.trim()) say("words", "请写下诉求的原话。");
  if (fields.raised_on && fields.raised_on > today) {
    say("raised_on", "日期在将来，请改成今天或更早。");
  }
  return found;
}
