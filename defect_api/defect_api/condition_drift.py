"""How what is measured on the pictures moves, and how near it comes to the limits beyond which there is no verdict."""

from collections.abc import Sequence

from pydantic import BaseModel, Field

from defect_api.history.figures import Section
from defect_api.history.observed import Aggregate
from defect_api.limit_use import Watched, limits
from defect_api.record import Record


class ConditionFigures(BaseModel):
    """One statistic of some pictures."""

    sheets: int = Field(description="on how many it was measured")
    mean: float | None = Field(description="in its own unit; null of none")
    limit_use: float | None = Field(
        description="mean of how near each came to the limits that it was judged by: 1 is at the limit, and what is "
        "over 10 counts as 10; null of none"
    )
    beyond: int = Field(description="how many lay beyond the limits, and so got no verdict")


class ConditionDrift(BaseModel):
    """How one statistic of the pictures moves, against the limits of the model's card."""

    name: Watched
    low: float | None = Field(description="the limit that the newest of the pictures was held against; null for none")
    high: float | None
    all: ConditionFigures
    earlier: ConditionFigures | None = Field(description="in the same time before; null where `drift` is")
    periods: list[ConditionFigures] = Field(description="in each of `periods`")


def condition_drift(
    sections: Sequence[Section], earlier: Section | None, newest: Record | None
) -> list[ConditionDrift]:
    """Return the drift of each statistic that `newest` has limits for, in the `sections` of the time."""
    held = limits(newest) if newest else {}
    return [
        ConditionDrift(
            name=name,
            low=low,
            high=high,
            all=_figures(sum((section.observed[name] for section in sections), Aggregate())),
            earlier=_figures(earlier.observed[name]) if earlier else None,
            periods=[_figures(section.observed[name]) for section in sections],
        )
        for name, (low, high) in held.items()
        if (low, high) != (None, None)
    ]


def _figures(found: Aggregate) -> ConditionFigures:
    return ConditionFigures(sheets=found.sheets, mean=found.mean, limit_use=found.use, beyond=found.beyond)
