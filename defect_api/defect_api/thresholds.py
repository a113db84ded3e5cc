"""The 8-bit probability map and the thresholds that cut it. Every decision uses this map, so that a replay is exact."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from defect_api.card import Calibration, PixelThreshold
from defect_api.record import Otsu

Map = NDArray[np.uint8]
Histogram = NDArray[np.int64]

LEAST_FEATURE = 1e-4
EXACT_PX = 2**24  # OpenCV counts in float32, faster than NumPy and exact up to here
# of the shipped model's maps, `python -m benchmarks.separability` on Severstal's sample and on generated sheets: 110
# of 118 defective sheets reach it, and 10 of 49 clean ones
LEAST_SEPARABILITY = 0.85


def quantise(probability: NDArray[np.float32]) -> Map:
    """Return round(255 p), uint8, H x W, of a float32 map p in [0, 1]; what is above 1 counts as 1."""
    return np.asarray(cv2.convertScaleAbs(probability, alpha=255), np.uint8)


def cut(threshold: float) -> int:
    """Return the smallest 8-bit value that counts as defective at `threshold`: ceil(255 x threshold)."""
    return math.ceil(255 * threshold)


def least_peak(threshold: float, rule: PixelThreshold) -> float:
    """Return what a defect's highest pixel must reach, at least `threshold`.

    It is the rule's `min_peak` at the rule's own threshold, and moves in proportion to 0 and to 1 with another one: a
    defect is outlined where it begins and believed for where it is plain (hysteresis, Canny 1986).
    """
    own, peak = rule.value, rule.min_peak
    if threshold > own:
        return max(threshold, peak + (1 - peak) * ((threshold - own) / (1 - own)))
    return max(threshold, peak * (threshold / own))


def histogram(q: Map) -> Histogram:
    """Count the pixels of each of the 256 values of an 8-bit map (uint8, H x W): int64, (256,)."""
    parts = np.array_split(q, -(-q.size // EXACT_PX))
    # most of a map is 0, which a mask passes over
    counts = [cv2.calcHist([part], [0], part, [256], [0, 256]).ravel() for part in parts]
    total = np.asarray(np.sum(counts, axis=0, dtype=np.int64))
    total[0] = q.size - total.sum()
    return total


def otsu(counts: Histogram) -> Otsu:
    """Return Otsu's threshold of the map with this histogram, as a probability, and its separability in [0, 1].

    Separability is the between-class variance over the total variance: N. Otsu, 'A threshold selection method from
    gray-level histograms', IEEE Trans. SMC 9 (1979), eq. 12 and 18.
    """
    values = np.arange(256) / 255
    weights = counts / counts.sum()
    mean = float(weights @ values)
    variance = float(weights @ (values - mean) ** 2)
    if variance == 0:
        return Otsu(value=None, separability=0, meaningful=False)
    below, first_moment = np.cumsum(weights)[:-1], np.cumsum(weights * values)[:-1]
    spread = below * (1 - below)
    between = np.divide((mean * below - first_moment) ** 2, spread, out=np.zeros_like(spread), where=spread > 0)
    best = int(np.argmax(between))
    separability = min(1.0, float(between[best]) / variance)
    return Otsu(value=(best + 1) / 255, separability=separability, meaningful=separability >= LEAST_SEPARABILITY)


def mean_of_largest(counts: Histogram, pixels: int) -> float:
    """Return the mean, in [0, 1], of the `pixels` largest values of the map with this histogram (all, if fewer)."""
    pixels = min(pixels, int(counts.sum()))
    from_top = np.minimum(np.cumsum(counts[::-1]), pixels)
    taken = np.diff(from_top, prepend=0)
    return float(taken @ np.arange(255, -1, -1)) / (255 * pixels)


def logit_of_largest(counts: Histogram, pixels: int) -> float:
    """Return the log odds of `mean_of_largest`, clipped so that they are finite; Platt's calibration starts from it."""
    clipped = min(max(mean_of_largest(counts, pixels), LEAST_FEATURE), 1 - LEAST_FEATURE)
    return math.log(clipped / (1 - clipped))


def defect_probability(counts: Histogram, calibration: Calibration) -> float:
    """Return the calibrated probability that the sheet with this map histogram has any defect."""
    if calibration.method == "isotonic":
        return float(np.interp(mean_of_largest(counts, calibration.pixels), calibration.x, calibration.y))
    logit = logit_of_largest(counts, calibration.pixels)
    return 1 / (1 + math.exp(-(calibration.slope * logit + calibration.intercept)))
