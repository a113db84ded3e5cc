"""Why a sheet got its verdict, in sentences for a person who inspects steel."""

from flask_app.record import CardThreshold, Defect, Record
from flask_app.wording import THIN_SPACE, number, percent

# below it, a sheet with such a picture is more often sound than not
EVEN = 0.5


def explain(record: Record, rule: CardThreshold | None) -> list[str]:
    """Return the reasons of a record's verdict; `rule` is the card's, where the model is still here."""
    if record.verdict == "no_verdict":
        return [reason.message for reason in record.reasons]
    said = _found(record) if record.verdict == "defect" else _clean(record, rule)
    doubt = _doubt(record)
    return [said, doubt] if doubt else [said]


def _found(record: Record) -> str:
    largest, *others = record.defects
    subject = "The largest defect" if others else "The defect"
    sure = f"{subject} measures {_measures(largest)}."
    return f"{sure} {percent(largest.type_probability)} of it look like {largest.type}."


def _measures(defect: Defect) -> str:
    length, width, unit = defect.length_px, defect.width_px, "px"
    if defect.length_mm is not None and defect.width_mm is not None:
        length, width, unit = defect.length_mm, defect.width_mm, "mm"
    edge = "; it reaches the edge of the picture" if defect.edge_distance_px == 0 else ""
    return f"{number(length, 1)} by {number(width, 1)}{THIN_SPACE}{unit}{edge}"


def _clean(record: Record, rule: CardThreshold | None) -> str:
    threshold, highest = record.threshold.value, record.max_probability
    if highest is None or highest < threshold:
        return f"No pixel reaches the threshold of {percent(threshold)}; the highest is at {percent(highest)}."
    least = f" (under {number(rule.min_region_px)}{THIN_SPACE}px)" if rule and rule.min_region_px else ""
    faint = " or too faint" if rule and rule.min_peak else ""
    spots = f"their spots are too small{least}{faint} to count"
    return f"Some pixels reach the threshold of {percent(threshold)}, but {spots}."


def _doubt(record: Record) -> str | None:
    """Say where verdict and probability point in different directions."""
    probability = record.defect_probability
    if probability is None:
        return None
    if record.verdict == "clean" and probability >= EVEN:
        return (
            f"Even so, of 100 sheets whose map is like this one's about {number(100 * probability)} have a defect: "
            "lower the threshold to see the suspicious spots, and have a person look."
        )
    if record.verdict == "defect" and probability < EVEN:
        return (
            f"Yet of 100 sheets whose map is like this one's only about {number(100 * probability)} have a defect: "
            "it may be a false call, so have a person look."
        )
    return None
