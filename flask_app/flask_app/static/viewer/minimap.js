// The whole sheet in small: where its defects lie and which part of it is seen. Pressing moves there.

import { styleOf } from "./palette.js";

const FRAME = "#ffffff";
// a defect is a spot of at least this size
const SPOT_PX = 3;

export class Minimap {
  constructor(canvas, panes, camera, moved) {
    this.canvas = canvas;
    this.panes = panes;
    this.camera = camera;
    canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
    for (const kind of ["pointerdown", "pointermove"])
      canvas.addEventListener(kind, (event) => {
        if (event.buttons && !camera.fitted) moved(this.placeOf(event));
      });
  }

  placeOf(event) {
    const scale = this.canvas.clientWidth / this.camera.sheet.width;
    return { x: event.offsetX / scale, y: event.offsetY / scale, scale: this.camera.scale };
  }

  measure() {
    const density = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(this.canvas.clientWidth * density);
    this.canvas.height = Math.round((this.canvas.width * this.camera.sheet.height) / this.camera.sheet.width);
  }

  draw(state, defects) {
    const context = this.canvas.getContext("2d");
    const scale = this.canvas.width / this.camera.sheet.width;
    context.imageSmoothingQuality = "medium";
    context.drawImage(this.panes.original, 0, 0, this.canvas.width, this.canvas.height);
    for (const { box, kind } of defects) {
      context.fillStyle = styleOf(kind, state.colours).colour;
      const [x, y, width, height] = box.map((value) => value * scale);
      context.fillRect(x, y, Math.max(width, SPOT_PX), Math.max(height, SPOT_PX));
    }
    this.drawFrame(context, scale);
  }

  drawFrame(context, scale) {
    const { camera } = this;
    const [width, height] = [camera.view.width, camera.view.height].map((side) => (side / camera.scale) * scale);
    context.strokeStyle = FRAME;
    context.lineWidth = 2;
    context.strokeRect(camera.x * scale - width / 2, camera.y * scale - height / 2, width, height);
  }
}
