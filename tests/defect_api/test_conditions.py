"""What is measured on a picture before it is judged, and what a person is told where it cannot be."""

import re
from typing import Any

import cv2
import numpy as np
import pytest

from defect_api.card import Card, Conditions
from defect_api.conditions import Observed, measure, observe, reasons
from defect_api.images import Grey
from defect_api.judgement import judge
from defect_api.record import Similarity, Statistic
from tests.defect_api.conftest import card_document

KNOWN = Conditions(
    ranges={
        "strip_share": (0.1, None),
        "brightness": (30, None),
        "saturated_share": (None, 0.4),
        "texture": (0.5, None),
        "sharpness": (0.5, 2.0),
    },
    novelty=2.0,
)


def steel(height: int = 256, width: int = 1600, mean: float = 110) -> Grey:
    """Draw fine, elongated texture with a little sensor noise."""
    rng = np.random.default_rng(3)
    grain = cv2.blur(rng.normal(0, 40, (height, width)).astype(np.float32), (3, 9))
    return np.clip(mean + grain + rng.normal(0, 3, (height, width)), 0, 255).astype(np.uint8)


def strip(share: float) -> Grey:
    """Show steel on the left `share` of the picture and a dark side band on the rest."""
    picture = steel()
    picture[:, round(share * 1600) :] = 2
    return picture


def spoilt() -> dict[str, Grey]:
    sheet = steel()
    rng = np.random.default_rng(1)
    return {
        "outside-strip": strip(0.05),
        "too-dark": steel(mean=20),
        "saturated": np.where(np.arange(1600) < 900, 255, sheet).astype(np.uint8),
        "blank": np.full((256, 1600), 128, np.uint8),
        "blurred": np.asarray(cv2.GaussianBlur(sheet, (0, 0), 3), np.uint8),
        "noisy": np.clip(rng.normal(110, 30, (256, 1600)), 0, 255).astype(np.uint8),
    }


def codes(picture: Grey, novelty: float | None = 1.0) -> list[str]:
    return [reason.code for reason in reasons(observe(picture, novelty, KNOWN))]


@pytest.mark.parametrize("picture", [steel(), steel(128, 800), steel(256, 300), strip(0.3)])
def test_a_sheet_within_the_limits_has_no_reasons(picture: Grey) -> None:
    assert codes(picture) == []


@pytest.mark.parametrize(
    ("code", "statistic", "limit"),
    [
        ("outside-strip", "strip_share", 0.1),
        ("too-dark", "brightness", 30),
        ("saturated", "saturated_share", 0.4),
        ("blank", "texture", 0.5),
        ("blurred", "sharpness", 0.5),
        ("noisy", "sharpness", 2),
    ],
)
def test_each_limit_has_its_reason_with_value_and_limit(code: str, statistic: Statistic, limit: float) -> None:
    picture = spoilt()[code]
    reason = next(reason for reason in reasons(observe(picture, 1.0, KNOWN)) if reason.code == code)
    assert reason.message.startswith("The picture ")
    told = [float(number) / (100 if sign else 1) for number, sign in re.findall(r"(\d+\.?\d*)(%?)", reason.message)]
    assert told == [pytest.approx(measure(picture)[statistic], rel=0.05), limit]


def test_a_black_picture_is_outside_of_the_strip_and_nothing_else_is_said_of_it() -> None:
    assert codes(np.zeros((256, 1600), np.uint8)) == ["outside-strip"]


def test_a_picture_unlike_the_training_data_is_told_with_score_and_limit() -> None:
    observed = observe(steel(), 2.5, KNOWN)
    assert observed.similarity == Similarity(score=2.5, limit=2.0)
    [reason] = reasons(observed)
    assert reason.code == "unlike-training-data"
    assert "2.50" in reason.message
    assert "2.00" in reason.message
    assert codes(steel(), novelty=2.0) == []


def test_a_card_without_limits_and_a_model_without_a_score_refuse_nothing() -> None:
    assert observe(steel(mean=5), 9.0, None) == Observed()
    assert observe(steel(), None, KNOWN).similarity is None


def test_the_strip_is_found_by_rows_and_columns_and_a_dark_stain_is_steel() -> None:
    picture = steel()
    picture[64:128, 320:640] = 0
    assert measure(picture)["strip_share"] == 1
    picture[192:] = 0
    picture[:, 800:] = 0
    measured = measure(picture)
    assert measured["strip_share"] == pytest.approx(0.75 * 0.5)
    assert measured["brightness"] == pytest.approx(110 * (1 - 64 * 320 / (192 * 800)), abs=1)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_strip_measures_the_same_whichever_side_of_it_is_dark(axis: int) -> None:
    picture = strip(0.3)
    picture[192:] = 2
    assert measure(np.flip(picture, axis)) == measure(picture)


@pytest.mark.parametrize("turned", [False, True])
def test_steel_on_all_sides_of_dark_bands_is_measured_together(turned: bool) -> None:
    picture = np.zeros((256, 320), np.uint8)
    picture[:16], picture[64:128], picture[192:] = 100, 200, 120
    measured = measure(np.ascontiguousarray(picture.T) if turned else picture)
    assert measured["strip_share"] == pytest.approx(144 / 256, abs=1e-4)
    assert measured["brightness"] == pytest.approx((16 * 100 + 64 * 200 + 64 * 120) / 144, abs=0.01)


def test_sharpness_does_not_depend_on_light() -> None:
    sharp, dim = (measure(picture)["sharpness"] for picture in (steel(), (steel() / 2).astype(np.uint8)))
    assert sharp is not None
    assert sharp == pytest.approx(dim, rel=0.1)


def test_a_refused_sheet_gets_no_verdict_but_its_regions() -> None:
    card = Card.model_validate(card_document(conditions=KNOWN.model_dump()))
    q = np.full((256, 1600), 255, np.uint8)
    observed = observe(spoilt()["blurred"], 1.0, card.conditions)
    judgement = judge(q, np.zeros_like(q), card, observed=observed)
    assert judgement.verdict == "no_verdict"
    assert [reason.code for reason in judgement.reasons] == ["blurred"]
    assert judgement.regions.defects


@pytest.mark.parametrize("ranges", [{"colour": (0, 1)}, {"brightness": (1,)}])
def test_a_card_with_other_limits_is_refused(ranges: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="conditions"):
        Card.model_validate(card_document(conditions={"ranges": ranges, "novelty": None}))
