"""Gives a package a compiled form that computes in 8-bit integers, made so that it loses next to nothing.

NNCF calibrates the f32 form on real sheets and gives layers back to float until its masks overlap with the labels
nearly as f32's do, and it refuses the sheets that f32 refuses. Depthwise convolutions stay in float from the start: one
scale for all of their channels costs a third of the overlap, and they do a tenth of the arithmetic.
"""

import logging
import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino

from defect_api import compiled_form
from defect_api.engines import Precision
from defect_api.model_package import ModelPackage
from defect_api.openvino_export import block_telemetry
from defect_api.segmenter import padded
from training import precisions
from training.datasets import Dataset
from training.examples import DataError
from training.precisions import Sheet, agreement

PRECISION: Precision = "int8"
MOST_LOST = 0.01  # of pooled Dice
CALIBRATION = 48  # sheets; as many more decide which layers stay in float
HEAD = 4  # convolutions at the end of each way that stay in float: the last of the decoder, the head, the classes' sum
CONVOLUTIONS = ("Convolution", "GroupConvolution")


def add(package: Path, dataset: Dataset, version: str, models: Path) -> ModelPackage:
    """Write a further version of a package, which brings an int8 form as well; see `precisions.add` for errors.

    Raises DataError where there are too few sheets.
    """
    count = sum(example.for_judging for example in dataset.examples)
    if count < 2 * CALIBRATION:
        raise DataError(f"{dataset.name} has {count} pictures; making int8 takes {2 * CALIBRATION}")
    return precisions.add(package, dataset, version, models, PRECISION, MOST_LOST, _form)


def _form(f32: Path, package: ModelPackage, sheets: Sequence[Sheet], made: Path) -> Path:
    """Write the int8 form into the package that is made."""
    form = made / compiled_form.FORMS / PRECISION
    shutil.rmtree(form, ignore_errors=True)
    form.mkdir(parents=True)
    network = form / compiled_form.NETWORK
    openvino.save_model(quantise(f32, package, sheets), network, compress_to_fp16=False)
    compiled_form.write_manifest(form, package.card.digest)
    return network


def quantise(network: Path, package: ModelPackage, sheets: Sequence[Sheet]) -> openvino.Model:
    """Return the network with its convolutions in int8, all but those that cost overlap or change what is refused."""
    block_telemetry()
    import nncf

    nncf.set_log_level(logging.ERROR)
    model = openvino.Core().read_model(network)
    stride = package.card.input.stride
    probabilities, *others = model.outputs
    in_float = {name for name, node in _back(probabilities, HEAD).items() if _is_convolution(node)}
    # a distance is nothing in 8 bits, nor is what it alone is made of
    in_float.update(*(_back(output, math.inf).keys() - _back(probabilities, math.inf) for output in others))
    chosen = [sheets[int(index)] for index in np.random.default_rng(0).permutation(len(sheets))[: 2 * CALIBRATION]]
    return nncf.quantize_with_accuracy_control(
        model,
        calibration_dataset=nncf.Dataset(chosen[:CALIBRATION], lambda sheet: padded(sheet[0].load()[0], stride)),
        validation_dataset=nncf.Dataset(chosen[CALIBRATION:]),
        validation_fn=lambda compiled, some: (sum(agreement(package, Compiled(compiled), some)), None),
        max_drop=MOST_LOST,
        drop_type=nncf.DropType.ABSOLUTE,
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=CALIBRATION,
        ignored_scope=nncf.IgnoredScope(names=sorted(in_float), types=["GroupConvolution"]),
    )


def _back(output: Any, convolutions: float) -> dict[str, Any]:
    """Return by name the nodes that an output is made of, on each way back with no more than so many convolutions."""
    found: dict[str, Any] = {}
    seen = set()
    waiting = [(output.get_node(), convolutions)]
    while waiting:
        node, left = waiting.pop()
        name, left = node.get_friendly_name(), left - _is_convolution(node)
        if left >= 0 and (name, left) not in seen:
            seen.add((name, left))
            found[name] = node
            waiting += [(entry.get_source_output().get_node(), left) for entry in node.inputs()]
    return found


def _is_convolution(node: Any) -> bool:
    return node.get_type_name() in CONVOLUTIONS


class Compiled:
    """A compiled network as a segmenter."""

    engine: str = "openvino"
    precision: str = PRECISION

    def __init__(self, network: Any) -> None:
        self._network = network

    def forward(self, batch: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32] | None]:
        """Run the network; see `Segmenter.forward`."""
        probabilities, *novelty = self._network(batch).values()
        return probabilities, novelty[0] if novelty else None
