"""Chooses what turns maps into decisions: pixel threshold, smallest region kept, and picture-level calibration."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from defect_api.card import PixelThreshold, Platt
from defect_api.thresholds import cut
from training import calibration
from training.predictions import Prediction

THRESHOLDS = np.round(np.arange(0.20, 0.86, 0.05), 2)
# px; of the real masks in the sample's rle_without_images.csv.gz, 5 % of class 1 have no region of over 621 px
REGIONS = (50, 100, 150, 200, 300, 400, 500, 600)
PICTURE_WEIGHT = 0.5  # of misses and false calls, against pooled Dice
LEAST_UNCERTAINTY = 0.02


@dataclass(frozen=True)
class OperatingPoint:
    """The rule for pixels and regions, and the mapping from a map to `defect_probability`."""

    rule: PixelThreshold
    calibration: Platt


def choose(predictions: Sequence[Prediction], uncertainty: float = LEAST_UNCERTAINTY) -> OperatingPoint:
    """Choose the operating point on predictions of pictures that the network never saw in training."""
    value, region = _best_rule(predictions)
    rule = PixelThreshold(value=value, uncertainty=uncertainty, min_region_px=region)
    return OperatingPoint(rule, calibration.platt(predictions))


def choose_nested(folds: Sequence[Sequence[Prediction]]) -> tuple[OperatingPoint, list[OperatingPoint]]:
    """Return the point chosen on all folds, and for each fold the one chosen on the others (to report that fold with).

    The threshold's uncertainty is half the spread of the folds' own choices.
    """
    nested = [choose([p for other in folds if other is not fold for p in other]) for fold in folds]
    values = [point.rule.value for point in nested]
    uncertainty = max(LEAST_UNCERTAINTY, (max(values) - min(values)) / 2)
    return choose([p for fold in folds for p in fold], uncertainty), nested


def bounded_miss_threshold(predictions: Sequence[Prediction], share: float = 0.1) -> float | None:
    """Return the highest threshold at which a new defective picture is expected to miss at most `share` of its area.

    Conformal risk control (Angelopoulos et al. 2022, eq. 4): holds on average over pictures exchangeable with these.
    None where even the lowest threshold misses more, or where there are too few pictures to say.
    """
    shares = np.array([_missed_shares(p) for p in predictions if p.defective])
    n = len(shares)
    bound = (shares.sum(0) + 1) / (n + 1)
    allowed = np.flatnonzero(bound <= share)
    return float(allowed.max()) / 255 if allowed.size else None


def _missed_shares(p: Prediction) -> npt.NDArray[np.float64]:
    """Return, for cuts at 0 to 255, the share of the defect's pixels below the cut."""
    counts = np.bincount(p.q[p.truth > 0], minlength=256)
    return np.concatenate([[0.0], np.cumsum(counts)[:-1] / counts.sum()])


def _best_rule(predictions: Sequence[Prediction]) -> tuple[float, int]:
    """Return the best threshold and region on the grid, scores averaged with their neighbours' against noise."""
    sums = np.array([_by_rule(p) for p in predictions])
    defective = np.array([p.defective for p in predictions])
    both, predicted, true = np.moveaxis(sums, -1, 0)
    dice = 2 * both.sum(0) / np.maximum(predicted.sum(0) + true.sum(0), 1)
    called = predicted > 0
    missed = 1 - called[defective].mean(0) if defective.any() else 0
    false = called[~defective].mean(0) if (~defective).any() else 0
    score = dice - PICTURE_WEIGHT * (missed + false)
    smooth = cv2.blur(score, (3, 3), borderType=cv2.BORDER_REPLICATE)
    row, column = np.unravel_index(int(np.argmax(smooth)), smooth.shape)
    return float(THRESHOLDS[row]), REGIONS[column]


def _by_rule(p: Prediction) -> npt.NDArray[np.float64]:
    """Return (thresholds, regions, 3): pixels both predicted and true, predicted, and true, under each rule."""
    rows = []
    fact = p.truth > 0
    for value in THRESHOLDS:
        mask = (p.q >= cut(float(value))).astype(np.uint8)
        _, labels, boxes, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        areas = boxes[:, cv2.CC_STAT_AREA].astype(np.float64)
        areas[0] = 0
        hits = np.bincount(labels[fact], minlength=len(areas)).astype(np.float64)
        rows.append([(hits[areas >= r].sum(), areas[areas >= r].sum(), np.count_nonzero(fact)) for r in REGIONS])
    return np.array(rows, np.float64)
