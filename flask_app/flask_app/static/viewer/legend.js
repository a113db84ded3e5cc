// What the colours mean, how closely one looks, and what lies under the pointer.

import { drawSample } from "./defect-table.js";
import { number, percent } from "./format.js";
import { heatColour, styleOf } from "./palette.js";

export class Legend {
  constructor(root, sheet) {
    this.sheet = sheet;
    this.part = (name) => root.querySelector(`[data-part="${name}"]`);
    this.exports = [...document.querySelectorAll("a[data-export]")];
    this.samples = [...root.querySelectorAll("[data-class]")];
    drawScale(this.part("scale"));
  }

  show(state, camera, defects) {
    this.part("zoom").textContent = `${number(100 * camera.scale * window.devicePixelRatio)}\u202f%`;
    this.part("tick").setAttribute("x", 100 * state.threshold);
    for (const sample of this.samples) {
      drawSample(sample.querySelector("path"), styleOf(Number(sample.dataset.class), state.colours));
      sample.classList.toggle("absent", !defects.some((defect) => defect.kind === Number(sample.dataset.class)));
    }
    this.part("readout").textContent = state.pointer ? this.readout(state.pointer) : "";
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
    const { width, height, map, classes, picture, class_names: names } = this.sheet;
    const [column, row] = [Math.floor(x), Math.floor(y)];
    if (column < 0 || row < 0 || column >= width || row >= height) return "";
    const at = row * width + column;
    const grey = picture.data[4 * at];
    return `x ${column}, y ${row} · grey ${grey} · probability ${percent(map.data[at] / 255)} · ${names[classes.data[at]]}`;
  }
}

function drawScale(canvas) {
  const context = canvas.getContext("2d");
  const column = context.createImageData(256, 1);
  for (let value = 0; value < 256; value++) column.data.set([...heatColour(value), 255], 4 * value);
  context.putImageData(column, 0, 0);
}
