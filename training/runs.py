"""A run on disk: `pretraining/`, `fold-0/` ..., `final/`, each with its networks and histories; folds also predict."""

import hashlib
import shutil
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import keras

from training import folds, predictions, recipe, scenes, stages, starts
from training.datasets import Dataset
from training.examples import DataError, Example, write_text
from training.folds import Fold
from training.predictions import Predictions
from training.recipe import Stage
from training.starts import Start

RECIPE, EXPORTED, PRETRAINING = "recipe.toml", "exported.keras", "pretraining"
FINGERPRINT = "pictures.sha256"


class Run:
    """One recipe on one data set; a stage of training is skipped where its network is in the folder already.

    Exporting a trained network and predicting with it, which take minutes, are done again.
    """

    def __init__(
        self,
        folder: Path,
        dataset: Dataset,
        recipe_file: Path | None = None,
        fold_count: int | None = None,
        start: Start | None = None,
    ) -> None:
        """Open a run's folder, or begin one with a recipe, in `fold_count` folds where that is given.

        Whoever trains says from what `start`; where that is a package, a recipe that says no network trains the
        package's. Raises DataError where the folder holds a run of another recipe, on other data or from another start,
        or the recipe or the start does not suit the data.
        """
        self.folder, self.dataset = folder, dataset
        network = starts.architecture(start) if start else None
        self.recipe = recipe.load(recipe_file or folder / RECIPE, fold_count, network)
        if start:
            starts.check(start, dataset, self.recipe, network)
            starts.check_kept(start, folder)
        if (folder / RECIPE).exists():
            self._check(recipe_file)
        else:
            self._begin()
        if start:
            starts.keep(start, folder)

    def starting_network(self) -> keras.Model:
        """Return the network of its start, for one that is not pre-trained by this run. Raises DataError as `start`."""
        return starts.network_of(self.start, self.recipe, len(self.dataset.classes))

    def pretrain(self, source: Dataset) -> keras.Model:
        """Return the network that fine-tuning starts from, pre-trained on `source`.

        Raises DataError where the recipe has no stage for that.
        """
        start = stages.from_imagenet(self.recipe, len(source.classes))
        return self._staged(self.recipe.pretraining, source, source.examples, start, self.folder / PRETRAINING)

    def train_fold(self, number: int, start: keras.Model) -> Predictions:
        """Train one fold's network and predict the pictures that it never saw. Raises DataError for an unknown fold."""
        if number not in range(self.recipe.folds):
            raise DataError(f"there is no fold {number}; the recipe's are 0 to {self.recipe.folds - 1}")
        place = self.folder / f"fold-{number}"
        fold = self._folds[number]
        weights = self._finetune(fold.training, start, place)
        kept, fresh = place / "predictions", place / "predictions.new"
        shutil.rmtree(fresh, ignore_errors=True)
        predictions.save(predictions.predict(weights, fold.judging, self.stride), fresh)
        # all of them or none: a fold whose predictions are there counts as judged
        shutil.rmtree(kept, ignore_errors=True)
        fresh.rename(kept)
        return predictions.load(kept)

    def train_final(self, start: keras.Model) -> Path:
        """Train on every picture; return the exported network."""
        return self._finetune(self.dataset.examples, start, self.folder / "final")

    def judged(self) -> list[Predictions]:
        """Return the out-of-fold predictions of the folds trained so far. Raises DataError where there are none."""
        found: list[Predictions] = [predictions.load(place) for place in sorted(self.folder.glob("fold-*/predictions"))]
        if not found:
            raise DataError(f"{self.folder} has no fold yet; train one first")
        return found

    def judged_stages(self) -> int:
        """Return how many stages of fine-tuning the judged networks have behind them, at the least."""
        places = [place.parent for place in self.folder.glob("fold-*/predictions")]
        return min(len(list(place.glob(f"stage-*/{stages.FINISHED}"))) for place in places)

    @property
    def start(self) -> Start:
        """What its networks started from. Raises DataError where that cannot be read."""
        return starts.kept(self.folder)

    @property
    def described(self) -> dict[str, Any]:
        """Return what a card says of the training: its recipe and its start. Raises DataError as `start`."""
        return {**self.recipe.source, "start": self.start.name}

    @property
    def stride(self) -> int:
        """Of what the sides of the pictures given to the exported network are multiples, in px."""
        return self.recipe.finetuning[-1].stride

    @cached_property
    def scenes(self) -> dict[str, int]:
        """Return the number of each picture's scene by the picture's name."""
        examples = self.dataset.examples
        return dict(zip((example.name for example in examples), scenes.group(examples), strict=True))

    @cached_property
    def _folds(self) -> list[Fold]:
        return folds.split(self.dataset.examples, self.recipe.folds, self.recipe.seed)

    def _begin(self) -> None:
        # before there is a run: it would not go on by a corrected recipe
        stages.check(self.recipe.finetuning, self.dataset)
        self.folder.mkdir(parents=True, exist_ok=True)
        write_text(self.folder / FINGERPRINT, _fingerprint(self.dataset))
        # last, as a folder with a recipe holds a run
        write_text(self.folder / RECIPE, self.recipe.text)

    def _check(self, recipe_file: Path | None) -> None:
        kept, seen = self.folder / RECIPE, self.folder / FINGERPRINT
        if recipe.load(kept) != self.recipe:
            raise DataError(f"{kept} is of another recipe than {recipe_file}; choose another folder for this run")
        # a run that was begun by an earlier version has none
        if seen.exists() and seen.read_text() != _fingerprint(self.dataset):
            raise DataError(
                f"{self.folder} was trained on other pictures, labels or scenes; choose another folder for this run"
            )

    def _finetune(self, examples: Sequence[Example], start: keras.Model, place: Path) -> Path:
        model = self._staged(self.recipe.finetuning, self.dataset, examples, start, place)
        last = self.recipe.finetuning[-1]
        return predictions.export(model, place / EXPORTED, last.reduction, last.pyramid)

    def _staged(
        self, chosen: Sequence[Stage], source: Dataset, examples: Sequence[Example], start: keras.Model, place: Path
    ) -> keras.Model:
        stages.check(chosen, source)
        return stages.train(self.recipe, chosen, examples, len(source.classes), start, place)


def _fingerprint(dataset: Dataset) -> str:
    digest = hashlib.sha256(repr(dataset.classes).encode())
    for example in dataset.examples:
        digest.update(repr((example.name, example.scene, example.for_judging)).encode())
        for pixels in example.load():
            digest.update(pixels.tobytes())
    return digest.hexdigest()
