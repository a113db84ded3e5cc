"""How near what was measured on a picture comes to the limits of the model's card: the drift that is watched."""

from typing import Literal, NamedTuple, get_args

from defect_api.record import Record, Statistic

Watched = Literal[Statistic, "novelty"]
WATCHED: tuple[Watched, ...] = get_args(Watched)
Limits = tuple[float | None, float | None]
# beyond it, how far out a picture is says nothing more, and an infinite value would spoil a mean for good
FARTHEST = 10.0


class Measurement(NamedTuple):
    """A value, and how near it comes to its limits: beyond 1 there is no verdict; None where it has none."""

    value: float
    use: float | None


def limits(record: Record) -> dict[Watched, Limits]:
    """Return the low and the high limit of each statistic that the picture of a record was held against."""
    found: dict[Watched, Limits] = {condition.name: (condition.low, condition.high) for condition in record.conditions}
    if record.similarity:
        found["novelty"] = (None, record.similarity.limit)
    return found


def measurements(record: Record) -> dict[Watched, Measurement]:
    """Return what was measured on the picture of a record; what could not be measured is left out."""
    values: dict[Watched, float | None] = {condition.name: condition.value for condition in record.conditions}
    if record.similarity:
        values["novelty"] = record.similarity.score
    return {
        name: Measurement(value, _use(value, *limits_of_it))
        for name, limits_of_it in limits(record).items()
        if (value := values[name]) is not None
    }


def _use(value: float, low: float | None, high: float | None) -> float | None:
    uses = [] if low is None else [_ratio(low, value)]
    uses += [] if high is None else [_ratio(value, high)]
    return max(uses, default=None)


def _ratio(part: float, whole: float) -> float:
    if part <= 0:
        return 0.0
    return min(FARTHEST, part / whole) if whole > 0 else FARTHEST
