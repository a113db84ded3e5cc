"""What a report says of an inspection, whichever way it is printed."""

from typing import Any

import numpy as np
import pytest

from defect_api.card import Card
from defect_api.exports.report import page, picture
from defect_api.media import MediaVolume
from defect_api.record import Otsu, Scale, Threshold
from tests.defect_api.conftest import pixels
from tests.defect_api.stored import HEIGHT, WIDTH, sheet, store


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
    assert told.header == ["#", "type", "share", "mean", "area", "length", "width", "angle", "at x, y", "to edge"]
    assert told.rows == [["1", "dark", "75.0%", "80.0%", *sizes, "0°", "100, 30", "30 px"]]


@pytest.mark.parametrize(
    ("verdict", "words", "probability", "tone"),
    [
        ("defect", "Defect found", 0.5, "defect"),
        ("defect", "Defect found", 0.4, "no_verdict"),
        ("clean", "No defect found", 0.4, "clean"),
        ("clean", "No defect found", 0.5, "no_verdict"),
        ("no_verdict", "No verdict", 0.9, "no_verdict"),
    ],
)
def test_a_sheet_whose_probability_speaks_against_its_verdict_is_to_be_looked_at_again(
    media: MediaVolume, card: Card, verdict: str, words: str, probability: float, tone: str
) -> None:
    told = page(store(media, card, verdict=verdict, defect_probability=probability))
    warnings = [reason for reason in told.reasons if reason.startswith("Look again")]
    assert (told.verdict, told.tone) == (words, tone)
    assert len(warnings) == (verdict != tone)
    assert all(f"{probability:.1%}" in warning for warning in warnings)


def test_without_defects_none_is_counted(media: MediaVolume, card: Card) -> None:
    told = page(store(media, card, verdict="clean", defects=[], defect_area_fraction=0.0, defect_probability=0.1))
    assert told.summary == "No region counts as a defect. Probability of any defect 10.0%."


def test_it_tells_what_was_judged_by_what(media: MediaVolume, card: Card) -> None:
    record = store(media, card, max_probability=0.9876)
    assert page(record).facts == [
        ("Inspection", record.id),
        ("Inspected at", "2026-01-02T03:04:05.678Z (UTC)"),
        ("Picture", f"coil 7.png, 320 x 128 px, {record.image.bytes} bytes"),
        ("SHA-256 of the picture", record.image.sha256),
        ("Model", "tiny/1 on none, f32"),
        ("Digest of the model", record.model.digest),
        ("Pixel threshold", "0.5, the model's own."),
        ("Highest pixel", "0.988"),
        ("Scale", "unknown; measured in px"),
        ("Time taken", "0 ms"),
    ]


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"method": "otsu", "requested": "otsu"}, "0.25, by Otsu's method ('otsu')."),
        ({"method": "requested"}, "0.25, as requested."),
        (
            {"method": "requested", "requested": "min_recall:0.9", "note": "A promise."},
            "('min_recall:0.9'). A promise.",
        ),
    ],
)
def test_it_tells_who_chose_the_threshold(media: MediaVolume, card: Card, chosen: dict[str, Any], words: str) -> None:
    threshold = Threshold(value=0.25, otsu=Otsu(value=0.3, separability=0.9), **chosen)
    assert dict(page(store(media, card, threshold=threshold)).facts)["Pixel threshold"].endswith(words)


@pytest.mark.parametrize(("source", "words"), [("requested", ", as requested"), (None, "")])
def test_it_tells_the_scale_and_whence_it_is(media: MediaVolume, card: Card, source: Any, words: str) -> None:
    scale = Scale(mm_per_px_x=0.5, mm_per_px_y=0.4, source=source)
    assert dict(page(store(media, card, scale=scale)).facts)["Scale"] == f"0.5 x 0.4 mm per px{words}"


@pytest.mark.parametrize(("size", "shown"), [((100, 4200), (50, 2100)), ((4200, 100), (2100, 50)), ((64, 2100),) * 2])
def test_its_picture_is_no_larger_than_a_page_can_show(
    media: MediaVolume, card: Card, size: tuple[int, int], shown: tuple[int, int]
) -> None:
    large = sheet(media, card, q=np.zeros(size, np.uint8), classes=np.zeros(size, np.uint8))
    assert pixels(picture(large)).shape == (*shown, 3)
