"""What a printed report says of an inspection; how it looks is in `report_html` and `report_pdf`."""

from dataclasses import dataclass

import cv2
import numpy as np

from defect_api.exports.sheet import Sheet
from defect_api.png import encode_png
from defect_api.record import Defect, Record, Scale, Threshold, Verdict

ROWS = 20
# enough for 300 dots an inch across a page
PICTURE_PX = 2100
VERDICTS = {"defect": "Defect found", "clean": "No defect found", "no_verdict": "No verdict"}
EVEN = 0.5  # probability on whose other side the verdict should be
METHODS = {"calibrated": "the model's own", "otsu": "by Otsu's method", "requested": "as requested"}


@dataclass(frozen=True)
class Page:
    """The words and figures of one page. Texts are as they are: escaping is the printer's task.

    `tone` is the verdict by whose colour it is printed: that of none where a person has to look.
    """

    verdict: str
    tone: Verdict
    reasons: list[str]
    summary: str
    header: list[str]
    rows: list[list[str]]
    omitted: str
    facts: list[tuple[str, str]]


def page(record: Record) -> Page:
    """Return the page of a record."""
    count = len(record.defects)
    # the probability speaks against the verdict
    doubtful = record.verdict != "no_verdict" and (record.defect_probability >= EVEN) != (record.verdict == "defect")
    return Page(
        verdict=VERDICTS[record.verdict],
        tone="no_verdict" if doubtful else record.verdict,
        reasons=[*(reason.message for reason in record.reasons), *([_doubt(record)] if doubtful else [])],
        summary=_summary(record),
        header=["#", "type", "share", "mean", "area", "length", "width", "angle", "at x, y", "to edge"],
        rows=[_row(number, defect, record.scale) for number, defect in enumerate(record.defects[:ROWS], 1)],
        omitted=f"and {count - ROWS} smaller ones" if count > ROWS else "",
        facts=_facts(record),
    )


def picture(sheet: Sheet) -> bytes:
    """Return the sheet with its defects outlined as PNG, no larger than a page can show. Raises as `overlay`."""
    overlay = sheet.overlay()
    shrink = PICTURE_PX / max(overlay.shape)
    if shrink < 1:
        overlay = np.asarray(cv2.resize(overlay, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.uint8)
    return encode_png(overlay)


def percent(share: float) -> str:
    """Write a share in [0, 1] as a percentage that never rounds to certainty."""
    if 0 < share < 0.0005:
        return "<0.1%"
    if 0.9995 <= share < 1:
        return ">99.9%"
    return f"{share:.1%}"


def _doubt(record: Record) -> str:
    share = f"have a defect with a probability of {percent(record.defect_probability)}"
    return f"Look again: sheets whose map is like this one's {share}, so have a person look."


def _summary(record: Record) -> str:
    count = len(record.defects)
    # not 'above the threshold': what reaches it may be too small or too faint to count
    number = "1 defect" if count == 1 else f"{count} defects"
    area = percent(record.defect_area_fraction)
    found = f"{number}, {area} of the area." if count else "No region counts as a defect."
    # without a verdict the model cannot be believed
    sure = record.verdict != "no_verdict"
    return f"{found} Probability of any defect {percent(record.defect_probability)}." if sure else found


def _row(number: int, defect: Defect, scale: Scale | None) -> list[str]:
    low, high = defect.area_px_range
    if scale:
        area = f"{defect.area_mm2:.{2 * scale.decimals - 2}f} mm²"
        sizes = [area, *(f"{length:.{scale.decimals}f} mm" for length in (defect.length_mm, defect.width_mm))]
    else:
        sizes = [f"{defect.area_px} px ({low} to {high})", f"{defect.length_px:.1f} px", f"{defect.width_px:.1f} px"]
    return [
        str(number),
        defect.type,
        percent(defect.type_probability),
        percent(defect.mean_probability),
        *sizes,
        f"{defect.orientation_deg:.0f}°",
        f"{defect.box[0]}, {defect.box[1]}",
        f"{defect.edge_distance_px} px",
    ]


def _threshold(threshold: Threshold) -> str:
    asked = f" ('{threshold.requested}')" if threshold.requested else ""
    return " ".join(filter(None, [f"{threshold.value:g}, {METHODS[threshold.method]}{asked}.", threshold.note]))


def _scale(scale: Scale | None) -> str:
    if scale is None:
        return "unknown; measured in px"
    origin = f", as {scale.source}" if scale.source else ""
    return f"{scale.mm_per_px_x:g} x {scale.mm_per_px_y:g} mm per px{origin}"


def _facts(record: Record) -> list[tuple[str, str]]:
    image, model, threshold = record.image, record.model, record.threshold
    return [
        ("Inspection", record.id),
        ("Inspected at", f"{record.created_at} (UTC)"),
        ("Picture", f"{image.filename}, {image.width} x {image.height} px, {image.bytes} bytes"),
        ("SHA-256 of the picture", image.sha256),
        ("Model", f"{model.name}/{model.version} on {model.engine}, {model.precision}"),
        ("Digest of the model", model.digest),
        ("Pixel threshold", _threshold(threshold)),
        ("Highest pixel", f"{record.max_probability:.3f}"),
        ("Scale", _scale(record.scale)),
        ("Time taken", f"{record.timings_ms.total:.0f} ms"),
    ]
