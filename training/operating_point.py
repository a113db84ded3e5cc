"""Chooses what turns maps into decisions: pixel threshold, rule for regions, and picture-level calibration."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import cv2
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from defect_api.card import Calibration, PixelThreshold
from defect_api.labelling import label
from defect_api.thresholds import cut
from training import calibration
from training.predictions import Joined, Prediction, Predictions

THRESHOLDS = np.round(np.arange(0.20, 0.96, 0.05), 2)
# px; of the real masks in the sample's rle_without_images.csv.gz, 5 % of class 1 have no region of over 621 px
REGIONS = (50, 100, 150, 200, 300, 400, 500, 600)
SMALL_REGIONS = (6, 12, 25)  # px, to choose from as well where defects are labelled that are as small
SMALL_SHARE = 0.05  # of the labelled regions that may be smaller than all there is to choose from
JOINS = (0, 4, 8, 16)  # px
PEAKS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
AS_GOOD = 0.005  # of the score, far below what it varies by from fold to fold
PICTURE_WEIGHT = 0.5  # of misses and false calls, against pooled Dice
LEAST_UNCERTAINTY = 0.02
MISSED = 0.1  # share of a defective picture's defective area, on average over pictures
THOUSANDTHS = range(1, 1001)  # of a threshold: with three decimals it is shown as it is, and never rounded up


@dataclass(frozen=True)
class OperatingPoint:
    """The rule for pixels and regions, and the mapping from a map to `defect_probability`."""

    rule: PixelThreshold
    calibration: Calibration


@dataclass(frozen=True)
class _Table:
    """What each rule makes of pictures, and what there is, summed over them.

    `grid` (joins, thresholds, `regions`, peaks, 5) has what `_by_rule` counts, then defective pictures missed and clean
    ones called. `totals` are true pixels, 8-connected regions of the true masks by class, defective and clean pictures;
    `areas` are those of the regions, px.
    """

    grid: npt.NDArray[np.float64]
    totals: npt.NDArray[np.float64]
    areas: tuple[int, ...]
    regions: tuple[int, ...] = (*SMALL_REGIONS, *REGIONS)

    def __add__(self, other: "_Table") -> "_Table":
        return _Table(self.grid + other.grid, self.totals + other.totals, self.areas + other.areas, self.regions)


def choose(predictions: Predictions) -> OperatingPoint:
    """Choose the operating point on predictions of pictures that the network never saw in training."""
    rule = _best_rule(_limited(_tabulate(predictions)), LEAST_UNCERTAINTY)
    return OperatingPoint(rule, calibration.platt(predictions))


def choose_nested(folds: Sequence[Predictions]) -> tuple[OperatingPoint, list[OperatingPoint]]:
    """Return the point chosen on all folds, and for each fold the one chosen on the others (to report that fold with).

    The threshold's uncertainty is half the spread of the folds' own choices.
    """
    tables = [_tabulate(fold) for fold in folds]
    nested = []
    for left_out in range(len(folds)):
        others = [number for number in range(len(folds)) if number != left_out]
        rule = _best_rule(_limited(reduce(add, [tables[number] for number in others])), LEAST_UNCERTAINTY)
        nested.append(OperatingPoint(rule, calibration.platt(Joined([folds[number] for number in others]))))
    values = [point.rule.value for point in nested]
    uncertainty = round(max(LEAST_UNCERTAINTY, (max(values) - min(values)) / 2), 4)
    rule = _best_rule(_limited(reduce(add, tables)), uncertainty)
    return OperatingPoint(rule, calibration.platt(Joined(folds))), nested


def bounded_miss_threshold(predictions: Predictions, rules: Sequence[PixelThreshold]) -> float | None:
    """Return the highest threshold at which at most MISSED of a new picture's defective area is expected to be missed.

    It has three decimals. Each picture has its own rule for regions, one that was chosen without it. Conformal risk
    control (Angelopoulos et al. 2022, eq. 4): holds on average over pictures exchangeable with these. None where even
    the lowest threshold misses more, or where there are too few pictures to say.
    """

    def bound(thousandths: int) -> float:
        pairs = zip(predictions, rules, strict=True)
        missed = [_missed_share(p, rule, thousandths / 1000) for p, rule in pairs if p.defective]
        return (sum(missed) + 1) / (len(missed) + 1)

    # as the threshold falls regions only grow, and what they must reach falls too: the bound never rises
    allowed = bisect_right(THOUSANDTHS, MISSED, key=bound)
    return allowed / 1000 if allowed else None


def _missed_share(p: Prediction, rule: PixelThreshold, threshold: float) -> float:
    """Return the share of the defects' pixels that the service would not show at a threshold."""
    return 1 - float(label(p.q, rule, threshold).covered[p.truth > 0].mean())


