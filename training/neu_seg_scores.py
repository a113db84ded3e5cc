"""How good a pre-trained network is on NEU-Seg's test pictures, and on those of scenes that it was never shown."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from training import metrics, network, neu_seg, predictions, pretrained, stages
from training.predictions import Prediction
from training.runs import EXPORTED, PRETRAINING


def scores(run_folder: Path | None, data: Path, resamples: int) -> list[str]:
    """Return a line for the published test split and one for its new scenes, mean IoU with interval.

    Without a run it is the network that comes along. Raises DataError where the run has no pre-training.
    """
    with tempfile.TemporaryDirectory() as folder:
        weights = predictions.export(_pretrained(run_folder), Path(folder) / EXPORTED)
        tested = list(predictions.predict(weights, neu_seg.load(data, "test"), network.STRIDE))
    new = {example.name for example in neu_seg.unseen(data)}
    parts = {"published test split": tested, "of these, scenes not in training": [p for p in tested if p.name in new]}
    return [_line(name, part, resamples) for name, part in parts.items()]


def _pretrained(run_folder: Path | None) -> keras.Model:
    if run_folder is None:
        return pretrained.load()
    place = run_folder / PRETRAINING
    return stages.finished(max(place.glob("stage-*"), default=place))


def _line(name: str, part: Sequence[Prediction], resamples: int) -> str:
    counted = np.array([metrics.confusion(p, len(neu_seg.CLASSES)) for p in part])
    low, high = metrics.interval(counted, metrics.mean_iou, resamples)
    found = f"{metrics.mean_iou(counted):.3f} [{low:.3f}, {high:.3f}]"
    return f"{name}, {len(part)} pictures: mean IoU, background too, {found}"
