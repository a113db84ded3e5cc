"""Bring your own: from a folder of labelled pictures to a model package that is ready to be served."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from defect_api.card import DataSet
from defect_api.model_package import ModelPackage, PackageError, read_package
from training import datasets, folds, packaging, page, recipe, report, scenes, stages
from training.datasets import NEU_SEG, Dataset
from training.examples import DataError, Example
from training.runs import Run

IMAGENET = "imagenet"
START = "start.txt"  # in a run's folder
LICENCE = "as the owner of the pictures and the owners of the data sets listed allow"


@dataclass(frozen=True)
class Choices:
    """What a person chooses. `start` is empty (the network that comes along), IMAGENET, or a package's folder."""

    name: str
    version: str
    models: Path
    run: Path
    recipe: Path
    start: str
    resamples: int


def make(data: Path, choices: Choices) -> ModelPackage:
    """Train, judge, report and package; a run that was cut goes on. Return the package.

    Raises DataError where the data or the choices cannot be used: before any training, and with earlier results whole.
    """
    packaging.target(choices.models, choices.name, choices.version)
    facts(choices.start)
    dataset = datasets.find(data)
    run = _opened(dataset, choices)
    start = _start(run, choices.start)
    for number in range(run.recipe.folds):
        run.train_fold(number, start)
    weights = run.train_final(start)
    found = page.find(run, choices.resamples)
    page.write(run, found, choices.run / "report.html")
    figures = [*found.figures, *report.bound(found.judged.predictions, dataset.name)]
    description = _description(run, found, choices)
    return report.write_gated(run, weights, found.judged.chosen, figures, description, choices.models)


def fold_count(examples: Sequence[Example], most: int) -> int:
    """Return in how many folds the pictures can be judged, at most `most`.

    Raises DataError where there are not two scenes with defects and two without: one to learn from, one to judge.
    """
    found = folds.defective_scenes(examples, scenes.group(examples))
    defective = sum(found.values())
    clean = len(found) - defective
    count = min(most, defective, clean)
    if count < 2:
        raise DataError(
            f"the pictures show {defective} scenes with defects and {clean} without, near-copies counted once; at "
            "least two of each are needed, and thirty make figures that mean something"
        )
    return count


def facts(start: str) -> list[DataSet]:
    """Return the data behind the start: its owners' terms hold for what is made of it."""
    if start == IMAGENET:
        return []
    if start:
        return _started_package(start).card.data
    licence, citation = NEU_SEG
    return [DataSet(name="NEU-Seg, training split", pictures=3630, licence=licence, citation=citation)]


def _opened(dataset: Dataset, choices: Choices) -> Run:
    """Open the run, or start it with the recipe, in as many folds as the pictures allow."""
    begun_from = choices.run / START
    if begun_from.exists() and begun_from.read_text() != choices.start:
        raise DataError(f"{choices.run} was trained from another start; choose another RUN, or remove it")
    most = recipe.load(choices.recipe).folds
    run = Run(choices.run, dataset, choices.recipe, fold_count(dataset.examples, most))
    begun_from.write_text(choices.start)
    return run


def _start(run: Run, start: str) -> keras.Model:
    if not start:
        return run.pretrain(None)
    if start == IMAGENET:
        return stages.from_imagenet(run.recipe, len(run.dataset.classes))
    return keras.saving.load_model(_started_package(start).weights, compile=False)


def _started_package(start: str) -> ModelPackage:
    try:
        package = read_package(Path(start).resolve())
        package.verify()
    except PackageError as error:
        raise DataError(f"{start} is no start: {error}; name a package's folder, or {IMAGENET}") from error
    return package


def _description(run: Run, found: page.Findings, choices: Choices) -> packaging.Description:
    shapes = np.array([example.load()[0].shape for example in run.dataset.examples])
    smallest, largest = shapes.min(0), shapes.max(0)
    return packaging.Description(
        name=choices.name,
        version=choices.version,
        text=f"U-Net trained on {run.dataset.name}: {len(run.dataset.examples)} pictures.",
        classes=run.dataset.classes,
        data=[run.dataset.facts, *facts(choices.start)],
        weights_licence=LICENCE,
        training={**run.recipe.source, "start": choices.start or "pre-trained on NEU-Seg"},
        known_weaknesses=run.recipe.known_weaknesses,
        stride=run.stride,
        operating_points=report.consequences(run, found.judged),
        heights=packaging.size_range(int(smallest[0]), int(largest[0]), packaging.GOLDEN_SIZE[0]),
        widths=packaging.size_range(int(smallest[1]), int(largest[1]), packaging.GOLDEN_SIZE[1]),
    )
