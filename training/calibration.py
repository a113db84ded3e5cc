"""Fits what turns a map into `defect_probability`, and measures how well such probabilities hold."""

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from defect_api.card import Platt
from defect_api.thresholds import histogram, logit_of_largest
from training.examples import DataError
from training.predictions import Predictions

# of a picture's pixels that the feature averages, 205 px of a sheet, half of a small pit: out of fold, ROC AUC, Brier
# score and calibration error grow worse from 50 px to 4,096 px, and one hot pixel is to decide nothing
SHARE = 0.0005
STRENGTH = 10.0  # of the fit (inverse of the penalty); the features are log odds
LEAST = 1e-6  # a probability is kept this far from 0 and 1 where its logarithm is taken
MOST_BINS, LEAST_IN_BIN = 8, 10  # of the pictures' calibration error: with fewer in each, bins differ by chance

Numbers = npt.NDArray[np.float64]


def platt(predictions: Predictions) -> Platt:
    """Fit Platt's calibration to the mean of each map's largest values, as many as SHARE of the median picture.

    Raises DataError where all pictures are of one kind.
    """
    found = [(p.defective, histogram(p.q)) for p in predictions]
    defective = np.array([truth for truth, _ in found])
    if defective.all() or not defective.any():
        kind = "clean" if defective.any() else "defective"
        raise DataError(f"none of the {len(defective)} pictures that choose the calibration is {kind}; add some")
    pixels = max(1, round(SHARE * float(np.median([counts.sum() for _, counts in found]))))
    features = [[logit_of_largest(counts, pixels)] for _, counts in found]
    fitted = LogisticRegression(C=STRENGTH).fit(features, defective)
    return Platt(
        method="platt",
        feature="mean_of_largest",
        pixels=pixels,
        slope=round(float(fitted.coef_[0, 0]), 5),
        intercept=round(float(fitted.intercept_[0]), 5),
    )


def slope(probability: Numbers, defective: npt.NDArray[np.bool_]) -> float:
    """Return the calibration slope (Cox 1958): of a logistic regression of the truth on the log odds; 1 is right.

    Below 1 probabilities are too extreme, above 1 too timid. Not a number where all pictures are of one kind, and not
    finite where the probabilities tell both kinds apart without an error: then no slope fits better than a steeper one.
    """
    if defective.all() or not defective.any():
        return float("nan")
    clipped = np.clip(probability, LEAST, 1 - LEAST)
    if clipped[~defective].max() <= clipped[defective].min():
        return float("inf")
    if clipped[defective].max() <= clipped[~defective].min():
        return float("-inf")
    log_odds = np.log(clipped / (1 - clipped))[:, None]
    return float(LogisticRegression(C=np.inf).fit(log_odds, defective).coef_[0, 0])


def bins(probability: Numbers, defective: npt.NDArray[np.bool_], count: int) -> list[tuple[float, float, int]]:
    """Return, for bins of equally many pictures, mean probability, share that is defective, and number.

    Pictures of one probability count as alike, so that their order does not matter where a bin ends among them.
    """
    _, alike = np.unique(probability, return_inverse=True)
    share = (np.bincount(alike, defective) / np.bincount(alike))[alike]
    parts = [part for part in np.array_split(np.argsort(probability, kind="stable"), count) if len(part)]
    return [(float(probability[part].mean()), float(share[part].mean()), len(part)) for part in parts]


def bin_count(pictures: int) -> int:
    """Return over how many bins of equally many pictures calibration is looked at."""
    return min(MOST_BINS, max(1, pictures // LEAST_IN_BIN))


def error(probability: Numbers, defective: npt.NDArray[np.bool_]) -> float:
    """Return the expected calibration error over bins of equally many pictures (Nguyen and O'Connor 2015)."""
    found = bins(probability, defective, bin_count(len(probability)))
    return sum(abs(said - true) * size for said, true, size in found) / len(probability)
