from typing import Any

import pytest

from flask_app.explanation import explain
from flask_app.record import CardThreshold, Record
from tests.flask_app.rest_answers import RECORD

RULE = CardThreshold(value=0.51, min_peak=0.8, min_region_px=600)
SECOND = {**RECORD["defects"][0], "type": "class 1"}
ON_SHEET = {**RECORD["defects"][0], "length_mm": 610.2, "width_mm": 76.0, "edge_distance_px": 0}


SCALE = {"mm_per_px_x": 2.0, "mm_per_px_y": 2.0}


def say(rule: CardThreshold | None = RULE, **changes: Any) -> str:
    words = " ".join(explain(Record.model_validate({**RECORD, **changes}), rule))
    return words.replace("\u202f", " ")


@pytest.mark.parametrize(
    ("defects", "said"),
    [
        (
            RECORD["defects"],
            "One region reaches the threshold of 51.0 %. It measures 305.5 by 38.2 px; 91.0 % of it look like class 3.",
        ),
        (
            [*RECORD["defects"], SECOND],
            "2 regions reach the threshold of 51.0 %. The largest measures 305.5 by 38.2 px; 91.0 % of it",
        ),
        (
            [ON_SHEET],
            "measures 610.2 by 76.0 mm, up to the edge of the picture; 91.0 % of it look like class 3.",
        ),
    ],
    ids=["one", "several", "at the edge, in mm"],
)
def test_a_defect_is_described(defects: list[dict[str, Any]], said: str) -> None:
    assert said in say(defects=defects, scale=SCALE)


def test_a_clean_sheet_has_no_pixel_above_the_threshold_or_none_that_counts() -> None:
    clean: dict[str, Any] = {"verdict": "clean", "defects": [], "defect_probability": None}
    assert say(**clean, max_probability=0.4) == "No pixel reaches the threshold of 51.0 %; the highest is at 40.0 %."
    spots = say(**clean, max_probability=0.51)  # what is as high as the threshold reaches it
    assert spots == (
        "Some pixels reach the threshold of 51.0 %, but their spots are too small (under 600 px) or too faint to count."
    )
    assert say(rule=None, **clean, max_probability=0.7).endswith("but their spots are too small to count.")


@pytest.mark.parametrize(
    ("probability", "said"),
    [
        (0.14, "about 14 have a defect."),
        (0.01, "about 1 has a defect."),
        (0.004, "fewer than one has a defect."),
    ],
)
def test_a_clean_sheet_says_how_far_it_may_be_trusted(probability: float, said: str) -> None:
    words = say(verdict="clean", defects=[], defect_probability=probability, similarity={"score": 0.8, "limit": 1.5})
    assert "like those that the model was trained on, and of 100 sheets" in words
    assert words.endswith(said)


@pytest.mark.parametrize(
    ("verdict", "defects", "probability", "said"),
    [
        ("clean", [], 0.74, "Even so, of 100 sheets whose map is like this one's about 74 have a defect: lower the"),
        ("clean", [], 0.2, None),
        ("defect", RECORD["defects"], 0.32, "only about 32 have a defect: it may be a false call"),
        ("defect", RECORD["defects"], 0.9, None),
        ("clean", [], None, None),
    ],
)
def test_a_probability_that_contradicts_the_verdict_is_pointed_out(
    verdict: str, defects: list[dict[str, Any]], probability: float | None, said: str | None
) -> None:
    words = say(verdict=verdict, defects=defects, defect_probability=probability)
    assert (said in words) if said else ("have a person look" not in words)


def test_no_verdict_gives_the_services_reasons() -> None:
    reasons = [{"code": "blurred", "message": "The picture is blurred."}, {"code": "dark", "message": "It is dark."}]
    assert say(verdict="no_verdict", reasons=reasons, defects=[]) == "The picture is blurred. It is dark."
