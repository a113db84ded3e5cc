import assert from "node:assert/strict";
import { test } from "node:test";

import { sorted } from "../../flask_app/flask_app/static/viewer/defect-table.js";

// along x a pixel is longer than along y: what is longest in the picture is not on the sheet
const [LONG, SHORT, UNKNOWN] = [
  { type: "b", box: [5, 0, 9, 9], area_px: 20, length_px: 40, length_mm: 20 },
  { type: "a", box: [3, 0, 9, 9], area_px: 90, length_px: 30, length_mm: 60 },
  { type: "c", box: [9, 0, 9, 9], area_px: 50 },
];
const DEFECTS = [UNKNOWN, LONG, SHORT];

for (const [state, order] of [
  [{ sort: "length_px", unit: "px", falling: true }, [LONG, SHORT, UNKNOWN]],
  [{ sort: "length_px", unit: "mm", falling: true }, [SHORT, LONG, UNKNOWN]],
  [{ sort: "length_px", unit: "mm", falling: false }, [LONG, SHORT, UNKNOWN]],
  [{ sort: "area_px", unit: "mm", falling: true }, [SHORT, UNKNOWN, LONG]],
  [{ sort: "type", unit: "mm", falling: false }, [SHORT, LONG, UNKNOWN]],
  [{ sort: "box", unit: "px", falling: false }, [SHORT, LONG, UNKNOWN]],
])
  test(`sorted by ${JSON.stringify(state)}`, () => {
    assert.deepEqual(sorted(DEFECTS, state).map(({ defect }) => defect), order);
  });

test("a defect that was measured in px only is sorted by that", () => {
  const [shorter, longer] = [{ length_px: 10, length_mm: null }, { length_px: 20, length_mm: null }];
  const order = sorted([shorter, longer], { sort: "length_px", unit: "mm", falling: true });
  assert.deepEqual(order.map(({ index }) => index), [1, 0]);
});
