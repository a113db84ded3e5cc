// The threshold: its slider with marks, what it finds, and what it is expected to miss and to call wrongly.

import { partsOf } from "./controls.js";
import { counted, measured, number, percent } from "../format.js";
import { areaDecimalsOf } from "./measure.js";
import { leastPeak } from "./regions.js";

const REST_MS = 300;

export class ThresholdBar {
  constructor(root, sheet, change) {
    this.sheet = sheet;
    this.parts = partsOf(root);
    this.slider = root.querySelector("#threshold");
    this.slider.addEventListener("input", () => change({ threshold: Number(this.slider.value) }));
    this.marks = [...root.querySelectorAll("[data-mark]")];
    for (const mark of this.marks) this.place(mark, change);
  }

  // the thumb's middle travels from half its width to half its width before the end: the marks do the same
  place(mark, change) {
    const threshold = Number(mark.dataset.mark);
    const share = (threshold - this.slider.min) / (this.slider.max - this.slider.min);
    mark.style.left = `calc(${share} * (100% - var(--thumb)) + var(--thumb) / 2)`;
    mark.classList.toggle("mark-right", share > 0.6);
    mark.addEventListener("click", () => change({ threshold }));
  }

  show({ threshold }, { regions, area, dropped }) {
    const { sheet, parts } = this;
    this.slider.value = threshold;
    this.slider.setAttribute("aria-valuetext", percent(threshold));
    parts.threshold.value = percent(threshold);
    parts.count.textContent = counted(regions.length, "defect");
    parts.area.textContent = areaInWords(area, sheet.scale);
    parts.share.textContent = percent(area / (sheet.width * sheet.height));
    // a disabled button would lose the focus that it has just been pressed with
    if (threshold === sheet.threshold && document.activeElement === parts.reset) this.slider.focus({ preventScroll: true });
    parts.reset.disabled = threshold === sheet.threshold;
    parts.judged.textContent = threshold === sheet.threshold ? "as judged" : `judged at ${percent(sheet.threshold)}`;
    for (const mark of this.marks) mark.setAttribute("aria-pressed", Number(mark.dataset.mark) === threshold);
    parts.dropped.textContent = droppedInWords(dropped, threshold, sheet.rule);
    this.showExpected(threshold);
    this.tellAtRest();
  }

  showExpected(threshold) {
    const point = nearest(this.sheet.points, threshold);
    if (!point) return;
    this.parts.misses.textContent = rate(point.misses_per_100);
    this.parts["false-calls"].textContent = rate(point.false_calls_per_100);
    this.parts["measured-at"].textContent = percent(point.threshold);
  }

  // a reader of the screen hears the answer, not every step to it
  tellAtRest() {
    clearTimeout(this.rest);
    this.rest = setTimeout(() => {
      const [count, area, share] = ["count", "area", "share"].map((name) => this.parts[name].textContent);
      const { told } = this.parts;
      told.textContent = `${told.dataset.before}${count}, ${area}, ${share} of the sheet`;
    }, REST_MS);
  }
}

// what is above the threshold and yet no defect, and why
function droppedInWords({ small, faint }, threshold, rule) {
  const said = [
    small && `${counted(small, "spot")} under ${measured(rule.min_region_px, "px")}`,
    faint && `${counted(faint, "spot")} nowhere as high as ${percent(leastPeak(threshold, rule))}`,
  ].filter(Boolean);
  return said.length ? `Not counted: ${said.join(", ")}.` : "Nothing above the threshold is left out.";
}

function areaInWords(area, scale) {
  const px = measured(area, "px");
  if (!scale) return px;
  return `${measured(area * scale.mm_per_px_x * scale.mm_per_px_y, "mm²", areaDecimalsOf(scale))} · ${px}`;
}

const nearest = (points, threshold) =>
  points.reduce(
    (best, point) => (best && Math.abs(best.threshold - threshold) <= Math.abs(point.threshold - threshold) ? best : point),
    null,
  );

const rate = ({ value, interval }) =>
  interval ? `${number(value, 1)} (${number(interval[0], 1)} to ${number(interval[1], 1)})` : number(value, 1);
