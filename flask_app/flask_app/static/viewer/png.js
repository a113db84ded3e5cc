// Reads the stored maps byte for byte. A browser's canvas may change values (colour profiles, protection against
// fingerprints), and the answer for a threshold has to be the service's to the pixel; so the file is read here.

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const [GREY, EIGHT_BIT] = [0, 8];

/** Return {width, height, data} of an 8-bit grey PNG. Throws Error for any other file. */
export async function decodeGrey(buffer) {
  const { header, packed } = readChunks(new DataView(buffer));
  if (header.depth !== EIGHT_BIT || header.colour !== GREY || header.interlaced) throw new Error("not an 8-bit grey PNG");
  const lines = new Uint8Array(await inflate(packed));
  const { width, height } = header;
  if (lines.length !== (width + 1) * height) throw new Error("a PNG that ends early");
  return { width, height, data: unfilter(lines, width, height) };
}

function readChunks(view) {
  if (view.byteLength < 8 || SIGNATURE.some((byte, at) => view.getUint8(at) !== byte)) throw new Error("not a PNG");
  const packed = [];
  let header;
  for (let at = 8; at + 12 <= view.byteLength; ) {
    const length = view.getUint32(at);
    const kind = String.fromCharCode(...new Uint8Array(view.buffer, at + 4, 4));
    if (kind === "IHDR") header = readHeader(view, at + 8);
    if (kind === "IDAT") packed.push(new Uint8Array(view.buffer, at + 8, length));
    at += length + 12;
  }
  if (!header) throw new Error("a PNG without a header");
  return { header, packed };
}

const readHeader = (view, at) => ({
  width: view.getUint32(at),
  height: view.getUint32(at + 4),
  depth: view.getUint8(at + 8),
  colour: view.getUint8(at + 9),
  interlaced: view.getUint8(at + 12) !== 0,
});

const inflate = (parts) => new Response(new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer();

// PNG specification, 9.2: each line tells how its bytes were predicted from those to the left and above
function unfilter(lines, width, height) {
  const data = new Uint8Array(width * height);
  const above = new Uint8Array(width);
  for (let y = 0, at = 0; y < height; y++) {
    const line = data.subarray(y * width, (y + 1) * width);
    const filter = FILTERS[lines[at++]];
    if (!filter) throw new Error("a PNG with an unknown filter");
    filter(lines.subarray(at, at + width), line, y ? data.subarray((y - 1) * width, y * width) : above);
    at += width;
  }
  return data;
}

const FILTERS = [
  (raw, line) => line.set(raw),
  (raw, line) => {
    for (let x = 0, left = 0; x < raw.length; x++) line[x] = left = raw[x] + left;
  },
  (raw, line, above) => {
    for (let x = 0; x < raw.length; x++) line[x] = raw[x] + above[x];
  },
  (raw, line, above) => {
    for (let x = 0; x < raw.length; x++) line[x] = raw[x] + (((x ? line[x - 1] : 0) + above[x]) >> 1);
  },
  (raw, line, above) => {
    for (let x = 0; x < raw.length; x++)
      line[x] = raw[x] + paeth(x ? line[x - 1] : 0, above[x], x ? above[x - 1] : 0);
  },
];

function paeth(left, above, corner) {
  const [toLeft, toAbove] = [Math.abs(above - corner), Math.abs(left - corner)];
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}
