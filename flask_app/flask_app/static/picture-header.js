// Reads a picture's format and size from its first bytes, without decoding it: quick and safe for any file.

const ascii = (view, offset, length) =>
  String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + offset, length));

async function bytes(file, offset, length) {
  return new DataView(await file.slice(offset, offset + length).arrayBuffer());
}

function png(view) {
  return { format: "PNG", width: view.getUint32(16), height: view.getUint32(20) };
}

function bmp(view) {
  const isOs2 = view.getUint32(14, true) === 12;
  if (isOs2) return { format: "BMP", width: view.getUint16(18, true), height: view.getUint16(20, true) };
  return { format: "BMP", width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) };
}

function webp(view) {
  const uint24 = (offset) => view.getUint16(offset, true) | (view.getUint8(offset + 2) << 16);
  const chunk = ascii(view, 12, 4);
  if (chunk === "VP8X") return { format: "WebP", width: uint24(24) + 1, height: uint24(27) + 1 };
  if (chunk === "VP8L") {
    const bits = view.getUint32(21, true);
    return { format: "WebP", width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
  }
  return { format: "WebP", width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
}

// walks the segments up to the frame header (ITU-T T.81, B.2.2: SOF0 to SOF15 without DHT, JPG and DAC)
async function jpeg(file) {
  let offset = 2;
  while (offset + 9 <= file.size) {
    const segment = await bytes(file, offset, 9);
    const marker = segment.getUint8(1);
    if (segment.getUint8(0) !== 0xff) break;
    if (marker === 0xff) {
      offset += 1;
      continue;
    }
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { format: "JPEG", width: segment.getUint16(7), height: segment.getUint16(5) };
    }
    offset += 2 + segment.getUint16(2);
  }
  return { format: "JPEG" };
}

// reads ImageWidth (256) and ImageLength (257) of the first directory (TIFF 6.0, section 2)
async function tiff(file, head) {
  const little = ascii(head, 0, 2) === "II";
  const start = head.getUint32(4, little);
  const count = (await bytes(file, start, 2)).getUint16(0, little);
  const entries = await bytes(file, start + 2, count * 12);
  const found = { format: "TIFF" };
  for (let entry = 0; entry + 12 <= entries.byteLength; entry += 12) {
    const name = { 256: "width", 257: "height" }[entries.getUint16(entry, little)];
    const isShort = entries.getUint16(entry + 2, little) === 3;
    if (name) found[name] = isShort ? entries.getUint16(entry + 8, little) : entries.getUint32(entry + 8, little);
  }
  return found;
}

// resolves to {format, width, height}, without the size where it cannot be read, or to null for no known picture
export async function readHeader(file) {
  const head = await bytes(file, 0, 30);
  if (head.byteLength < 30) return null;
  try {
    if (ascii(head, 0, 8) === "\x89PNG\r\n\x1a\n") return png(head);
    if (ascii(head, 0, 2) === "BM") return bmp(head);
    if (ascii(head, 0, 4) === "RIFF" && ascii(head, 8, 4) === "WEBP") return webp(head);
    if (ascii(head, 0, 3) === "\xff\xd8\xff") return await jpeg(file);
    if (["II*\0", "MM\0*"].includes(ascii(head, 0, 4))) return await tiff(file, head);
    // BigTIFF, whose directories are of another form
    if (["II+\0", "MM\0+"].includes(ascii(head, 0, 4))) return { format: "TIFF" };
  } catch (error) {
    // a damaged header reads beyond its end; the server says what is wrong with it
    if (error instanceof RangeError) return {};
    throw error;
  }
  return null;
}
