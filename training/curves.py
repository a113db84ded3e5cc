"""The curves of a report, as numbers: ROC, precision and recall, reliability, and what each threshold would give."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import precision_recall_curve, roc_curve

from defect_api.card import PixelThreshold
from training import calibration
from training.metrics import decided_overlap, pixel_bins
from training.predictions import Predictions

Numbers = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]

THRESHOLDS = np.round(np.arange(0.05, 0.96, 0.05), 2)


@dataclass(frozen=True)
class Curve:
    """Points of a curve."""

    x: Numbers
    y: Numbers


@dataclass(frozen=True)
class ByThreshold:
    """What each of `thresholds` gives on all pictures."""

    thresholds: Numbers
    dice: Numbers
    misses: Numbers  # per 100 defective pictures
    false_calls: Numbers  # per 100 clean pictures


def roc(probability: Numbers, defective: Truth) -> Curve:
    """Return the share of clean pictures called (x) and of defective ones found (y)."""
    called, found, _ = roc_curve(defective, probability)
    return Curve(called, found)


def precision_recall(probability: Numbers, defective: Truth) -> Curve:
    """Return the share of defective pictures found (x) and of called ones that are defective (y)."""
    precision, recall, _ = precision_recall_curve(defective, probability)
    return Curve(recall[::-1], precision[::-1])


def picture_reliability(probability: Numbers, defective: Truth) -> Curve:
    """Return mean probability and share of defective pictures, by bin of equally many pictures."""
    said, true, _ = zip(*calibration.bins(probability, defective, calibration.bin_count(len(probability))), strict=True)
    return Curve(np.array(said), np.array(true))


def pixel_reliability(histograms: Numbers) -> Curve:
    """Return mean probability and share of defective pixels by bin of equal width, without empty bins.

    `histograms` counts pixels: (N, 2, 256), sound and defective.
    """
    total, hits, sums = pixel_bins(histograms)
    there = total > 0
    return Curve(sums[there] / total[there], hits[there] / total[there])


def by_threshold(predictions: Predictions, rules: Sequence[PixelThreshold]) -> ByThreshold:
    """Return overlap, misses and false calls at many thresholds, with each picture's own rule for regions."""
    pairs = zip(predictions, rules, strict=True)
    sums = np.array([[decided_overlap(p, rule, at) for at in THRESHOLDS.tolist()] for p, rule in pairs], np.float64)
    both, predicted, true = np.moveaxis(sums, -1, 0)
    defective = true[:, 0] > 0
    called = predicted > 0
    total = predicted.sum(0) + true.sum(0)
    return ByThreshold(
        THRESHOLDS,
        np.divide(2 * both.sum(0), total, out=np.ones_like(total), where=total > 0),
        100 * (1 - called[defective].mean(0)) if defective.any() else np.zeros(len(THRESHOLDS)),
        100 * called[~defective].mean(0) if not defective.all() else np.zeros(len(THRESHOLDS)),
    )
