/* The phone's own pages: today's route, a visit, and what has not been sent yet. */

import { inWords } from "./clock.js";
import { drawDemand } from "./demand.js";
import { ask } from "./dialog.js";
import { drawDoor } from "./door.js";
import { button, icon, lamp, make, note } from "./draw.js";
import { asText, save } from "./export.js";
import { draw, read, refuse } from "./form.js";
import { readBack, Unreadable } from "./import.js";
import { fetchRoute, owner, route as todaysRoute } from "./owner.js";
import { keep, NotAPhoto } from "./photos.js";
import { changed, sendNow, standing, start } from "./queue.js";
import { tryAgain } from "./send.js";
import { all, alone, drop, get, lockOf, onItsWay, put, release, remove, SHAPE } from "./store.js";
import { KINDS, line, old, STATES } from "./words.js";

const page = document.getElementById("page");
const { route: ROUTE, sync: SYNC, worker: WORKER, login: LOGIN } = document.body.dataset;

// Where something is being filled in, which a fresh route must not draw over.
const FORMS = new Set(["visit", "door", "demand", "record"]);

let route = null;
let author = null;

/* --- how things stand, above every page --- */

async function drawStanding() {
  const place = document.getElementById("unsent");
  if (!author) {
    const rows = await all("records");
    place.replaceChildren(
      ...(rows.length
        ? [note("warn", `这台手机上有 ${rows.length} 条还没上传，等记录人本人登录。`)]
        : [])
    );
    return;
  }
  const now = await standing(author.id);
  const words = line(now);
  const inside = [make("p", {}, words)];
  if (old(now)) inside.push(make("p", {}, make("b", {}, old(now))));
  const ways = [make("a", { class: "btn btn-sm", href: "#/records" }, "打开")];
  const way = { login: ["登录", LOGIN], locked: ["解锁", now.unlock] }[now.why];
  if (way) {
    const back = encodeURIComponent(location.pathname);
    ways.push(make("a", { class: "btn btn-sm", href: `${way[1]}?next=${back}` }, way[0]));
  } else if (!now.busy && (now.waiting || now.photos)) {
    ways.push(button("现在上传", sendNow, "btn btn-sm"));
  }
  inside.push(make("div", { class: "row-btn" }, ...ways));
  const kind = now.refused || now.photosRefused || old(now) ? "bad" : "warn";
  place.replaceChildren(...(words ? [note(kind, ...inside)] : []));
  if (location.hash.startsWith("#/records")) await showRecords();
  if (["", "#/", "#"].includes(location.hash)) await showRoute();
}

function said(words) {
  const line = make("p", { class: "toast-ts" }, icon("check"), make("span", {}, words));
  document.getElementById("said").replaceChildren(line);
  setTimeout(() => line.remove(), 6000);
}

function title(words) {
  document.getElementById("who").textContent = words;
  document.title = `${words} · 天山网格党建治理平台`;
}

/** Draws the page anew, unless one has gone on meanwhile; a link that has the focus keeps
    it (a button does not: the same words may by then act on another record). */
function redraw(here, ...parts) {
  if (location.hash !== here) return;
  const held = page.contains(document.activeElement) && document.activeElement.href;
  page.replaceChildren(...parts);
  if (held) [...page.querySelectorAll("a")].find(({ href }) => href === held)?.focus({ preventScroll: true });
}

/* --- the route --- */

async function showRoute() {
  const here = location.hash;
  title("今天的走访");
  if (!route) {
    page.replaceChildren(
      note(
        "info",
        make("p", {}, "这台手机上没有今天的路线。连上网络登录后打开“今日工作”，路线就会存到手机里。"),
        make("div", { class: "row-btn" }, make("a", { class: "btn", href: "/work/" }, "今日工作"))
      )
    );
    return;
  }
  const states = new Map();
  for (const row of await all("records")) {
    if (row.author === author.id && row.kind === "visit") states.set(row.business, row.state);
  }
  const buildings = new Map();
  for (const stop of route.stops) {
    const name = stop.building || "楼宇不详";
    buildings.set(name, [...(buildings.get(name) || []), stop]);
  }
  const parts = [
    make("p", { class: "t2 s13" }, `${route.author.name}　${route.day}　${route.stops.length} 家`),
  ];
  for (const [name, stops] of buildings) {
    parts.push(
      make(
        "div",
        { class: "ph-h" },
        make("h2", {}, name),
        make("span", { class: "sub" }, `${stops.length} 家`)
      ),
      make("ul", { class: "ph-list" }, ...stops.map((stop) => stopLine(stop, states)))
    );
  }
  if (!route.stops.length) parts.push(note("ok", "今天没有要走访的。"));
  const opened = make("a", { class: "btn", href: "#/door/new" }, icon("plus"), "这里新开一家");
  const asked = make("a", { class: "btn", href: "#/demand/which" }, icon("message-plus"), "记诉求（电话、来访、微信）");
  parts.push(make("div", { class: "row-btn mt" }, opened, asked));
  redraw(here, ...parts);
}

