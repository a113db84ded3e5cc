"""Limits set from sheets, and how many real sheets they refuse."""

import numpy as np
import pytest

from defect_api.conditions import limited, measure, reasons
from training import gates
from training.gates import Refusals, Sheet


def sheet(number: int, **changes: float | None) -> Sheet:
    rng = np.random.default_rng(number)
    statistics: dict[str, float | None] = {
        "strip_share": float(rng.uniform(0.3, 1)),
        "brightness": float(rng.normal(100, 15)),
        "saturated_share": float(rng.exponential(0.01)),
        "texture": float(np.exp(rng.normal(1, 0.3))),
        "sharpness": float(np.exp(rng.normal(0.3, 0.2))),
    }
    novelty = changes.pop("novelty", float(np.sqrt(rng.chisquare(8) / 8)))
    return Sheet(number % 5, True, {**statistics, **changes}, novelty)  # type: ignore[dict-item]


KNOWN = [sheet(number) for number in range(150)]
NEW = [sheet(number) for number in range(1000, 5000)]


def test_about_1_in_100_new_sheets_of_the_kind_is_refused() -> None:
    refused, count = gates.refusals(NEW, gates.limits(KNOWN))
    assert 0.002 < refused / count < 0.03


def test_the_cross_check_counts_every_real_sheet_once_and_no_generated_one() -> None:
    generated = [Sheet(one.fold, False, one.statistics, 99.0) for one in KNOWN[:5]]
    assert gates.cross_refusals([*KNOWN, *generated]).sheets == len(KNOWN)
    assert gates.cross_refusals(KNOWN).refused <= 6


def test_the_cross_check_holds_no_sheet_against_limits_that_were_set_on_it() -> None:
    strange = Sheet(5, True, {**KNOWN[0].statistics, "texture": 0.2}, KNOWN[0].novelty)
    others = [Sheet(one.fold, False, one.statistics, one.novelty) for one in KNOWN]
    assert gates.refusals([strange], gates.limits([strange, *others])) == (0, 1)
    assert gates.cross_refusals([strange, *others]) == (1, 1)


@pytest.mark.parametrize(
    ("statistic", "value"),
    [
        ("strip_share", 0.0),
        ("brightness", 2.0),
        ("saturated_share", 0.9),
        ("texture", 0.01),
        ("sharpness", 0.1),
        ("sharpness", 9.0),
        ("novelty", 9.0),
    ],
)
def test_what_is_far_from_all_of_them_is_refused(statistic: str, value: float) -> None:
    assert gates.refusals([sheet(0, **{statistic: value})], gates.limits(KNOWN)) == (1, 1)


def test_a_sheet_whose_statistic_cannot_be_told_is_left_out_of_that_limit() -> None:
    with_one, without = (gates.limits(sheets) for sheets in ([*KNOWN, sheet(0, sharpness=None)], KNOWN))
    assert with_one.ranges["sharpness"] == without.ranges["sharpness"]


def test_a_network_without_a_score_has_no_limit_for_it() -> None:
    known = gates.limits([sheet(number, novelty=None) for number in range(50)])
    assert known.novelty is None
    assert known.ranges


def test_pictures_that_are_all_alike_do_not_make_the_next_one_strange() -> None:
    alike = {"strip_share": 1.0, "saturated_share": 0.0, "sharpness": None}
    known = gates.limits([sheet(number, **alike) for number in range(30)])
    assert known.ranges["strip_share"] == (0.5, None)
    assert known.ranges["saturated_share"] == (None, 0.02)
    assert known.ranges["sharpness"] == (None, None)
    assert gates.refusals([sheet(0, **{**alike, "strip_share": 0.6, "saturated_share": 0.01})], known) == (0, 1)


def test_an_all_black_picture_among_them_does_not_spoil_a_limit() -> None:
    black = sheet(0, strip_share=0.0, brightness=None, saturated_share=None, texture=None, sharpness=None)
    low, high = gates.limits([*(sheet(number) for number in range(1, 30)), black]).ranges["strip_share"]
    assert low is not None
    assert (0 <= low < 0.3, high) == (True, None)


def test_the_tail_is_that_of_an_exponential() -> None:
    values = np.random.default_rng(1).exponential(2.0, 5000).tolist()
    assert gates.tail_limit(values, 0.001) == pytest.approx(2.0 * np.log(1000), rel=0.1)


def test_a_tail_that_few_values_tell_is_as_far_as_that_asks_for() -> None:
    rng = np.random.default_rng(2)
    limits = [gates.tail_limit(rng.exponential(1, 50).tolist(), 0.001) for _ in range(4000)]
    assert float(np.mean(np.exp(-np.array(limits)))) == pytest.approx(0.001, rel=0.5)


@pytest.mark.parametrize("strength", [5, 12, 25, 50])
def test_noise_is_beyond_the_loosest_limit(strength: float) -> None:
    noise = np.random.default_rng(1).normal(110, strength, (128, 800))
    ragged = [sheet(number, sharpness=1.0 + number % 7) for number in range(8)]
    known = gates.limits([one for one in ragged if (one.statistics["sharpness"] or 0) < 2.5])
    codes = [r.code for r in reasons(limited(measure(np.clip(noise, 0, 255).astype(np.uint8)), None, known))]
    assert "noisy" in codes


def test_a_ragged_set_still_refuses_the_dark_and_the_plain() -> None:
    ragged = [sheet(number, brightness=20.0 + 30 * (number % 9), texture=1.0 + number % 9) for number in range(40)]
    known = gates.limits(ragged)
    assert gates.refusals([sheet(0, brightness=15.0), sheet(0, texture=0.4)], known) == (2, 2)


def test_what_is_known_is_not_refused_for_a_bound() -> None:
    beyond = {"texture": 0.02, "strip_share": 0.005, "brightness": 13.0, "novelty": 1.0}
    soft = [sheet(number, sharpness=0.05 + number / 1000, **beyond) for number in range(40)]
    assert gates.refusals(soft, gates.limits(soft)) == (0, 40)


def test_the_figure_is_per_100_with_wilsons_interval() -> None:
    figure = Refusals(1, 128).metric("steel", "counted")
    assert figure.value == pytest.approx(0.78)
    assert figure.interval == pytest.approx((0.14, 4.29), abs=0.01)
