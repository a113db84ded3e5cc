"""Evaluates folds of predictions: every picture under an operating point that was chosen without it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from defect_api.card import Metric, PixelThreshold
from training import calibration, metrics
from training.operating_point import OperatingPoint, bounded_miss_threshold, choose, choose_nested
from training.predictions import Joined, Predictions

HARD = "at the pictures' own size, at the chosen threshold and smallest region"
BINS = (
    f"expected, bins of equally many pictures, one for every {calibration.LEAST_IN_BIN} "
    f"but at most {calibration.MOST_BINS}"
)
WILSON = "interval by Wilson (1927)"  # a bootstrap of pictures of which none is missed would promise that none ever is
FIGURES: dict[str, tuple[Callable[[metrics.Counts], float], str]] = {
    "first system's Dice": (
        metrics.first_system_dice,
        "soft Dice at 128 x 800, pooled per batch of 8 in random orders, smooth 1, defective pictures only",
    ),
    "pooled Dice": (metrics.dice, f"hard, any defect, all pictures, {HARD}"),
    "pooled IoU": (metrics.iou, f"hard, any defect, all pictures, {HARD}"),
    "pooled Dice, defective pictures": (lambda c: metrics.dice(_defective(c)), f"hard, any defect, {HARD}"),
    "mean Dice per defective picture": (metrics.mean_dice, f"hard, any defect, {HARD}"),
    "Kaggle Dice": (metrics.kaggle_dice, f"mean over pictures and classes, 1 where both are empty, {HARD}"),
    "picture ROC AUC": (metrics.roc_auc, "of the calibrated probability that a picture has a defect"),
    "picture average precision": (metrics.average_precision, "of the calibrated probability"),
    "misses per 100 defective pictures": (metrics.misses, f"defective pictures called clean, {WILSON}"),
    "false calls per 100 clean pictures": (metrics.false_calls, f"clean pictures called defective, {WILSON}"),
    "picture Brier score": (metrics.brier, "of the calibrated probability"),
    "picture calibration slope": (metrics.calibration_slope, "of the calibrated probability; 1 is right"),
    "picture calibration error": (metrics.calibration_error, f"of the calibrated probability, {BINS}"),
    "picture calibration error before": (
        metrics.calibration_error_before,
        f"of the mean of the map's largest values, which the calibration starts from, {BINS}",
    ),
    "pixel calibration error": (metrics.pixel_calibration_error, "expected, 15 bins of equal width, all pixels"),
}
# figures that are shares of sheets, and which of those they count
SHARES = {metrics.misses: metrics.missed, metrics.false_calls: metrics.called}


@dataclass(frozen=True)
class Judged:
    """Folds of predictions under operating points: `chosen` on all of them, each of `points` without its picture.

    Not so where there is a single fold: it is not `nested`, and judged by its own choice.
    """

    chosen: OperatingPoint
    predictions: Predictions
    points: list[OperatingPoint]
    nested: bool = True

    @property
    def rules(self) -> list[PixelThreshold]:
        """Return each picture's rule for regions."""
        return [point.rule for point in self.points]

    @property
    def rules_for_any_threshold(self) -> list[PixelThreshold]:
        """Return the rules as a threshold moves them in the service: from the chosen one on, not a fold's own."""
        own = self.chosen.rule.value
        return [rule.model_copy(update={"value": own}) for rule in self.rules]

    @cached_property
    def bound(self) -> float | None:
        """Return the threshold of `bounded_miss_threshold`, for which all maps are gone through about ten times.

        None where the rules were chosen on the very pictures: it promises nothing then.
        """
        return bounded_miss_threshold(self.predictions, self.rules) if self.nested else None

    def counts(self, classes: int) -> metrics.Counts:
        """Count every picture under its own point."""
        return metrics.count(self.predictions, self.rules, [point.calibration for point in self.points], classes)

    @classmethod
    def of(cls, folds: Sequence[Predictions]) -> "Judged":
        """Choose the point on all folds, and each fold's on the others; a single fold is judged by its own choice."""
        if len(folds) > 1:
            chosen, points = choose_nested(folds)
        else:
            chosen = choose(folds[0])
            points = [chosen]
        own = [point for fold, point in zip(folds, points, strict=True) for _ in range(len(fold))]
        return cls(chosen, Joined(folds), own, nested=len(folds) > 1)


def figures(counts: metrics.Counts, classes: Sequence[str], data: str, how: str, resamples: int) -> list[Metric]:
    """Return every figure with its 95 % interval: by bootstrap, but for the shares of sheets.

    `data` and `how` are what the card says of where the figures come from. A single fold is judged by its own choice,
    so `how` should say that thresholds were chosen on the pictures that are reported. A class that no mask shows has no
    figure, nor has what is not finite, such as a calibration slope where pictures are told apart without an error.
    """
    wanted = dict(FIGURES)
    for channel, name in enumerate(classes, 1):
        if counts.true[:, channel].any():
            wanted[f"Dice, {name}"] = (partial(metrics.class_dice, channel=channel), f"hard, pooled, {HARD}")
    values = {name: figure(counts) for name, (figure, _) in wanted.items()}
    return [
        Metric(
            name=name,
            value=round(values[name], 4),
            interval=_finite(_interval(counts, figure, resamples)),
            data=data,
            method=f"{what}; {how}",
        )
        for name, (figure, what) in wanted.items()
        if np.isfinite(values[name])
    ]


def _finite(interval: tuple[float, float]) -> tuple[float, float] | None:
    """Return an interval rounded, None where an end is no number that a card can hold."""
    low, high = interval
    return (round(low, 4), round(high, 4)) if np.isfinite(interval).all() else None


def _interval(counts: metrics.Counts, figure: Callable[[metrics.Counts], float], resamples: int) -> tuple[float, float]:
    if figure in SHARES and (wrong := SHARES[figure](counts)).size:
        return metrics.wilson_per_100(int(np.count_nonzero(wrong)), wrong.size, 4)
    return metrics.interval(counts, figure, resamples)


def _defective(counts: metrics.Counts) -> metrics.Counts:
    return counts[counts.defective.nonzero()[0]]
