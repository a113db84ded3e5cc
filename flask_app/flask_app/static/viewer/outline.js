// Traces the outlines of regions along the edges of their pixels, outer ones and those of holes alike.

const [UP, RIGHT, DOWN, LEFT] = [0, 1, 2, 3];
const STEP_X = [0, 1, 0, -1];
const STEP_Y = [-1, 0, 1, 0];
// the pixels ahead of a corner, on the left and on the right hand, relative to the pixel to the corner's lower right
const AHEAD_LEFT = [[-1, -1], [0, -1], [0, 0], [-1, 0]];
const AHEAD_RIGHT = [[0, -1], [0, 0], [-1, 0], [-1, -1]];
const [INSIDE, TRACED] = [1, 2];

// kept from one call to the next: as much memory anew for each frame would be collected during the frames
let raster = new Uint8Array(0);

/**
 * Return the outlines of the regions within `runs` (as findRegions gives them) on a sheet of this size: for each
 * region a list of closed rings, each a flat list of corners x, y in px.
 */
export function traceOutlines({ regions, runs }, width, height) {
  const pixels = filled(runs, width, height);
  const rings = regions.map(() => []);
  for (let y = 0; y < height; y++)
    for (let run = runs.firstOfRow[y]; run < runs.firstOfRow[y + 1]; run++) {
      const region = runs.regions[run];
      const x = runs.starts[run];
      if (region >= 0 && pixels.at(x, y) === INSIDE) rings[region].push(traceRing(pixels, x, y));
    }
  return rings;
}

// a raster with a margin of one pixel, so that looking beyond the sheet's edge needs no test
function filled({ starts, ends, firstOfRow, regions }, width, height) {
  const stride = width + 2;
  const data = emptied(stride * (height + 2));
  for (let y = 0; y < height; y++)
    for (let run = firstOfRow[y]; run < firstOfRow[y + 1]; run++) {
      if (regions[run] < 0) continue;
      const last = (y + 1) * stride + ends[run] + 1;
      // most are too short for fill() to be worth its call
      for (let at = last - ends[run] + starts[run]; at <= last; at++) data[at] = INSIDE;
    }
  const offsets = (ahead) => ahead.map(([x, y]) => y * stride + x);
  return {
    data,
    stride,
    step: [-stride, 1, stride, -1],
    at: (x, y) => data[(y + 1) * stride + x + 1],
    left: offsets(AHEAD_LEFT),
    right: offsets(AHEAD_RIGHT),
  };
}

function emptied(length) {
  if (raster.length === length) raster.fill(0);
  else raster = new Uint8Array(length);
  return raster;
}

// goes round with the inside on the right hand, beginning upwards along the left edge of pixel (startX, startY); every
// ring goes upwards somewhere, and each left edge is marked when it is passed, so each ring is found once
function traceRing({ data, stride, step, left, right }, startX, startY) {
  const start = (startY + 2) * stride + startX + 1;
  const ring = [];
  let x = startX;
  let y = startY + 1;
  let at = start;
  let direction = UP;
  do {
    if (direction === UP) data[at - stride] = TRACED;
    x += STEP_X[direction];
    y += STEP_Y[direction];
    at += step[direction];
    // corners where two pixels touch are passed on the left: they belong together
    const turn = data[at + left[direction]] ? 3 : data[at + right[direction]] ? 0 : 1;
    if (turn) ring.push(x, y);
    direction = (direction + turn) & 3;
  } while (at !== start || direction !== UP);
  return ring;
}
