"""Which threshold a judgement uses: the card's, or what a client asks for: a number, Otsu's, or one by consequence."""

import re
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from defect_api.card import Card, OperatingPoint, OperatingPoints
from defect_api.labelling import areas_of
from defect_api.problems import Unprocessable
from defect_api.record import Otsu, Threshold
from defect_api.thresholds import Map

OTSU, MAX_FALSE_CALLS, MIN_RECALL = "otsu", "max_false_calls:", "min_recall:"
GRAMMAR = (
    "a number above 0 and at most 1, 'otsu', 'max_false_calls:<n>' (n per 100 clean sheets) or 'min_recall:<share>' "
    "(share of the defective sheets, above 0 and at most 1)"
)
RATE, SHARE = r"(100|[0-9]{1,2}(\.[0-9]{1,6})?)", r"(1(\.0{1,6})?|0\.[0-9]{0,5}[1-9]0{0,5})"
TOLERANCE = 1e-6  # of a share in 100, which floats do not hold exactly
PATTERN = f"^({OTSU}|{MAX_FALSE_CALLS}{RATE}|{MIN_RECALL}{SHARE})$"


def parse_wish(given: object) -> float | str | None:
    """Return what a client asks for: a number in (0, 1], a text that `PATTERN` describes, or None for nothing.

    Raises ValueError for anything else.
    """
    text = str(given)
    if given is None or re.fullmatch(PATTERN, text):
        return None if given is None else text
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"it is {GRAMMAR}") from None
    if not 0 < value <= 1:
        raise ValueError(f"it is {GRAMMAR}")
    return value


Wish = Annotated[
    float | str,
    BeforeValidator(parse_wish),
    WithJsonSchema(
        {
            "anyOf": [{"type": "number", "exclusiveMinimum": 0, "maximum": 1}, {"type": "string", "pattern": PATTERN}],
        }
    ),
]


def choose(wish: float | str | None, card: Card, otsu: Otsu, q: Map) -> Threshold:
    """Return the threshold for a probability map (uint8, H x W) whose Otsu threshold is `otsu`.

    Raises Unprocessable for consequences that the card cannot promise.
    """
    if wish is None:
        return Threshold(value=card.threshold.value, method="calibrated", otsu=otsu)
    if wish == OTSU:
        return _by_otsu(card, otsu, q)
    value, note = by_consequence(wish, card) if isinstance(wish, str) else (wish, None)
    return Threshold(value=value, method="requested", otsu=otsu, requested=str(wish), note=note)


def check(wish: float | str | None, card: Card) -> None:
    """Raise Unprocessable for a wish that `choose` would not fulfil, whatever the map."""
    if isinstance(wish, str) and wish != OTSU:
        by_consequence(wish, card)


def by_consequence(wish: str, card: Card) -> tuple[float, str]:
    """Return the threshold that fulfils 'max_false_calls:<n>' or 'min_recall:<share>', and what it promises in words.

    It is the lowest of those with few enough false calls, or the highest of those with few enough misses, by the
    figures themselves: the intervals' ends, which few validation sheets keep wide, are told and do not decide.
    Raises Unprocessable where no threshold fulfils it.
    """
    points = card.operating_points
    if points is None:
        raise Unprocessable(f"The card of {card.name}/{card.version} has no operating points to choose '{wish}' from.")
    found = _lowest(wish, points) if wish.startswith(MAX_FALSE_CALLS) else _highest(wish, points)
    return found.threshold, _promise(found, points)


def _lowest(wish: str, points: OperatingPoints) -> OperatingPoint:
    most = float(wish.removeprefix(MAX_FALSE_CALLS))
    allowed = [point for point in points.points if point.false_calls_per_100.value <= most]
    if allowed:
        return allowed[0]
    best = min(points.points, key=lambda point: point.false_calls_per_100.value)
    raise Unprocessable(
        f"No threshold of this model's card is expected to give at most {most:g} false calls per 100 clean sheets; the "
        f"fewest are {best.false_calls_per_100.value:g}, at {best.threshold:g}."
    )


def _highest(wish: str, points: OperatingPoints) -> OperatingPoint:
    least = float(wish.removeprefix(MIN_RECALL))
    allowed = [point for point in points.points if 100 - point.misses_per_100.value >= 100 * least - TOLERANCE]
    if allowed:
        return allowed[-1]
    best = min(points.points, key=lambda point: point.misses_per_100.value)
    raise Unprocessable(
        f"No threshold of this model's card is expected to find {least:.4g} of the defective sheets; the largest share "
        f"is {1 - best.misses_per_100.value / 100:.4g}, at {best.threshold:g}."
    )


def _promise(point: OperatingPoint, points: OperatingPoints) -> str:
    misses, false_calls = point.misses_per_100, point.false_calls_per_100
    return (
        f"By {points.defective} defective and {points.clean} clean validation sheets, expect {misses.value:g} misses "
        f"({misses.interval[0]:g} to {misses.interval[1]:g}) per 100 defective and {false_calls.value:g} false calls "
        f"({false_calls.interval[0]:g} to {false_calls.interval[1]:g}) per 100 clean sheets, with 95 % intervals."
    )


def _by_otsu(card: Card, otsu: Otsu, q: Map) -> Threshold:
    """Return Otsu's threshold, or the card's with a note where Otsu's means nothing: it splits a clean sheet too."""
    note = None
    if otsu.value is None or not otsu.meaningful:
        note = f"Otsu's threshold is not used: its separability of {otsu.separability:.2f} is too low to mean anything."
    elif not areas_of(q, card.threshold, card.threshold.value).size:
        note = "Otsu's threshold is not used: it splits every sheet, and the model's own finds no defect on this one."
    if otsu.value is None or note:
        return Threshold(value=card.threshold.value, method="calibrated", otsu=otsu, requested=OTSU, note=note)
    return Threshold(value=otsu.value, method="otsu", otsu=otsu, requested=OTSU)
