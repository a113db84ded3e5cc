"""What a report says of an inspection, whichever way it is printed."""

import numpy as np
import pytest

from defect_api.card import Card
from defect_api.exports.report import page
from defect_api.media import MediaVolume
from defect_api.record import Scale
from tests.defect_api.stored import HEIGHT, WIDTH, store


@pytest.mark.parametrize(
    ("scale", "sizes"),
    [
        (None, ["1200 px (600 to 1200)", "60.0 px", "20.0 px"]),
        (Scale(mm_per_px_x=0.5, mm_per_px_y=0.4), ["240 mm²", "30.0 mm", "8.0 mm"]),
    ],
)
def test_it_tells_what_each_defect_measures_and_how_sure_the_model_is(
    media: MediaVolume, card: Card, scale: Scale | None, sizes: list[str]
) -> None:
    q, classes = np.zeros((HEIGHT, WIDTH), np.uint8), np.zeros((HEIGHT, WIDTH), np.uint8)
    q[30:50, 100:130], q[30:50, 130:160] = 255, 153
    classes[30:50, 140:160] = 1
    told = page(store(media, card, q=q, classes=classes, scale=scale, defect_probability=0.25))
    assert told.summary == "1 defect, 2.9% of the area. Probability of any defect 25.0%."
    assert told.rows == [["1", "dark", "75.0%", "80.0%", *sizes, "0°", "100, 30", "30 px"]]


@pytest.mark.parametrize(
    ("verdict", "probability", "tone"),
    [
        ("defect", 0.5, "defect"),
        ("defect", 0.4, "no_verdict"),
        ("clean", 0.4, "clean"),
        ("clean", 0.5, "no_verdict"),
        ("no_verdict", 0.9, "no_verdict"),
    ],
)
def test_a_sheet_whose_probability_speaks_against_its_verdict_is_to_be_looked_at_again(
    media: MediaVolume, card: Card, verdict: str, probability: float, tone: str
) -> None:
    told = page(store(media, card, verdict=verdict, defect_probability=probability))
    warnings = [reason for reason in told.reasons if reason.startswith("Look again")]
    assert told.tone == tone
    assert len(warnings) == (verdict != tone)
    assert all(f"{probability:.1%}" in warning for warning in warnings)


def test_without_defects_none_is_counted(media: MediaVolume, card: Card) -> None:
    told = page(store(media, card, verdict="clean", defects=[], defect_area_fraction=0.0, defect_probability=0.1))
    assert told.summary == "No region counts as a defect. Probability of any defect 10.0%."
