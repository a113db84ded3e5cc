// The whole sheet in small: where its defects lie and which part of it is seen. Pressing moves there.

import { styleOf } from "./palette.js";

const FRAME = "#ffffff";
// a defect is a spot of at least this size
const SPOT_PX = 3;

export class Minimap {
  constructor(canvas, picture, camera, moved) {
    this.canvas = canvas;
    this.picture = picture;
    this.camera = camera;
    // its size on the page is the one that the page gave it, whatever the screen's density
    [canvas.style.width, canvas.style.height] = [`${canvas.width}px`, `${canvas.height}px`];
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
    const { canvas, camera, picture } = this;
    const density = window.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * density);
    // it is not on paper
    if (!width || (canvas.width === width && this.small)) return;
    [canvas.width, canvas.height] = [width, Math.round((width * camera.sheet.height) / camera.sheet.width)];
    // drawn small once: a large picture would take longer than a frame has
    this.small = new OffscreenCanvas(canvas.width, canvas.height);
    const context = this.small.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  }

  draw(state, defects) {
    if (!this.small) return;
    const context = this.canvas.getContext("2d");
    const scale = this.canvas.width / this.camera.sheet.width;
    context.drawImage(this.small, 0, 0);
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
