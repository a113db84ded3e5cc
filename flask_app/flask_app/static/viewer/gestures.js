// Turns mouse, touch and keys upon the pictures into moves of the camera, and points at defects.

const WHEEL_STEP = 1.0015;
// browsers tell two fingers on a touchpad as a wheel with Ctrl, whose steps are small; a wheel's own are large
const [PINCH, MOST_AT_ONCE] = [8, 150];
const KEY_STEP = 1.25;
const PAN_SHARE = 0.15;
// a press that moves less than this is a click
const CLICK_PX = 4;
const LINE_PX = 16;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Gestures {
  /** `told` has moved(), pointed(place | null) and picked(place); places are px of the sheet. */
  constructor(panes, camera, told) {
    this.panes = panes;
    this.camera = camera;
    this.told = told;
    this.pointers = new Map();
    const listen = (kind, handle) => panes.addEventListener(kind, handle.bind(this), { passive: false });
    listen("wheel", this.wheel);
    listen("pointerdown", this.down);
    listen("pointermove", this.move);
    listen("pointerup", this.up);
    listen("pointercancel", this.up);
    listen("pointerleave", () => told.pointed(null));
    listen("dblclick", this.closer);
    listen("keydown", this.key);
  }

  /** Leave the page its scrolling by touch where the sheet has nothing to be moved to. */
  settle() {
    const { camera } = this;
    this.panes.classList.toggle("panes-move", camera.sheet.height * camera.scale > camera.view.height + 1);
  }

  // the wheel alone is the page's, whichever way it turns and however closely one looks
  wheel(event) {
    if (!isPicture(event.target)) return;
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PX : 1;
    const step = Math.min(Math.max(PINCH * event.deltaY * lines, -MOST_AT_ONCE), MOST_AT_ONCE);
    if (event.ctrlKey || event.metaKey) this.camera.zoomBy(WHEEL_STEP ** -step, event.offsetX, event.offsetY);
    else if (event.shiftKey && !this.camera.fitted) this.camera.panBy((event.deltaX || event.deltaY) * lines, 0);
    else return;
    event.preventDefault();
    this.told.moved();
  }

  down(event) {
    if (!isPicture(event.target) || event.button !== 0) return;
    this.panes.focus({ preventScroll: true });
    event.target.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, at(event));
    this.travelled = this.pointers.size > 1 ? CLICK_PX : 0;
  }

  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (isPicture(event.target) && event.pointerType !== "touch")
      this.told.pointed(this.camera.toSheet(event.offsetX, event.offsetY));
    if (!before) return;
    const now = at(event);
    this.travelled += Math.hypot(now.x - before.x, now.y - before.y);
    if (this.pointers.size === 2) this.pinch(event.pointerId, before, now);
    else if (this.travelled >= CLICK_PX) this.pan(event, before, now);
    this.pointers.set(event.pointerId, now);
    this.told.moved();
  }

  // a finger that has come to the sheet's edge goes on with the page: the pictures may fill all of a phone's screen
  pan({ pointerType }, before, now) {
    const { camera } = this;
    const { y } = camera;
    const [right, down] = [before.left - now.left, before.top - now.top];
    camera.panBy(right, down);
    const stuck = down - (camera.y - y) * camera.scale;
    if (pointerType === "touch" && Math.abs(stuck) >= 1) window.scrollBy({ top: stuck, behavior: "instant" });
  }

  pinch(moved, before, now) {
    const [, still] = [...this.pointers].find(([id]) => id !== moved);
    // on the screen: each finger may be on another picture
    const spread = (point) => Math.max(Math.hypot(point.left - still.left, point.top - still.top), 1);
    this.camera.zoomBy(spread(now) / spread(before), (now.x + still.x) / 2, (now.y + still.y) / 2);
    this.camera.panBy((before.x - now.x) / 2, (before.y - now.y) / 2);
  }

  up(event) {
    const pressed = this.pointers.delete(event.pointerId);
    if (pressed && event.type === "pointerup" && this.travelled < CLICK_PX)
      this.told.picked(this.camera.toSheet(event.offsetX, event.offsetY));
  }

  closer(event) {
    if (!isPicture(event.target)) return;
    this.camera.zoomBy(2, event.offsetX, event.offsetY);
    this.told.moved();
  }

  key(event) {
    const arrow = ARROWS[event.key];
    if (!arrow || event.target !== this.panes || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const [right, down] = arrow;
    this.camera.panBy(right * PAN_SHARE * this.camera.view.width, down * PAN_SHARE * this.camera.view.height);
    this.told.moved();
  }
}

export const closer = (camera) => camera.zoomBy(KEY_STEP);
export const farther = (camera) => camera.zoomBy(1 / KEY_STEP);

const isPicture = (target) => target instanceof HTMLCanvasElement && "picture" in target.dataset;
// in the picture, and on the screen, where the page may move under the finger
const at = (event) => ({ x: event.offsetX, y: event.offsetY, left: event.clientX, top: event.clientY });
