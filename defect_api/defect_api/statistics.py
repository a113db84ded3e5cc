"""The statistics of what some filters want: over time, by verdict, type, area and probability, and how they drift."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field
from sqlalchemy import Connection

from defect_api.condition_drift import ConditionDrift, condition_drift
from defect_api.history import figures
from defect_api.history.figures import Overview, Section, Tally
from defect_api.history.history import History
from defect_api.history.schema import Entry
from defect_api.history.search import Filters, Ordering
from defect_api.history.timeline import Unit, timeline
from defect_api.record import Verdict, rfc3339

PROBABILITY_BINS = 20
PROBABILITY_EDGES = tuple(step / PROBABILITY_BINS for step in range(PROBABILITY_BINS + 1))
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
    drift: Drift | None = Field(description="null where the filters do not say since when, or nothing was before")
    conditions: list[ConditionDrift] = Field(
        description="how the pictures were taken, and how novel they are; empty where the newest was held to no limit"
    )


def statistics(history: History, filters: Filters, zone: ZoneInfo, now: datetime) -> Statistics:
    """Count what `filters` want, with its time cut in the zone `zone`. Raises HistoryAway."""
    newest = next((record for _, record in history.records(filters, Ordering(), 1, None)), None)
    with history.connection() as connection:
        overview = figures.overview(connection, filters)
        cut = timeline(*_span(filters, overview, now), zone)
        sections = figures.sections(connection, filters, cut.edges)
        probabilities = _probabilities(connection, filters)
        drift, earlier = _against_before(connection, filters, probabilities, now)
        return Statistics(
            all=Count.model_validate(_count(overview.tally)),
            unit=cut.unit,
            periods=[_period(*ends, part.tally) for ends, part in zip(pairwise(cut.edges), sections, strict=True)],
            types=[TypeCount(type=name, sheets=count) for name, count in figures.types(connection, filters).items()],
            areas=_areas(connection, filters, overview.largest_area),
            probabilities=_bins(PROBABILITY_EDGES, probabilities),
            drift=drift,
            conditions=condition_drift(sections, earlier, newest),
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
    if filters.created_from is None:
        return oldest, newest
    begin = max(min(filters.created_from, now), EPOCH)
    # the end itself is not wanted
    end = max(min(filters.created_to or now, now), EPOCH) - timedelta.resolution
    return begin, max(begin, end)


def _areas(connection: Connection, filters: Filters, largest: int) -> list[Bin]:
    edges = area_edges(largest)
    bins = _bins(edges, figures.histogram(connection, filters, Entry.defect_area_px, edges))
    first = next((number for number, found in enumerate(bins) if found.sheets), len(bins))
    return bins[first:]


def _probabilities(connection: Connection, filters: Filters) -> list[int]:
    return figures.histogram(connection, filters, Entry.defect_probability, PROBABILITY_EDGES)


def _against_before(
    connection: Connection, filters: Filters, probabilities: Sequence[int], now: datetime
) -> tuple[Drift | None, Section | None]:
    """Compare with the same time before; None where it is not said since when, or before that there was no time."""
    since = filters.created_from
    if since is None:
        return None, None
    length = min(filters.created_to or now, now) - since
    if not timedelta() < length < since - EPOCH:
        return None, None
    begin = since - length
    before = filters.model_copy(update={"created_from": begin, "created_to": since})
    (section,) = figures.sections(connection, before, [begin, since])
    psi = stability_index(_probabilities(connection, before), probabilities)
    return Drift(earlier=_period(begin, since, section.tally), psi=psi), section


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
