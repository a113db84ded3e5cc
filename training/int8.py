"""Gives a package a compiled form that computes in 8-bit integers, made so that it loses next to nothing.

NNCF calibrates the f32 form on real sheets and gives layers back to float until its masks overlap with the labels
nearly as f32's do, and it refuses the sheets that f32 refuses. Depthwise convolutions stay in float from the start: one
scale for all of their channels costs a third of the overlap, and they do a tenth of the arithmetic.
"""

import logging
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino

from defect_api import compiled_form
from defect_api.card import Metric, Tolerance
from defect_api.model_package import CARD, ModelPackage, read_package
from defect_api.openvino_export import block_telemetry
from defect_api.openvino_segmenter import OpenVinoSegmenter
from defect_api.places import Places
from defect_api.record import rfc3339
from defect_api.segmenter import Segmenter, padded
from defect_api.served_model import ServedModel
from defect_api.thresholds import cut
from training import engines, packaging
from training.datasets import Dataset
from training.examples import DataError, Example
from training.predictions import Prediction, predict_one

PRECISION = "int8"
METRIC = f"{engines.NAME}openvino int8, less than on openvino f32"
MOST_LOST = 0.01  # of pooled Dice, and of the sheets that are refused by the one and not by the other
CALIBRATION = 48  # sheets; as many more decide which layers stay in float
HEAD = 4  # convolutions at the end of each way that stay in float: the last of the decoder, the head, the classes' sum
CONVOLUTIONS = ("Convolution", "GroupConvolution")
MARGIN = 2.0  # by which golden sheets may be further off than they were here
Sheet = tuple[Example, bool]  # and whether f32 finds it too novel to judge


def add(package: Path, dataset: Dataset, version: str, models: Path) -> ModelPackage:
    """Write a further version of a package, which brings an int8 form as well; everything else stays.

    Raises PackageError where the package cannot be read or the form not be made, and DataError where the version is
    there already, there are too few sheets, or int8 loses more than MOST_LOST.
    """
    old = read_package(package.resolve())
    old.verify()
    target = packaging.target(models, old.card.name, version)
    examples = [example for example in dataset.examples if example.for_judging]
    if len(examples) < 2 * CALIBRATION:
        raise DataError(f"{dataset.name} has {len(examples)} pictures; making int8 takes {2 * CALIBRATION}")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=models) as fresh:
        made = Path(shutil.copytree(old.path, Path(fresh) / version))
        f32 = compiled_form.make(old, "f32", Path(fresh) / "forms")
        reference = _loaded(f32, "f32")
        sheets = _judged(old, reference, examples)
        form = made / compiled_form.FORMS / PRECISION
        shutil.rmtree(form, ignore_errors=True)
        form.mkdir(parents=True)
        network = form / compiled_form.NETWORK
        openvino.save_model(quantise(f32, old, sheets), network, compress_to_fp16=False)
        compiled_form.write_manifest(form, old.card.digest)
        quantised = _loaded(network, PRECISION)
        others = [figure for figure in old.card.metrics if figure.name != METRIC]
        changed = {
            "version": version,
            "created_at": rfc3339(datetime.now(UTC)),  # the newest is the one that is served
            "tolerance": {**old.card.tolerance, PRECISION: _tolerance(old, quantised)},
            "metrics": [*others, _lost(old, (reference, quantised), sheets, dataset.name)],
        }
        card = old.card.model_copy(update=changed)
        (made / CARD).write_text(card.model_dump_json(indent=2) + "\n")
        made.rename(target)
    return read_package(target)


def quantise(network: Path, package: ModelPackage, sheets: Sequence[Sheet]) -> openvino.Model:
    """Return the network with its convolutions in int8, all but those that cost overlap or change what is refused."""
    block_telemetry()
    import nncf

    nncf.set_log_level(logging.ERROR)
    model = openvino.Core().read_model(network)
    stride = package.card.input.stride
    probabilities, *others = model.outputs
    in_float = {name for name, node in _back(probabilities, HEAD).items() if _is_convolution(node)}
    in_float.update(*(_back(output, 0) for output in others))  # a distance is nothing in 8 bits
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


def _tolerance(package: ModelPackage, quantised: Segmenter) -> Tolerance:
    """Measure how far the form is off on the golden sheets, and allow MARGIN times that."""
    dice, errors = ServedModel(package, quantised).against_golden()
    return Tolerance(dice=round(1 - MARGIN * (1 - dice), 4), map_mae=round(MARGIN * max(errors.values()), 5))


def _lost(package: ModelPackage, forms: tuple[Segmenter, Segmenter], sheets: Sequence[Sheet], data: str) -> Metric:
    """Compare the two forms, f32 first, on all sheets. Raises DataError where int8 loses too much."""
    (base, _), (quantised, alike) = (agreement(package, form, sheets) for form in forms)
    if base - quantised > MOST_LOST or 1 - alike > MOST_LOST:
        raise DataError(
            f"int8 loses {base - quantised:.4f} of pooled Dice and refuses {1 - alike:.4f} of the sheets otherwise, "
            f"more than {MOST_LOST}; keep f32"
        )
    method = f"f32's {base:.4f} less int8's {quantised:.4f}, which were trained on them; python -m training int8"
    return Metric(name=METRIC, value=round(base - quantised, 4), interval=None, data=data, method=method)


def _judged(package: ModelPackage, segmenter: Segmenter, examples: Iterable[Example]) -> list[Sheet]:
    stride = package.card.input.stride
    return [(example, _refused(package, predict_one(segmenter, example, stride))) for example in examples]


def _refused(package: ModelPackage, found: Prediction) -> bool:
    limit = package.card.conditions.novelty if package.card.conditions else None
    return limit is not None and found.novelty is not None and found.novelty > limit


def _loaded(network: Path, precision: str) -> OpenVinoSegmenter:
    return OpenVinoSegmenter(network, precision, os.cpu_count() or 1, Places(1))


def _back(output: Any, convolutions: int) -> dict[str, Any]:
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

    engine, precision = "openvino", PRECISION

    def __init__(self, network: Any) -> None:
        self._network = network

    def forward(self, batch: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32] | None]:
        """Run the network; see `Segmenter.forward`."""
        probabilities, *novelty = self._network(batch).values()
        return probabilities, novelty[0] if novelty else None


def agreement(package: ModelPackage, segmenter: Segmenter, sheets: Iterable[Sheet]) -> tuple[float, float]:
    """Return the pooled Dice of the masks with the labels, and the share of sheets refused as f32 refuses them.

    Masks are cut at the card's threshold, without its rule; Dice is 1 where nothing is found and nothing is there.
    """
    sums, alike = np.zeros(2), []
    for example, refused in sheets:
        found = predict_one(segmenter, example, package.card.input.stride)
        mask = found.q >= cut(package.card.threshold.value)
        sums += (2 * np.count_nonzero(mask & (found.truth > 0)), np.count_nonzero(mask) + np.count_nonzero(found.truth))
        alike.append(_refused(package, found) == refused)
    return float(sums[0] / sums[1]) if sums[1] else 1.0, float(np.mean(alike))
