"""What was measured on some pictures, summed up by the database for each statistic that has limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, func

from defect_api.history.schema import use_column, value_column
from defect_api.limit_use import WATCHED, Watched


@dataclass(frozen=True)
class Aggregate:
    """One statistic of some pictures: on how many it was measured, and how many of them lay beyond its limits.

    `values` and `uses` are the sums of it and of how near it came to the limits.
    """

    sheets: int = 0
    values: float = 0
    uses: float = 0
    beyond: int = 0

    def __add__(self, other: "Aggregate") -> "Aggregate":
        """Return the statistic of both."""
        return Aggregate(
            self.sheets + other.sheets, self.values + other.values, self.uses + other.uses, self.beyond + other.beyond
        )

    @property
    def mean(self) -> float | None:
        """Return the mean value, None of none."""
        return self.values / self.sheets if self.sheets else None

    @property
    def use(self) -> float | None:
        """Return the mean of how near it came to the limits, None of none."""
        return self.uses / self.sheets if self.sheets else None


def columns() -> list[ColumnElement[Any]]:
    """Return what has to be selected for `observed`."""
    return [column for statistic in WATCHED for column in _columns(statistic)]


def observed(row: Sequence[Any]) -> dict[Watched, Aggregate]:
    """Return the statistics of a row of `columns`; a sum over nothing is null there."""
    parts = len(row) // len(WATCHED)
    sums = [value or 0 for value in row]
    return {name: Aggregate(*sums[place * parts : (place + 1) * parts]) for place, name in enumerate(WATCHED)}


def _columns(statistic: Watched) -> list[ColumnElement[Any]]:
    value, use = value_column(statistic), use_column(statistic)
    return [func.count(value), func.sum(value), func.sum(use), func.count(case((use > 1, 1)))]
