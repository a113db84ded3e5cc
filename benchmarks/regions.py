"""Times what follows the network on a 1600x256 sheet with 20 defects: `taskset -c 1 python -m benchmarks.regions`.

Regions are found, measured and judged, the overlay is drawn and encoded, and the record is written as JSON: everything
between the maps and the files. One thread of OpenCV; medians of the CPU's own time, which other programs hardly change,
and beside them how often a blur of the sheet (sigma 3) fits into each, as a measure of the machine.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.served import newest
from benchmarks.timing import alternate
from defect_api.allocator import keep_freed_memory
from defect_api.card import Card
from defect_api.judgement import judge
from defect_api.model_package import read_package
from defect_api.overlay import encode_overlay
from defect_api.png import encode_png
from defect_api.record import Defect
from training import sheets

HEIGHT, WIDTH, DEFECTS = 256, 1600, 20
RUNS = 60
Map = NDArray[np.uint8]
Times = NDArray[np.float64]


def maps(seed: int) -> tuple[Map, Map]:
    """Draw a probability map of 20 ragged blobs, some 3000 px each, and a class map, both uint8."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    nearest = np.full((HEIGHT, WIDTH), np.inf, np.float32)
    for number in range(DEFECTS):
        x, y = (number + 0.5) * WIDTH / DEFECTS, HEIGHT * (0.25 + 0.5 * (number % 2))
        nearest = np.minimum(nearest, np.hypot((columns - x) / 28, (rows - y) / 45))
    ragged = cv2.GaussianBlur(rng.normal(size=nearest.shape).astype(np.float32), (0, 0), 4) * 3
    q = np.rint(255 / (1 + np.exp(np.clip(10 * (nearest + 0.3 * ragged - 1), -50, 50))))
    return q.astype(np.uint8), (columns // 100 % 4).astype(np.uint8)


def milliseconds(work: Callable[[], object]) -> Times:
    """Return the median and the least of the CPU's time for `work`."""
    times = alternate({"work": work}, RUNS)["work"]
    return np.array([times.cpu_ms, min(times.cpu)])


def report(card: Card, seed: int) -> Iterator[str]:
    """Yield the lines of the table."""
    (q, classes), sheet = maps(seed), sheets.generate(seed, height=HEIGHT, width=WIDTH).image
    judgement = judge(q, classes, card)
    mask, defects = judgement.regions.mask, judgement.regions.defects
    unit = milliseconds(lambda: cv2.GaussianBlur(sheet, (0, 0), 3))
    wanted: dict[str, Callable[[], object]] = {
        "regions, measures, verdict": lambda: judge(q, classes, card),
        "overlay, drawn and encoded": lambda: encode_overlay(sheet, mask),
        "defects as JSON": lambda: _json(defects),
    }
    stages = {name: milliseconds(work) for name, work in wanted.items()}
    stages["together"] = np.sum(list(stages.values()), axis=0)
    stages["beside them: both maps encoded"] = milliseconds(lambda: (encode_png(q), encode_png(classes)))
    vertices = sum(len(ring) for defect in defects for polygon in defect.polygons for ring in polygon)
    yield f"{len(defects)} defects, {np.count_nonzero(mask)} px, {vertices} vertices; {RUNS} runs\n"
    yield "| stage | ms of CPU, median | least | blurs of the sheet |\n| --- | --- | --- | --- |"
    for name, (middle, least) in stages.items():
        yield f"| {name} | {middle:.1f} | {least:.1f} | {middle / unit[0]:.1f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.regions", description=__doc__)
    parser.add_argument("--model", type=Path, default=newest(), help="whose card's rules apply (default: the newest)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    keep_freed_memory()  # as the service's workers do
    sys.stdout.write("\n".join(report(read_package(options.model).card, options.seed)) + "\n")


def _json(defects: list[Defect]) -> list[str]:
    return [defect.model_dump_json() for defect in defects]


if __name__ == "__main__":
    main()
