// Where on the sheet one looks, and how closely: one camera for all pictures of a sheet, which have one size.

const MOST = 40;
// smaller than to fit only where that would enlarge the sheet
const LEAST = 0.25;
// a box that is shown takes this share of the view
const SHARE = 0.5;

/** Looks at the point (x, y) of a sheet, in px, with `scale` px of the screen for each. */
export class Camera {
  constructor(width, height) {
    this.sheet = { width, height };
    this.view = { width: 1, height: 1 };
    this.fit();
  }

  get fitScale() {
    return Math.min(this.view.width / this.sheet.width, this.view.height / this.sheet.height);
  }

  get place() {
    return this.fitted ? null : { x: this.x, y: this.y, scale: this.scale };
  }

  /** Take another size of the view; what was fitted stays so. */
  resize(width, height) {
    this.view = { width, height };
    if (this.fitted) this.fit();
    else this.look(this);
  }

  fit() {
    this.look({ x: this.sheet.width / 2, y: this.sheet.height / 2, scale: this.fitScale });
    this.fitted = true;
  }

  /** Look at a place, as far as there is anything to see. */
  look({ x, y, scale }) {
    this.scale = this.allowed(scale);
    this.x = within(x, this.view.width / this.scale, this.sheet.width);
    this.y = within(y, this.view.height / this.scale, this.sheet.height);
    this.fitted = false;
  }

  allowed(scale) {
    return Math.min(Math.max(scale, Math.min(this.fitScale, LEAST)), MOST);
  }

  panBy(right, down) {
    this.look({ x: this.x + right / this.scale, y: this.y + down / this.scale, scale: this.scale });
  }

  /** Zoom so that the point of the sheet at (x, y) of the view stays there; by default the middle. */
  zoomBy(factor, x = this.view.width / 2, y = this.view.height / 2) {
    const [before, from] = [this.toSheet(x, y), this.scale];
    this.scale = this.allowed(from * factor);
    const after = this.toSheet(x, y);
    const reached = this.scale <= this.fitScale * 1.001 && factor < 1;
    if (reached) this.fit();
    else this.look({ x: this.x + before.x - after.x, y: this.y + before.y - after.y, scale: this.scale });
  }

  /** Show a box [x, y, width, height] with what surrounds it. */
  show([x, y, width, height]) {
    const scale = SHARE * Math.min(this.view.width / width, this.view.height / height);
    // never smaller than the whole sheet: there is nothing around it to see
    this.look({ x: x + width / 2, y: y + height / 2, scale: Math.max(Math.min(scale, MOST / 4), this.fitScale) });
  }

  toSheet(x, y) {
    return {
      x: this.x + (x - this.view.width / 2) / this.scale,
      y: this.y + (y - this.view.height / 2) / this.scale,
    };
  }

  toView(x, y) {
    return {
      x: (x - this.x) * this.scale + this.view.width / 2,
      y: (y - this.y) * this.scale + this.view.height / 2,
    };
  }
}

// the middle of what is seen: half of it from either edge, or the sheet's own where all of it is seen
const within = (middle, seen, all) =>
  seen >= all ? all / 2 : Math.min(Math.max(middle, seen / 2), all - seen / 2);
