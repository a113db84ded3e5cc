"""Why a sheet got its verdict, in sentences for a person who inspects steel."""

from flask_app.record import CardThreshold, Defect, Record, Scale
from flask_app.wording import THIN_SPACE, number, percent


def explain(record: Record, rule: CardThreshold | None) -> list[str]:
    """Return the reasons of a record's verdict; `rule` is the card's, where the model is still here."""
    if record.verdict == "no_verdict":
        return [reason.message for reason in record.reasons]
    said = _found(record) if record.verdict == "defect" else _clean(record, rule)
    sure = _sureness(record)
    return [said, sure] if sure else [said]


def _found(record: Record) -> str:
    largest, *others = record.defects
    count, subject = (
        (f"{number(1 + len(others))} regions reach", "The largest") if others else ("One region reaches", "It")
    )
    return (
        f"{count} the threshold of {percent(record.threshold.value)}. {subject} measures "
        f"{_measures(largest, record.scale)}; {percent(largest.type_probability)} of it look like {largest.type}."
    )


def _measures(defect: Defect, scale: Scale | None) -> str:
    length, width, unit, decimals = defect.length_px, defect.width_px, "px", 1
    if scale and defect.length_mm is not None and defect.width_mm is not None:
        length, width, unit, decimals = defect.length_mm, defect.width_mm, "mm", scale.decimals
    edge = ", up to the edge of the picture" if defect.edge_distance_px == 0 else ""
    return f"{number(length, decimals)} by {number(width, decimals)}{THIN_SPACE}{unit}{edge}"


def _clean(record: Record, rule: CardThreshold | None) -> str:
    threshold, highest = record.threshold.value, record.max_probability
    if highest is None or highest < threshold:
        return f"No pixel reaches the threshold of {percent(threshold)}; the highest is at {percent(highest)}."
    least = f" (under {number(rule.min_region_px)}{THIN_SPACE}px)" if rule and rule.min_region_px else ""
    faint = " or too faint" if rule and rule.min_peak else ""
    spots = f"their spots are too small{least}{faint} to count"
    return f"Some pixels reach the threshold of {percent(threshold)}, but {spots}."


def _sureness(record: Record) -> str | None:
    """Say what the probability makes of the verdict."""
    probability = record.defect_probability
    if probability is None:
        return None
    of_alike = "100 sheets whose map is like this one's"
    some = _of_a_hundred(probability)
    if record.is_doubtful and record.verdict == "clean":
        return (
            f"Even so, of {of_alike} {some}: lower the threshold to see the suspicious spots, and have a person look."
        )
    if record.is_doubtful:
        return f"Yet of {of_alike} only {some}: it may be a false call, so have a person look."
    if record.verdict == "clean":
        known = "The picture is like those that the model was trained on, and of" if record.similarity else "Of"
        return f"{known} {of_alike} {some}."
    return None


def _of_a_hundred(probability: float) -> str:
    count = round(100 * probability)
    if count < 1:
        return "fewer than one has a defect"
    return f"about {count} {'has' if count == 1 else 'have'} a defect"