/** Whose demand it is: a shop of the route, for no other is known here. */
function showWhich() {
  title("记诉求");
  const lines = (route?.stops || []).map((stop) =>
    make(
      "li",
      {},
      make(
        "a",
        { class: "visit stop", href: `#/demand/${stop.id}` },
        make("div", {}, make("b", {}, stop.name), make("p", {}, `${stop.building} ${stop.room}`.trim() || "地点不详")),
        make("span", { class: "go" }, icon("message-plus"))
      )
    )
  );
  page.replaceChildren(
    make("p", { class: "t2" }, "电话、来访、微信反映的，记在哪一家？"),
    lines.length ? make("ul", { class: "ph-list" }, ...lines) : note("info", "今天的路线里没有店。"),
    make("p", { class: "t2 mt" }, "不在今天路线里的，这台手机上没有；连上网络后", make("a", { class: "link", href: "/demands/new/" }, "在网页上记诉求"), "。"),
    make("p", { class: "mt" }, make("a", { class: "btn", href: "#/" }, "回到路线"))
  );
}

const TO_TELL = "要告诉他";

function stopLine(stop, states) {
  const state = STATES[states.get(stop.id)];
  return make(
    "li",
    {},
    make(
      "a",
      { class: "visit stop", href: `#/visit/${stop.id}` },
      make(
        "div",
        {},
        make("b", {}, stop.name),
        make(
          "p",
          {},
          state && make("span", { class: `ts-tag ts-tag-${state[0]}` }, state[1]),
          stop.lamp && lamp(stop.lamp),
          stop.tell.length > 0 && !stop.lamp?.words.includes(TO_TELL) && make("span", { class: "ts-tag ts-tag-ok" }, TO_TELL),
          stop.room || "室号铺位不详"
        )
      ),
      make("span", { class: "go" }, icon("pencil-plus"))
    )
  );
}

/* --- a visit --- */

const showVisit = (id) => showNew("visit", id);

/** What is seen at the door of a shop of the route, or of one that is "new". */
const showDoor = (id) => showNew("door", id);

const showDemand = (id) => (id === "which" ? showWhich() : showNew("demand", id));

async function stopOf(id) {
  const known = () => route?.stops.find((each) => String(each.id) === id);
  if (known()) return known();
  route = (await fetchRoute(ROUTE, id)) || route;
  author = route?.author || author;
  return known();
}

async function showNew(kind, id) {
  const stop = id === "new" ? null : await stopOf(id);
  if (!route || (!stop && id !== "new")) {
    title(KINDS[kind]);
    page.replaceChildren(
      note("warn", "这一家不在今天的路线里，连上网络后再打开。"),
      make("p", {}, make("a", { class: "btn", href: "#/" }, "回到路线"))
    );
    return;
  }
  const business = stop?.id || null;
  const draft = (await all("records")).find(
    (row) =>
      row.author === author.id &&
      row.kind === kind &&
      row.business === business &&
      row.state === "draft"
  );
  const record = draft || {
    key: crypto.randomUUID(),
    shape: SHAPE,
    kind,
    author: author.id,
    business,
    stop,
    company: kind === "visit" ? route.company?.[stop.grid] : undefined,
    seen: kind === "visit" ? stop.seen : undefined,
    route_at: route.at,
    state: "draft",
    fields: {},
  };
  await showForm(record, draft ? "接着上次没填完的。" : "");
}

const HEADS = {
  visit: () => "记走访",
  door: (record) => (record.business ? "换人了、搬走了" : "这里新开一家"),
  demand: () => "记诉求",
};
const DRAW = { visit: draw, door: drawDoor, demand: drawDemand };

