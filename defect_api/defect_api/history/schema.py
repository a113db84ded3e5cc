"""The index's one table, and how a record becomes a row of it. Its database indexes are made by the migrations."""

import unicodedata
from datetime import datetime
from typing import Any, get_args

from sqlalchemy import BigInteger, Double, String, Text
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Mapped, mapped_column

from defect_api.limit_use import WATCHED, Watched, measurements
from defect_api.media import StoredRecord
from defect_api.names import printable
from defect_api.record import Record, Verdict

REVISION = "0003"  # the newest of the migrations
TYPE_MARK = "\n"
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


class Base(DeclarativeBase):
    """The base of the index's tables."""


class Entry(Base):
    """What is searched and sorted of one inspection; all else is read from its record."""

    __tablename__ = "inspections"

    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    created_at: Mapped[int] = mapped_column(BigInteger)  # milliseconds since 1970, UTC
    filename: Mapped[str] = mapped_column(String(255))
    search_name: Mapped[str] = mapped_column(Text)  # the file name without case
    verdict: Mapped[str] = mapped_column(String(16))
    defect_probability: Mapped[float] = mapped_column(Double)
    max_probability: Mapped[float] = mapped_column(Double)
    defect_count: Mapped[int]
    defect_area_px: Mapped[int] = mapped_column(BigInteger)
    # the defects' types, a mark around each: in one column, so that an index can hold it beside what sorts
    types: Mapped[str] = mapped_column(Text)
    model_name: Mapped[str] = mapped_column(String(64))
    model_version: Mapped[str] = mapped_column(String(32))
    bytes: Mapped[int] = mapped_column(BigInteger)  # of all files of the inspection
    stamp: Mapped[int] = mapped_column(BigInteger)  # modification of the record's file, nanoseconds since 1970
    # what was measured on the picture and has limits, each with how near it comes to them; null where it has not
    strip_share: Mapped[float | None] = mapped_column(Double)
    strip_share_use: Mapped[float | None] = mapped_column(Double)
    brightness: Mapped[float | None] = mapped_column(Double)
    brightness_use: Mapped[float | None] = mapped_column(Double)
    saturated_share: Mapped[float | None] = mapped_column(Double)
    saturated_share_use: Mapped[float | None] = mapped_column(Double)
    texture: Mapped[float | None] = mapped_column(Double)
    texture_use: Mapped[float | None] = mapped_column(Double)
    sharpness: Mapped[float | None] = mapped_column(Double)
    sharpness_use: Mapped[float | None] = mapped_column(Double)
    novelty: Mapped[float | None] = mapped_column(Double)
    novelty_use: Mapped[float | None] = mapped_column(Double)


def milliseconds(moment: datetime) -> int:
    """Return an aware time as milliseconds since 1970, UTC."""
    return round(moment.timestamp() * 1000)


def search_name(filename: str) -> str:
    """Return a file name, or a part of one, as it is searched: composed, without case or what is not shown."""
    return unicodedata.normalize("NFC", printable(filename)).casefold()


def marked(name: str) -> str:
    """Return a defect type as it stands within `Entry.types`."""
    return TYPE_MARK + name + TYPE_MARK


def sorted_by(record: Record) -> dict[str, float]:
    """Return what a record is sorted by, by column: ms since 1970, a probability, px."""
    return {
        "created_at": milliseconds(datetime.fromisoformat(record.created_at)),
        "defect_probability": record.defect_probability,
        "defect_area_px": sum(defect.area_px for defect in record.defects),
    }


def row(stored: StoredRecord) -> dict[str, Any]:
    """Return the row of a record, by column."""
    record = stored.record
    return {
        "id": record.id,
        "filename": record.image.filename,
        "search_name": search_name(record.image.filename),
        "verdict": record.verdict,
        "max_probability": record.max_probability,
        "defect_count": len(record.defects),
        "types": "".join(marked(name) for name in sorted({defect.type for defect in record.defects})),
        "model_name": record.model.name,
        "model_version": record.model.version,
        "bytes": stored.bytes,
        "stamp": stored.stamp,
        **sorted_by(record),
        **_measured(record),
    }


def value_column(statistic: Watched) -> InstrumentedAttribute[float | None]:
    """Return the column of a statistic's value."""
    column: InstrumentedAttribute[float | None] = getattr(Entry, statistic)
    return column


def use_column(statistic: Watched) -> InstrumentedAttribute[float | None]:
    """Return the column of how near a statistic comes to its limits."""
    column: InstrumentedAttribute[float | None] = getattr(Entry, f"{statistic}_use")
    return column


def _measured(record: Record) -> dict[str, float | None]:
    limited = {name: found for name, found in measurements(record).items() if found.use is not None}
    values: dict[str, float | None] = {name: limited[name].value if name in limited else None for name in WATCHED}
    uses = {f"{name}_use": limited[name].use if name in limited else None for name in WATCHED}
    return {**values, **uses}
