"""A model card's figures as the about page shows them: what they have in common is said once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile

from flask_app.record import Metric
from flask_app.wording import UNKNOWN, number

BETWEEN = "; "  # the parts of a method
DIGITS = 3  # of the largest number of a figure and its interval


@dataclass(frozen=True)
class Figure:
    """A figure, written out, and what is said of its method alone."""

    name: str
    value: str
    interval: str
    how: str


@dataclass(frozen=True)
class Measured:
    """Figures of the same data; `how` is what their methods end in alike."""

    data: str
    how: str
    figures: list[Figure]


def together(metrics: Sequence[Metric]) -> Iterator[Measured]:
    """Group figures that follow each other, are of the same data and have methods of the same ending."""
    for (data, _), group in groupby(metrics, lambda metric: (metric.data, metric.method.split(BETWEEN)[-1])):
        same = list(group)
        parts = [metric.method.split(BETWEEN) for metric in same]
        # a method's first part stays with its figure
        endings = zip(*(part[:0:-1] for part in parts), strict=False) if len(same) > 1 else ()
        alike = len(list(takewhile(lambda each: len(set(each)) == 1, endings)))
        own = [BETWEEN.join(part[: len(part) - alike]) for part in parts]
        yield Measured(data, BETWEEN.join(parts[0][len(parts[0]) - alike :]), list(map(_written, same, own)))


def _written(metric: Metric, how: str) -> Figure:
    ends = metric.interval or ()
    largest = max(map(abs, (metric.value, *ends)))
    decimals = max(0, DIGITS - (len(str(int(largest))) if largest > 1 else 0))
    low_to_high = " to ".join(number(end, decimals) for end in ends)
    return Figure(metric.name, number(metric.value, decimals), low_to_high or UNKNOWN, how)
