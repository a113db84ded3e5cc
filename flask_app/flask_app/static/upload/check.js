// Whether the service would refuse a file, told from its first bytes before it is sent.

import { readHeader } from "../picture-header.js";
import { formatNumber, formatSize } from "./words.js";

function sizeReason({ width, height }, limit) {
  if (width === undefined || height === undefined) return null;
  const size = `It has ${formatNumber(width)} × ${formatNumber(height)} px;`;
  if (Math.min(width, height) < limit.minSide) return `${size} each side needs at least ${limit.minSide} px.`;
  if (Math.max(width, height) > limit.maxSide)
    return `${size} a side may have at most ${formatNumber(limit.maxSide)} px.`;
  if (width * height > limit.maxPixels)
    return `${size} at most ${formatNumber(limit.maxPixels / 1e6)} megapixels can be judged.`;
  return null;
}

// resolves to {header, reason}: what is known of the picture, and a sentence where it would be refused, otherwise null
export async function check(file, limit) {
  if (file.size > limit.maxBytes)
    return { reason: `It has ${formatSize(file.size)}; at most ${limit.maxMb} MB can be sent.` };
  const header = await readHeader(file);
  if (!header) return { reason: "It is no JPEG, PNG, BMP, TIFF or WebP picture." };
  return { header, reason: sizeReason(header, limit) };
}
