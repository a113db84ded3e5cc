"""The sheets that a package's limits are set from, and the network that tells how unlike them a picture is."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import keras
import numpy as np

from defect_api.card import Conditions, Metric
from defect_api.conditions import measure
from defect_api.segmenter import tiles
from training import folds, gates, novelty, predictions, sheets
from training.datasets import Dataset
from training.examples import Example, Picture, naming
from training.gates import Sheet
from training.runs import EXPORTED, Run

GATED = "gated.keras"
GENERATED_COUNT, GENERATED_SEED = 30, 3_000_000  # generated sheets are judged too: the demonstration's, the golden ones


@dataclass(frozen=True)
class Gated:
    """A network that also tells how novel a picture is, the limits for it, and how many real sheets they refuse."""

    weights: Path
    conditions: Conditions
    figure: Metric


def gate(run: Run, weights: Path, stride: int) -> Gated:
    """Set the limits of a run on pictures that its folds' networks have not seen; fit the novelty of `weights`."""
    networks = [run.folder / f"fold-{number}" / EXPORTED for number in range(run.recipe.folds)]
    how = "judged by its fold's network; python -m training package"
    return _gated(run.dataset, networks, run.recipe.seed, weights, stride, how)


def gate_again(dataset: Dataset, weights: Path, stride: int, count: int, seed: int) -> Gated:
    """Set limits for a network that has seen the pictures, in `count` folds; the figure says so."""
    how = "of pictures that the network was trained on; python -m training limits"
    return _gated(dataset, [weights] * count, seed, weights, stride, how)


def _gated(dataset: Dataset, networks: Sequence[Path], seed: int, weights: Path, stride: int, how: str) -> Gated:
    judging = [fold.judging for fold in folds.split(dataset.examples, len(networks), seed)]
    made = _dealt(len(networks))
    found = list(_out_of_fold(networks, judging, made, stride))
    known = gates.limits(found)
    model = predictions.trained(weights)
    fitted = novelty.fit(_features(model, chain(*judging, *made), stride)[0])
    gated = weights.with_name(GATED)
    with naming(gated):
        novelty.with_novelty(model, fitted).save(gated)
    return Gated(gated, known, _figure(found, known, dataset.name, how))


def _out_of_fold(
    networks: Sequence[Path], judging: Sequence[Sequence[Example]], made: Sequence[Sequence[Example]], stride: int
) -> Iterator[Sheet]:
    """Yield each sheet of the folds that have a network, its novelty by that one, fitted to the other folds."""
    for number, (weights, real, generated) in enumerate(zip(networks, judging, made, strict=True)):
        if not weights.exists():
            continue
        own = [*real, *generated]
        others = chain(*judging[:number], *judging[number + 1 :], *made[:number], *made[number + 1 :])
        model = predictions.trained(weights)
        features, first = _features(model, [*own, *others], stride)
        begin = first[len(own)]
        # as the service does, by the strangest part of each
        scores = np.maximum.reduceat(novelty.fit(features[begin:]).score(features[:begin]), first[: len(own)])
        for index, (picture, score) in enumerate(zip(_pictures(own), np.round(scores, 3).tolist(), strict=True)):
            yield Sheet(number, index < len(real), measure(picture), score)


def _features(model: keras.Model, examples: Iterable[Example], stride: int) -> tuple[novelty.Features, list[int]]:
    """Return the features of the parts that the service shows the network, (N, F), and where each picture's begin."""
    first = [0]

    def parts() -> Iterator[Picture]:
        for picture in _pictures(examples):
            cut = tiles(picture, stride)
            first.append(first[-1] + len(cut))
            yield from cut

    return novelty.features(model, parts(), stride), first


def _figure(found: Sequence[Sheet], known: Conditions, data: str, judged: str) -> Metric:
    several = len({sheet.fold for sheet in found}) > 1
    counted = (
        gates.cross_refusals(found) if several else gates.refusals([sheet for sheet in found if sheet.real], known)
    )
    how = "limits set on the other folds" if several else "the limits were set on these very pictures"
    return counted.metric(data, f"real sheets that get no verdict; {how}; {judged}")


def _dealt(count: int) -> list[list[Example]]:
    made = sheets.examples(GENERATED_COUNT, GENERATED_SEED)
    return [made[number::count] for number in range(count)]


def _pictures(examples: Iterable[Example]) -> Iterator[Picture]:
    return (example.load()[0] for example in examples)
