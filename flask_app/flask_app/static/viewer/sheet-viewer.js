// <sheet-viewer>: the pictures of a sheet, its threshold and its defects as one. Its parts are told of every change of
// one state, and draw it in one frame.

import { Camera } from "./camera.js";
import { Controls } from "./controls.js";
import { DefectTable } from "./defect-table.js";
import { Gestures } from "./gestures.js";
import { Legend } from "./legend.js";
import { Link, readState } from "./link.js";
import { highestPixel, measure } from "./measure.js";
import { Minimap } from "./minimap.js";
import { traceOutlines } from "./outline.js";
import { Panes } from "./panes.js";
import { findRegions, regionAt } from "./regions.js";
import { Replay } from "./replay.js";
import { loadSheet } from "./sheet.js";
import { Shortcuts } from "./shortcuts.js";
import { ThresholdBar } from "./threshold-bar.js";
import { actionsOf, defaultsOf, LOOK, PICTURES, rangesOf } from "./view-state.js";

// rows and links are many elements: they are brought up to date once the slider pauses
const ROWS_AFTER_MS = 100;
// a sheet that would be lower than this when all of it is shown is shown by its full height, at its first defect
const LEAST_HEIGHT_PX = 80;
const OF_THE_SERVICE = ["length_px", "length_px_range", "width_px", "orientation_deg", "area_px_range"];
const UNANSWERED = Object.fromEntries(OF_THE_SERVICE.map((name) => [name, null]));

class SheetViewer extends HTMLElement {
  async connectedCallback() {
    try {
      this.sheet = await loadSheet(this);
    } catch (error) {
      console.warn("The viewer shows the stored pictures only.", error);
      this.showStored();
      return;
    }
    this.assemble();
    // the page answers between the steps: together they would hold it up
    await new Promise((resolve) => setTimeout(resolve));
    this.begin();
  }

  // the inspection's own pictures, in place of what is shown until the viewer draws
  showStored() {
    for (const source of this.querySelectorAll("picture source")) source.remove();
    this.dataset.state = "plain";
    this.querySelector(".viewer-trouble").hidden = false;
  }

  assemble() {
    const { sheet } = this;
    const change = (changes) => this.change(changes);
    this.camera = new Camera(sheet.width, sheet.height);
    this.actions = actionsOf(this);
    this.panes = new Panes(this, sheet, this.camera);
    this.minimap = new Minimap(this.querySelector("[data-part=minimap]"), sheet.picture, this.camera, (place) => {
      this.camera.look(place);
      this.redraw();
    });
    this.gestures = new Gestures(this.querySelector(".panes"), this.camera, {
      moved: () => this.redraw(),
      pointed: (place) => change({ pointer: place, hovered: place ? this.regionAt(place) : -1 }),
      picked: (place) => change({ selected: this.regionAt(place) }),
    });
    this.controls = new Controls(this, change, this.actions);
    this.bar = new ThresholdBar(this, sheet, change);
    this.legend = new Legend(this, sheet);
    this.table = new DefectTable(this.querySelector(".defects"), sheet, {
      sorted: (sort) => change({ sort, falling: this.state.sort === sort ? !this.state.falling : sort !== "type" }),
      picked: (index) => this.select(index === this.state.selected ? -1 : index),
      pointed: (hovered) => change({ hovered }),
    });
    this.unanswered = this.querySelector("[data-part=unanswered]");
    this.replay = new Replay(sheet, (answer) => this.answered(answer));
    this.shortcuts = new Shortcuts(document.getElementById("shortcuts"), this.actions);
  }

  begin() {
    this.defaults = defaultsOf(this.sheet);
    this.ranges = rangesOf(this);
    this.link = new Link(this.defaults, LOOK, [...document.querySelectorAll("a[data-neighbour]")]);
    this.parts = [...this.children];
    this.dataset.state = "ready";
    for (const fieldset of this.querySelectorAll("fieldset")) fieldset.disabled = false;
    this.minimap.measure();
    this.take(window.location.hash);
    window.addEventListener("hashchange", () => {
      // the skip link's fragment is a place of the page, not a view
      if (!document.getElementById(window.location.hash.slice(1))) this.take(window.location.hash);
    });
    window.addEventListener("beforeprint", () => this.printing());
    window.addEventListener("afterprint", () => this.printed());
    new ResizeObserver(() => this.resized()).observe(this.querySelector(".panes"));
  }

  /** Show what a link says: all else is as at first. */
  take(fragment) {
    const { changes, place } = readState(fragment, this.defaults, this.ranges);
    this.state = { ...this.defaults, ...changes, pointer: null, hovered: -1 };
    this.arrange();
    // what the link selects is at its own threshold
    this.found = null;
    this.recut();
    this.drawn = Object.fromEntries([...PICTURES, "threshold"].map((name) => [name, this.state[name]]));
    if (place) this.camera.look(place);
    else this.lookAtFirst();
    this.redraw();
  }

