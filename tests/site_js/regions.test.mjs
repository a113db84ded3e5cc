import assert from "node:assert/strict";
import { test } from "node:test";

import { areaDecimalsOf, decimalsOf, highestPixel, measure } from "../../flask_app/flask_app/static/viewer/measure.js";
import { traceOutlines } from "../../flask_app/flask_app/static/viewer/outline.js";
import { cut, findRegions, regionAt } from "../../flask_app/flask_app/static/viewer/regions.js";

const draw = (...rows) => ({
  width: rows[0].length,
  height: rows.length,
  data: Uint8Array.from(rows.join(""), (mark) => ({ ".": 0, "+": 100, "#": 200 })[mark]),
});
const ANY = { value: 0.5, min_peak: 0, min_region_px: 1, join_px: 0 };

// the definition itself, pixel by pixel: a chain of pixels, each step at most join_px + 1 along x and along y
function byDefinition({ width, height, data }, threshold, { min_region_px, join_px }) {
  const inside = [...data.keys()].filter((at) => data[at] >= 255 * threshold);
  const left = new Set(inside);
  const sizes = [];
  for (const first of inside) {
    if (!left.delete(first)) continue;
    const found = [first];
    for (const at of found)
      for (const other of [...left])
        if (near(at, other, width, join_px + 1) && left.delete(other)) found.push(other);
    if (found.length >= min_region_px) sizes.push(found.length);
  }
  return sizes.sort((a, b) => b - a);
}

const near = (a, b, width, reach) =>
  Math.abs((a % width) - (b % width)) <= reach && Math.abs(Math.floor(a / width) - Math.floor(b / width)) <= reach;

function randomMap(seed, width, height, share) {
  let state = seed;
  const next = () => (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
  return { width, height, data: Uint8Array.from({ length: width * height }, () => (next() < share ? 255 : 0)) };
}

test("what is dropped is counted by its reason, and the small is not called faint too", () => {
  const map = draw("##.+++.+", "##.+++..");
  const { regions, dropped } = findRegions(map, 0.3, { value: 0.3, min_peak: 0.7, min_region_px: 4, join_px: 0 });
  assert.deepEqual(regions.map(({ area }) => area), [4]);
  assert.deepEqual(dropped, { small: 1, faint: 1 });
});

test("a threshold counts from the same 8-bit value as in Python", () => {
  assert.deepEqual([0.001, 0.5, 0.85, 1, 3 / 255, 7 / 255].map(cut), [1, 128, 217, 255, 3, 7]);
});

test("pixels that touch at a corner are one region", () => {
  const { regions } = findRegions(draw("#..", ".#.", "..#"), 0.5, ANY);
  assert.deepEqual(regions, [{ area: 3, peak: 200, box: [0, 0, 3, 3] }]);
});

test("the threshold decides which pixels count", () => {
  const map = draw("#++#", "....");
  assert.equal(findRegions(map, 0.3, ANY).regions.length, 1);
  assert.equal(findRegions(map, 0.5, ANY).regions.length, 2);
});

test("regions come largest first, and those too small are dropped", () => {
  const found = findRegions(draw("#.....", "..####", "......", "##...."), 0.5, { value: 0.5, min_peak: 0, min_region_px: 2, join_px: 0 });
  assert.deepEqual(found.regions.map((region) => region.area), [4, 2]);
  assert.equal(found.area, 6);
});

test("a gap of join_px joins along x, along y and across, and one more does not", () => {
  const rule = { value: 0.5, min_peak: 0, min_region_px: 1, join_px: 2 };
  for (const rows of [["#..#"], ["#", ".", ".", "#"], ["#...", "....", "....", "...#"]])
    assert.equal(findRegions(draw(...rows), 0.5, rule).regions.length, 1);
  for (const rows of [["#...#"], ["#", ".", ".", ".", "#"], ["#....", ".....", ".....", "....#"]])
    assert.equal(findRegions(draw(...rows), 0.5, rule).regions.length, 2);
});

test("on random maps it is what the definition says", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const rule = { value: 0.5, min_peak: 0, min_region_px: 1 + (seed % 3), join_px: seed % 5 };
    const map = randomMap(seed, 5 + (seed % 23), 4 + (seed % 17), [0.05, 0.15, 0.4][seed % 3]);
    const sizes = findRegions(map, 0.5, rule).regions.map((region) => region.area);
    assert.deepEqual(sizes, byDefinition(map, 0.5, rule), `seed ${seed}`);
  }
});

