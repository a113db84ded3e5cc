"""The statistics page: what the inspections of some time come to, each figure with the way to its sheets."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, render_template, request, url_for

from flask_app import context
from flask_app.client import ServiceRefused
from flask_app.filters import MOMENT, TIMES, Wanted, wanted
from flask_app.statistics_answer import Bin, Period

blueprint = Blueprint("statistics", __name__)

DEFAULT_SPAN = "30d"
SPAN_NAMES = {"1h": "Hour", "24h": "24 hours", "7d": "7 days", "30d": "30 days", "365d": "Year", "all": "All"}
# a bin ends before the next one begins, a filter includes its end: the least step that shows in an address
LEAST_STEP = 1e-6
# Siddiqi, Credit Risk Scorecards, 2006
STABLE, SHIFTED = 0.1, 0.25


@blueprint.get("/statistics")
def show() -> str:
    """Show the statistics of what the address wants; without a time, of the last 30 days."""
    arguments = request.args.copy()
    if not any(arguments.get(name) for name in TIMES):
        arguments["last"] = DEFAULT_SPAN
    want = wanted(arguments, datetime.now(UTC))
    query = {**want.filters, "zone": want.zone}
    try:
        found = context.client().statistics(query)
    except ServiceRefused as error:
        abort(400, error.detail)
    drift = _drift_words(found.drift.psi if found.drift else None)
    return render_template("statistics.html", found=found, want=want, spans=SPAN_NAMES, links=Links(want), drift=drift)


class Links:
    """The addresses of the sheets behind a figure: the page's own filters, narrowed."""

    def __init__(self, want: Wanted) -> None:
        """Narrow what `want` wants."""
        self._filters: dict[str, Any] = dict(want.filters)
        self._zone = ZoneInfo(want.zone)

    def to(self, **narrowed: Any) -> str:
        """Return the address of the gallery with these filters too."""
        return url_for("history.gallery", **{**self._filters, **narrowed})

    def period(self, period: Period) -> str:
        """Return the address of the sheets of a period, as far as it lies within the time that was counted."""
        begin, end = period.begin, period.end
        if since := self._filters.get("created_from"):
            begin = max(begin, MOMENT.validate_python(since))
        if until := self._filters.get("created_to"):
            end = min(end, MOMENT.validate_python(until))
        return self._between(begin, end)

    def before(self, earlier: Period) -> str:
        """Return the address of the sheets of the time before that which was counted."""
        return self._between(earlier.begin, earlier.end)

    def _between(self, begin: datetime, end: datetime) -> str:
        """Return the address of the sheets of a time: in whole days, where it is some, as a person would say it."""
        first, last = (moment.astimezone(self._zone) for moment in (begin, end))
        if first.time() == last.time() == time():
            days = {"created_from": first.date(), "created_to": last.date() - timedelta(days=1)}
            return self.to(**days, zone=self._zone.key)
        return self.to(created_from=first.isoformat(), created_to=last.isoformat(), zone=self._zone.key)

    def area(self, part: Bin) -> str:
        """Return the address of the sheets with an area in this bin."""
        return self.to(area_min=round(part.low), area_max=round(part.high) - 1)

    def probability(self, part: Bin) -> str:
        """Return the address of the sheets with a probability in this bin."""
        last = part.high >= 1
        return self.to(probability_min=part.low, probability_max=1 if last else round(part.high - LEAST_STEP, 6))


def _drift_words(psi: float | None) -> str:
    if psi is None:
        return ""
    if psi < STABLE:
        return "little has changed"
    return "something has changed" if psi < SHIFTED else "much has changed: look at the sheets and the camera"
