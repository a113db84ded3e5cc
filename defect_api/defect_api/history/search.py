"""What is listed, in which order, and from where on: filters, sorting and cursors as conditions on the index."""

import base64
import binascii
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BeforeValidator, Field
from sqlalchemy import ColumnElement, Integer, literal, tuple_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from defect_api.history.schema import Entry, marked, milliseconds, search_name
from defect_api.names import bare_name
from defect_api.parameters import Parameters
from defect_api.problems import Unprocessable
from defect_api.record import Verdict


class PlaceIn(GenericFunction[int]):
    """Where a text begins within another, counted from 1, or 0: LIKE takes longer and, in SQLite, either case."""

    type = Integer()
    inherit_cache = True


@compiles(PlaceIn)
def _standard(element: PlaceIn, compiler: SQLCompiler, **options: Any) -> str:
    part, whole = (compiler.process(text, **options) for text in element.clauses)
    return f"position({part} IN {whole})"


@compiles(PlaceIn, "sqlite")
def _of_sqlite(element: PlaceIn, compiler: SQLCompiler, **options: Any) -> str:
    part, whole = (compiler.process(text, **options) for text in element.clauses)
    return f"instr({whole}, {part})"


SortKey = Literal["created_at", "defect_probability", "defect_area_px"]
Probability = Annotated[float, Field(ge=0, le=1)]
Area = Annotated[int, Field(ge=0, le=2**53)]
# PostgreSQL has no text with a zero character
Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]


def _written_out(value: object) -> object:
    """Refuse a bare number, which pydantic would take for seconds since 1970."""
    if isinstance(value, str) and not re.match(r"\d{4}-\d\d-\d\d[Tt ]", value):
        raise ValueError("a time must be written as RFC 3339 asks for, such as 2026-01-31T12:00:00Z")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out)]


class Filters(Parameters):
    """Which inspections are wanted; one that names several conditions wants all of them."""

    created_from: Moment | None = Field(None, description="not older than this, RFC 3339")
    created_to: Moment | None = Field(None, description="older than this, RFC 3339")
    verdict: Verdict | None = Field(None, description="only with this verdict")
    type: Text | None = Field(None, min_length=1, max_length=200, description="only with a defect of this type")
    area_min: Area | None = Field(None, description="least area of all defects together, px")
    area_max: Area | None = Field(None, description="largest area of all defects together, px")
    probability_min: Probability | None = Field(None, description="least defect probability")
    probability_max: Probability | None = Field(None, description="highest defect probability")
    text: Text | None = Field(None, max_length=255, description="within the client's file name, in either case")
    filename: Text | None = Field(None, max_length=1000, description="only pictures that the client called so")
    id: list[Text] | None = Field(None, max_length=500, description="only these")


class Ordering(Parameters):
    """How they are sorted; equal ones by id."""

    sort: SortKey = Field("created_at", description="what they are sorted by; defect_area_px is that of all together")
    order: Literal["desc", "asc"] = Field("desc", description="largest or newest first, or last")


@dataclass(frozen=True)
class Position:
    """The place of an inspection in a list: what it is sorted by, and its id."""

    value: float
    id: str

    def cursor(self, ordering: Ordering) -> str:
        """Return the opaque text that leads to what follows."""
        content = json.dumps([ordering.sort, ordering.order, self.value, self.id], separators=(",", ":"))
        return base64.urlsafe_b64encode(content.encode()).decode()


def position(cursor: str, ordering: Ordering) -> Position:
    """Return the place that `cursor` names. Raises Unprocessable for one of another list, or none at all."""
    try:
        content = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        raise Unprocessable("The cursor is not one that this service gave.") from error
    match content:
        case [ordering.sort, ordering.order, int() | float() as value, str() as identifier] if (
            abs(value) < 2**63 and identifier.isascii()
        ):
            return Position(value, identifier)
    raise Unprocessable("The cursor is not one that this service gave for this order.")


def sort_column(ordering: Ordering) -> InstrumentedAttribute[Any]:
    """Return the column that is sorted by."""
    column: InstrumentedAttribute[Any] = getattr(Entry, ordering.sort)
    return column


def sorting(ordering: Ordering) -> list[ColumnElement[Any]]:
    """Return what a list is ordered by."""
    columns = (sort_column(ordering), Entry.id)
    return [column.desc() if ordering.order == "desc" else column.asc() for column in columns]


def following(place: Position, ordering: Ordering) -> ColumnElement[bool]:
    """Return the condition for what comes after `place`, whatever was added or removed meanwhile."""
    column = sort_column(ordering)
    columns, last = tuple_(column, Entry.id), tuple_(literal(place.value, column.type), place.id)
    return columns < last if ordering.order == "desc" else columns > last


def conditions(filters: Filters) -> list[ColumnElement[bool]]:
    """Return the conditions of `filters`, but for the verdict's."""
    wanted: list[tuple[Any, Callable[[Any], ColumnElement[bool]]]] = [
        (filters.created_from, lambda moment: Entry.created_at >= milliseconds(moment)),
        (filters.created_to, lambda moment: Entry.created_at < milliseconds(moment)),
        (filters.type, lambda name: PlaceIn(marked(name), Entry.types) > 0),
        (filters.area_min, lambda area: Entry.defect_area_px >= area),
        (filters.area_max, lambda area: Entry.defect_area_px <= area),
        (filters.probability_min, lambda probability: Entry.defect_probability >= probability),
        (filters.probability_max, lambda probability: Entry.defect_probability <= probability),
        (filters.text, lambda text: PlaceIn(search_name(text), Entry.search_name) > 0),
        (filters.filename, lambda name: Entry.filename == bare_name(name)),
        (filters.id, Entry.id.in_),
    ]
    return [condition(value) for value, condition in wanted if value is not None]


def with_verdict(filters: Filters) -> list[ColumnElement[bool]]:
    """Return the conditions of `filters`, the verdict's too."""
    return [*conditions(filters), *([Entry.verdict == filters.verdict] if filters.verdict else [])]
