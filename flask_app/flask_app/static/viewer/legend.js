// What the colours mean, how closely one looks, and what lies under the pointer.

import { partsOf } from "./controls.js";
import { drawSample } from "./defect-table.js";
import { number, percent } from "../format.js";
import { heatColour, styleOf } from "./palette.js";

export class Legend {
  constructor(root, sheet) {
    this.sheet = sheet;
    this.parts = partsOf(root);
    this.exports = [...document.querySelectorAll("a[data-export]")];
    this.samples = [...root.querySelectorAll("[data-class]")];
    this.pixel = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    drawScale(this.parts.scale);
  }

  show(state, camera, defects) {
    this.parts.zoom.textContent = `${number(100 * camera.scale * window.devicePixelRatio)}\u202f%`;
    this.parts.tick.setAttribute("x", 100 * state.threshold);
    const found = new Set(defects.map(({ kind }) => kind));
    for (const sample of this.samples) sample.classList.toggle("absent", !found.has(Number(sample.dataset.class)));
    this.parts.readout.textContent = state.pointer ? this.readout(state.pointer) : "";
  }

  /** Give each class the look of its outlines. */
  colour(byClass) {
    for (const sample of this.samples)
      drawSample(sample.querySelector("path"), styleOf(Number(sample.dataset.class), byClass));
  }

  /** Have what is exported be what one sees. */
  exportAt(threshold) {
    for (const link of this.exports) {
      const { searchParams } = new URL(link.href);
      if (threshold === this.sheet.threshold) searchParams.delete("threshold");
      else searchParams.set("threshold", threshold);
      link.search = searchParams;
    }
  }

  readout({ x, y }) {
    const { width, height, map, classes, class_names: names } = this.sheet;
    const [column, row] = [Math.floor(x), Math.floor(y)];
    if (column < 0 || row < 0 || column >= width || row >= height) return "";
    const at = row * width + column;
    return `x ${column}, y ${row} · grey ${this.greyAt(column, row)} · probability ${percent(map.data[at] / 255)} · ${names[classes.data[at]]}`;
  }

  // of a coloured picture as OpenCV and ITU-R BT.601 weigh it, which is what the model is given
  greyAt(x, y) {
    this.pixel.drawImage(this.sheet.picture, x, y, 1, 1, 0, 0, 1, 1);
    const [red, green, blue] = this.pixel.getImageData(0, 0, 1, 1).data;
    return Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
  }
}

function drawScale(canvas) {
  const context = canvas.getContext("2d");
  const column = context.createImageData(256, 1);
  for (let value = 0; value < 256; value++) column.data.set([...heatColour(value), 255], 4 * value);
  context.putImageData(column, 0, 0);
}
