"""The judgement of a sheet from its two stored maps: defects, verdict with reasons, calibrated probability."""

from dataclasses import dataclass

from defect_api.card import Card
from defect_api.chosen_threshold import choose
from defect_api.conditions import Observed
from defect_api.conditions import reasons as reasons_observed
from defect_api.record import Reason, Scale, Threshold, Verdict
from defect_api.regions import Regions, find_regions
from defect_api.thresholds import Map, defect_probability, histogram, otsu


@dataclass(frozen=True)
class Terms:
    """What a client may choose for a judgement: a pixel threshold in place of the card's, a scale for mm.

    The threshold is a number, or a text as `chosen_threshold` reads it.
    """

    threshold: float | str | None = None
    scale: Scale | None = None


# nothing chosen: the threshold of the card, measured in px
CARDS_OWN = Terms()
NOTHING_OBSERVED = Observed()


@dataclass(frozen=True)
class Judgement:
    """What one pair of maps says on some terms."""

    verdict: Verdict
    reasons: list[Reason]
    defect_probability: float
    threshold: Threshold
    scale: Scale | None
    regions: Regions


def judge(
    q: Map, classes: Map, card: Card, terms: Terms = CARDS_OWN, observed: Observed = NOTHING_OBSERVED
) -> Judgement:
    """Judge a sheet by the rules of the model's card.

    `q` is the 8-bit probability map and `classes` the class map, both uint8, H x W. The regions and the verdict
    depend on the terms; the calibrated probability does not. `observed` is what may
    forbid a verdict. Raises Unprocessable for a threshold that the card cannot give.
    """
    counts = histogram(q)
    threshold = choose(terms.threshold, card, otsu(counts), q)
    regions = find_regions(q, classes, card.classes, card.threshold, threshold.value, terms.scale)
    reasons = unsupported_size(q.shape[0], q.shape[1], card) + reasons_observed(observed)
    verdict: Verdict = "no_verdict" if reasons else "defect" if regions.defects else "clean"
    return Judgement(
        verdict=verdict,
        reasons=reasons,
        defect_probability=round(defect_probability(counts, card.calibration), 4),
        threshold=threshold,
        scale=terms.scale,
        regions=regions,
    )


def unsupported_size(height: int, width: int, card: Card) -> list[Reason]:
    """Return why a picture of this size (px) is outside of what the card covers; empty where it is not."""
    (low_height, high_height), (low_width, high_width) = card.input.height, card.input.width
    if low_height <= height <= high_height and low_width <= width <= high_width:
        return []
    message = (
        f"The picture is {width} x {height} px; this model was made for widths from {low_width} to {high_width} px "
        f"and heights from {low_height} to {high_height} px."
    )
    return [Reason(code="unsupported-size", message=message)]
