"""Sets the limits beyond which a package gives no verdict, so that about 1 in 100 sheets like its own is refused."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from defect_api.card import Conditions, Metric
from defect_api.conditions import GATES, Gate, limited, reasons
from defect_api.record import Statistic
from training.metrics import wilson_per_100

# of the sheets like those trained on; 2 of Severstal's 128 are beyond such a limit that was set on others
REFUSED_BY_NOVELTY = 0.015
REFUSED_BY_STATISTICS = 0.001  # by all of their limits together: they are for what no camera at a line should send
TAIL = 0.1  # share of the sheets that a limit's tail is fitted to
DECIMALS = 3
LEAST = 1e-3  # of what a logarithm is taken: a picture may be all black
# the strictest and the loosest that limits may be: pictures of a small set may all fill the frame and have no white
# pixel, the next need not; what has no block of steel in 100 or varies by less than half a grey level is blank, sheets
# with a fifth of their light have a mean of 18, sheets blurred by 2 px a sharpness of 0.22 to 0.39, and white noise one
# of 3.0 however strong it is
BOUNDS: dict[tuple[Statistic, str], tuple[float, float]] = {
    ("strip_share", "low"): (0.5, 0.01),
    ("brightness", "low"): (math.inf, 18),
    ("saturated_share", "high"): (0.02, 0.9),
    ("texture", "low"): (math.inf, 0.5),
    ("sharpness", "low"): (math.inf, 0.22),
    ("sharpness", "high"): (-math.inf, 2.9),
}
NAME = "sheets refused per 100"


@dataclass(frozen=True)
class Sheet:
    """What a limit is set from: a picture's statistics, and its novelty for a network that has not seen it."""

    fold: int
    real: bool
    statistics: dict[Statistic, float | None]
    novelty: float | None


class Refusals(NamedTuple):
    """How many of how many sheets got no verdict."""

    refused: int
    sheets: int

    def metric(self, data: str, method: str) -> Metric:
        """Return the figure per 100 with its Wilson interval (1927)."""
        value, interval = round(100 * self.refused / self.sheets, 2), wilson_per_100(self.refused, self.sheets, 2)
        return Metric(name=NAME, value=value, interval=interval, data=data, method=method)


def limits(sheets: Sequence[Sheet]) -> Conditions:
    """Set each limit where a tail fitted to the sheets leaves its part of what may be refused."""
    scores = [sheet.novelty for sheet in sheets if sheet.novelty is not None]
    ranges: dict[Statistic, tuple[float | None, float | None]] = {}
    for gate in GATES:
        limit = _limit([sheet.statistics[gate.statistic] for sheet in sheets], gate)
        low, high = ranges.get(gate.statistic, (None, None))
        ranges[gate.statistic] = (limit, high) if gate.side == "low" else (low, limit)
    novelty = round(tail_limit(scores, REFUSED_BY_NOVELTY), DECIMALS) if scores else None
    return Conditions(ranges=ranges, novelty=novelty)


def _limit(values: Sequence[float | None], gate: Gate) -> float | None:
    """Return the limit of a gate, None where no value could be measured."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    part = REFUSED_BY_STATISTICS / len(GATES)
    limit = low_limit(known, part) if gate.side == "low" else tail_limit(known, part)
    strictest, loosest = BOUNDS[gate.statistic, gate.side]
    # what is known of the sheets themselves is never refused for a bound
    least, most = (min(loosest, *known), strictest) if gate.side == "low" else (strictest, max(loosest, *known))
    return round(min(max(limit, least), most), DECIMALS)


def refusals(sheets: Iterable[Sheet], known: Conditions) -> Refusals:
    """Count the sheets that the limits refuse, by the very rule that serves."""
    found = [bool(reasons(limited(sheet.statistics, sheet.novelty, known))) for sheet in sheets]
    return Refusals(sum(found), len(found))


def cross_refusals(sheets: Sequence[Sheet]) -> Refusals:
    """Count the real sheets that limits set on the other folds refuse."""
    total = [0, 0]
    for fold in sorted({sheet.fold for sheet in sheets}):
        known = limits([sheet for sheet in sheets if sheet.fold != fold])
        one = refusals([sheet for sheet in sheets if sheet.fold == fold and sheet.real], known)
        total = [total[0] + one.refused, total[1] + one.sheets]
    return Refusals(*total)


def tail_limit(values: Sequence[float], part: float) -> float:
    """Return what the next of such values exceeds with the probability `part`: those over the highest TAIL tell.

    Peaks over threshold (Pickands 1975) with a shape of 0. The mean excess is known from m of them only, so that the
    next one's is not exponential: it is over t times their sum with the probability (1 + t)^-m (Lawless, A Prediction
    Problem Concerning Samples from the Exponential Distribution, 1971). The limit lies beyond the largest value where
    `part` is less than one in as many values as there are.
    """
    start = float(np.quantile(values, 1 - TAIL))
    excesses = [value - start for value in values if value >= start]
    return start + sum(excesses) * (math.pow(TAIL / part, 1 / len(excesses)) - 1)


def low_limit(values: Sequence[float], part: float) -> float:
    """Return what `part` of such values fall below, by factors: none of them can be below 0."""
    return float(np.exp(-tail_limit((-np.log(np.maximum(values, LEAST))).tolist(), part)))
