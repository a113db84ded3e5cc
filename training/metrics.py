"""How good predictions are: overlap, classes, pictures and calibration, with bootstrap intervals over pictures."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest
from sklearn.metrics import average_precision_score, roc_auc_score

from defect_api.card import Calibration, PixelThreshold
from defect_api.labelling import label
from defect_api.overlap import Overlap, overlap
from defect_api.thresholds import cut, defect_probability, histogram, mean_of_largest
from training import calibration
from training.predictions import Prediction, Predictions

Numbers = npt.NDArray[np.float64]
FIRST_SYSTEM_SIZE = (800, 128)  # width and height that its metric was measured at
FIRST_SYSTEM_BATCH, FIRST_SYSTEM_SMOOTH = 8, 1.0
FIRST_SYSTEM_ORDERS = 200  # of the pictures; one's metric is off by 0.01 (standard deviation, 99 pictures)
BINS = 15  # of the pixels' calibration error (Guo et al. 2017)
HISTOGRAM = 256


@dataclass(frozen=True)
class Counts:
    """Per picture, what all figures are sums of. N pictures, K classes; channel 0 of K + 1 is 'any defect'."""

    both: Numbers  # (N, K + 1) pixels that are both predicted and true
    predicted: Numbers  # (N, K + 1)
    true: Numbers  # (N, K + 1)
    soft: Numbers  # (N, 3) sums of p * t, p and t at the first system's size
    histogram: Numbers  # (N, 2, 256) pixels by 8-bit value, sound and defective
    probability: Numbers  # (N,) calibrated probability that the picture has a defect
    before: Numbers  # (N,) the feature that it was made of, which is a probability too

    def __getitem__(self, index: npt.NDArray[np.int64]) -> "Counts":
        return Counts(*(getattr(self, part.name)[index] for part in fields(self)))

    @property
    def defective(self) -> npt.NDArray[np.bool_]:
        """Tell which pictures truly have a defect."""
        return np.asarray(self.true[:, 0] > 0)


Counted = TypeVar("Counted", Counts, Numbers)


def decided(q: npt.NDArray[np.uint8], rule: PixelThreshold, threshold: float | None = None) -> npt.NDArray[np.bool_]:
    """Return the mask of the defects that the service would find, at the rule's own threshold or another one."""
    return label(q, rule, threshold or rule.value).covered


def decided_overlap(p: Prediction, rule: PixelThreshold, threshold: float | None = None) -> Overlap:
    """Return how far what is `decided` overlaps the truth, any defect."""
    return overlap(decided(p.q, rule, threshold), p.truth > 0)


def count(
    predictions: Predictions, rules: Sequence[PixelThreshold], calibrations: Sequence[Calibration], classes: int
) -> Counts:
    """Count every picture, each under its own rule and calibration."""
    rows = [_counted(*each, classes) for each in zip(predictions, rules, calibrations, strict=True)]
    return Counts(*(np.array(column, np.float64) for column in zip(*rows, strict=True)))


def _counted(p: Prediction, rule: PixelThreshold, calibrated: Calibration, classes: int) -> tuple[Any, ...]:
    """Return a picture's row of each part of `Counts`."""
    values = histogram(p.q)
    probability, before = defect_probability(values, calibrated), mean_of_largest(values, calibrated.pixels)
    return *_by_channel(p, decided(p.q, rule), classes), _soft(p), _histogram(p), probability, before


def dice(counts: Counts, channel: int = 0) -> float:
    """Return the hard Dice pooled over all pictures."""
    total = counts.predicted[:, channel].sum() + counts.true[:, channel].sum()
    return float(2 * counts.both[:, channel].sum() / total) if total else 1.0


def class_dice(counts: Counts, channel: int) -> float:
    """Return the hard Dice of a class pooled over all pictures; not a number where none of them shows it."""
    return dice(counts, channel) if counts.true[:, channel].any() else float("nan")


def iou(counts: Counts) -> float:
    """Return the hard intersection over union of 'any defect', pooled over all pictures."""
    overlap = dice(counts)
    return overlap / (2 - overlap)


def first_system_dice(counts: Counts) -> float:
    """Return the first system's metric: soft Dice pooled per batch of 8 defective pictures, smooth 1, then averaged.

    It depends on which pictures meet in a batch, so this is its mean over random orders of them, always the same ones:
    in what order the pictures are given does not matter.
    """
    soft = counts.soft[counts.defective]
    soft = soft[np.lexsort(soft.T)]
    rng = np.random.default_rng(0)
    orders = rng.permuted(np.tile(np.arange(len(soft)), (FIRST_SYSTEM_ORDERS, 1)), axis=1)
    batches = np.add.reduceat(soft[orders], np.arange(0, len(soft), FIRST_SYSTEM_BATCH), axis=1)
    both, predicted, true = np.moveaxis(batches, -1, 0)
    return float(np.mean((2 * both + FIRST_SYSTEM_SMOOTH) / (predicted + true + FIRST_SYSTEM_SMOOTH)))


def mean_dice(counts: Counts) -> float:
    """Return the mean of the defective pictures' own hard Dice."""
    on = counts.defective
    return float(np.mean(2 * counts.both[on, 0] / (counts.predicted[on, 0] + counts.true[on, 0])))


def kaggle_dice(counts: Counts) -> float:
    """Return the competition's metric: mean Dice over pictures and classes, 1 where both masks are empty."""
    total = counts.predicted[:, 1:] + counts.true[:, 1:]
    return float(np.where(total > 0, 2 * counts.both[:, 1:] / np.maximum(total, 1), 1.0).mean())


def missed(counts: Counts) -> npt.NDArray[np.bool_]:
    """Tell of each defective picture whether it is called clean."""
    return np.asarray(counts.predicted[counts.defective, 0] == 0)


