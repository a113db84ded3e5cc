"""What one sheet costs the network alone: `python -m benchmarks.network [WEIGHTS] [--cores N] [--out RUN/speed.json]`.

Times Keras and OpenVINO (f32, latency mode) on a generated sheet, and prints the machine's load beside the medians.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from defect_api.openvino_segmenter import OpenVinoSegmenter

REPEATS, WARM_UP = 50, 5
Run = Callable[[], Any]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.network", description=__doc__)
    shipped = max(Path("defect_api/models").glob("*/*/model.keras"), key=lambda path: path.stat().st_mtime)
    parser.add_argument("weights", type=Path, nargs="?", default=shipped, help="default: the newest package's")
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--width", type=int, default=1600)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--out", type=Path, help="also write the rows as JSON, such as for a run's report")
    options = parser.parse_args()
    os.environ |= {"TF_NUM_INTRAOP_THREADS": str(options.cores), "TF_CPP_MIN_LOG_LEVEL": "3"}
    load = os.getloadavg()[0]
    rows = measure(options.weights, (options.height, options.width), options.cores)
    print(f"{options.weights}, load of the machine before: {load:.1f}")
    for row in rows:
        print(f"{row['engine']:10} {row['width']} x {row['height']} px, {row['cores']} cores: {row['median_ms']} ms")
    print(f"largest difference between the two: {rows[-1]['largest_difference']}")
    if options.out:
        options.out.write_text(json.dumps(rows))


def measure(weights: Path, size: tuple[int, int], cores: int) -> list[dict[str, Any]]:
    """Return a row for each engine: engine, height, width, cores, median_ms, largest_difference from Keras."""
    from defect_api.segmenter import KerasSegmenter
    from training import sheets

    height, width = size
    pixels = sheets.generate(1, height=height, width=width, defects=[3, 4]).image[None, :, :, None]
    keras_network = KerasSegmenter(weights)
    openvino_network = compiled(weights, cores)
    answers = [network.forward(pixels)[0] for network in (keras_network, openvino_network)]
    runs: dict[str, Run] = {
        "keras": lambda: keras_network.forward(pixels),
        "openvino": lambda: openvino_network.forward(pixels),
    }
    return [
        {
            "engine": engine,
            "height": height,
            "width": width,
            "cores": cores,
            "median_ms": round(median_ms(run), 1),
            "largest_difference": float(f"{np.abs(answer - answers[0]).max():.2g}"),
        }
        for (engine, run), answer in zip(runs.items(), answers, strict=True)
    ]


def compiled(weights: Path, cores: int) -> "OpenVinoSegmenter":
    """Return the network on OpenVINO, exported for the occasion."""
    from defect_api import openvino_export
    from defect_api.openvino_segmenter import OpenVinoSegmenter

    with tempfile.TemporaryDirectory() as place:
        network = Path(place) / "network.xml"
        openvino_export.export(weights, network)
        return OpenVinoSegmenter(network, "f32", cores)


def median_ms(run: Run) -> float:
    """Return the median time of a call, after some that do not count."""
    for _ in range(WARM_UP):
        run()
    taken = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        run()
        taken.append(1000 * (time.perf_counter() - started))
    return statistics.median(taken)


if __name__ == "__main__":
    main()
