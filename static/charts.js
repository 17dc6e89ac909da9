/* Draws the tables of the dashboard as charts, once all else stands. Numbers and links
   are the tables' own; ears and keyboards keep to these, and so does paper. */
const boxes = [...document.querySelectorAll("[data-chart]")];
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// The rows of the table below a chart: what stands at the left, and its numbers.
function rowsOf(box, take) {
  const table = box.parentElement.querySelector("table") || box.closest("section").querySelector("table");
  return [...table.tBodies[0].rows].map((row) => ({ label: row.cells[0].textContent.trim(), ...take(row) }));
}

const point = (cell, words) => {
  const link = cell?.querySelector("a");
  return link ? { value: parseFloat(words(cell)), href: link.href } : { value: null };
};

function frame(names) {
  const quiet = colour("--ts-text-2");
  const text = { color: quiet, fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12 };
  return {
    animation: !still,
    animationDuration: 300,
    textStyle: text,
    legend: { data: names, top: 0, textStyle: text },
    tooltip: { trigger: "axis", renderMode: "richText", confine: true, valueFormatter: (value) => (value === null ? "无数据" : `${value.toFixed(1)}%`) },
    grid: { left: 44, right: 44, top: 30, bottom: 24 },
  };
}

const share = { type: "value", min: 0, max: 100, axisLabel: { formatter: "{value}%" } };

function trend(box) {
  const rows = rowsOf(box, (row) => ({
    formal: point(row.cells[1], (cell) => cell.textContent),
    effective: point(row.cells[2], (cell) => cell.textContent),
  }));
  const gold = colour("--ts-gold-700");
  const red = colour("--ts-brand");
  return {
    ...frame(["有形覆盖率", "有效覆盖率"]),
    xAxis: { type: "category", data: rows.map((row) => row.label), boundaryGap: false },
    yAxis: share,
    series: [
      { name: "有形覆盖率", type: "line", data: rows.map((row) => row.formal), symbol: "emptyCircle", symbolSize: 8, lineStyle: { type: "dashed", color: gold, width: 2 }, itemStyle: { color: gold } },
      { name: "有效覆盖率", type: "line", data: rows.map((row) => row.effective), symbol: "circle", symbolSize: 9, lineStyle: { color: red, width: 3 }, itemStyle: { color: red } },
    ],
  };
}

function grids(box) {
  const small = (cell) => cell.querySelector("small.t2").textContent;
  const rows = rowsOf(box, (row) => ({ formal: point(row.cells[2], small), effective: point(row.cells[3], small) })).reverse();
  box.style.height = `${60 + rows.length * 44}px`;
  return {
    ...frame(["有形覆盖率", "有效覆盖率"]),
    grid: { left: 110, right: 44, top: 30, bottom: 24 },
    xAxis: share,
    yAxis: { type: "category", data: rows.map((row) => row.label) },
    series: [
      { name: "有形覆盖率", type: "bar", barWidth: 12, data: rows.map((row) => row.formal), itemStyle: { color: colour("--ts-gold-100"), borderColor: colour("--ts-gold-700"), borderWidth: 1 } },
      { name: "有效覆盖率", type: "bar", barWidth: 12, data: rows.map((row) => row.effective), itemStyle: { color: colour("--ts-brand") } },
    ],
  };
}

function draw() {
  for (const box of boxes) {
    const options = { trend, grids }[box.dataset.chart](box);
    box.classList.add("drawn");
    const chart = window.echarts.init(box, null, { renderer: "canvas" });
    chart.setOption(options);
    chart.on("click", ({ data }) => data?.href && location.assign(data.href));
    new ResizeObserver(() => chart.resize()).observe(box);
  }
}

function load() {
  const script = document.createElement("script");
  script.src = boxes[0].dataset.draw;
  script.addEventListener("load", draw);
  document.head.append(script);
}

// A phone on a metered line keeps the drawing that came with the page.
if (boxes.length && !navigator.connection?.saveData) {
  const idle = window.requestIdleCallback || ((act) => setTimeout(act, 200));
  if (document.readyState === "complete") idle(load);
  else addEventListener("load", () => idle(load), { once: true });
}