/** The shop at hand, above its form; of a visit with the way to what else is seen. */
function whoOf({ kind, stop }) {
  const words = "看到什么写什么，台账员核实后才改台账，核实的结果会告诉您。";
  if (!stop) return make("p", { class: "t2" }, words);
  const place = `${stop.building} ${stop.room}`.trim() || "地点不详";
  const inside = make("div", {}, make("b", {}, stop.name), make("p", {}, place));
  const about = { door: words, demand: "走访时听到的，请记走访，诉求一起记。" }[kind];
  if (about) {
    return make("div", { class: "ph-who" }, inside, make("p", { class: "last s13" }, about));
  }
  return make(
    "div",
    { class: "ph-who" },
    inside,
    make("a", { class: "btn", href: `#/door/${stop.id}` }, "换人了、搬走了"),
    make("p", { class: "last s13" }, stop.last ? `上次 ${stop.last}` : "首次走访")
  );
}

async function showForm(record, words) {
  title(HEADS[record.kind](record));
  const form = DRAW[record.kind](record, { route });
  const before = [whoOf(record)];
  if (words) before.push(note("info", words));
  if (record.reason) before.push(note("bad", ...reasonOf(record)));
  const shots = make("ul", { class: "shots" });
  page.replaceChildren(...before, form);
  form.elements.photos?.after(shots);
  keepDraft(form, record);
  form.querySelector("[data-cancel]").addEventListener("click", async () => {
    if (record.state === "draft" && record.made) {
      const way = await ask("这一条还没填完", "留着的，下次接着填；丢掉就没有了。", [
        ["留着，下次接着填", "keep", "btn btn-primary"],
        ["丢掉", "drop", "btn btn-bad"],
        ["接着填", null],
      ]);
      if (!way) return;
      if (way === "drop") {
        record.closed = true;
        await drop(record.key);
        await changed();
      }
    }
    record.closed = true;
    location.hash = record.state === "draft" ? "#/" : "#/records";
    await letGo();
    if (record.state !== "draft") sendNow();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (refuse(form, record)) return;
    record.closed = true;
    try {
      await release(rowOf(form, record));
    } catch {
      record.closed = false;
      sayFull(form);
      return;
    }
    await letGo();
    location.hash = "#/";
    said(`${nameOf(record)}已存在本机。`);
    await changed();
    sendNow();
  });
  // Last: until the photos are read, somebody may have added one already.
  await drawShots(shots, record);
}

const nameOf = ({ kind, stop, fields }) => {
  const shop = stop?.name || fields.name;
  return shop ? `${shop}的${KINDS[kind]}` : KINDS[kind];
};

function rowOf(form, record) {
  record.made ||= Date.now();
  record.filled_at ||= new Date().toISOString();
  record.fields = read(form);
  const { closed, ...row } = record;
  return row;
}

/** Every change is kept: a battery may die before the form is saved. */
function keepDraft(form, record) {
  let pause = 0;
  const write = () => {
    clearTimeout(pause);
    if (!record.closed && record.state === "draft" && form.isConnected) {
      put("records", rowOf(form, record)).catch(() => sayFull(form));
    }
  };
  form.addEventListener("change", (event) => {
    if (event.target.name === "photos") addPhotos(event.target, form, record);
    else write();
  });
  form.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(write, 300);
  });
}

/** The phone took nothing: what was filled in stays on the page, for nowhere else has it. */
function sayFull(form) {
  const words = "没有存下，这台手机的空间可能满了。请先别关这一页，去删掉些照片、文件，再回来保存。";
  const box = note("bad", make("p", {}, words));
  box.setAttribute("role", "alert");
  form.querySelector("[data-problems]").replaceChildren(box);
  box.scrollIntoView({ block: "center" });
}

async function addPhotos(input, form, record) {
  const files = [...input.files];
  input.value = "";
  for (const file of files) {
    try {
      if (record.state === "draft") await put("records", rowOf(form, record));
      await keep(file, record);
    } catch (problem) {
      const words = problem instanceof NotAPhoto ? problem.message : "照片没有存下，手机的空间可能不够。";
      input.closest(".fld").append(make("p", { class: "err", role: "alert" }, words));
    }
  }
  await drawShots(form.querySelector(".shots"), record);
}

