// Times what the viewer does for one position of the threshold slider, without drawing: `node benchmarks/viewer.mjs`.
// The maps are the shipped model's golden ones, one of them repeated to 4096 x 4096 px, and noise, the worst that can
// come: on it hardly two neighbours are alike.

import { readFile, readdir } from "node:fs/promises";
import { availableParallelism, cpus } from "node:os";

import { measure } from "../flask_app/flask_app/static/viewer/measure.js";
import { traceOutlines } from "../flask_app/flask_app/static/viewer/outline.js";
import { decodeGrey } from "../flask_app/flask_app/static/viewer/png.js";
import { findRegions } from "../flask_app/flask_app/static/viewer/regions.js";

const MODELS = new URL("../defect_api/models/steel-unet/", import.meta.url);
const THRESHOLDS = Array.from({ length: 100 }, (_, step) => (step + 1) / 100);
const NAMES = ["class 1", "class 2", "class 3", "class 4"];
const RULE = { value: 0.5, min_peak: 0, min_region_px: 64, join_px: 0 };
const FRAME_MS = 16;
// the quickest of so many runs is what the work takes; the others were interrupted
const REPEATS = 5;

async function goldenMaps() {
  const newest = Math.max(...(await readdir(MODELS)).map(Number).filter(Boolean));
  const golden = new URL(`${newest}/golden/`, MODELS);
  const files = (await readdir(golden)).filter((name) => name.endsWith("_prob.png")).sort();
  return Promise.all(files.map(async (name) => [name, await decodeGrey((await readFile(new URL(name, golden))).buffer)]));
}

function noise(width, height) {
  let state = 1;
  const next = () => (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
  return { width, height, data: Uint8Array.from({ length: width * height }, () => 256 * next()) };
}

function repeated(map, width, height) {
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) data[y * width + x] = map.data[(y % map.height) * map.width + (x % map.width)];
  return { width, height, data };
}

function timed(map, rule) {
  const classes = { data: new Uint8Array(map.data.length) };
  const frame = (threshold) => {
    const started = performance.now();
    const found = findRegions(map, threshold, rule);
    traceOutlines(found, map.width, map.height);
    measure(found, map, classes, NAMES);
    return performance.now() - started;
  };
  return THRESHOLDS.map((threshold) => Math.min(...Array.from({ length: REPEATS }, () => frame(threshold))));
}

function report(name, map, rule) {
  const times = timed(map, rule).sort((a, b) => a - b);
  const [median, most] = [times[times.length >> 1], times.at(-1)].map((time) => time.toFixed(1));
  console.log(`| ${name} | ${map.width} x ${map.height} | ${rule.join_px} | ${median} | ${most} |`);
}

const maps = await goldenMaps();
console.log(`Node ${process.version}, ${cpus()[0].model}, ${availableParallelism()} CPUs; a frame at 60 Hz has ${FRAME_MS} ms.\n`);
console.log("| map | px | join_px | median ms | longest ms |\n| --- | --- | --- | --- | --- |");
for (const [name, map] of maps) for (const join_px of [0, 8]) report(name, map, { value: 0.5, min_peak: 0.8, min_region_px: 64, join_px });
report("noise", noise(1600, 256), { value: 0.5, min_peak: 0.8, min_region_px: 64, join_px: 0 });
report("repeated", repeated(maps[0][1], 4096, 4096), { value: 0.5, min_peak: 0.8, min_region_px: 64, join_px: 0 });
