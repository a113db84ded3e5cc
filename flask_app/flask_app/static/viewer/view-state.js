// What a view of a sheet consists of, and what its buttons and keys do to it.

import { closer, farther } from "./gestures.js";
import { clamp } from "./link.js";

// the pictures that can be hidden
export const PICTURES = ["showOriginal", "showOverlay", "showHeat"];
// what goes along to the next sheet: how one looks, not what at
export const LOOK = [...PICTURES, "overlay", "opacity", "colours", "brightness", "contrast", "gamma", "smooth", "unit"];
const STEP = 0.005;
// by how much a key moves a tone's slider
const KEY_STEPS = { brightness: 10, contrast: 10, gamma: 0.1 };
const COPIED_FOR_MS = 2500;

/** Return the view of a sheet as it is at first. */
export const defaultsOf = (sheet) => ({
  threshold: sheet.threshold,
  showOriginal: true,
  showOverlay: true,
  showHeat: true,
  overlay: true,
  opacity: 100,
  colours: sheet.class_names.length > 1,
  brightness: 0,
  contrast: 0,
  gamma: 1,
  smooth: true,
  unit: "px",
  sort: "area_px",
  falling: true,
  selected: -1,
});

/** Return the least and the most that the sliders below `root` can be set to, by the names of what they set. */
export const rangesOf = (root) =>
  Object.fromEntries(
    [...root.querySelectorAll("input[type=range]")].map(({ id, dataset, min, max }) => [dataset.state ?? id, [Number(min), Number(max)]]),
  );

/** Return the viewer's actions by name: those of the buttons and of the keys. */
export function actionsOf(viewer) {
  const { camera } = viewer;
  const look = (move) => () => {
    move(camera);
    viewer.redraw();
  };
  return {
    ...togglesOf(viewer),
    ...stepsOf(viewer),
    ...tonesOf(viewer),
    closer: look(closer),
    farther: look(farther),
    fit: look(() => camera.fit()),
    actual: look(() => camera.look({ ...camera.toSheet(camera.view.width / 2, camera.view.height / 2), scale: 1 / window.devicePixelRatio })),
    copy: () => copy(viewer),
    help: () => viewer.shortcuts.open(),
  };
}

function togglesOf(viewer) {
  const toggle = (name) => () => viewer.change({ [name]: !viewer.state[name] });
  // the last picture stays
  const hide = (name) => () => {
    if (PICTURES.some((other) => other !== name && viewer.state[other])) toggle(name)();
  };
  return {
    ...Object.fromEntries(["overlay", "colours", "smooth"].map((name) => [name, toggle(name)])),
    ...Object.fromEntries(PICTURES.map((name) => [name, hide(name)])),
    unit: () => viewer.sheet.scale && viewer.change({ unit: viewer.state.unit === "px" ? "mm" : "px" }),
  };
}

function stepsOf(viewer) {
  const threshold = (step) => () => {
    const wanted = clamp(viewer.state.threshold + step, viewer.ranges.threshold);
    viewer.change({ threshold: Number(wanted.toFixed(3)) });
  };
  const defect = (step) => () => {
    const count = viewer.defects.length;
    const from = viewer.state.selected < 0 && step < 0 ? 0 : viewer.state.selected;
    if (count) viewer.select((from + step + count) % count);
  };
  return {
    lower: threshold(-STEP),
    higher: threshold(STEP),
    reset: () => viewer.change({ threshold: viewer.sheet.threshold }),
    nextDefect: defect(1),
    previousDefect: defect(-1),
    deselect: () => viewer.change({ selected: -1 }),
    nextSheet: () => document.querySelector("a[rel=next]")?.click(),
    previousSheet: () => document.querySelector("a[rel=prev]")?.click(),
  };
}

function tonesOf(viewer) {
  const step = (name, direction) => () => {
    const wanted = clamp(viewer.state[name] + direction * KEY_STEPS[name], viewer.ranges[name]);
    viewer.change({ [name]: Number(wanted.toFixed(2)) });
  };
  const { brightness, contrast, gamma } = defaultsOf(viewer.sheet);
  return {
    darker: step("brightness", -1),
    brighter: step("brightness", 1),
    lessContrast: step("contrast", -1),
    moreContrast: step("contrast", 1),
    lessGamma: step("gamma", -1),
    moreGamma: step("gamma", 1),
    tones: () => viewer.change({ brightness, contrast, gamma }),
  };
}

async function copy(viewer) {
  const told = viewer.querySelector("[data-part=copied]");
  told.textContent = (await viewer.link.copy()) ? "Link copied" : "The link is in the address bar";
  clearTimeout(copy.timer);
  copy.timer = setTimeout(() => (told.textContent = ""), COPIED_FOR_MS);
}
