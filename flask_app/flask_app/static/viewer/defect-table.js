// The table of defects: sorted by any column, in px or mm, and linked with the pictures.

import { number, percent } from "../format.js";
import { areaDecimalsOf, decimalsOf } from "./measure.js";
import { styleOf } from "./palette.js";

// as many as one looks through; more are many elements, and are made when they are asked for
const FIRST_ROWS = 25;
const WAITING = "\u2026";
// the same values on the sheet, and how many digits each has at a scale
const ON_SHEET = {
  area_px: { name: "area_mm2", unit: "mm²", digits: areaDecimalsOf },
  length_px: { name: "length_mm", unit: "mm", digits: decimalsOf },
  width_px: { name: "width_mm", unit: "mm", digits: decimalsOf },
};
// areas are in the same order in px; lengths are not where a pixel is no square
const LENGTHS = { length_px: "length_mm", width_px: "width_mm" };
const RANGES = { area_px: "area_px_range", length_px: "length_px_range" };
const SHARES = ["type_probability", "mean_probability", "max_probability"];

export class DefectTable {
  /** `told` has sorted(column), picked(index) and pointed(index); an index is that of a defect, -1 for none. */
  constructor(root, { most_rows, scale }, told) {
    this.root = root;
    this.mostRows = most_rows;
    this.scale = scale;
    this.told = told;
    this.body = root.querySelector("tbody");
    this.template = root.querySelector("template").content.firstElementChild;
    this.note = root.querySelector("[data-part=rows-note]");
    this.empty = root.querySelector("[data-part=rows-none]");
    this.more = root.querySelector("[data-part=rows-more]");
    this.shown = FIRST_ROWS;
    this.isPrinted = false;
    // a change of the medium is not told by every browser
    addEventListener("beforeprint", () => this.print(true));
    addEventListener("afterprint", () => this.print(false));
    this.more.addEventListener("click", () => this.showAll());
    for (const heading of root.querySelectorAll("thead th")) this.makeSortable(heading);
    this.listen();
  }

  makeSortable(heading) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => this.told.sorted(heading.dataset.field));
    heading.append(button);
  }

  listen() {
    const indexOf = (event) => Number(event.target.closest("tr")?.dataset.index ?? -1);
    this.body.addEventListener("click", (event) => this.told.picked(indexOf(event)));
    this.body.addEventListener("pointerover", (event) => this.told.pointed(indexOf(event)));
    this.body.addEventListener("pointerleave", () => this.told.pointed(-1));
    this.body.addEventListener("focusin", (event) => this.told.pointed(indexOf(event)));
    this.body.addEventListener("focusout", () => this.told.pointed(-1));
  }

  /** Show the rows of `defects`, in the order that `state` wants. */
  show(defects, state) {
    const focused = document.activeElement?.closest?.("tr")?.dataset.index;
    this.latest = [defects, state];
    const listed = sorted(defects, state).slice(0, this.mostRows);
    const shown = this.isPrinted ? this.mostRows : this.shown;
    this.body.replaceChildren(...listed.slice(0, shown).map(({ defect, index }) => this.row(defect, index, state)));
    this.more.hidden = listed.length <= shown;
    this.more.textContent = `List all ${listed.length}`;
    this.note.hidden = defects.length <= this.mostRows;
    this.note.textContent = `${this.mostRows} of ${number(defects.length)} are listed; the record has them all.`;
    this.empty.hidden = defects.length > 0;
    this.root.querySelector("table").hidden = defects.length === 0;
    if (focused !== undefined) this.focus(focused);
    this.showOrder(state);
    this.mark(state);
  }

  // a row that is gone would leave the focus nowhere
  focus(index) {
    const [row, last] = [`[data-index="${index}"]`, "tr:last-child"].map((which) => this.body.querySelector(`${which} button`));
    (row ?? last ?? document.getElementById("threshold")).focus({ preventScroll: true });
  }

  // on paper nobody can ask for more; before the first rows are made, those of the page are there, which are all
  print(isPrinted) {
    this.isPrinted = isPrinted;
    if (this.latest) this.show(...this.latest);
  }

  showAll() {
    const next = this.shown;
    this.shown = this.mostRows;
    this.show(...this.latest);
    this.body.rows[next].querySelector("button").focus();
  }

  /** Mark the rows of the defects that are selected and pointed at. */
  mark(state) {
    const { selected, hovered } = state;
    // one that is picked on the picture is brought into the list
    if (selected >= 0 && this.shown < this.mostRows && !this.body.querySelector(`[data-index="${selected}"]`)) {
      this.shown = this.mostRows;
      this.show(this.latest[0], state);
      return;
    }
    for (const row of this.body.rows) {
      const index = Number(row.dataset.index);
      row.classList.toggle("row-pointed", index === hovered);
      row.classList.toggle("row-selected", index === selected);
      row.querySelector("button").setAttribute("aria-pressed", index === selected);
    }
  }

  row(defect, index, state) {
    const row = document.importNode(this.template, true);
    row.dataset.index = index;
    const [heading, ...cells] = row.cells;
    heading.querySelector(".ordinal").textContent = index + 1;
    heading.querySelector(".row-type").textContent = defect.type;
    drawSample(heading.querySelector("path"), styleOf(defect.kind, state.colours));
    for (const cell of cells) fill(cell, defect, state.unit, this.scale);
    return row;
  }

  showOrder({ sort, falling }) {
    for (const heading of this.root.querySelectorAll("thead th"))
      heading.ariaSort = heading.dataset.field !== sort ? null : falling ? "descending" : "ascending";
  }
}

