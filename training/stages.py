"""The stages of training, one after the other, each resumable from its folder."""

from collections.abc import Sequence
from pathlib import Path

import keras

from training import encoder, network, predictions, sheets
from training.datasets import Dataset
from training.examples import DataError, Example, whole
from training.fit import Fitting
from training.recipe import Recipe, Stage
from training.sampling import Sampler

FINISHED = "model.keras"  # in a stage's folder, once it is trained
GENERATED_SEED = 1_000_000  # of the sheets that are mixed into training


def from_imagenet(recipe: Recipe, classes: int) -> keras.Model:
    """Build a network whose encoder has ImageNet weights, if there are any for it; the rest is random, by the seed."""
    keras.utils.set_random_seed(recipe.seed)
    model = network.build(classes, recipe.network)
    encoder.load_imagenet(model)
    return model


def train(
    recipe: Recipe,
    stages: Sequence[Stage],
    examples: Sequence[Example],
    classes: int,
    start: keras.Model,
    folder: Path,
) -> keras.Model:
    """Train some of the recipe's stages on `classes` classes, from `start`'s weights, each in its `stage-<n>` folder.

    The head's weights are taken over too, if it is for as many classes. Finished stages are read, not trained again.
    """
    model = start
    for number, stage in enumerate(stages):
        place = folder / f"stage-{number}"
        if (place / FINISHED).exists():
            model = finished(place)
        else:
            seed = recipe.seed + number
            keras.utils.set_random_seed(seed)
            model = _trained(stage, examples, network.build(classes, recipe.network), model, place, seed)
    return model


def check(stages: Sequence[Stage], source: Dataset) -> None:
    """Raise DataError where there is no stage for a set, or one mixes in generated sheets, whose classes are others."""
    if not stages:
        raise DataError(f"the recipe has no [[pretraining]] for {source.name}; add one, or leave that data out")
    if not source.is_severstal and any(stage.generated_sheets for stage in stages):
        raise DataError(
            f"the recipe mixes in generated sheets, which show Severstal's classes, and those of {source.name} are "
            "others; set its generated_sheets to 0, or choose training/configs/own.toml"
        )


def finished(folder: Path) -> keras.Model:
    """Return the network that a finished stage left. Raises DataError where it has not, or it cannot be read."""
    if not (folder / FINISHED).exists():
        raise DataError(f"{folder} has no finished network; train that stage first")
    return predictions.trained(folder / FINISHED)


def _trained(
    stage: Stage, examples: Sequence[Example], model: keras.Model, start: keras.Model, folder: Path, seed: int
) -> keras.Model:
    network.transfer(start, model)
    encoder.freeze(model, stage.frozen_blocks)
    mixed = [*examples, *sheets.examples(stage.generated_sheets, GENERATED_SEED)]
    sampler = Sampler(mixed, stage.crop, stage.mix, stage.changes, seed, stage.reduction)
    fitted = network.with_pyramid(model, stage.pyramid) if stage.pyramid else model
    Fitting(fitted, stage.schedule, folder, stage.loss).run(sampler)
    model.trainable = True
    # a stage whose file is there counts as finished
    with whole(folder / FINISHED) as fresh:
        model.save(fresh)
    return model
