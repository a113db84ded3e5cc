"""Bring your own: from a folder of labelled pictures to a model package that is ready to be served."""

from dataclasses import dataclass
from pathlib import Path

from defect_api.model_package import ModelPackage
from training import datasets, folds, packaging, page, recipe, report, starts
from training.datasets import Dataset
from training.runs import Run


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
    dataset = datasets.find(data)
    run = _opened(dataset, choices)
    start = run.starting_network()
    for number in range(run.recipe.folds):
        run.train_fold(number, start)
    weights = run.train_final(start)
    found = report.find(run, choices.resamples)
    page.write(run, found, choices.run / "report.html")
    description = _description(run, choices)
    return report.write_gated(run, weights, found, found.for_card(), description, choices.models)


def _opened(dataset: Dataset, choices: Choices) -> Run:
    """Open the run, or start it with the recipe, in as many folds as the pictures allow."""
    planned = recipe.load(choices.recipe)
    count = folds.fold_count(dataset.examples, planned.folds, planned.seed)
    return Run(choices.run, dataset, choices.recipe, count, start=starts.chosen(choices.start))


def _description(run: Run, choices: Choices) -> packaging.Description:
    heights, widths = packaging.size_ranges(run.dataset.examples)
    return packaging.Description(
        name=choices.name,
        version=choices.version,
        text=f"U-Net trained on {run.dataset.name}: {len(run.dataset.examples)} pictures.",
        classes=run.dataset.classes,
        data=[run.dataset.facts, *run.start.data],
        weights_licence=report.licence(run.dataset),
        training=run.described,
        known_weaknesses=run.recipe.known_weaknesses,
        heights=heights,
        widths=widths,
    )
