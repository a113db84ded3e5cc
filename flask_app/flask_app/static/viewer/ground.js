// The sheet's picture and its heat map as the camera sees them, below all that is drawn on them. Scaling a picture takes
// longer than all outlines, so it is done only when one looks elsewhere or otherwise, not while the threshold moves.

import { applyTones, toneTable } from "./palette.js";

export class Ground {
  constructor(sheet, camera) {
    this.sheet = sheet;
    this.camera = camera;
    this.density = 1;
    this.table = null;
    this.tones = "";
    // its pixels are read where it has other tones
    this.picture = layer({ willReadFrequently: true });
    this.heat = layer();
  }

  /** Take another size, in px of the screen of which `density` make one of the page. */
  measure(width, height, density) {
    this.density = density;
    for (const { canvas } of [this.picture, this.heat]) resize(canvas, width, height);
  }

  /** Give the picture other tones. */
  tone({ brightness, contrast, gamma }) {
    this.table = brightness || contrast || gamma !== 1 ? toneTable({ brightness, contrast, gamma }) : null;
    this.tones = `${brightness} ${contrast} ${gamma}`;
  }

  /** Bring both to what the camera sees now. Return what tells this view from any other. */
  update(smooth) {
    const { camera, picture, density } = this;
    const { width, height } = picture.canvas;
    const view = [camera.x, camera.y, camera.scale, width, height, density, smooth, this.tones].join(" ");
    if (view === this.view) return view;
    this.view = view;
    this.draw(picture, this.sheet.picture, smooth);
    this.draw(this.heat, this.sheet.heat, smooth);
    if (this.table) this.applyTable();
    return view;
  }

  draw(context, image, smooth) {
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    this.toSheet(context);
    context.imageSmoothingEnabled = smooth;
    context.imageSmoothingQuality = "medium";
    context.drawImage(image, 0, 0);
  }

  // only what is seen, whatever the size of the sheet
  applyTable() {
    const { picture, sheet, camera, density } = this;
    const from = camera.toView(0, 0);
    const to = camera.toView(sheet.width, sheet.height);
    const [left, top] = [from.x, from.y].map((place) => Math.max(Math.floor(place * density), 0));
    const right = Math.min(Math.ceil(to.x * density), picture.canvas.width);
    const bottom = Math.min(Math.ceil(to.y * density), picture.canvas.height);
    const pixels = picture.getImageData(left, top, right - left, bottom - top);
    applyTones(pixels, this.table);
    picture.putImageData(pixels, left, top);
  }

  /** Have what is drawn on `context` be in px of the sheet. */
  toSheet(context) {
    const { camera, density } = this;
    const corner = camera.toView(0, 0);
    const scale = camera.scale * density;
    context.setTransform(scale, 0, 0, scale, corner.x * density, corner.y * density);
  }
}

const layer = (options) => document.createElement("canvas").getContext("2d", options);

/** Set a canvas's size where it has another. Return whether it had: that empties it. */
export function resize(canvas, width, height) {
  const [wide, high] = [width, height].map(Math.round);
  if (canvas.width === wide && canvas.height === high) return false;
  Object.assign(canvas, { width: wide, height: high });
  return true;
}
