"""Lets a package be computed in a coarser precision than f32, once it is measured what that costs."""

import shutil
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from defect_api import compiled_form
from defect_api.card import Metric, Tolerance
from defect_api.engines import Precision
from defect_api.model_package import CARD, ModelPackage, read_package
from defect_api.openvino_segmenter import OpenVinoSegmenter
from defect_api.overlap import pooled
from defect_api.places import Places
from defect_api.record import rfc3339
from defect_api.segmenter import Segmenter
from defect_api.served_model import ServedModel
from defect_api.settings import available_cpus
from training import engines, packaging, trained_on
from training.datasets import Dataset
from training.examples import DataError, Example
from training.metrics import decided_overlap
from training.predictions import Prediction, predict_one

MARGIN = 2.0  # by which golden sheets may be further off than they were here
MOST_OTHERWISE = 0.01  # of the sheets that are refused by one precision and not by the other
Sheet = tuple[Example, bool]  # and whether f32 finds it too novel to judge
# from the f32 form, the package, its sheets and the folder of the package that is written: the network to run
Form = Callable[[Path, ModelPackage, Sequence[Sheet], Path], Path]


def name(precision: str) -> str:
    """Name the figure that says what a precision loses."""
    return f"{engines.NAME}openvino {precision}, less than on openvino f32"


def add(
    package: Path,
    dataset: Dataset,
    version: str,
    models: Path,
    precision: Precision,
    most_lost: float,
    form: Form = lambda f32, _package, _sheets, _made: f32,
) -> ModelPackage:
    """Write a further version of a package, which may be computed in `precision` as well; everything else stays.

    Raises PackageError where the package cannot be read or the form not be made, and DataError where it was trained on
    other pictures, the version is there already, or more than `most_lost` of the pooled Dice, or MOST_OTHERWISE, is
    lost.
    """
    old = read_package(package.resolve())
    old.verify()
    trained_on.check(old, dataset)
    folder = packaging.target(models, old.card.name, version)
    with packaging.writing(folder) as made:
        shutil.copytree(old.path, made, dirs_exist_ok=True)
        f32 = compiled_form.make(old, "f32", made.with_name(".forms"))  # no version's name
        reference = _loaded(f32, "f32")
        sheets = _judged(old, reference, [example for example in dataset.examples if example.for_judging])
        coarser = _loaded(form(f32, old, sheets, made), precision)
        lost = _lost(old, (reference, coarser), sheets, most_lost, dataset.name)
        changed = {
            "version": version,
            "created_at": rfc3339(datetime.now(UTC)),  # the newest is the one that is served
            "tolerance": {**old.card.tolerance, precision: _tolerance(old, coarser)},
            "metrics": [*(figure for figure in old.card.metrics if figure.name != lost.name), lost],
        }
        card = old.card.model_copy(update=changed)
        (made / CARD).write_text(card.model_dump_json(indent=2) + "\n")
    return read_package(folder)


def agreement(package: ModelPackage, segmenter: Segmenter, sheets: Iterable[Sheet]) -> tuple[float, float]:
    """Return the pooled Dice of the masks with the labels, and the share of sheets refused as f32 refuses them.

    Masks are those of the card's rule; Dice is 1 where nothing is found and nothing is there.
    """
    overlaps, alike = [], []
    for example, refused in sheets:
        found = predict_one(segmenter, example, package.card.input.stride)
        overlaps.append(decided_overlap(found, package.card.threshold))
        alike.append(_refused(package, found) == refused)
    return pooled(overlaps).dice, float(np.mean(alike))


def _tolerance(package: ModelPackage, coarser: Segmenter) -> Tolerance:
    """Measure how far the form is off on the golden sheets, and allow MARGIN times that."""
    dice, errors = ServedModel(package, coarser).against_golden()
    return Tolerance(dice=round(1 - MARGIN * (1 - dice), 4), map_mae=round(MARGIN * max(errors.values()), 5))


def _lost(
    package: ModelPackage, forms: tuple[Segmenter, Segmenter], sheets: Sequence[Sheet], most: float, data: str
) -> Metric:
    """Compare the two forms, f32 first, on all sheets. Raises DataError where the other loses too much."""
    (base, _), (dice, alike) = (agreement(package, form, sheets) for form in forms)
    precision = forms[1].precision
    if base - dice > most or 1 - alike > MOST_OTHERWISE:
        raise DataError(
            f"{precision} loses {base - dice:.4f} of pooled Dice and refuses {1 - alike:.4f} of the sheets otherwise, "
            f"more than {most} or {MOST_OTHERWISE}; keep f32"
        )
    method = (
        f"f32's {base:.4f} less {precision}'s {dice:.4f}, which were trained on them; python -m training {precision}"
    )
    return Metric(name=name(precision), value=round(base - dice, 4), interval=None, data=data, method=method)


def _judged(package: ModelPackage, segmenter: Segmenter, examples: Iterable[Example]) -> list[Sheet]:
    stride = package.card.input.stride
    return [(example, _refused(package, predict_one(segmenter, example, stride))) for example in examples]


def _refused(package: ModelPackage, found: Prediction) -> bool:
    limit = package.card.conditions.novelty if package.card.conditions else None
    return limit is not None and found.novelty is not None and found.novelty > limit


def _loaded(network: Path, precision: Precision) -> OpenVinoSegmenter:
    return OpenVinoSegmenter(network, precision, available_cpus(), Places(1))
