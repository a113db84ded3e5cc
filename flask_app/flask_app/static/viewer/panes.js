// Draws the three pictures of a sheet through one camera: the original, the overlay and the heat map.

import { applyTones, SELECTED, styleOf, toneTable } from "./palette.js";

const LINE_PX = 2;
// a dark seam below each line: whatever the steel looks like, it is seen
const SEAM = "rgb(0 0 0 / 65%)";
const SEAM_PX = LINE_PX + 2;
const TINT = 0.2;
const CROSS = "rgb(255 255 255 / 55%)";
const LABEL_FONT_PX = 12;
const MOST_LABELS = 40;

export class Panes {
  constructor(root, sheet, camera) {
    this.sheet = sheet;
    this.camera = camera;
    this.canvases = [...root.querySelectorAll("canvas[data-picture]")];
    this.toned = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  }

  /** Fit the canvases to their places and the screen's density. Return whether that changed the view's size. */
  measure() {
    const seen = this.canvases.find((canvas) => canvas.clientWidth > 0);
    if (!seen) return false;
    const [width, height] = [seen.clientWidth, seen.clientHeight];
    this.density = window.devicePixelRatio || 1;
    for (const canvas of [...this.canvases, this.toned.canvas]) resize(canvas, width * this.density, height * this.density);
    this.camera.resize(width, height);
    return true;
  }

  /** Give the picture other tones; null for its own. */
  tone({ brightness, contrast, gamma }) {
    this.table = brightness || contrast || gamma !== 1 ? toneTable({ brightness, contrast, gamma }) : null;
  }

  /** Take the outlines of other defects, in px of the sheet; those of a class are drawn at once. */
  outline(rings, defects) {
    this.paths = rings.map(pathOf);
    this.ofClass = new Map();
    this.paths.forEach((path, index) => {
      const { kind } = defects[index];
      if (!this.ofClass.has(kind)) this.ofClass.set(kind, new Path2D());
      this.ofClass.get(kind).addPath(path);
    });
  }

  draw(state, defects) {
    if (this.table) this.drawToned(state);
    for (const canvas of this.canvases)
      if (canvas.clientWidth > 0) this.drawOne(canvas.dataset.picture, canvas.getContext("2d"), state, defects);
  }

  drawOne(picture, context, state, defects) {
    if (picture !== "heat" && this.table) this.begin(context).drawImage(this.toned.canvas, 0, 0);
    else this.drawPicture(context, picture === "heat" ? this.sheet.heat : this.sheet.picture, state);
    this.toSheet(context);
    if (picture === "overlay" && state.overlay) this.drawDefects(context, state);
    if (picture === "heat") this.drawEdges(context);
    this.drawSelected(context, state);
    if (picture === "overlay" && state.overlay) this.drawLabels(context, state, defects);
    if (state.pointer) this.drawCross(context, state.pointer);
  }

  begin(context) {
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    return context;
  }

  drawPicture(context, picture, { smooth }) {
    this.toSheet(this.begin(context));
    context.imageSmoothingEnabled = smooth;
    context.imageSmoothingQuality = "medium";
    context.drawImage(picture, 0, 0);
  }

  // only what is seen, whatever the size of the sheet: a frame is short
  drawToned(state) {
    const { toned, sheet, camera, density } = this;
    this.drawPicture(toned, sheet.picture, state);
    const from = camera.toView(0, 0);
    const to = camera.toView(sheet.width, sheet.height);
    const [left, top] = [from.x, from.y].map((place) => Math.max(Math.floor(place * density), 0));
    const right = Math.min(Math.ceil(to.x * density), toned.canvas.width);
    const bottom = Math.min(Math.ceil(to.y * density), toned.canvas.height);
    const pixels = toned.getImageData(left, top, right - left, bottom - top);
    applyTones(pixels, this.table);
    toned.putImageData(pixels, left, top);
  }

  toSheet(context) {
    const { camera, density } = this;
    const corner = camera.toView(0, 0);
    const scale = camera.scale * density;
    context.setTransform(scale, 0, 0, scale, corner.x * density, corner.y * density);
  }

  drawDefects(context, state) {
    for (const [kind, path] of this.ofClass) {
      const style = styleOf(kind, state.colours);
      context.globalAlpha = (TINT * state.opacity) / 100;
      context.fillStyle = style.colour;
      context.fill(path, "evenodd");
      context.globalAlpha = state.opacity / 100;
      this.stroke(context, path, SEAM, SEAM_PX);
      this.stroke(context, path, style.colour, LINE_PX, style.dash);
    }
    context.globalAlpha = 1;
  }

  drawEdges(context) {
    for (const path of this.ofClass.values()) this.stroke(context, path, SELECTED, 1);
  }

  drawSelected(context, { selected, hovered }) {
    for (const index of new Set([selected, hovered]))
      if (this.paths[index]) {
        this.stroke(context, this.paths[index], SEAM, SEAM_PX + 3);
        this.stroke(context, this.paths[index], SELECTED, LINE_PX + 1);
      }
  }

  // widths and gaps are those of the screen, however closely one looks
  stroke(context, path, colour, width, dash = []) {
    const unit = 1 / this.camera.scale;
    context.lineWidth = width * unit;
    context.lineJoin = "round";
    context.setLineDash(dash.map((length) => length * unit));
    context.strokeStyle = colour;
    context.stroke(path);
  }

  drawLabels(context, state, defects) {
    context.setTransform(this.density, 0, 0, this.density, 0, 0);
    context.font = `600 ${LABEL_FONT_PX}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    defects.slice(0, MOST_LABELS).forEach((defect, index) => {
      const { x, y } = this.camera.toView(defect.box[0], defect.box[1]);
      const text = index === state.selected ? `${index + 1} ${defect.type}` : `${index + 1}`;
      drawLabel(context, text, x, y, styleOf(defect.kind, state.colours).colour);
    });
  }

  drawCross(context, { x, y }) {
    const { density } = this;
    const at = this.camera.toView(x, y);
    context.setTransform(density, 0, 0, density, 0, 0);
    context.fillStyle = CROSS;
    context.fillRect(Math.round(at.x), 0, 1, context.canvas.height / density);
    context.fillRect(0, Math.round(at.y), context.canvas.width / density, 1);
  }
}

function drawLabel(context, text, x, y, colour) {
  const width = context.measureText(text).width + 10;
  const height = LABEL_FONT_PX + 6;
  const left = Math.min(Math.max(x, 2), context.canvas.width / context.getTransform().a - width - 2);
  const top = Math.max(y - height - 3, 2);
  context.fillStyle = "#0d1113";
  context.beginPath();
  context.roundRect(left, top, width, height, 4);
  context.fill();
  context.fillStyle = colour;
  context.fillText(text, left + 5, top + height / 2 + 1);
}

// a canvas whose size is set is emptied, and made anew
function resize(canvas, width, height) {
  const [wide, high] = [width, height].map(Math.round);
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
}

function pathOf(rings) {
  const path = new Path2D();
  for (const ring of rings) {
    path.moveTo(ring[0], ring[1]);
    for (let at = 2; at < ring.length; at += 2) path.lineTo(ring[at], ring[at + 1]);
    path.closePath();
  }
  return path;
}
