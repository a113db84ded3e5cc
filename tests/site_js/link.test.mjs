import assert from "node:assert/strict";
import { test } from "node:test";

import { readState, writeState } from "../../flask_app/flask_app/static/viewer/link.js";

const FIRST = { threshold: 0.85, overlay: true, gamma: 1, sort: "area_px", selected: -1 };

test("a view as it is at first needs no fragment", () => {
  assert.equal(writeState({ ...FIRST }, FIRST, null), "");
});

test("what is written is what is read", () => {
  const changes = { threshold: 0.371, overlay: false, gamma: 1.35, sort: "type", selected: 0 };
  const place = { x: 812.5, y: 120, scale: 3.25 };
  const fragment = writeState({ ...FIRST, ...changes, hovered: 3 }, FIRST, place);
  assert.deepEqual(readState(`#${fragment}`, FIRST), { changes, place });
});

test("a number beyond its range is brought to its end", () => {
  const ranges = { threshold: [0.001, 1], gamma: [0.25, 3] };
  assert.deepEqual(readState("#threshold=5&gamma=-2", FIRST, ranges).changes, { threshold: 1, gamma: 0.25 });
});

for (const [fragment, why] of [
  ["main", "a place of the page"],
  ["threshold=", "no number"],
  ["threshold=high&overlay=maybe", "words where none are known"],
  ["look=1_2", "a place without a scale"],
  ["look=1_2_-3", "a scale that is none"],
  ["look=Infinity_1_1", "a place that is nowhere"],
  ["unknown=1", "an unknown name"],
])
  test(`${why} changes nothing: #${fragment}`, () => {
    assert.deepEqual(readState(`#${fragment}`, FIRST), { changes: {}, place: null });
  });
