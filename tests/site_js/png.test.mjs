import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";

import { decodeGrey } from "../../flask_app/flask_app/static/viewer/png.js";

const WIDTH = 13;
const HEIGHT = 10;
const PIXELS = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, at) => (at * 89 + (at >> 3) * 7) % 256);

function chunk(kind, content) {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  // nothing checks the sums
  return Buffer.concat([length, Buffer.from(kind), content, Buffer.alloc(4)]);
}

function encode({ filter = 0, depth = 8, colour = 0, interlaced = 0, cutOff = 0 } = {}) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(WIDTH, 0);
  header.writeUInt32BE(HEIGHT, 4);
  header.set([depth, colour, 0, 0, interlaced], 8);
  const packed = deflateSync(filtered(filter).subarray(0, (WIDTH + 1) * HEIGHT - cutOff));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  // the data may come in any number of pieces
  const pieces = [packed.subarray(0, 5), packed.subarray(5)].map((piece) => chunk("IDAT", piece));
  const file = Buffer.concat([signature, chunk("IHDR", header), ...pieces, chunk("IEND", Buffer.alloc(0))]);
  return new Uint8Array(file).buffer;
}

const pixel = (x, y) => (x < 0 || y < 0 ? 0 : PIXELS[y * WIDTH + x]);

function nearest(left, above, corner) {
  const estimate = left + above - corner;
  return [left, above, corner].sort((a, b) => Math.abs(estimate - a) - Math.abs(estimate - b))[0];
}

const PREDICTED = [
  () => 0,
  (x, y) => pixel(x - 1, y),
  (x, y) => pixel(x, y - 1),
  (x, y) => (pixel(x - 1, y) + pixel(x, y - 1)) >> 1,
  (x, y) => nearest(pixel(x - 1, y), pixel(x, y - 1), pixel(x - 1, y - 1)),
];

function filtered(filter) {
  const lines = [];
  for (let y = 0; y < HEIGHT; y++) {
    lines.push(filter);
    for (let x = 0; x < WIDTH; x++) lines.push((pixel(x, y) - (PREDICTED[filter]?.(x, y) ?? 0)) & 255);
  }
  return Uint8Array.from(lines);
}

for (const filter of PREDICTED.keys())
  test(`lines with filter ${filter} are read byte for byte`, async () => {
    const map = await decodeGrey(encode({ filter }));
    assert.deepEqual(map, { width: WIDTH, height: HEIGHT, data: PIXELS });
  });

for (const [what, options] of Object.entries({
  "in colour": { colour: 2 },
  "of 16 bits": { depth: 16 },
  interlaced: { interlaced: 1 },
  "that ends early": { cutOff: 20 },
  "with an unknown filter": { filter: 7 },
}))
  test(`a PNG ${what} is refused`, () => assert.rejects(decodeGrey(encode(options)), Error));

test("what is no PNG is refused", () => assert.rejects(decodeGrey(new TextEncoder().encode("no picture").buffer), /not a PNG/));
