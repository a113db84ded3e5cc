// Finds the defects of a sheet in its stored 8-bit map, by the rule of the service's find_regions: two pixels belong
// to one defect if a chain of pixels links them, no step of it longer than join_px + 1 along x or along y; what is small
// is dropped, and what is nowhere plain.

const FIRST_CAPACITY = 4096;
const BLOCK_BITS = 6;

/** Return the smallest 8-bit value that counts as defective at `threshold`. */
export const cut = (threshold) => Math.ceil(255 * threshold);

/** Return what a defect's highest pixel must reach: min_peak at the rule's own threshold, else in proportion. */
export function leastPeak(threshold, { value, min_peak }) {
  if (threshold > value)
    return Math.max(threshold, min_peak + (1 - min_peak) * ((threshold - value) / (1 - value)));
  return Math.max(threshold, min_peak * (threshold / value));
}

/**
 * Return the defects of `map` ({width, height, data: Uint8Array}), largest first, each {area, box: [x, y, w, h]}
 * and its highest 8-bit value, `peak`; `area` of them all in px; how many regions were `dropped` for being small and for
 * being faint; and the runs of pixels they are made of. `rule` is the card's: {value, min_peak, min_region_px, join_px}.
 */
export function findRegions(map, threshold, rule) {
  const runs = findRuns(map, cut(threshold));
  const parents = linkRuns(runs, map.height, rule.join_px + 1);
  const { regions, dropped } = gather(runs, parents, rule.min_region_px, cut(leastPeak(threshold, rule)));
  return { regions, area: regions.reduce((sum, region) => sum + region.area, 0), dropped, runs };
}

/** Return the index of the region that pixel (x, y) belongs to, or -1. */
export function regionAt(runs, x, y) {
  if (y < 0 || y + 1 >= runs.firstOfRow.length) return -1;
  for (let run = runs.firstOfRow[y]; run < runs.firstOfRow[y + 1]; run++)
    if (runs.starts[run] <= x && x <= runs.ends[run]) return runs.regions[run];
  return -1;
}

// the maximal stretches of pixels of at least `least` in each row, with the highest value of each; starts and ends are
// both within the stretch
function findRuns(map, least) {
  const { width, height, data } = map;
  const highest = (map.highest ??= highestOfBlocks(data));
  const [starts, ends, peaks] = Array.from({ length: 3 }, () => new Int32Array(FIRST_CAPACITY));
  const firstOfRow = new Int32Array(height + 1);
  const runs = { starts, ends, peaks, firstOfRow, count: 0, regions: null };
  for (let y = 0; y < height; y++) {
    firstOfRow[y] = runs.count;
    if (runs.starts.length - runs.count <= width / 2 + 1) grow(runs, width);
    findRunsOfRow(runs, data, highest, y * width, (y + 1) * width, least);
  }
  firstOfRow[height] = runs.count;
  return runs;
}

function findRunsOfRow(runs, data, highest, rowStart, rowEnd, least) {
  const { starts, ends, peaks } = runs;
  let { count } = runs;
  for (let at = rowStart; at < rowEnd; ) {
    if (highest[at >> BLOCK_BITS] < least) {
      at = ((at >> BLOCK_BITS) + 1) << BLOCK_BITS;
      continue;
    }
    const blockEnd = Math.min(((at >> BLOCK_BITS) + 1) << BLOCK_BITS, rowEnd);
    while (at < blockEnd && data[at] < least) at++;
    if (at === blockEnd) continue;
    starts[count] = at - rowStart;
    let peak = least;
    for (; at < rowEnd && data[at] >= least; at++) if (data[at] > peak) peak = data[at];
    peaks[count] = peak;
    ends[count++] = at - 1 - rowStart;
  }
  runs.count = count;
}

// most of a sheet is sound: what is nowhere as high as the threshold is passed over a block at a time
function highestOfBlocks(data) {
  const highest = new Uint8Array((data.length >> BLOCK_BITS) + 1);
  for (let at = 0; at < data.length; at++) {
    const block = at >> BLOCK_BITS;
    if (data[at] > highest[block]) highest[block] = data[at];
  }
  return highest;
}

