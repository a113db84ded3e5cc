"""The threshold that a judgement uses: the card's, a number, Otsu's, or one by its consequences."""

from typing import Any

import numpy as np
import pytest

from defect_api.card import Card
from defect_api.chosen_threshold import parse_wish
from defect_api.judgement import Terms, judge
from defect_api.problems import Unprocessable
from defect_api.record import Threshold
from defect_api.thresholds import LEAST_SEPARABILITY, Map
from tests.defect_api.conftest import card_document


def two_heaps(low: int = 0, high: int = 200, spread: int = 0) -> Map:
    """Return a map of `low` with a square of `high` in it, both with noise."""
    q = np.full((256, 1600), low, int)
    q[50:150, 100:300] = high
    noise = np.random.default_rng(0).integers(-spread, spread + 1, q.shape)
    return np.clip(q + noise, 0, 255).astype(np.uint8)


def chosen(card: Card, wish: float | str | None, q: Map | None = None) -> Threshold:
    q = two_heaps() if q is None else q
    return judge(q, np.zeros_like(q), card, Terms(threshold=wish)).threshold


@pytest.mark.parametrize(
    ("given", "wish"),
    [
        (None, None),
        ("0.3", 0.3),
        (1, 1.0),
        ("1e-2", 0.01),
        ("otsu", "otsu"),
        ("max_false_calls:0", "max_false_calls:0"),
        ("max_false_calls:2.5", "max_false_calls:2.5"),
        ("min_recall:0.95", "min_recall:0.95"),
        ("min_recall:1", "min_recall:1"),
        ("min_recall:1.0", "min_recall:1.0"),
        ("min_recall:0.90", "min_recall:0.90"),
    ],
)
def test_a_wish_is_read(given: Any, wish: float | str | None) -> None:
    assert parse_wish(given) == wish


NO_NUMBERS = ["", "0", "-0.1", "1.1", "nan", "inf", "Otsu", "otsu:1", ":0.3", True, [0.3]]
NO_RATES = ["max_false_calls", "max_false_calls:", "max_false_calls:-1", "max_false_calls:101", "max_false_calls:x"]


@pytest.mark.parametrize("given", [*NO_NUMBERS, *NO_RATES, "min_recall:0", "min_recall:0.0", "min_recall:1.5"])
def test_anything_else_is_told_what_would_be_right(given: Any) -> None:
    with pytest.raises(ValueError, match="a number above 0 and at most 1, 'otsu', 'max_false_calls"):
        parse_wish(given)


def test_without_a_wish_it_is_the_cards(card: Card) -> None:
    found = chosen(card, None)
    assert (found.value, found.method, found.requested, found.note) == (0.5, "calibrated", None, None)


def test_a_number_is_taken_as_it_is(card: Card) -> None:
    found = chosen(card, 0.3)
    assert (found.value, found.method, found.requested, found.note) == (0.3, "requested", "0.3", None)


def test_otsus_is_used_where_the_map_has_two_heaps(card: Card) -> None:
    found = chosen(card, "otsu", two_heaps(low=10, high=200, spread=5))
    assert found.method == "otsu"
    assert found.value == found.otsu.value
    assert found.otsu.meaningful
    assert found.requested == "otsu"


def test_otsus_is_not_used_where_it_separates_little(card: Card) -> None:
    q = np.random.default_rng(1).integers(0, 256, (256, 1600)).astype(np.uint8)
    q[:40, :40] = 255
    q[:200] //= 2
    found = chosen(card, "otsu", q)
    assert found.otsu.separability < LEAST_SEPARABILITY
    assert found.otsu.meaningful is False
    assert (found.method, found.value, found.requested) == ("calibrated", 0.5, "otsu")
    assert found.note is not None
    assert "too low to mean anything" in found.note


def test_otsus_alone_never_calls_a_sheet_defective(card: Card) -> None:
    q = two_heaps(low=1, high=100)
    judgement = judge(q, np.zeros_like(q), card, Terms(threshold="otsu"))
    assert judgement.threshold.otsu.meaningful
    assert judgement.verdict == "clean"
    assert judgement.threshold.method == "calibrated"
    assert "finds no defect on this one" in str(judgement.threshold.note)


def test_otsus_of_a_flat_map_is_not_used(card: Card) -> None:
    found = chosen(card, "otsu", np.full((256, 1600), 7, np.uint8))
    assert (found.method, found.otsu.value, found.otsu.meaningful) == ("calibrated", None, False)


@pytest.mark.parametrize(
    ("wish", "value"),
    [
        ("max_false_calls:10", 0.2),
        ("max_false_calls:9.9", 0.5),
        ("max_false_calls:2", 0.5),
        ("min_recall:1", 0.2),
        ("min_recall:0.95", 0.5),
        ("min_recall:0.8", 0.8),
        ("min_recall:0.5", 0.8),
    ],
)
def test_consequences_pick_the_threshold_that_costs_least_otherwise(card: Card, wish: str, value: float) -> None:
    found = chosen(card, wish)
    assert (found.value, found.method, found.requested) == (value, "requested", wish)


def test_a_choice_by_consequence_tells_its_promise_and_how_sure_it_is(card: Card) -> None:
    assert chosen(card, "min_recall:0.95").note == (
        "By 40 defective and 50 clean validation sheets, expect 5 misses (0 to 15) per 100 defective and 2 false calls "
        "(0 to 12) per 100 clean sheets, with 95 % intervals."
    )


def test_what_no_threshold_gives_is_told_with_what_one_can(card: Card) -> None:
    with pytest.raises(Unprocessable, match=r"at most 1 false calls.* the fewest are 2, at 0\.5\."):
        chosen(card, "max_false_calls:1")
    points = card_document()["operating_points"] | {"points": card_document()["operating_points"]["points"][1:]}
    later = Card.model_validate(card_document(operating_points=points))
    with pytest.raises(Unprocessable, match=r"find 0\.99 of.* the largest share is 0\.95, at 0\.5\."):
        chosen(later, "min_recall:0.99")


def test_a_card_without_operating_points_promises_nothing() -> None:
    card = Card.model_validate(card_document(operating_points=None))
    with pytest.raises(Unprocessable, match="tiny/1 has no operating points"):
        chosen(card, "max_false_calls:1")


def test_operating_points_must_rise() -> None:
    points = card_document()["operating_points"]
    with pytest.raises(ValueError, match="thresholds must rise"):
        Card.model_validate(card_document(operating_points=points | {"points": points["points"][::-1]}))
