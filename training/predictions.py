"""What a network says of labelled pictures, got by the very code that serves it, and kept on disk."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from defect_api.segmenter import KerasSegmenter, Segmenter, segment
from defect_api.thresholds import quantise
from training import network
from training.examples import Example, Picture


@dataclass(frozen=True)
class Prediction:
    """A picture's two maps as they are served, with its true mask; all uint8 (H, W).

    `q` is the 8-bit probability map, `classes` the likeliest class from 0, `truth` holds ids, 0 for sound.
    """

    name: str
    q: Picture
    classes: Picture
    truth: Picture
    novelty: float | None = None  # not kept on disk

    @property
    def defective(self) -> bool:
        """Tell whether the picture truly has a defect."""
        return bool(self.truth.any())


def export(model: keras.Model, path: Path, reduction: int = 1) -> Path:
    """Write a network, trained on pictures reduced `reduction` times, as the file that is served."""
    path.parent.mkdir(parents=True, exist_ok=True)
    network.with_probabilities(model, reduction).save(path)
    return path


def predict(weights: Path, examples: Iterable[Example], stride: int) -> Iterator[Prediction]:
    """Predict labelled pictures with an exported network of that stride, at their own size, one by one."""
    segmenter = KerasSegmenter(weights)
    return (predict_one(segmenter, example, stride) for example in examples)


def predict_one(segmenter: Segmenter, example: Example, stride: int) -> Prediction:
    """Predict one labelled picture."""
    picture, mask = example.load()
    probability, classes, novelty = segment(segmenter, picture, stride)
    return Prediction(example.name, quantise(probability), classes, mask, novelty)


def save(predictions: Sequence[Prediction], folder: Path) -> None:
    """Keep predictions, one file each."""
    folder.mkdir(parents=True, exist_ok=True)
    for p in predictions:
        np.savez_compressed(folder / f"{p.name}.npz", q=p.q, classes=p.classes, truth=p.truth)


def load(folder: Path) -> list[Prediction]:
    """Read what `save` kept, in the order of names."""
    kept = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as arrays:
            kept.append(Prediction(path.stem, arrays["q"], arrays["classes"], arrays["truth"]))
    return kept
