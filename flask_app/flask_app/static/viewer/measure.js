// Measures regions from the two stored maps as far as the map alone says it; length, width, angle and the ranges are
// the service's, which traces the regions.

/**
 * Return what is known at once of each region: type and its share, mean and highest pixel, area, box, distance to the
 * edge; in the record's own words; with the class's index as `kind`. `classes` is the class map and `names` the classes'
 * names.
 */
export function measure({ regions, runs }, map, classes, names) {
  const weights = weigh(regions.length, runs, map, classes.data, names.length);
  return regions.map((region, index) =>
    describe(region, weights.subarray(index * names.length, (index + 1) * names.length), map, names),
  );
}

/** Return with how many decimals lengths in mm are told, as the service's Scale.decimals. */
export const decimalsOf = ({ mm_per_px_x, mm_per_px_y }) =>
  Math.max(1, 1 - Math.round(Math.log10(Math.min(mm_per_px_x, mm_per_px_y))));

/** Return with how many decimals areas in mm² are told: down to a pixel's, and whole ones at 1 mm per px. */
export const areaDecimalsOf = (scale) => 2 * decimalsOf(scale) - 2;

/** Return the place [x, y] of the first of a region's highest pixels. */
export function highestPixel({ regions, runs }, index, { width, data }) {
  const [, top] = regions[index].box;
  for (let y = top; ; y++)
    for (let run = runs.firstOfRow[y]; run < runs.firstOfRow[y + 1]; run++)
      if (runs.regions[run] === index && runs.peaks[run] === regions[index].peak)
        return [data.indexOf(regions[index].peak, y * width + runs.starts[run]) - y * width, y];
}

// the sum of the values of each class, for one region after the other
function weigh(count, runs, { width, height, data }, classes, kinds) {
  const { starts, ends, firstOfRow, regions } = runs;
  const weights = new Float64Array(count * kinds);
  for (let y = 0; y < height; y++)
    for (let run = firstOfRow[y]; run < firstOfRow[y + 1]; run++)
      if (regions[run] >= 0)
        addStretch(weights, regions[run] * kinds, data, classes, y * width + starts[run], y * width + ends[run]);
  return weights;
}

// neighbours are nearly always of one class: they are summed up before they are put down
function addStretch(weights, row, data, classes, first, last) {
  for (let at = first; at <= last; ) {
    const kind = classes[at];
    let sum = 0;
    for (; at <= last && classes[at] === kind; at++) sum += data[at];
    weights[row + kind] += sum;
  }
}

function describe({ area, peak, box }, weights, { width, height }, names) {
  const likeliest = weights.indexOf(Math.max(...weights));
  const total = weights.reduce((sum, weight) => sum + weight);
  const [x, y, wide, high] = box;
  return {
    type: names[likeliest],
    kind: likeliest,
    type_probability: weights[likeliest] / total,
    mean_probability: total / area / 255,
    max_probability: peak / 255,
    area_px: area,
    box,
    edge_distance_px: Math.min(x, y, width - x - wide, height - y - high),
  };
}
