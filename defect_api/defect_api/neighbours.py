"""What comes before and after an inspection in a filtered list, for those who look at one after the other."""

from pydantic import BaseModel, Field

from defect_api.history.history import History
from defect_api.history.schema import sorted_by
from defect_api.history.search import Filters, Ordering, Position
from defect_api.record import Record


class NeighbourQuery(Filters, Ordering):
    """Of which list, in which order."""


class Neighbours(BaseModel):
    """The inspections beside one in a list; it need not be in the list itself."""

    previous: str | None = Field(description="id of the one before it, null where it is the first")
    next: str | None = Field(description="id of the one after it, null where it is the last")


def neighbours(history: History, record: Record, query: NeighbourQuery) -> Neighbours:
    """Return what stands beside `record` in the list that `query` wants. Raises HistoryAway."""
    place = Position(sorted_by(record)[query.sort], record.id)
    backwards = Ordering(sort=query.sort, order="asc" if query.order == "desc" else "desc")
    return Neighbours(previous=_first(history, query, backwards, place), next=_first(history, query, query, place))


def _first(history: History, filters: Filters, ordering: Ordering, after: Position) -> str | None:
    return next((record.id for _, record in history.records(filters, ordering, 1, after)), None)
