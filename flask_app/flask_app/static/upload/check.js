// Whether the service would refuse a file, told from its first bytes before it is sent.

import { number, size } from "../format.js";
import { readHeader } from "../picture-header.js";

function sizeReason({ width, height }, limit) {
  if (width === undefined || height === undefined) return null;
  const shape = `It has ${number(width)} × ${number(height)} px;`;
  if (Math.min(width, height) < limit.minSide) return `${shape} each side needs at least ${limit.minSide} px.`;
  if (Math.max(width, height) > limit.maxSide)
    return `${shape} a side may have at most ${number(limit.maxSide)} px.`;
  if (width * height > limit.maxPixels)
    return `${shape} at most ${number(limit.maxPixels / 1e6)} megapixels can be judged.`;
  return null;
}

// resolves to {header, reason}: what is known of the picture, and a sentence where it would be refused, otherwise null
export async function check(file, limit) {
  if (file.size > limit.maxBytes)
    return { reason: `It has ${size(file.size)}; at most ${limit.maxMb} MB can be sent.` };
  try {
    const header = await readHeader(file);
    if (!header) return { reason: "It is no JPEG, PNG, BMP, TIFF or WebP picture." };
    return { header, reason: sizeReason(header, limit) };
  } catch (error) {
    // moved, changed or locked since it was chosen
    if (error instanceof DOMException) return { reason: "It cannot be read; choose it again." };
    throw error;
  }
}