async function drawShots(list, record) {
  const photos = (await all("photos")).filter((photo) => photo.record === record.key);
  const addresses = await Promise.all(photos.map((photo) => asText(photo.blob)));
  list.replaceChildren(
    ...photos.map((photo, place) => {
      const address = addresses[place]; // as text: the policy lets no blob: through
      const picture = make("img", { src: address, alt: `照片 ${place + 1}`, class: "shot" });
      const away = button("去掉", async () => {
        await remove("photos", photo.key);
        await drawShots(list, record);
      });
      return make("li", {}, picture, photo.reason && make("p", { class: "err" }, photo.reason), away);
    })
  );
}

/* --- records --- */

const LABELS = {
  staff_count: "从业人数",
  contact_name: "联系人",
  contact_phone: "联系电话",
  state: "经营状态",
};

function reasonOf(row) {
  const inside = row.reason.split("\n").map((words) => make("p", {}, words));
  for (const name of row.clash || []) {
    const theirs = row.stop.now?.[name] || "空";
    inside.push(
      make("p", {}, `${LABELS[name]}：现在是“${theirs}”，您填的是“${row.fields[name] || "空"}”。`)
    );
  }
  if (row.clash) inside.push(make("p", {}, "再存一次就用您填的，或先改成对的。"));
  if (row.stored?.href) {
    inside.push(make("a", { class: "link", href: row.stored.href }, "看系统里已存的那一条"));
  }
  return inside;
}

async function showRecords() {
  const here = location.hash;
  title("没上传的记录");
  const rows = (await all("records")).filter((row) => row.author === author?.id);
  rows.sort((one, other) => one.made - other.made);
  const receipts = (await all("receipts")).filter((row) => row.author === author?.id);
  const photos = await all("photos");
  const parts = [];
  if (!rows.length) parts.push(note("ok", "都上传了，这台手机上没有留下的记录。"));
  else {
    parts.push(
      make("ul", { class: "ph-list" }, ...rows.map((row) => recordLine(row, photos))),
      make(
        "div",
        { class: "row-btn mt" },
        button("全部存成文件", () => save(author.id))
      )
    );
  }
  const loose = photos.filter((photo) => photo.state === "refused");
  for (const photo of loose) {
    parts.push(
      note(
        "bad",
        make("p", {}, `一张照片不能用：${photo.reason}`),
        button("去掉这张", async () => {
          await remove("photos", photo.key);
          await changed();
        })
      )
    );
  }
  if (receipts.length) {
    receipts.sort((one, other) => other.at - one.at);
    parts.push(
      make("div", { class: "ph-h" }, make("h2", {}, "已上传"), make("span", { class: "sub" }, "七天内的")),
      make(
        "ul",
        { class: "log" },
        ...receipts.map((row) =>
          make(
            "li",
            {},
            make("a", { class: "link", href: row.href }, `${KINDS[row.kind]} ${row.number} 号`),
            `　${inWords(row.at)}`
          )
        )
      )
    );
  }
  if (author) parts.push((readBackPart ||= readBackLine()));
  parts.push(make("p", { class: "mt" }, make("a", { class: "btn", href: "#/" }, "回到路线")));
  redraw(here, ...parts);
}

/** A file that its author saved here, or on a phone that is no more. What it says stays
    while the list above is drawn anew. */
let readBackPart = null;
function readBackLine() {
  const input = make("input", { type: "file", class: "inp", id: "read-back", accept: ".json,application/json" });
  const told = make("p", { class: "hint", id: "read-back-told", role: "status" }, "只读您自己的；读几次都不会重复。");
  input.setAttribute("aria-describedby", told.id);
  input.addEventListener("change", async () => {
    const [file] = input.files;
    if (!file) return;
    told.className = "hint";
    told.textContent = "正在读……";
    try {
      const { taken, known, others } = await readBack(file, author.id);
      const words = [`读回 ${taken} 条`];
      if (known) words.push(`${known} 条这台手机上有，或已上传`);
      if (others) words.push(`${others} 条不是您记的，没有读`);
      told.textContent = `${words.join("；")}。`;
      await changed();
      sendNow();
    } catch (problem) {
      if (!(problem instanceof Unreadable)) throw problem;
      told.className = "err";
      told.textContent = "这个文件读不了：要选“存成文件”存下的那一个，没有改过的。";
    }
    input.value = "";
  });
  const label = make("label", { for: input.id }, "读回存成文件的记录");
  return make("div", { class: "fld mt" }, label, input, told);
}

