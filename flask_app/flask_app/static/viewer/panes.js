// Draws the three pictures of a sheet through one camera: the original, the overlay and the heat map.

import { Ground, resize } from "./ground.js";
import { SELECTED, styleOf } from "./palette.js";

const LINE_PX = 2;
// a dark seam below each line: whatever the steel looks like, it is seen
const SEAM = "rgb(0 0 0 / 65%)";
const SEAM_PX = LINE_PX + 2;
const TINT = 0.2;
const CROSS = "rgb(255 255 255 / 55%)";
const LABEL_FONT_PX = 12;
const MOST_LABELS = 40;
// outlines with more corners take longer than a frame has to be drawn with seams and gaps; a browser without a graphics
// card draws a line of less than a pixel of the screen several times as fast as any other
const MANY_CORNERS = 2000;
const PLAIN_PX = 0.99;

export class Panes {
  constructor(root, sheet, camera) {
    this.sheet = sheet;
    this.camera = camera;
    this.canvases = [...root.querySelectorAll("canvas[data-picture]")];
    this.ground = new Ground(sheet, camera);
    this.drawn = new Map();
  }

  /** Fit the canvases to their places and the screen's density. Return whether that changed the view's size. */
  measure() {
    const seen = this.canvases.find((canvas) => canvas.clientWidth > 0);
    if (!seen) return false;
    const [width, height] = [seen.clientWidth, seen.clientHeight];
    this.density = window.devicePixelRatio || 1;
    for (const canvas of this.canvases)
      if (resize(canvas, width * this.density, height * this.density)) this.drawn.delete(canvas);
    this.ground.measure(width * this.density, height * this.density, this.density);
    this.camera.resize(width, height);
    return true;
  }

  /** Take the outlines of other defects, in px of the sheet. */
  outline(rings, defects) {
    this.rings = rings;
    this.kinds = defects.map(({ kind }) => kind);
    this.corners = rings.flat().reduce((sum, ring) => sum + ring.length / 2, 0);
    this.ofClass = new Map();
  }

  // those of a class are drawn at once; plainly, with no more corners than can be drawn in time
  paths() {
    const step = this.plain ? Math.ceil(this.corners / MANY_CORNERS) : 1;
    if (!this.ofClass.has(step)) {
      const paths = new Map();
      this.rings.forEach((rings, index) => {
        const kind = this.kinds[index];
        if (!paths.has(kind)) paths.set(kind, new Path2D());
        addRings(paths.get(kind), rings, step);
      });
      this.ofClass.set(step, paths);
    }
    return this.ofClass.get(step);
  }

  /** Draw all pictures; while the threshold is `moving`, many outlines are drawn plainly, and without numbers. */
  draw(state, defects, moving) {
    this.plain = moving && this.corners > MANY_CORNERS;
    const view = this.ground.update(state.smooth);
    for (const canvas of this.canvases) {
      if (canvas.closest("[data-shown]").hidden || this.isDrawn(canvas, view, state)) continue;
      this.drawOne(canvas.dataset.picture, canvas.getContext("2d"), state, defects);
    }
  }

  // the original has nothing on it but what is pointed at or selected, and plainly the heat map neither
  isDrawn(canvas, view, { pointer, selected, hovered }) {
    const bare = canvas.dataset.picture === "original" || (canvas.dataset.picture === "heat" && this.plain);
    const now = bare && !pointer && selected < 0 && hovered < 0 ? view : null;
    const before = this.drawn.get(canvas);
    this.drawn.set(canvas, now);
    return now !== null && now === before;
  }

  drawOne(picture, context, state, defects) {
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalCompositeOperation = "copy";
    context.drawImage((picture === "heat" ? this.ground.heat : this.ground.picture).canvas, 0, 0);
    context.globalCompositeOperation = "source-over";
    this.ground.toSheet(context);
    if (picture === "overlay" && state.overlay) this.drawDefects(context, state);
    if (picture === "heat" && !this.plain) this.drawEdges(context);
    this.drawSelected(context, state);
    if (picture === "overlay" && state.overlay && !this.plain) this.drawLabels(context, state, defects);
    if (state.pointer) this.drawCross(context, state.pointer);
  }

  drawDefects(context, state) {
    for (const [kind, path] of this.paths()) {
      const style = styleOf(kind, state.colours);
      context.globalAlpha = (TINT * state.opacity) / 100;
      context.fillStyle = style.colour;
      if (!this.plain) context.fill(path, "evenodd");
      context.globalAlpha = state.opacity / 100;
      if (!this.plain) this.stroke(context, path, SEAM, SEAM_PX);
      if (this.plain) this.stroke(context, path, style.colour, PLAIN_PX / this.density);
      else this.stroke(context, path, style.colour, LINE_PX, style.dash);
    }
    context.globalAlpha = 1;
  }

  drawEdges(context) {
    for (const path of this.paths().values()) this.stroke(context, path, SELECTED, 1);
  }

  drawSelected(context, { selected, hovered }) {
    for (const index of new Set([selected, hovered]))
      if (this.rings[index]) {
        const path = new Path2D();
        addRings(path, this.rings[index], 1);
        this.stroke(context, path, SEAM, SEAM_PX + 3);
        this.stroke(context, path, SELECTED, LINE_PX + 1);
      }
  }

  // widths and gaps are those of the screen, however closely one looks
  stroke(context, path, colour, width, dash = []) {
    const unit = 1 / this.camera.scale;
    context.lineWidth = width * unit;
    context.lineJoin = "bevel";
    context.setLineDash(dash.map((length) => length * unit));
    context.strokeStyle = colour;
    context.stroke(path);
  }

  drawLabels(context, state, defects) {
    context.setTransform(this.density, 0, 0, this.density, 0, 0);
    context.font = `600 ${LABEL_FONT_PX}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    const { width, height } = this.camera.view;
    defects.slice(0, MOST_LABELS).forEach((defect, index) => {
      const [left, top, wide, high] = defect.box;
      const { x, y } = this.camera.toView(left, top);
      const end = this.camera.toView(left + wide, top + high);
      if (end.x < 0 || end.y < 0 || x > width || y > height) return; // a label would stand on something else
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

// every `step`th corner of closed rings
function addRings(path, rings, step) {
  for (const ring of rings) {
    path.moveTo(ring[0], ring[1]);
    for (let at = 2 * step; at < ring.length; at += 2 * step) path.lineTo(ring[at], ring[at + 1]);
    path.closePath();
  }
}
