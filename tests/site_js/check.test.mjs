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

function png(width, height) {
  const head = Buffer.from("89504e470d0a1a0a0000000d494844520000000000000000", "hex");
  head.writeUInt32BE(width, 16);
  head.writeUInt32BE(height, 20);
  return file(...head);
}

for (const [width, height, reason] of [
  [64, 8192, null],
  [8000, 5000, null],
  [40, 90, "It has 40 × 90 px; each side needs at least 64 px."],
  [8193, 64, "It has 8\u202f193 × 64 px; a side may have at most 8\u202f192 px."],
  [8000, 5001, "It has 8\u202f000 × 5\u202f001 px; at most 40 megapixels can be judged."],
])
  test(`a picture of ${width} × ${height} px is ${reason ? "refused" : "taken"} by its header`, async () => {
    assert.equal((await check(png(width, height), LIMIT)).reason, reason);
  });

test("a file may be as large as the limit and no larger", async () => {
  assert.equal((await check(png(64, 64), { ...LIMIT, maxBytes: LENGTH })).reason, null);
  assert.match((await check(png(64, 64), { ...LIMIT, maxBytes: LENGTH - 1 })).reason, /^It has 64.B; at most 1 MB/);
});

test("a file that is gone or locked since it was chosen is refused", async () => {
  const slice = () => ({ arrayBuffer: () => Promise.reject(new DOMException("gone", "NotReadableError")) });
  assert.deepEqual(await check({ size: LENGTH, slice }, LIMIT), { reason: "It cannot be read; choose it again." });
});
