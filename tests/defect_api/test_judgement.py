"""Verdicts by the card's rules."""

import numpy as np
import pytest

from defect_api.card import Card
from defect_api.judgement import Terms, judge
from defect_api.thresholds import Map


def maps(value: int = 0, height: int = 256, width: int = 1600) -> tuple[Map, Map]:
    q = np.zeros((height, width), np.uint8)
    q[10:20, 10:20] = value
    return q, np.zeros_like(q)


def test_a_region_at_the_threshold_is_a_defect(card: Card) -> None:
    judgement = judge(*maps(128), card)
    assert judgement.verdict == "defect"
    assert [defect.type for defect in judgement.regions.defects] == ["dark"]
    assert judgement.threshold.value == card.threshold.value
    assert judgement.threshold.method == "calibrated"


def test_just_below_the_threshold_is_clean(card: Card) -> None:
    assert judge(*maps(127), card).verdict == "clean"


def test_otsu_splits_a_clean_sheet_and_does_not_make_it_defective(card: Card) -> None:
    judgement = judge(*maps(5), card)
    assert judgement.threshold.otsu.value is not None
    assert judgement.verdict == "clean"


def test_a_requested_threshold_moves_the_verdict_and_not_the_probability(card: Card) -> None:
    calibrated, requested = judge(*maps(100), card), judge(*maps(100), card, Terms(threshold=0.3))
    assert (calibrated.verdict, requested.verdict) == ("clean", "defect")
    assert requested.threshold.method == "requested"
    assert requested.threshold.value == 0.3
    assert calibrated.defect_probability == requested.defect_probability


def test_the_probability_rises_with_the_map(card: Card) -> None:
    probabilities = [judge(*maps(value), card).defect_probability for value in (0, 60, 120, 250)]
    assert probabilities == sorted(set(probabilities))


@pytest.mark.parametrize(("height", "width"), [(99, 1600), (301, 1600), (256, 299), (256, 2001)])
def test_a_size_outside_of_the_card_gets_no_verdict_but_its_regions(card: Card, height: int, width: int) -> None:
    judgement = judge(*maps(255, height, width), card)
    assert judgement.verdict == "no_verdict"
    assert [reason.code for reason in judgement.reasons] == ["unsupported-size"]
    assert f"{width} x {height} px" in judgement.reasons[0].message
    assert judgement.regions.defects


@pytest.mark.parametrize(("height", "width"), [(100, 300), (300, 2000)])
def test_the_cards_limits_are_inclusive(card: Card, height: int, width: int) -> None:
    assert judge(*maps(0, height, width), card).verdict == "clean"
