import assert from "node:assert/strict";
import { test } from "node:test";

import { actionsOf, defaultsOf } from "../../flask_app/flask_app/static/viewer/view-state.js";

// keys may come faster than frames: nothing but the state is looked at
function viewer() {
  const sheet = { threshold: 0.42, class_names: ["class 1"] };
  const change = (changes) => Object.assign(state, changes);
  const state = defaultsOf(sheet);
  const select = (selected) => change({ selected });
  return { sheet, state, change, select, defects: Array(3), ranges: { threshold: [0.001, 1], contrast: [-100, 100], gamma: [0.25, 3] } };
}

const press = (of, ...names) => names.forEach((name) => actionsOf(of)[name]());

test("keys move the tones by their steps and reset them", () => {
  const of = viewer();
  press(of, "moreContrast", "moreGamma", "moreGamma", "moreGamma");
  assert.deepEqual([of.state.contrast, of.state.gamma], [10, 1.3]);
  press(of, "lessContrast", "lessContrast", "tones");
  assert.deepEqual([of.state.contrast, of.state.gamma], [0, 1]);
});

test("keys stop at the ends of the sliders", () => {
  const of = viewer();
  press(of, ...Array(12).fill("moreContrast"), ...Array(12).fill("lessGamma"), ...Array(200).fill("higher"));
  assert.deepEqual([of.state.contrast, of.state.gamma, of.state.threshold], [100, 0.25, 1]);
});

test("keys go round the defects, and nowhere where there are none", () => {
  const of = viewer();
  const visited = ["previousDefect", "nextDefect", "nextDefect", "previousDefect"].map((name) => (press(of, name), of.state.selected));
  assert.deepEqual(visited, [2, 0, 1, 0]);
  of.defects = [];
  press(of, "deselect", "nextDefect");
  assert.equal(of.state.selected, -1);
});

test("keys move the threshold by thousandths and back to where the sheet was judged", () => {
  const of = viewer();
  press(of, "lower", "lower", "lower", "lower");
  assert.equal(of.state.threshold, 0.4);
  press(of, "higher");
  assert.equal(of.state.threshold, 0.405);
  press(of, "reset");
  assert.equal(of.state.threshold, 0.42);
});

test("the last picture cannot be hidden", () => {
  const of = viewer();
  press(of, "showOriginal", "showHeat", "showOverlay");
  assert.deepEqual([of.state.showOriginal, of.state.showHeat, of.state.showOverlay], [false, false, true]);
});

test("without a scale there are no millimetres", () => {
  const of = viewer();
  press(of, "unit");
  assert.equal(of.state.unit, "px");
});
