"""The statistics of what some filters want: over time, by verdict, type, area and probability, and how they drift."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field
from sqlalchemy import Connection

from defect_api.history import figures
from defect_api.history.figures import Overview, Tally
from defect_api.history.schema import Entry, Verdict
from defect_api.history.search import Filters
from defect_api.history.timeline import Unit, timeline
from defect_api.record import rfc3339

PROBABILITY_BINS = 20
# of areas: the series of preferred numbers that people read at a glance
STEPS = (1, 2, 5)
# of a share of the population stability index that is empty, so that its logarithm exists
LEAST_SHARE = 1e-4
# fewer inspections on either side say nothing of a distribution over 20 bins
FEWEST_TO_COMPARE = 50
# nothing was inspected before
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Count(BaseModel):
    """Some inspections, counted."""

    total: int
    verdicts: dict[Verdict, int]
    defects: int = Field(description="of all of them together")
    mean_probability: float | None = Field(description="mean of the defect probabilities; null where there are none")


class Period(Count):
    """Those of one part of the time."""

    begin: str = Field(description="UTC, RFC 3339; belongs to it")
    end: str = Field(description="UTC, RFC 3339; belongs to the next")


class Bin(BaseModel):
    """Those within one bin of a histogram."""

    low: float
    high: float = Field(description="belongs to the next bin, the last one's to itself")
    sheets: int


class TypeCount(BaseModel):
    """Those with a defect of one type."""

    type: str
    sheets: int


class Drift(BaseModel):
    """How the inspections differ from those of the same time before."""

    earlier: Period
    psi: float | None = Field(description="population stability index of the defect probability; null for under 50")


class Statistics(BaseModel):
    """The statistics of the inspections that the filters want."""

    all: Count
    unit: Unit = Field(description="what each period but the first and the last is long")
    periods: list[Period]
    types: list[TypeCount]
    areas: list[Bin] = Field(description="sheets by the area of all their defects together, px; those without left out")
    probabilities: list[Bin] = Field(description="sheets by their defect probability")
    drift: Drift | None = Field(description="null where the filters do not say since when")


def statistics(connection: Connection, filters: Filters, zone: ZoneInfo, now: datetime) -> Statistics:
    """Count what `filters` want, with its time cut in the zone `zone`. Raises SQLAlchemyError."""
    overview = figures.overview(connection, filters)
    cut = timeline(*_span(filters, overview, now), zone)
    parts = zip(pairwise(cut.edges), figures.tallies(connection, filters, cut.edges), strict=True)
    edges = [step / PROBABILITY_BINS for step in range(PROBABILITY_BINS + 1)]
    probabilities = figures.histogram(connection, filters, Entry.defect_probability, edges)
    return Statistics(
        all=Count.model_validate(_count(overview.tally)),
        unit=cut.unit,
        periods=[_period(*part, tally) for part, tally in parts],
        types=[TypeCount(type=name, sheets=count) for name, count in figures.types(connection, filters).items()],
        areas=_areas(connection, filters, overview.largest_area),
        probabilities=_bins(edges, probabilities),
        drift=_drift(connection, filters, edges, probabilities, now),
    )


def stability_index(earlier: Sequence[int], now: Sequence[int]) -> float | None:
    """Return the population stability index of two histograms over the same bins, None where one counts under 50.

    The sum of (p - q) ln(p / q) over the bins (Siddiqi, Credit Risk Scorecards, 2006): below 0.1 little has changed,
    above 0.25 much has.
    """
    totals = sum(earlier), sum(now)
    if min(totals) < FEWEST_TO_COMPARE:
        return None
    shares = (
        [max(count / total, LEAST_SHARE) for count in counts]
        for counts, total in zip((earlier, now), totals, strict=True)
    )
    return math.fsum((p - q) * math.log(p / q) for q, p in zip(*shares, strict=True))


def area_edges(largest: int) -> list[float]:
    """Return edges of areas, px: 1, 2, 5, 10 and so on, up to the first beyond `largest`."""
    edges = [1.0]
    while edges[-1] <= largest:
        decade, step = divmod(len(edges), len(STEPS))
        edges.append(float(STEPS[step] * 10**decade))
    return edges


def _span(filters: Filters, overview: Overview, now: datetime) -> tuple[datetime, datetime]:
    """Return the time that is shown: what the filters say, as far as it has come, otherwise from oldest to newest."""
    oldest, newest = overview.span or (now, now)
    begin = max(filters.created_from or oldest, EPOCH)
    end = min(filters.created_to or now, now) if filters.created_from else newest
    return begin, max(begin, end)


def _areas(connection: Connection, filters: Filters, largest: int) -> list[Bin]:
    edges = area_edges(largest)
    if len(edges) == 1:
        return []
    bins = _bins(edges, figures.histogram(connection, filters, Entry.defect_area_px, edges))
    first = next((number for number, found in enumerate(bins) if found.sheets), len(bins))
    return bins[first:]


def _drift(
    connection: Connection, filters: Filters, edges: Sequence[float], probabilities: Sequence[int], now: datetime
) -> Drift | None:
    since = filters.created_from
    if since is None:
        return None
    length = min(filters.created_to or now, now) - since
    if not timedelta() < length < since - EPOCH:
        return None
    before = filters.model_copy(update={"created_from": since - length, "created_to": since})
    counts = figures.histogram(connection, before, Entry.defect_probability, edges)
    earlier = _period(since - length, since, figures.overview(connection, before).tally)
    return Drift(earlier=earlier, psi=stability_index(counts, probabilities))


def _count(tally: Tally) -> dict[str, object]:
    return {
        "total": tally.total,
        "verdicts": tally.verdicts,
        "defects": tally.defects,
        "mean_probability": tally.probability,
    }


def _period(begin: datetime, end: datetime, tally: Tally) -> Period:
    return Period.model_validate({"begin": rfc3339(begin), "end": rfc3339(end), **_count(tally)})


def _bins(edges: Sequence[float], counts: Sequence[int]) -> list[Bin]:
    return [Bin(low=low, high=high, sheets=count) for (low, high), count in zip(pairwise(edges), counts, strict=True)]