  lookAtFirst() {
    const { camera, sheet, defects } = this;
    camera.fit();
    if (sheet.height * camera.scale >= LEAST_HEIGHT_PX) return;
    const [x, , width] = defects[0]?.box ?? [0, 0, sheet.width];
    camera.look({ x: x + width / 2, y: sheet.height / 2, scale: camera.view.height / sheet.height });
  }

  /** Change the state; what depends on it is drawn in the next frame. */
  change(changes) {
    Object.assign(this.state, changes);
    this.redraw();
  }

  redraw() {
    this.waiting ??= requestAnimationFrame(() => this.frame());
  }

  /** Have the keyboard go through the parts as the eye does: a narrow screen shows them in another order. */
  orderParts() {
    const place = (part) => Number(getComputedStyle(part).order);
    const seen = this.parts.toSorted((a, b) => place(a) - place(b));
    if (seen.every((part, index) => part === this.children[index])) return;
    const focused = this.contains(document.activeElement) && document.activeElement;
    this.append(...seen);
    if (focused) focused.focus({ preventScroll: true });
  }

  // on paper nothing tells that a picture is a part of the sheet, or that its outlines are hidden
  printing() {
    const { overlay, opacity } = this.state;
    this.before = { place: this.camera.place, look: { overlay, opacity } };
    this.lookAtFirst();
    Object.assign(this.state, { overlay: true, opacity: 100 });
    this.frame();
  }

  printed() {
    const { place, look } = this.before;
    if (place) this.camera.look(place);
    else this.camera.fit();
    Object.assign(this.state, look);
    this.frame();
  }

  resized() {
    this.orderParts();
    this.panes.measure();
    this.minimap.measure();
    this.redraw();
  }

  /** Bring everything that is seen to the state. */
  frame() {
    const { state } = this;
    const changed = (...names) => names.some((name) => this.drawn[name] !== state[name]);
    this.waiting = null;
    if (changed(...PICTURES)) this.arrange();
    if (changed("threshold")) this.recut();
    if (changed("brightness", "contrast", "gamma")) this.panes.ground.tone(state);
    if (changed("colours", "unit", "sort", "falling")) this.table.show(this.defects, state);
    if (changed("colours")) this.legend.colour(state.colours);
    if (changed("selected", "hovered")) this.table.mark(state);
    this.panes.draw(state, this.defects, changed("threshold"));
    this.minimap.draw(state, this.defects);
    this.gestures.settle();
    if (changed(...LOOK)) this.controls.show(state);
    this.legend.show(state, this.camera, this.defects);
    this.link.write(state, this.camera.place);
    this.drawn = { ...state };
  }

  arrange() {
    for (const name of PICTURES) this.querySelector(`[data-shown=${name}]`).hidden = !this.state[name];
    this.panes.measure();
  }

  recut() {
    const { sheet, state } = this;
    const peak = this.found?.regions[state.selected] && highestPixel(this.found, state.selected, sheet.map);
    this.found = findRegions(sheet.map, state.threshold, sheet.rule);
    this.defects = measure(this.found, sheet.map, sheet.classes, sheet.class_names);
    this.panes.outline(traceOutlines(this.found, sheet.width, sheet.height), this.defects);
    // whatever the threshold, the highest pixel of a defect stays in it
    if (peak) state.selected = regionAt(this.found.runs, ...peak);
    if (state.threshold === sheet.threshold) this.judged();
    else this.replay.ask(state.threshold);
    this.bar.show(state, this.found);
    clearTimeout(this.rows);
    this.rows = setTimeout(() => this.rest(), ROWS_AFTER_MS);
  }

  rest() {
    this.legend.exportAt(this.state.threshold);
    this.table.show(this.defects, this.state);
    this.redraw();
  }

  // the answer to an earlier threshold would come too late
  judged() {
    this.replay.cancel();
    this.unanswered.hidden = true;
    this.detail(this.sheet.defects);
    // the page came with no more than these
    if (this.sheet.defects.length === this.sheet.most_rows) this.replay.ask(this.sheet.threshold);
  }

  answered({ defects, why }) {
    this.unanswered.hidden = !why;
    if (why) this.unanswered.textContent = `${why} Lengths, widths, angles and ranges at this threshold are not known.`;
    if (defects) this.detail(defects);
    else this.defects = this.defects.map((defect) => ({ ...UNANSWERED, ...defect }));
    this.table.show(this.defects, this.state);
    this.redraw();
  }

  // the service's figures for the regions that were found here, which are the same
  detail(defects) {
    const known = new Map(defects.map((defect) => [String(defect.box) + defect.area_px, defect]));
    this.defects = this.defects.map((defect) => ({ ...defect, ...known.get(String(defect.box) + defect.area_px) }));
  }

  regionAt({ x, y }) {
    return regionAt(this.found.runs, Math.floor(x), Math.floor(y));
  }

  select(index) {
    if (this.defects[index]) this.camera.show(this.defects[index].box);
    this.change({ selected: index });
  }
}

customElements.define("sheet-viewer", SheetViewer);
