"""The REST service's statistics, as the site reads them. No HTTP here."""

from typing import Literal

from pydantic import AwareDatetime, Field

from flask_app.record import Answer, Verdict


class Count(Answer):
    """Hold some inspections, counted."""

    total: int
    verdicts: dict[Verdict, int]
    defects: int
    mean_probability: float | None

    def share(self, verdict: Verdict) -> float | None:
        """Return the share in [0, 1] that has this verdict, None of none."""
        return self.verdicts[verdict] / self.total if self.total else None


class Period(Count):
    """Hold those of one part of the time, from `begin` until before `end`."""

    begin: AwareDatetime
    end: AwareDatetime


class Bin(Answer):
    """Hold how many sheets lie from `low` until before `high`."""

    low: float
    high: float
    sheets: int


class TypeCount(Answer):
    """Hold how many sheets have a defect of a type."""

    type: str
    sheets: int


class Drift(Answer):
    """Hold the same time before, and how far the probabilities moved since (population stability index)."""

    earlier: Period
    psi: float | None


class ConditionFigures(Answer):
    """Hold one statistic of some pictures: its mean, how near it comes to the card's limits (1 is at them)."""

    sheets: int
    mean: float | None
    limit_use: float | None
    beyond: int


class Condition(Answer):
    """Hold how one statistic of the pictures moves against the limits of the model's card."""

    name: str
    low: float | None
    high: float | None
    all: ConditionFigures
    earlier: ConditionFigures | None = None
    periods: list[ConditionFigures]


class Statistics(Answer):
    """Hold what some inspections come to."""

    all: Count
    unit: Literal["minute", "hour", "day", "week", "month", "year"]
    periods: list[Period]
    types: list[TypeCount]
    areas: list[Bin]
    probabilities: list[Bin]
    drift: Drift | None
    conditions: list[Condition] = Field(default_factory=list)
