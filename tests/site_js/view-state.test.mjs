import assert from "node:assert/strict";
import { test } from "node:test";

import { actionsOf, defaultsOf } from "../../flask_app/flask_app/static/viewer/view-state.js";

// keys may come faster than frames: nothing but the state is looked at
function viewer() {
  const sheet = { threshold: 0.5, class_names: ["class 1"] };
  const change = (changes) => Object.assign(state, changes);
  const state = defaultsOf(sheet);
  return { sheet, state, change, ranges: { threshold: [0.001, 1], contrast: [-100, 100], gamma: [0.25, 3] } };
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
