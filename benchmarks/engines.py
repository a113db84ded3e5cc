"""The same network on each engine, side by side: `python -m benchmarks.engines [WEIGHTS] [--out RUN/speed.json]`.

OpenVINO and Keras serve; ONNX Runtime (`pip install onnxruntime onnx tf2onnx`) and LiteRT (part of TensorFlow) are
exported by Keras and TensorFlow for the comparison only, and left out where they are not installed.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks import served
from benchmarks.results import Section
from benchmarks.timing import alternate, progress
from defect_api.model_package import WEIGHTS
from defect_api.places import Places
from defect_api.segmenter import Segmenter, enlarged, padded

HEIGHT, WIDTH = 256, 1600
STRIDE = 128  # of the shipped network
PADDED_WIDTH = -(-WIDTH // STRIDE) * STRIDE
# how far an engine's probabilities may be from the reference's
ALIKE = 1e-3
Run = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engines", description=__doc__)
    shipped = served.newest() / WEIGHTS
    parser.add_argument("weights", type=Path, nargs="?", default=shipped, help="default: the newest package's")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--out", type=Path, help="also write the figures as JSON, such as for a run's report")
    options = parser.parse_args()
    # read by TensorFlow when it is first used
    os.environ |= {"TF_NUM_INTRAOP_THREADS": str(options.cores), "TF_CPP_MIN_LOG_LEVEL": "3"}
    section = Section("engines", "Engines")
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(section, engines(options.weights, options.cores, Path(folder)), options.cores, options.rounds)
    if options.out:
        options.out.write_text(json.dumps(rows))
    # a package is told by its name and version, whatever lies above
    section.publish("/".join(options.weights.parts[-3:]))


def engines(weights: Path, cores: int, folder: Path) -> dict[str, Run]:
    """Load the network on every engine that is installed; the reference is the first."""
    makers = {"Keras": reference, "OpenVINO": openvino, "LiteRT": litert}
    if find_spec("onnxruntime") and find_spec("tf2onnx"):
        makers["ONNX Runtime"] = onnxruntime
    loaded = {}
    for name, make in makers.items():
        progress(f"loading {name}")
        loaded[name] = make(weights, cores, folder)
    return loaded


def measure(section: Section, runs: dict[str, Run], cores: int, rounds: int) -> list[dict[str, Any]]:
    """Compare the answers, then the times; return a row of figures for each engine."""
    from training import sheets

    sheet = sheets.generate(1, height=HEIGHT, width=WIDTH, defects=[3, 4]).image
    pixels = padded(sheet, STRIDE)
    expected = runs["Keras"](pixels)
    off = {name: float(np.abs(run(pixels) - expected).max()) for name, run in runs.items()}
    if max(off.values()) > ALIKE:
        raise RuntimeError(f"the engines do not agree: {off}")
    works = {name: lambda run=run: run(pixels) for name, run in runs.items()}
    times = alternate(works, rounds)
    section.say(f"A sheet of {WIDTH}x{HEIGHT} px, f32, {cores} threads each, in turn; memory is not compared here.")
    best = times["OpenVINO"]
    section.table(
        ["engine", "ms", "of OpenVINO's", "CPU, of OpenVINO's", "largest difference from Keras"],
        [
            [name, f"{each.ms:.0f}", f"{each.ms / best.ms:.2f}", f"{each.cpu_ms / best.cpu_ms:.2f}", f"{off[name]:.1g}"]
            for name, each in times.items()
        ],
    )
    shared = {"height": HEIGHT, "width": WIDTH, "cores": cores}
    return [
        {"engine": name, **shared, "median_ms": round(each.ms, 1), "largest_difference": float(f"{off[name]:.2g}")}
        for name, each in times.items()
    ]


def reference(weights: Path, _cores: int, _folder: Path) -> Run:
    """Load the reference."""
    from defect_api.segmenter import KerasSegmenter

    segmenter = KerasSegmenter(weights)
    return lambda pixels: segmented(segmenter, pixels)


def openvino(weights: Path, cores: int, folder: Path) -> Run:
    """Load the engine that serves."""
    from defect_api import openvino_export
    from defect_api.openvino_segmenter import OpenVinoSegmenter

    openvino_export.export(weights, folder / "network.xml")
    segmenter = OpenVinoSegmenter(folder / "network.xml", "f32", cores, Places(1))
    return lambda pixels: segmented(segmenter, pixels)


def segmented(segmenter: Segmenter, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the maps of a batch of one (1 x H x W x 1) at its own size, 1 x H x W x (1 + K)."""
    maps = segmenter.forward(pixels)[0]
    own_size = [enlarged(each, pixels, pixels.shape[1:3]) for each in cv2.split(maps[0])]
    return np.asarray(np.dstack(own_size), np.float32)[None]


def litert(weights: Path, cores: int, _folder: Path) -> Run:
    """Convert to TensorFlow Lite's format and run that by XNNPACK, as LiteRT does."""
    import tensorflow as tf

    network = _fixed(weights)
    traced = tf.function(lambda pixels: network(pixels, training=False))
    signature = traced.get_concrete_function(tf.TensorSpec((1, HEIGHT, PADDED_WIDTH, 1), tf.uint8))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([signature], network)
    interpreter = tf.lite.Interpreter(model_content=converter.convert(), num_threads=cores)
    interpreter.allocate_tensors()
    (entry,), (answer,) = interpreter.get_input_details(), interpreter.get_output_details()

    def run(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        interpreter.set_tensor(entry["index"], pixels)
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(answer["index"]))

    return run


def onnxruntime(weights: Path, cores: int, folder: Path) -> Run:
    """Convert to ONNX and run that with all of ONNX Runtime's optimisations."""
    import onnxruntime as runtime

    path, network = folder / "network.onnx", _fixed(weights)
    network(np.zeros((1, HEIGHT, PADDED_WIDTH, 1), np.uint8))  # Keras exports only what was called
    network.export(str(path), format="onnx", verbose=False)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = cores
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (entry,) = session.get_inputs()
    return lambda pixels: np.asarray(session.run(None, {entry.name: pixels})[0])


def _fixed(weights: Path) -> Any:
    """Return the network with an input of one size, without its novelty: LiteRT knows no asinh."""
    import keras

    network = keras.saving.load_model(weights, compile=False)
    pixels = keras.Input((HEIGHT, PADDED_WIDTH, 1), batch_size=1, dtype="uint8")
    answers = network(pixels)
    return keras.Model(pixels, answers[0] if isinstance(answers, list | tuple) else answers)


if __name__ == "__main__":
    main()
