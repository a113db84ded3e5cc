// The cases that defect_api's find_regions passes too (tests/fixtures/regions.json).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { findRegions } from "../../flask_app/flask_app/static/viewer/regions.js";

const { cases } = JSON.parse(readFileSync(new URL("../fixtures/regions.json", import.meta.url)));

function unpacked({ q, width, height }) {
  const pairs = Buffer.from(q, "base64");
  const data = new Uint8Array(width * height);
  for (let pair = 0, at = 0; pair < pairs.length; pair += 2) data.fill(pairs[pair], at, (at += pairs[pair + 1]));
  return { width, height, data };
}

const OWN = 0.5; // the rule's own threshold in these cases

for (const { name, threshold, min_region_px, join_px, min_peak, defects, ...map } of cases)
  test(name, () => {
    const rule = { value: OWN, min_peak, min_region_px, join_px };
    const { regions } = findRegions(unpacked(map), threshold, rule);
    assert.deepEqual(regions.map(({ area, box }) => ({ area_px: area, box })), defects);
  });
