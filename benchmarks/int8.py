"""What integers gain and cost: `python -m benchmarks.int8 --data FOLDER [--package FOLDER]`; needs `pip install nncf`.

Quantises the network by NNCF's calibration on real sheets, its last layers kept in float, and compares time and pooled
Dice of the masks at the card's threshold with f32's, on other sheets of the same size. Without accuracy control, which
gives layers back to float: the gain is the largest that there is.
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray

from benchmarks import served
from benchmarks.timing import Times, progress
from defect_api.model_package import ModelPackage, read_package
from defect_api.openvino_segmenter import OpenVinoSegmenter
from defect_api.places import Places
from defect_api.segmenter import segment
from training import datasets

SHAPE = (256, 1600)
HEAD = 4  # convolutions at the end that stay in float: the head, the sum of the classes, the enlargement
CONVOLUTIONS = ("Convolution", "GroupConvolution")
Sheet = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.int8", description=__doc__)
    shipped = max(Path("defect_api/models").glob("*/*/model.json"), key=lambda path: path.stat().st_mtime).parent
    parser.add_argument("--package", type=Path, default=shipped, help="default: the newest")
    parser.add_argument("--data", type=Path, required=True, help="labelled pictures, such as Severstal's")
    parser.add_argument("--calibration", type=int, default=48, help="sheets (default: %(default)s)")
    parser.add_argument("--sheets", type=int, default=64, help="that are compared (default: %(default)s)")
    options = parser.parse_args()
    package = read_package(options.package.resolve())
    sheets = _sheets(options.data, options.calibration + options.sheets)
    given = served.settings()
    network = served.network(package, "f32", given)
    with tempfile.TemporaryDirectory() as folder:
        progress("calibrating")
        quantised = quantise(network, [picture for picture, _ in sheets[: options.calibration]], Path(folder))
        engines = {
            "f32": OpenVinoSegmenter(network, "f32", given.cpu_threads, Places(1)),
            "int8": OpenVinoSegmenter(quantised, "int8", given.cpu_threads, Places(1)),
        }
        for line in compare(package, engines, sheets[options.calibration :]):
            print(line)


def quantise(network: Path, pictures: list[NDArray[np.uint8]], folder: Path) -> Path:
    """Write the quantised network and return its path."""
    # NNCF would report its use to its makers
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import nncf

    model = openvino.Core().read_model(network)
    model.reshape([1, *SHAPE, 1])
    convolutions = [node.get_friendly_name() for node in model.get_ordered_ops() if _is_convolution(node)]
    quantised = nncf.quantize(
        model,
        nncf.Dataset([picture[None, :, :, None] for picture in pictures]),
        subset_size=len(pictures),
        preset=nncf.QuantizationPreset.MIXED,
        ignored_scope=nncf.IgnoredScope(names=convolutions[-HEAD:]),
    )
    openvino.save_model(quantised, folder / "network.xml", compress_to_fp16=False)
    return folder / "network.xml"


def compare(package: ModelPackage, engines: dict[str, OpenVinoSegmenter], sheets: list[Sheet]) -> list[str]:
    """Return a line for each engine: its times, and the pooled Dice of its masks."""
    threshold = package.card.threshold.value
    times = {name: Times() for name in engines}
    overlaps = {name: np.zeros(2) for name in engines}
    for picture, truth in sheets:
        for name, engine in engines.items():
            probability: list[NDArray[np.float32]] = []
            times[name].add(_forward(engine, picture, probability))
            mask = probability[0] >= threshold
            overlaps[name] += (2 * np.count_nonzero(mask & (truth > 0)), mask.sum() + np.count_nonzero(truth))
    base = times["f32"]
    return [
        f"{name:5} {each.ms:6.1f} ms, {each.ms / base.ms:.2f} of f32 (CPU: {each.cpu_ms / base.cpu_ms:.2f}); "
        f"pooled Dice on {len(sheets)} sheets {overlaps[name][0] / overlaps[name][1]:.4f}"
        for name, each in times.items()
    ]


def _forward(
    engine: OpenVinoSegmenter, picture: NDArray[np.uint8], found: list[NDArray[np.float32]]
) -> Callable[[], None]:
    return lambda: found.append(segment(engine, picture, stride=1).probability)


def _is_convolution(node: Any) -> bool:
    return node.get_type_name() in CONVOLUTIONS


def _sheets(data: Path, count: int) -> list[Sheet]:
    """Return pictures of one size with their masks, in an order that is always the same."""
    examples = list(datasets.find(data).examples)
    random.Random(0).shuffle(examples)  # noqa: S311  # an order, no secret
    loaded = (example.load() for example in examples)
    return [pair for pair in loaded if pair[0].shape == SHAPE][:count]


if __name__ == "__main__":
    main()
