"""Compares the engines that serve a package by how far their masks overlap the labels of its data."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

from defect_api.card import Card, Metric
from defect_api.engines import KERAS, Engines
from defect_api.model_package import ModelPackage
from defect_api.overlap import pooled
from defect_api.segmenter import Segmenter
from defect_api.settings import Settings
from training import trained_on
from training.datasets import Dataset
from training.examples import Example
from training.metrics import decided_overlap
from training.predictions import predict_one

NAME = "pooled Dice on "
METHOD = (
    "hard, any defect, all pictures at their own size, at the chosen threshold and smallest region; of this package's "
    "network, which was trained on pictures of this set: it tells engines apart, not how good they are; "
    "python -m training engines"
)


def compare(package: ModelPackage, dataset: Dataset) -> list[Metric]:
    """Return the pooled Dice of the reference and of each engine that this machine serves the package by, and its loss.

    Raises PackageError where an engine cannot run it, and DataError where it was trained on other pictures.
    """
    trained_on.check(package, dataset)
    examples = [example for example in dataset.examples if example.for_judging]
    with tempfile.TemporaryDirectory() as state:
        engines = Engines(Settings(state_dir=Path(state), engine="auto", precision="auto", workers=1))
        options = [KERAS, *engines.options(package)[0]]
        segmenters = [engines.load(package, option) for option in options]
    named = {f"{each.engine} {each.precision}": pooled_dice(each, package.card, examples) for each in segmenters}
    (reference, most), *others = named.items()
    losses = {f"{name}, less than on {reference}": most - dice for name, dice in others}
    return [
        Metric(name=NAME + name, value=round(value, 4) + 0.0, interval=None, data=dataset.name, method=METHOD)
        for name, value in {**named, **losses}.items()
    ]


def pooled_dice(segmenter: Segmenter, card: Card, examples: Iterable[Example]) -> float:
    """Return the hard Dice of 'any defect' by the card's rule for regions, pooled over pictures; 1 without any."""
    found = (predict_one(segmenter, example, card.input.stride) for example in examples)
    return pooled(decided_overlap(p, card.threshold) for p in found).dice