function recordLine(row, photos) {
  const [kind, words] = STATES[row.state];
  const mine = photos.filter((photo) => photo.record === row.key).length;
  const ways = [];
  const draft = `#/${row.kind}/${row.business || "new"}`;
  const open = row.state === "draft" ? draft : `#/record/${row.key}`;
  if (row.kind in HEADS && !onItsWay(row)) {
    ways.push(make("a", { class: "btn", href: open }, "打开"));
  }
  if (row.state === "refused") {
    ways.push(
      button("再传一次", async () => {
        await tryAgain(row.key);
        await changed();
        sendNow();
      })
    );
  }
  ways.push(button("存成文件", () => save(author.id, row.key)));
  if (!onItsWay(row)) {
    ways.push(
      button(
        "删去",
        async () => {
          const name = row.stop?.name || row.fields.name || "这一条";
          const sure = await ask(`删去${name}的记录？`, "它还没有上传，删去就没有了。", [
            ["不删", false, "btn btn-primary"],
            ["删去", true, "btn btn-bad"],
          ]);
          if (!sure) return;
          await drop(row.key);
          await changed();
        },
        "btn btn-quiet"
      )
    );
  }
  return make(
    "li",
    { class: "record", "data-state": row.state },
    make("b", {}, row.stop?.name || row.fields.name || KINDS[row.kind]),
    make(
      "p",
      {},
      make("span", { class: `ts-tag ts-tag-${kind}` }, words),
      ` ${KINDS[row.kind]}　${inWords(row.made)}${mine ? `　${mine} 张照片` : ""}`
    ),
    row.maybe && make("p", { class: "t2" }, "可能已经传上去，要先等系统答复，不能改。"),
    row.reason && make("div", { class: "err" }, ...reasonOf(row)),
    make("div", { class: "row-btn" }, ...ways)
  );
}

/** Lets the record go that is being changed, once it is no longer. */
let letGo = async () => {};

/** Hold a record that is to be changed, so that nobody sends it meanwhile: false if it is
    being sent, or changed on another page. */
function hold(key) {
  return new Promise((held) => {
    const over = alone(
      lockOf(key),
      () =>
        new Promise((done) => {
          letGo = () => {
            done(true);
            return over;
          };
          held(true);
        })
    );
    over.then(() => held(false));
  });
}

async function showRecord(key) {
  const held = await hold(key);
  const record = await get("records", key);
  if (!held || !record || record.author !== author?.id || onItsWay(record)) {
    await letGo();
    location.hash = "#/records";
    return;
  }
  await showForm(record, "改好后再存，会替换这台手机上还没上传的这一条。");
}

/* --- where one is --- */

// How far the route was scrolled when one left it for a shop: there one goes on.
let place = 0;
let onRoute = true;

async function show() {
  const [, where, what] = location.hash.split("/");
  if (onRoute) place = window.scrollY;
  onRoute = !where;
  await letGo();
  if (where === "visit") await showVisit(what);
  else if (where === "door") await showDoor(what);
  else if (where === "demand") await showDemand(what);
  else if (where === "record") await showRecord(what);
  else if (where === "records") await showRecords();
  else await showRoute();
  window.scrollTo(0, onRoute ? place : 0);
  document.getElementById("main").focus({ preventScroll: true });
}

async function begin() {
  route = await todaysRoute();
  author = route?.author || (await owner());
  window.addEventListener("hashchange", show);
  await show();
  start(SYNC, drawStanding);
  if ("serviceWorker" in navigator) {
    navigator.serviceWorker.register(WORKER, { scope: "/", updateViaCache: "none" });
  }
  navigator.storage?.persist?.();
  const asked = location.hash.split("/")[1];
  if (navigator.onLine && !FORMS.has(asked)) {
    const fresh = await fetchRoute(ROUTE);
    if (!fresh) return;
    route = fresh;
    author = fresh.author;
    // Whoever is under way on the page by keyboard keeps the place and the focus.
    const now = location.hash.split("/")[1];
    if (now === "records") await showRecords();
    else if (!FORMS.has(now)) await showRoute();
  }
}

begin();