function grow(runs, atLeast) {
  runs.starts = grown(runs.starts, atLeast);
  runs.ends = grown(runs.ends, atLeast);
  runs.peaks = grown(runs.peaks, atLeast);
}

function grown(values, atLeast) {
  const larger = new Int32Array(2 * values.length + atLeast);
  larger.set(values);
  return larger;
}

// a forest over the runs: those within `reach` of each other, along x and along y, have one root
function linkRuns(runs, height, reach) {
  const { starts, ends, firstOfRow, count } = runs;
  const parents = new Int32Array(count);
  for (let run = 0; run < count; run++) parents[run] = run;
  for (let y = 0; y < height; y++) {
    for (let run = firstOfRow[y] + 1; run < firstOfRow[y + 1]; run++)
      if (starts[run] - ends[run - 1] <= reach) unite(parents, run, run - 1);
    for (let above = Math.max(0, y - reach); above < y; above++) linkRows(runs, parents, above, y, reach);
  }
  return parents;
}

// of two runs, the one that ends first has met all that it can: what it reaches beyond is linked within its own row
function linkRows({ starts, ends, firstOfRow }, parents, above, below, reach) {
  let [a, b] = [firstOfRow[above], firstOfRow[below]];
  const [lastA, lastB] = [firstOfRow[above + 1], firstOfRow[below + 1]];
  while (a < lastA && b < lastB) {
    if (starts[a] <= ends[b] + reach && starts[b] <= ends[a] + reach) unite(parents, a, b);
    if (ends[a] < ends[b]) a++;
    else b++;
  }
}

function unite(parents, a, b) {
  const rootA = root(parents, a);
  const rootB = root(parents, b);
  // the earlier run leads, so that regions of one size keep the order of their first pixels
  if (rootA < rootB) parents[rootB] = rootA;
  else parents[rootA] = rootB;
}

function root(parents, run) {
  while (parents[run] !== run) {
    parents[run] = parents[parents[run]];
    run = parents[run];
  }
  return run;
}

// measures the trees, drops the small and the faint ones, and writes the index of its region to each run (-1 where dropped)
function gather(runs, parents, least, peak) {
  const trees = measureTrees(runs, parents);
  const counts = (run) => trees.area[run] >= least && trees.peak[run] >= peak;
  const kept = trees.roots.filter(counts).sort((a, b) => trees.area[b] - trees.area[a]);
  const indexOf = new Int32Array(runs.count).fill(-1);
  kept.forEach((run, index) => (indexOf[run] = index));
  runs.regions = parents;
  for (let run = 0; run < runs.count; run++) runs.regions[run] = indexOf[parents[run]];
  const small = trees.roots.filter((run) => trees.area[run] < least).length;
  return {
    regions: kept.map((run) => describe(trees, run)),
    dropped: { small, faint: trees.roots.length - kept.length - small },
  };
}

function describe({ area, left, top, right, bottom, peak }, run) {
  const [x, y] = [left[run], top[run]];
  return { area: area[run], peak: peak[run], box: [x, y, right[run] - x + 1, bottom[run] - y + 1] };
}

// area, extent and highest value of each tree, at the place of its root; afterwards every parent is a root
function measureTrees({ starts, ends, peaks, firstOfRow, count }, parents) {
  const [area, left, top, right, bottom, peak] = Array.from({ length: 6 }, () => new Int32Array(count));
  const roots = [];
  for (let y = 0, run = 0; y + 1 < firstOfRow.length; y++)
    for (; run < firstOfRow[y + 1]; run++) {
      // a parent comes before its children, so it is done with already
      const of = (parents[run] = parents[parents[run]]);
      if (of === run) {
        roots.push(run);
        [left[of], top[of]] = [starts[run], y];
      }
      area[of] += ends[run] - starts[run] + 1;
      left[of] = Math.min(left[of], starts[run]);
      right[of] = Math.max(right[of], ends[run]);
      bottom[of] = y;
      peak[of] = Math.max(peak[of], peaks[run]);
    }
  return { area, left, top, right, bottom, peak, roots };
}
