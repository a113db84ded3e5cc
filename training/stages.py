"""The stages of a run: pre-training on one set, then fine-tuning on another, each resumable from its folder."""

from collections.abc import Sequence
from pathlib import Path

import keras

from training import encoder, network, sheets
from training.examples import DataError, Example
from training.fit import Fitting
from training.recipe import Recipe, Stage
from training.sampling import Sampler

FINISHED = "model.keras"  # in a stage's folder, once it is trained
GENERATED_SEED = 1_000_000  # of the sheets that are mixed into training


def from_imagenet(recipe: Recipe, classes: int) -> keras.Model:
    """Build a network whose encoder has its ImageNet weights and whose decoder is random, by the recipe's seed."""
    keras.utils.set_random_seed(recipe.seed)
    model = network.build(classes)
    encoder.load_imagenet(model)
    return model


def pretrain(recipe: Recipe, examples: Sequence[Example], classes: int, folder: Path) -> keras.Model:
    """Train from ImageNet weights on a set whose classes are not those wanted in the end."""
    model = from_imagenet(recipe, classes)
    return _fitted(model, recipe.pretraining, examples, folder, recipe.seed)


def finetune(
    stage: Stage, examples: Sequence[Example], classes: int, start: keras.Model, folder: Path, seed: int
) -> keras.Model:
    """Train on the wanted classes, from `start`'s weights (its head's too, if it is for as many classes)."""
    keras.utils.set_random_seed(seed)
    model = network.build(classes)
    network.transfer(start, model)
    return _fitted(model, stage, examples, folder, seed)


def finished(folder: Path) -> keras.Model:
    """Return the network that a finished stage left. Raises DataError where it has not."""
    if not (folder / FINISHED).exists():
        raise DataError(f"{folder} has no finished network; train that stage first")
    return keras.saving.load_model(folder / FINISHED, compile=False)


def _fitted(model: keras.Model, stage: Stage, examples: Sequence[Example], folder: Path, seed: int) -> keras.Model:
    """Fit the model, or read it where the folder has it already, and keep it as FINISHED."""
    if (folder / FINISHED).exists():
        return finished(folder)
    mixed = [*examples, *sheets.examples(stage.generated_sheets, GENERATED_SEED)]
    sampler = Sampler(mixed, stage.crop, stage.mix, stage.changes, seed)
    Fitting(model, stage.schedule, folder).run(sampler)
    model.save(folder / FINISHED)
    return model