def called(counts: Counts) -> npt.NDArray[np.bool_]:
    """Tell of each clean picture whether it is called defective."""
    return np.asarray(counts.predicted[~counts.defective, 0] > 0)


def misses(counts: Counts) -> float:
    """Return how many of 100 defective pictures are called clean."""
    return 100 * float(missed(counts).mean())


def false_calls(counts: Counts) -> float:
    """Return how many of 100 clean pictures are called defective."""
    return 100 * float(called(counts).mean())


def roc_auc(counts: Counts) -> float:
    """Return the area under the picture-level ROC curve."""
    return float(roc_auc_score(counts.defective, counts.probability))


def average_precision(counts: Counts) -> float:
    """Return the picture-level average precision."""
    return float(average_precision_score(counts.defective, counts.probability))


def brier(counts: Counts) -> float:
    """Return the Brier score of the calibrated picture-level probability."""
    return float(np.mean((counts.probability - counts.defective) ** 2))


def calibration_slope(counts: Counts) -> float:
    """Return the calibration slope of the calibrated picture-level probability."""
    return calibration.slope(counts.probability, counts.defective)


def calibration_error(counts: Counts) -> float:
    """Return the expected calibration error of the calibrated picture-level probability."""
    return calibration.error(counts.probability, counts.defective)


def calibration_error_before(counts: Counts) -> float:
    """Return the expected calibration error of the map's mean of largest values, taken for a probability."""
    return calibration.error(counts.before, counts.defective)


def pixel_calibration_error(counts: Counts) -> float:
    """Return the expected calibration error of the pixels' probabilities, in 15 bins of equal width."""
    total, hits, sums = pixel_bins(counts.histogram)
    return float(np.abs(hits - sums).sum() / total.sum())


def pixel_bins(histograms: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Return by bin of equal width: pixels, defective pixels, and the sum of probabilities, each (BINS,)."""
    sound, defective = histograms.sum(0)
    values = np.arange(HISTOGRAM) / (HISTOGRAM - 1)
    which = np.minimum((values * BINS).astype(int), BINS - 1)
    total, hits, sums = (
        np.bincount(which, weights=weights, minlength=BINS).astype(np.float64)
        for weights in (sound + defective, defective, (sound + defective) * values)
    )
    return total, hits, sums


def confusion(p: Prediction, classes: int) -> Numbers:
    """Count a picture's pixels by true and by given class, (K + 1, K + 1), 0 for sound; defective is P(any) >= 0.5."""
    guess = np.where(p.q >= cut(0.5), p.classes.astype(np.int64) + 1, 0)
    pairs = p.truth.astype(np.int64) * (classes + 1) + guess
    return np.bincount(pairs.ravel(), minlength=(classes + 1) ** 2).reshape(classes + 1, -1).astype(np.float64)


def mean_iou(confusions: Numbers) -> float:
    """Return the IoU pooled over pictures (N, K + 1, K + 1), averaged over background and classes that occur."""
    pooled = confusions.sum(0)
    hits = np.diag(pooled)
    with np.errstate(invalid="ignore"):
        return float(np.nanmean(hits / (pooled.sum(0) + pooled.sum(1) - hits)))


def interval(counted: Counted, figure: Callable[[Counted], float], resamples: int) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of a figure of counts or of confusions (N, K + 1, K + 1).

    Pictures are resampled, within defective and clean ones where counts tell them apart. Draws whose figure is
    not a number are left out; an end is not finite where too many of the others' are not, or none are left.
    """
    rng = np.random.default_rng(0)
    groups = _groups(counted)
    values = []
    for _ in range(resamples):
        index = np.concatenate([rng.choice(group, len(group)) for group in groups if len(group)])
        values.append(figure(counted[index]))
    known = [value for value in values if not np.isnan(value)]
    if not known:
        return float("nan"), float("nan")
    with np.errstate(invalid="ignore"):  # between two infinities
        low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)


def wilson(count: int, of: int) -> tuple[float, float]:
    """Return the 95 % score interval of a share, `count` of `of` seen (E. B. Wilson, JASA 22 (1927), p. 209)."""
    interval = binomtest(count, of).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def wilson_per_100(count: int, of: int, digits: int) -> tuple[float, float]:
    """Return the interval of `wilson` per 100, rounded."""
    low, high = (round(100 * end, digits) for end in wilson(count, of))
    return low, high


def _groups(counted: Counts | Numbers) -> list[npt.NDArray[np.int64]]:
    """Return the pictures that are resampled among themselves."""
    if isinstance(counted, Counts):
        return [np.flatnonzero(group) for group in (counted.defective, ~counted.defective)]
    return [np.arange(len(counted))]


def _by_channel(p: Prediction, mask: npt.NDArray[np.bool_], classes: int) -> Iterator[tuple[int, ...]]:
    """Return the parts of the overlap, each of any defect and of every class."""
    of_classes = (overlap(mask & (p.classes == number), p.truth == number + 1) for number in range(classes))
    return zip(overlap(mask, p.truth > 0), *of_classes, strict=True)


def _soft(p: Prediction) -> tuple[float, float, float]:
    probability = cv2.resize(p.q, FIRST_SYSTEM_SIZE, interpolation=cv2.INTER_AREA).astype(np.float64) / 255
    fact = cv2.resize((p.truth > 0).astype(np.uint8), FIRST_SYSTEM_SIZE, interpolation=cv2.INTER_NEAREST)
    return float((probability * fact).sum()), float(probability.sum()), float(fact.sum())


def _histogram(p: Prediction) -> list[npt.NDArray[np.int64]]:
    sound, defective = (np.bincount(p.q[group], minlength=HISTOGRAM) for group in (p.truth == 0, p.truth > 0))
    sound[0] -= p.ignored
    return [sound, defective]
