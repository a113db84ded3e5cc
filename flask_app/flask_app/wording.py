"""How figures and verdicts are worded on the pages: template filters and globals."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from urllib.parse import quote
from zoneinfo import ZoneInfo

from flask import Flask

from flask_app.record import Record

VERDICTS = {"defect": "Defect found", "clean": "No defect found", "no_verdict": "No verdict"}
METHODS = {
    "calibrated": "calibrated with the model",
    "otsu": "Otsu's, from this sheet",
    "requested": "asked for with this inspection",
}
PICTURE_NAMES = {"original": "Original", "overlay": "Overlay", "heat": "Heat map"}
CONDITIONS = {
    "strip_share": "Steel in the picture, share",
    "brightness": "Brightness, grey value",
    "saturated_share": "Overexposed, share",
    "texture": "Texture",
    "sharpness": "Sharpness",
    "novelty": "Distance from the training data",
}
UNKNOWN = "\u2013"
THIN_SPACE = "\u202f"
# the REST service's own limits: defect_api/defect_api/thumbnail.py
THUMBNAIL_SIZE = 640, 360
# how the beginning of a part of the time is written: as briefly as its length allows
BEGINNINGS = {
    "minute": "%H:%M",
    "hour": "%m-%d %H:%M",
    "day": "%m-%d",
    "week": "%Y-%m-%d",
    "month": "%Y-%m",
    "year": "%Y",
}
UNITS = ("B", "kB", "MB", "GB")


def percent(share: float | None) -> str:
    """Write a share in [0, 1] as a percentage that never rounds to certainty."""
    if share is None:
        return UNKNOWN
    value = 100 * share
    if 0 < value < 0.05:
        return f"<{THIN_SPACE}0.1{THIN_SPACE}%"
    if 99.95 <= value < 100:
        return f">{THIN_SPACE}99.9{THIN_SPACE}%"
    return f"{number(value, 1)}{THIN_SPACE}%"


def number(value: float | None, digits: int = 0) -> str:
    """Write a number with thin spaces between its thousands, rounded as JavaScript's toFixed does (ECMA-262)."""
    if value is None:
        return UNKNOWN
    # the number's exact value, and half away from zero
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return f"{rounded:,f}".replace(",", THIN_SPACE)


def size(count: int) -> str:
    """Write a number of bytes in the unit that leaves at most four digits (1 kB = 1024 bytes, as in the limits)."""
    value, unit = float(count), UNITS[0]
    for larger in UNITS[1:]:
        if value < 1000:
            break
        value, unit = value / 1024, larger
    digits = 0 if unit == "B" or value >= 100 else 1
    return f"{number(value, digits)}{THIN_SPACE}{unit}"


def utc(moment: datetime) -> str:
    """Write a time to the second, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def machine_time(moment: datetime) -> str:
    """Write a time to the second for machines (RFC 3339)."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def beginning(moment: datetime, unit: str, zone: str) -> str:
    """Write when a minute, hour, day, week, month or year begins, in a time zone."""
    return moment.astimezone(ZoneInfo(zone)).strftime(BEGINNINGS[unit])


def media_url(name: str) -> str:
    """Return the address of a file on the media volume, which nginx serves."""
    return f"/media/{quote(name, safe='')}"


def thumbnail_url(record: Record) -> str:
    """Return the address of a record's thumbnail; it changes when the record does, so browsers keep it for a year."""
    return f"/api/v1/inspections/{quote(record.id, safe='')}/thumbnail?v={version(record)}"


def version(record: Record) -> int:
    """Return what changes when a sheet is judged anew: when it was, ms since 1970."""
    return round(record.created_at.timestamp() * 1000)


def thumbnail_size(record: Record) -> tuple[int, int]:
    """Return the width and height, px, that the REST service draws a record's thumbnail with."""
    width, height = record.image.width, record.image.height
    scale = min(1, THUMBNAIL_SIZE[0] / width, THUMBNAIL_SIZE[1] / height)
    return round(width * scale), round(height * scale)


def defect_area(record: Record) -> str:
    """Write the area of all defects together: in px, and in mm² where the record has a scale."""
    px = sum(defect.area_px for defect in record.defects)
    in_px = f"{number(px)}{THIN_SPACE}px"
    if record.scale is None:
        return in_px
    on_sheet = number(px * record.scale.mm_per_px_x * record.scale.mm_per_px_y, record.scale.area_decimals)
    return f"{on_sheet}{THIN_SPACE}mm² · {in_px}"


def condition_name(name: str) -> str:
    """Return what a statistic of the pictures is called; one of a newer service goes by its own name."""
    return CONDITIONS.get(name, name.replace("_", " "))


def capitalize_first(words: str) -> str:
    """Begin a sentence: raise the first letter and leave names as they are."""
    return words[:1].upper() + words[1:]


def init_app(app: Flask) -> None:
    """Give the templates their words."""
    app.jinja_env.filters.update(
        percent=percent,
        number=number,
        size=size,
        utc=utc,
        machine_time=machine_time,
        beginning=beginning,
        media_url=media_url,
        capitalize_first=capitalize_first,
        condition_name=condition_name,
        defect_area=defect_area,
        thumbnail_url=thumbnail_url,
        thumbnail_size=thumbnail_size,
        version=version,
        ends_with=str.endswith,
    )
    app.jinja_env.globals.update(VERDICTS=VERDICTS, METHODS=METHODS, PICTURE_NAMES=PICTURE_NAMES)
