// Draws each chart from the table beside it; a bar leads where its row's link leads.

import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
} from "../vendor/chart.js";

Chart.register(
  BarController,
  BarElement,
  CategoryScale,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
);

// days are counted in the reader's time zone, which only the reader's browser knows
const here = new URL(location.href);
const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
if (!here.searchParams.has("zone") && timeZone !== "UTC") {
  here.searchParams.set("zone", timeZone);
  location.replace(here);
}

// width and height of charts on paper, px
const PAPER = { wide: [640, 210], half: [300, 200] };

// what a series means, in the page's own colours
const COLOURS = {
  defect: "--defect",
  clean: "--accent",
  no_verdict: "--doubt",
  plain: "--muted",
};
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// lines of several series are drawn as the page's legend shows them
function lineStyle({ dataset }) {
  const sample = document.querySelector(`.series-${dataset.series}`);
  if (!sample) return null;
  const { stroke, strokeDasharray } = getComputedStyle(sample);
  return { stroke, dash: strokeDasharray === "none" ? [] : strokeDasharray.split(",").map(Number.parseFloat) };
}

// one value a row of the column with this heading; null where there is none
function series(heading, rows) {
  const column = [...heading.parentElement.children].indexOf(heading);
  const values = rows.map((row) => row.children[column].dataset.value).map((value) => (value ? Number(value) : null));
  const line = lineStyle(heading);
  const paint = rows.map((row) => line?.stroke ?? colour(COLOURS[row.dataset.series ?? heading.dataset.series]));
  return {
    label: heading.textContent,
    data: values,
    backgroundColor: paint,
    borderColor: paint[0],
    borderDash: line?.dash ?? [],
    borderWidth: heading.closest("[data-chart]").dataset.chart === "line" ? 2 : 0,
    borderRadius: 2,
    pointRadius: 3,
    maxBarThickness: 56,
  };
}

function axis(stacked, grid, unit) {
  const ticks = { color: colour("--muted"), maxRotation: 0, autoSkipPadding: 14, precision: 0 };
  if (unit) ticks.callback = (value) => `${value}\u202f${unit}`;
  return { stacked, ticks, beginAtZero: true, grid: { display: grid, color: colour("--line") }, border: { display: false } };
}

function options(section, links) {
  const { chart: kind, unit } = section.dataset;
  const across = kind === "across";
  const [categories, values] = [axis(kind === "stacked", false, ""), axis(kind === "stacked", true, unit)];
  const label = ({ dataset, raw }) => `${dataset.label}: ${raw.toLocaleString("en", { maximumFractionDigits: 1 })}${unit}`;
  return {
    animation: false,
    maintainAspectRatio: false,
    indexAxis: across ? "y" : "x",
    scales: across ? { x: values, y: categories } : { x: categories, y: values },
    interaction: { mode: "index", axis: across ? "y" : "x", intersect: false },
    plugins: { tooltip: { callbacks: { label } } },
    onHover: (event, [found]) => event.native.target.classList.toggle("chart-hit", Boolean(found)),
    onClick: (_event, [found]) => found && location.assign(links[found.index]),
  };
}

function draw(section) {
  const canvas = section.querySelector("canvas");
  Chart.getChart(canvas)?.destroy();
  const rows = [...section.querySelectorAll("tbody tr")];
  const links = rows.map((row) => row.querySelector("a").href);
  return new Chart(canvas, {
    type: section.dataset.chart === "line" ? "line" : "bar",
    data: {
      labels: rows.map((row) => row.querySelector("a").textContent),
      datasets: [...section.querySelectorAll("thead [data-series]")].map((heading) => series(heading, rows)),
    },
    options: options(section, links),
  });
}

Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
// three quarters of the size of text that the browser is set to
Chart.defaults.font.size = 0.75 * Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
const sections = [...document.querySelectorAll("[data-chart]")];
async function drawAll() {
  for (const section of sections) {
    draw(section);
    // the page answers between two charts: all together would hold it up
    await new Promise((resolve) => setTimeout(resolve));
  }
}
let drawing = drawAll();
const redraw = () => (drawing = drawing.then(drawAll));
matchMedia("(prefers-color-scheme: light)").addEventListener("change", redraw);
// a browser that prints waits for nobody: all are drawn at once, in the colours of paper and for its width
matchMedia("print").addEventListener("change", ({ matches }) => {
  if (!matches) redraw();
  else for (const section of sections) draw(section).resize(...PAPER[section.matches(".chart-wide") ? "wide" : "half"]);
});
