"""What a network says of labelled pictures, got by the very code that serves it, and kept on disk."""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Protocol
from zipfile import BadZipFile

import keras
import numpy as np

from defect_api.segmenter import KerasSegmenter, Segmenter, segment
from defect_api.thresholds import quantise
from training import network
from training.examples import IGNORED, DataError, Example, Picture, naming, whole


@dataclass(frozen=True)
class Prediction:
    """A picture's two maps as they are served, with its true mask; all uint8 (H, W).

    `q` is the 8-bit probability map, `classes` the likeliest class from 0, `truth` holds ids, 0 for sound. Where the
    truth is given as IGNORED both it and `q` become 0, so that nothing is found there and nothing missed; `ignored`
    tells how many pixels that are.
    """

    name: str
    q: Picture
    classes: Picture
    truth: Picture
    novelty: float | None = None  # not kept on disk
    ignored: int = 0

    def __post_init__(self) -> None:
        known = self.truth != IGNORED
        if not known.all():
            object.__setattr__(self, "q", self.q * known)
            object.__setattr__(self, "truth", self.truth * known)
            object.__setattr__(self, "ignored", int(np.count_nonzero(~known)))

    @property
    def defective(self) -> bool:
        """Tell whether the picture truly has a defect."""
        return bool(self.truth.any())


class Predictions(Protocol):
    """Predictions that can be counted, and gone through as often as it takes."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Prediction]: ...


@dataclass(frozen=True)
class Kept:
    """Predictions on disk, read one by one whenever they are gone through: a large set's do not fit into memory."""

    folder: Path
    files: Sequence[Path]

    def __len__(self) -> int:
        return len(self.files)

    def __iter__(self) -> Iterator[Prediction]:
        return (_read(path, path.relative_to(self.folder).with_suffix("").as_posix()) for path in self.files)


@dataclass(frozen=True)
class Joined:
    """Several sets of predictions, one after the other."""

    parts: Sequence[Predictions]

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts)

    def __iter__(self) -> Iterator[Prediction]:
        return chain.from_iterable(self.parts)


def export(model: keras.Model, path: Path, reduction: int = 1, pyramid: Sequence[int] = ()) -> Path:
    """Write a network as the file that is served, whole or not at all.

    `reduction` and `pyramid` are those that it was trained with.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as fresh:
        network.with_probabilities(model, reduction, pyramid).save(fresh)
    return path


def trained(path: Path) -> keras.Model:
    """Read a network that a run left. Raises DataError where the file is damaged."""
    try:
        return keras.saving.load_model(path, compile=False)
    except (BadZipFile, OSError, KeyError, ValueError) as damage:
        raise DataError(f"{path} is damaged; remove it and train that run again, which makes it anew") from damage


def predict(weights: Path, examples: Iterable[Example], stride: int) -> Iterator[Prediction]:
    """Predict labelled pictures with an exported network of that stride, at their own size, one by one."""
    segmenter = KerasSegmenter(weights)
    return (predict_one(segmenter, example, stride) for example in examples)


def predict_one(segmenter: Segmenter, example: Example, stride: int) -> Prediction:
    """Predict one labelled picture."""
    picture, mask = example.load()
    probability, classes, novelty = segment(segmenter, picture, stride)
    return Prediction(example.name, quantise(probability), classes, mask, novelty)


def save(predictions: Iterable[Prediction], folder: Path) -> None:
    """Keep predictions, one file each, as they come; a name with slashes lies in folders."""
    folder.mkdir(parents=True, exist_ok=True)
    for p in predictions:
        path = folder / f"{p.name}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        with naming(path):
            np.savez_compressed(path, q=p.q, classes=p.classes, truth=p.truth, ignored=p.ignored)


def load(folder: Path) -> Kept:
    """Return what `save` kept, in the order of names."""
    return Kept(folder, sorted(folder.rglob("*.npz")))


def _read(path: Path, name: str) -> Prediction:
    try:
        with path.open("rb") as file, np.load(file) as arrays:
            # what an earlier version kept does not tell
            ignored = int(arrays["ignored"]) if "ignored" in arrays else 0
            return Prediction(name, arrays["q"], arrays["classes"], arrays["truth"], ignored=ignored)
    except (BadZipFile, EOFError, KeyError, ValueError, zlib.error) as damage:
        raise DataError(f"{path} is damaged; train that fold again, which only predicts anew") from damage