def _limited(table: _Table) -> _Table:
    """Leave out the small regions, unless what is labelled is too small for all the others."""
    if table.areas and float(np.quantile(table.areas, SMALL_SHARE)) < REGIONS[0]:
        return table
    return _Table(table.grid[:, :, len(SMALL_REGIONS) :], table.totals, table.areas, REGIONS)


def _labelled_areas(p: Prediction) -> list[int]:
    """Return the areas of the 8-connected regions of a true mask by class, px."""
    masks = ((p.truth == kind).view(np.uint8) for kind in np.unique(p.truth[p.truth > 0]))
    return [area for mask in masks for area in cv2.connectedComponentsWithStats(mask)[2][1:, cv2.CC_STAT_AREA].tolist()]


def _tabulate(predictions: Predictions) -> _Table:
    """Count what each rule on the grid makes of pictures."""
    return reduce(add, map(_counted, predictions))


def _counted(p: Prediction) -> _Table:
    fact, areas = p.truth > 0, _labelled_areas(p)
    found = np.array(
        [[_by_rule(p.q, float(value), fact, join, _Table.regions) for value in THRESHOLDS] for join in JOINS],
        np.float64,
    )
    called = found[..., 1:2] > 0
    wrong = [~called, np.zeros_like(called)] if p.defective else [np.zeros_like(called), called]
    totals = np.array([np.count_nonzero(fact), len(areas), p.defective, not p.defective], np.float64)
    return _Table(np.concatenate([found, *wrong], axis=-1), totals, tuple(areas))


def _by_rule(
    q: npt.NDArray[np.uint8], threshold: float, fact: npt.NDArray[np.bool_], join_px: int, regions: tuple[int, ...]
) -> npt.NDArray[np.float64]:
    """Return for each smallest region and least peak (regions, peaks, 3) what is left of the regions at a threshold.

    That is: pixels both predicted and true, predicted pixels, and predicted defects.
    """
    every = PixelThreshold(value=threshold, uncertainty=0, min_region_px=1, join_px=join_px)
    found = label(q, every, threshold)
    numbers = np.arange(1, found.count + 1)
    hits, areas = np.bincount(found.labels[fact], minlength=found.count + 1)[1:], found.runs.areas
    peaks = np.asarray(ndimage.maximum(q, found.labels, numbers), np.float64)
    large = areas >= np.array(regions)[:, None, None]
    plain = peaks >= np.array([cut(peak) for peak in PEAKS])[:, None]
    kept = (large & plain).astype(np.float64)
    return np.stack([kept @ hits, kept @ areas, kept.sum(-1)], axis=-1)


def _best_rule(table: _Table, uncertainty: float) -> PixelThreshold:
    """Return the best rule on the grid.

    For each `join_px` threshold, region and peak are those of the best score, averaged with its neighbours' against
    noise. Of the joins whose score is as good as the best, that one is taken that finds as many defects as there are.
    """
    both, predicted, found, missed, called = np.moveaxis(table.grid, -1, 0)
    true, defects, defective, clean = table.totals
    dice = 2 * both / np.maximum(predicted + true, 1)
    score = dice - PICTURE_WEIGHT * (missed / max(defective, 1) + called / max(clean, 1))
    smooth = [ndimage.uniform_filter(block, 3, mode="nearest") for block in score]
    rules = [np.unravel_index(int(block.argmax()), block.shape) for block in smooth]
    scores = np.array([block.max() for block in smooth])
    counts = np.array([found[join, *rule] for join, rule in enumerate(rules)])
    surplus = np.abs(np.log((counts + 1) / (defects + 1)))
    chosen = int(np.argmin(np.where(scores >= scores.max() - AS_GOOD, surplus, np.inf)))
    value, region, peak = rules[chosen]
    return PixelThreshold(
        value=float(THRESHOLDS[value]),
        uncertainty=uncertainty,
        min_peak=PEAKS[peak],
        min_region_px=table.regions[region],
        join_px=JOINS[chosen],
    )