test("a pixel is found wherever it lies among many that are sound", () => {
  for (const [width, height] of [[63, 5], [64, 5], [65, 5], [200, 3]])
    for (let at = 0; at < width * height; at++) {
      const data = new Uint8Array(width * height);
      data[at] = 200;
      const { regions } = findRegions({ width, height, data }, 0.5, ANY);
      assert.deepEqual(regions, [{ area: 1, peak: 200, box: [at % width, Math.floor(at / width), 1, 1] }]);
    }
});

test("a region's highest pixel is the first of its highest", () => {
  const map = draw("++...", "+#+.#", ".+#..");
  const found = findRegions(map, 0.3, ANY);
  assert.deepEqual(found.regions.map(({ peak }) => peak), [200, 200]);
  assert.deepEqual([0, 1].map((index) => highestPixel(found, index, map)), [[1, 1], [4, 1]]);
});

test("nothing above the threshold is no region", () => {
  assert.deepEqual(findRegions(draw("...", "+.."), 0.9, ANY).regions, []);
});

test("a pixel leads to its region", () => {
  const { runs } = findRegions(draw("##..", "...#"), 0.5, ANY);
  assert.equal(regionAt(runs, 1, 0), 0);
  assert.equal(regionAt(runs, 3, 1), 1);
  for (const [x, y] of [[2, 0], [0, 1], [-1, 0], [0, -1], [0, 2]]) assert.equal(regionAt(runs, x, y), -1);
});

test("a region is measured from both maps", () => {
  const map = draw("....", ".##+", "....");
  const classes = { width: 4, height: 3, data: Uint8Array.of(0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0) };
  const [defect] = measure(findRegions(map, 0.3, ANY), map, classes, ["one", "two"]);
  assert.equal(defect.type, "two");
  assert.equal(defect.type_probability, 400 / 500);
  assert.equal(defect.mean_probability, 500 / 3 / 255);
  assert.equal(defect.max_probability, 200 / 255);
  assert.deepEqual([defect.area_px, defect.box, defect.edge_distance_px], [3, [1, 1, 3, 1], 0]);
});

test("each region is measured by itself, with its own distance to the edge", () => {
  const map = draw("......", ".##...", ".##...", "....#.", "......", "......");
  const classes = { width: 6, height: 6, data: Uint8Array.from(map.data, (_, at) => (at > 18 ? 1 : 0)) };
  const [large, small] = measure(findRegions(map, 0.5, ANY), map, classes, ["one", "two"]);
  assert.deepEqual([large.type, large.edge_distance_px], ["one", 1]);
  assert.deepEqual([small.type, small.type_probability], ["two", 1]);
});

test("the distance to the edge is that to the nearest one", () => {
  const of = (...rows) => {
    const map = draw(...rows);
    return measure(findRegions(map, 0.5, ANY), map, map, Array(256).fill("")).map((defect) => defect.edge_distance_px);
  };
  assert.deepEqual(of("........", "........", "...##...", "........", "........", "........"), [2]);
  assert.deepEqual(of("........", "........", "........", "...##...", "........"), [1]);
});

test("millimetres have as many decimals as in Python", () => {
  const of = (x, y = x) => decimalsOf({ mm_per_px_x: x, mm_per_px_y: y });
  assert.deepEqual([of(12.34), of(0.777), of(0.123), of(0.0123), of(1, 0.0123)], [1, 1, 2, 3, 3]);
  assert.deepEqual([0.777, 0.0123].map((x) => areaDecimalsOf({ mm_per_px_x: x, mm_per_px_y: x })), [0, 4]);
});

test("the outline of a pixel is its four corners", () => {
  const map = draw("...", ".#.", "...");
  const [[ring]] = traceOutlines(findRegions(map, 0.5, ANY), 3, 3);
  assert.deepEqual(ring, [1, 1, 2, 1, 2, 2, 1, 2]);
});

// the shoelace formula: with y downwards a ring that has its inside on the right counts positive, a hole negative
const enclosed = (ring) => {
  let sum = 0;
  for (let at = 0; at < ring.length; at += 2) {
    const next = (at + 2) % ring.length;
    sum += ring[at] * ring[next + 1] - ring[next] * ring[at + 1];
  }
  return sum / 2;
};

test("outlines enclose exactly the pixels of their region, holes and touching corners included", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const map = randomMap(seed, 6 + (seed % 19), 5 + (seed % 13), 0.45);
    const found = findRegions(map, 0.5, { value: 0.5, min_peak: 0, min_region_px: 2, join_px: seed % 2 });
    const rings = traceOutlines(found, map.width, map.height);
    const areas = rings.map((ofRegion) => ofRegion.reduce((sum, ring) => sum + enclosed(ring), 0));
    assert.deepEqual(areas, found.regions.map((region) => region.area), `seed ${seed}`);
  }
});
