// Measures regions from the two stored maps as far as the map alone says it; length, width, angle and the ranges are
// the service's, which traces the regions.

/**
 * Return what is known at once of each region: type and its share, mean and highest pixel, area, box, distance to the
 * edge; in the record's own words; with the class's index as `kind` and the place of the highest pixel as `peak`. `classes` is the class map and `names` the classes' names.
 */
export function measure({ regions, runs }, map, classes, names) {
  const sums = regions.map(() => ({ total: 0, most: 0, peak: 0, weights: new Float64Array(names.length) }));
  for (let y = 0; y < map.height; y++)
    for (let run = runs.firstOfRow[y]; run < runs.firstOfRow[y + 1]; run++)
      if (runs.regions[run] >= 0)
        add(sums[runs.regions[run]], map.data, classes.data, y * map.width + runs.starts[run], y * map.width + runs.ends[run]);
  return regions.map((region, index) => describe(region, sums[index], map, names));
}

function add(sum, values, classes, first, last) {
  for (let at = first; at <= last; at++) {
    const value = values[at];
    sum.total += value;
    if (value > sum.most) [sum.most, sum.peak] = [value, at];
    sum.weights[classes[at]] += value;
  }
}

function describe({ area, box }, { total, most, peak, weights }, { width, height }, names) {
  const likeliest = weights.indexOf(Math.max(...weights));
  const [x, y, wide, high] = box;
  return {
    type: names[likeliest],
    kind: likeliest,
    peak: [peak % width, Math.floor(peak / width)],
    type_probability: weights[likeliest] / total,
    mean_probability: total / area / 255,
    max_probability: most / 255,
    area_px: area,
    box,
    edge_distance_px: Math.min(x, y, width - x - wide, height - y - high),
  };
}
