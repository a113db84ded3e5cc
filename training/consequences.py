"""What each threshold is expected to lead to, misses and false calls: the card's operating points."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from defect_api.card import Estimate, OperatingPoint, OperatingPoints, PixelThreshold
from defect_api.labelling import areas_of
from training.metrics import wilson_per_100
from training.predictions import Prediction, Predictions

# closer together at the top, for lines that stop for a false call
THRESHOLDS = np.round([*np.arange(0.05, 0.96, 0.05), 0.97, 0.98, 0.99, 0.995], 3)
METHOD = (
    "sheets called at each threshold, each by the rule for regions that it was judged by, with the least peak moved "
    "from the card's threshold; 95 % intervals by Wilson (1927)"
)


def operating_points(
    predictions: Predictions, rules: Sequence[PixelThreshold], own: float, data: str, how: str
) -> OperatingPoints | None:
    """Return misses and false calls at each threshold, `own` among them; None without both kinds of sheets.

    Each picture has its own rule for regions, one that was chosen without it; `data` and `how` are what the card says
    of where the figures come from.
    """
    thresholds = sorted({*THRESHOLDS.tolist(), own})
    pairs = zip(predictions, rules, strict=True)
    found = [(p.defective, [_called(p, rule, at) for at in thresholds]) for p, rule in pairs]
    defective, called = (np.array(column, bool) for column in zip(*found, strict=True))
    if defective.all() or not defective.any():
        return None
    return OperatingPoints(
        data=data,
        method=f"{METHOD}; {how}",
        defective=int(defective.sum()),
        clean=int((~defective).sum()),
        points=[
            OperatingPoint(
                threshold=at,
                misses_per_100=_per_100(~called[defective, column]),
                false_calls_per_100=_per_100(called[~defective, column]),
            )
            for column, at in enumerate(thresholds)
        ],
    )


def _called(p: Prediction, rule: PixelThreshold, threshold: float) -> bool:
    return bool(areas_of(p.q, rule, threshold).size)


def _per_100(wrong: npt.NDArray[np.bool_]) -> Estimate:
    count = int(np.count_nonzero(wrong))
    return Estimate(value=round(100 * count / len(wrong), 1), interval=wilson_per_100(count, len(wrong), 1))
