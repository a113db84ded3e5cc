import assert from "node:assert/strict";
import { test } from "node:test";

import { check } from "../../flask_app/flask_app/static/upload/check.js";

const LIMIT = { maxBytes: 1000, maxMb: 1, minSide: 64, maxSide: 8192, maxPixels: 40_000_000 };
const LENGTH = 64;

function file(...bytes) {
  return new Blob([Uint8Array.from({ length: LENGTH }, (_, at) => bytes[at] ?? 0)]);
}

for (const [name, head] of Object.entries({
  "II*": [0x49, 0x49, 0x2a, 0, 200],
  "MM*": [0x4d, 0x4d, 0, 0x2a, 0, 0, 0, 200],
  "BigTIFF, II+": [0x49, 0x49, 0x2b, 0, 8],
  "BigTIFF, MM+": [0x4d, 0x4d, 0, 0x2b, 0, 8],
}))
  test(`a TIFF whose size is not told is left to the service: ${name}`, async () => {
    assert.equal((await check(file(...head), LIMIT)).reason ?? null, null);
  });

test("what is no picture is refused", async () => {
  assert.match((await check(file(0x25, 0x50, 0x44, 0x46), LIMIT)).reason, /no JPEG, PNG, BMP, TIFF or WebP/);
});

test("a picture that is too small is refused by its header", async () => {
  const png = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 40, 0, 0, 0, 90];
  assert.match((await check(file(...png), LIMIT)).reason, /^It has 40 × 90 px; each side needs at least 64 px\.$/);
});

test("a file that is gone or locked since it was chosen is refused", async () => {
  const slice = () => ({ arrayBuffer: () => Promise.reject(new DOMException("gone", "NotReadableError")) });
  assert.deepEqual(await check({ size: LENGTH, slice }, LIMIT), { reason: "It cannot be read; choose it again." });
});
