"""The figures' intervals, as a card states them."""

from dataclasses import replace

import numpy as np
import pytest

from defect_api.card import Metric
from tests.training.test_metrics import NOTHING, counted, prediction, said
from training import evaluation, metrics
from training.operating_point import choose

DEFECTIVE, CLEAN = prediction(slice(0, 20), slice(0, 20)), prediction(NOTHING, NOTHING)


def intervals(counts: metrics.Counts) -> dict[str, tuple[float, float] | None]:
    found = evaluation.figures(counts, ["a", "b"], "drawn", "here", resamples=20)
    return {figure.name: figure.interval for figure in found}


def test_each_name_has_its_figure() -> None:
    half, missed = prediction(slice(0, 20), slice(10, 30)), prediction(NOTHING, slice(0, 10))
    counts = replace(
        counted(half, missed, prediction(slice(0, 20), NOTHING), CLEAN, CLEAN),
        probability=np.array([0.9, 0.15, 0.6, 0.1, 0.2]),
        before=np.array([1, 0.8, 0.5, 0, 0.2]),
    )

    found = {f.name: f.value for f in evaluation.figures(counts, ["a", "b"], "drawn", "here", resamples=2)}

    expected = {
        "pooled Dice": 2 * 10 / (40 + 30),
        "pooled IoU": 10 / (40 + 30 - 10),
        "pooled Dice, defective pictures": 2 * 10 / (20 + 30),
        "mean Dice per defective picture": (0.5 + 0) / 2,
        "Kaggle Dice": (0.5 + 0 + 0 + 1 + 1 + 5) / 10,
        "misses per 100 defective pictures": 50,
        "false calls per 100 clean pictures": 100 / 3,
        "picture ROC AUC": 4 / 6,
        "picture average precision": (1 / 1 + 2 / 4) / 2,
        "picture Brier score": (0.1**2 + 0.85**2 + 0.6**2 + 0.1**2 + 0.2**2) / 5,
        "picture calibration error": 0.01,
        "picture calibration error before": 0.1,
        "Dice, a": 2 * 10 / (40 + 30),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-4)


def test_each_fold_is_judged_by_what_the_other_one_chose() -> None:
    strong, weak = ([prediction(slice(0, 20), slice(0, 20), value), CLEAN] for value in (250, 120))
    strong.append(CLEAN)

    judged = evaluation.Judged.of([strong, weak])

    assert choose(strong) != choose(weak)
    assert judged.points == [choose(weak)] * 3 + [choose(strong)] * 2


def test_a_threshold_is_as_far_from_each_folds_rule_as_from_the_one_that_is_served() -> None:
    chosen = choose([DEFECTIVE, CLEAN])
    rules = [chosen.rule.model_copy(update={"value": value, "min_peak": 0.95}) for value in (0.2, 0.4)]
    points = [replace(chosen, rule=rule) for rule in rules]

    moved = evaluation.Judged(chosen, [DEFECTIVE, CLEAN], points).rules_for_any_threshold

    assert moved == [rule.model_copy(update={"value": chosen.rule.value}) for rule in rules]


def test_no_miss_among_a_few_sheets_is_no_promise() -> None:
    found = intervals(counted(*[DEFECTIVE] * 10, *[CLEAN] * 29))

    assert found["misses per 100 defective pictures"] == pytest.approx((0, 27.75), abs=0.01)
    assert found["false calls per 100 clean pictures"] == pytest.approx((0, 11.70), abs=0.01)


def test_false_calls_are_counted_among_the_clean_sheets() -> None:
    called = prediction(slice(0, 20), NOTHING)

    found = intervals(counted(*[DEFECTIVE] * 10, called, *[CLEAN] * 28))

    assert found["false calls per 100 clean pictures"] == pytest.approx((0.61, 17.18), abs=0.01)


def test_a_class_that_no_mask_shows_has_no_figure() -> None:
    found = intervals(counted(DEFECTIVE, prediction(slice(0, 8), NOTHING, kind=2), CLEAN))

    assert "Dice, a" in found
    assert "Dice, b" not in found


def test_a_class_that_is_never_found_is_not_found_in_any_draw() -> None:
    missed = prediction(NOTHING, slice(0, 20))
    rare = replace(missed, truth=2 * missed.truth)

    found = intervals(counted(*[missed] * 26, *[rare] * 2, *[CLEAN] * 2))

    assert found["Dice, b"] == (0, 0)


def test_what_is_not_finite_is_no_figure_and_no_end_of_an_interval() -> None:
    apart = said([0.1] * 5 + [0.9] * 5, truth=[False] * 5 + [True] * 5)
    # the half of the draws that leave out one certain picture tell the kinds apart
    nearly = said([0.1] * 4 + [0.8] + [0.7] + [0.9] * 4, truth=[False] * 5 + [True] * 5)

    assert "picture calibration slope" not in intervals(apart)
    assert intervals(nearly)["picture calibration slope"] is None
    for figure in evaluation.figures(nearly, ["a"], "drawn", "here", resamples=20):
        assert Metric.model_validate_json(figure.model_dump_json()) == figure
        assert np.isfinite(figure.value)


def test_no_size_is_claimed_that_the_pictures_do_not_have() -> None:
    found = evaluation.figures(counted(DEFECTIVE, CLEAN), ["a"], "drawn", "here", resamples=2)

    assert not [figure.name for figure in found if "256" in figure.method]


def test_overlap_has_the_interval_of_a_bootstrap() -> None:
    counts = counted(DEFECTIVE, prediction(slice(0, 10), slice(0, 20)), CLEAN)

    low, high = metrics.interval(counts, metrics.dice, resamples=20)

    assert intervals(counts)["pooled Dice"] == pytest.approx((low, high), abs=1e-4)
