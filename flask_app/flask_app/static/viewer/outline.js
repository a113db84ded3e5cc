// Traces the outlines of regions along the edges of their pixels, outer ones and those of holes alike.

const [UP, RIGHT, DOWN, LEFT] = [0, 1, 2, 3];
const STEP_X = [0, 1, 0, -1];
const STEP_Y = [-1, 0, 1, 0];
// the pixels ahead of a corner, on the left and on the right hand, relative to the pixel to the corner's lower right
const AHEAD_LEFT = [[-1, -1], [0, -1], [0, 0], [-1, 0]];
const AHEAD_RIGHT = [[0, -1], [0, 0], [-1, 0], [-1, -1]];
const [INSIDE, TRACED] = [1, 2];

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
function filled(runs, width, height) {
  const stride = width + 2;
  const data = new Uint8Array(stride * (height + 2));
  for (let y = 0; y < height; y++)
    for (let run = runs.firstOfRow[y]; run < runs.firstOfRow[y + 1]; run++)
      if (runs.regions[run] >= 0)
        data.fill(INSIDE, (y + 1) * stride + runs.starts[run] + 1, (y + 1) * stride + runs.ends[run] + 2);
  const offsets = (ahead) => ahead.map(([x, y]) => y * stride + x);
  return {
    data,
    stride,
    at: (x, y) => data[(y + 1) * stride + x + 1],
    left: offsets(AHEAD_LEFT),
    right: offsets(AHEAD_RIGHT),
  };
}

// goes round with the inside on the right hand, beginning upwards along the left edge of pixel (startX, startY); every
// ring goes upwards somewhere, and each left edge is marked when it is passed, so each ring is found once
function traceRing({ data, stride, left, right }, startX, startY) {
  const ring = [];
  const step = [-stride, 1, stride, -1];
  const start = (startY + 2) * stride + startX + 1;
  let [x, y, at, direction] = [startX, startY + 1, start, UP];
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
