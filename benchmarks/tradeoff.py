"""Overlap against time of several trained networks: `python -m benchmarks.tradeoff RUN... --data DATA --out FILE`.

Each run's network of one fold is judged on that fold's pictures at a threshold of 0.5, which none of them chose, and
timed in OpenVINO f32 on a sheet of 1600x256 px, in turn with the others. A report shows RUN/tradeoff.json.
"""

import argparse
import json
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.engines import HEIGHT, WIDTH, openvino
from benchmarks.timing import Times, alternate, progress
from defect_api.card import PixelThreshold, Platt
from defect_api.segmenter import padded
from training import datasets, metrics, predictions, sheets
from training.runs import EXPORTED, Run

RULE = PixelThreshold(value=0.5, uncertainty=0.0, min_region_px=1)
UNUSED = Platt(method="platt", feature="mean_of_largest", pixels=1, slope=1, intercept=0)
RESAMPLES = 1000


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tradeoff", description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+", help="runs' folders, whose names name the networks")
    parser.add_argument("--data", type=Path, required=True, help="the data set that the runs were trained on")
    parser.add_argument("--fold", type=int, default=0)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--out", type=Path, required=True, help="the JSON file to write, such as RUN/tradeoff.json")
    options = parser.parse_args()
    dataset = datasets.find(options.data)
    places = {run.name: run / f"fold-{options.fold}" for run in options.runs}
    strides = {run.name: Run(run, dataset).stride for run in options.runs}
    weights = {name: place / EXPORTED for name, place in places.items()}
    times = timed(weights, strides, options.cores, options.rounds)
    rows = [row(name, place, times[name], len(dataset.classes)) for name, place in places.items()]
    for each in rows:
        low, high = each["interval"]
        print(f"{each['network']:24} {each['median_ms']:6.1f} ms  Dice {each['dice']:.3f} [{low:.3f}, {high:.3f}]")
    options.out.write_text(json.dumps(rows))


def timed(weights: dict[str, Path], strides: dict[str, int], cores: int, rounds: int) -> dict[str, Times]:
    """Time the networks in turn, each on the sheet padded to its stride."""
    sheet = sheets.generate(1, height=HEIGHT, width=WIDTH, defects=[3, 4]).image
    works = {}
    for name, file in weights.items():
        progress(f"loading {name}")
        with tempfile.TemporaryDirectory() as folder:
            run = openvino(file, cores, Path(folder))
        works[name] = partial(run, padded(sheet, strides[name]))
    return alternate(works, rounds)


def row(name: str, place: Path, times: Times, classes: int) -> dict[str, Any]:
    """Return a network's time and the pooled Dice of its masks, with its interval."""
    kept = predictions.load(place / "predictions")
    counts = metrics.count(kept, [RULE] * len(kept), [UNUSED] * len(kept), classes)
    interval = metrics.interval(counts, metrics.dice, RESAMPLES)
    return {
        "network": name,
        "median_ms": round(times.ms, 1),
        "dice": round(metrics.dice(counts), 4),
        "interval": [round(bound, 4) for bound in interval],
    }


if __name__ == "__main__":
    main()