/** Give an SVG path the look of a class's outlines. */
export function drawSample(path, { colour, dash }) {
  path.setAttribute("stroke", colour);
  path.setAttribute("stroke-dasharray", dash.join(" "));
}

/** Return {defect, index} of each defect in the order that is wanted, by what is shown. */
export function sorted(defects, { sort, falling, unit }) {
  const shown = unit === "mm" ? LENGTHS[sort] : sort;
  const value = ({ defect }) => (sort === "box" ? defect.box[0] : (defect[shown] ?? defect[sort]));
  const rows = defects.map((defect, index) => ({ defect, index }));
  return rows.sort((a, b) => compare(value(a), value(b), falling) || a.index - b.index);
}

// what is not known comes last in either order
function compare(a, b, falling) {
  if (a == null || b == null) return (a == null) - (b == null);
  return (falling ? -1 : 1) * (typeof a === "string" ? a.localeCompare(b) : a - b);
}

function fill(cell, defect, unit, scale) {
  const { field } = cell.dataset;
  if (field !== "box" && defect[field] == null) cell.textContent = field in defect ? number(null) : WAITING;
  else if (SHARES.includes(field)) cell.textContent = percent(defect[field]);
  else if (field === "orientation_deg") cell.textContent = `${number(defect[field])}°`;
  else if (field === "box") cell.replaceChildren(...placeAndSize(defect.box));
  else cell.replaceChildren(...measurement(field, defect, unit, scale));
}

const placeAndSize = ([x, y, width, height]) => [`${x}, ${y}`, smaller(`${width} × ${height}\u202fpx`)];

function measurement(field, defect, unit, scale) {
  const digits = field === "length_px" || field === "width_px" ? 1 : 0;
  const inPx = withUnit(number(defect[field], digits), "px");
  const range = defect[RANGES[field]];
  const small = range ? [`${number(Math.min(...range), digits)} to ${number(Math.max(...range), digits)}`] : [];
  const onSheet = ON_SHEET[field];
  if (!onSheet || defect[onSheet.name] == null) return [...inPx, ...small.map(smaller)];
  const inMm = number(defect[onSheet.name], onSheet.digits(scale));
  if (unit === "mm") return [...withUnit(inMm, onSheet.unit), smaller(`${number(defect[field], digits)} px`)];
  return [...inPx, ...small.map(smaller), smaller(`${inMm} ${onSheet.unit}`)];
}

const withUnit = (text, unit) => [text, element("span", "unit", `\u202f${unit}`)];
const smaller = (text) => element("small", "", text);

function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}
