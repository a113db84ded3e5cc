"""Which pixels are of one defect: against the rule's own words, and against the cases that the site's code shares."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from defect_api.card import PixelThreshold
from defect_api.labelling import Labelled, areas_of, label, runs_within
from defect_api.thresholds import Map
from tests.fixtures import regions as fixtures

CASES = json.loads(fixtures.FIXTURES.read_text())["cases"]
MASKS = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=14), elements=st.booleans(), fill=st.just(False))


def rule(min_region_px: int = 1, join_px: int = 0, min_peak: float = 0) -> PixelThreshold:
    return PixelThreshold(
        value=fixtures.OWN, uncertainty=0.1, min_peak=min_peak, min_region_px=min_region_px, join_px=join_px
    )


def drawn(mask: Any) -> Map:
    return np.where(mask, 255, 0).astype(np.uint8)


def told(found: Labelled) -> list[dict[str, Any]]:
    sizes = zip(found.runs.areas.tolist(), found.runs.boxes.tolist(), strict=True)
    return [{"area_px": area, "box": box} for area, box in sizes]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_shared_cases_come_out_as_written(case: dict[str, Any]) -> None:
    q, at = fixtures.unpacked(case), case["threshold"]
    own = rule(case["min_region_px"], case["join_px"], case["min_peak"])
    assert told(label(q, own, at)) == case["defects"]
    assert sorted(areas_of(q, own, at), reverse=True) == [defect["area_px"] for defect in case["defects"]]


@pytest.mark.parametrize("case", [case for case in CASES if case["width"] <= 160], ids=lambda case: case["name"])
def test_the_shared_cases_are_what_their_command_writes(case: dict[str, Any]) -> None:
    q = fixtures.unpacked(case)
    assert fixtures.packed(q) == case["q"]
    wanted = (case[key] for key in ("threshold", "min_region_px", "join_px", "min_peak"))
    assert fixtures.defined(q, *wanted) == case["defects"]


@settings(deadline=None)
@given(mask=MASKS, join_px=st.integers(0, 4), min_region_px=st.integers(1, 5))
def test_defects_are_those_that_chains_of_pixels_make(mask: Any, join_px: int, min_region_px: int) -> None:
    q = drawn(mask)
    found = label(q, rule(min_region_px, join_px), 0.5)
    assert told(found) == fixtures.defined(q, 0.5, min_region_px, join_px)


@settings(deadline=None)
@given(mask=MASKS, join_px=st.integers(0, 4))
def test_labels_and_runs_tell_the_same_pixels(mask: Any, join_px: int) -> None:
    found = label(drawn(mask), rule(2, join_px), 0.5)
    painted = np.zeros(mask.shape, int)
    for number in range(found.count):
        for run in range(found.runs.offsets[number], found.runs.offsets[number + 1]):
            painted[found.runs.rows[run], found.runs.starts[run] : found.runs.ends[run]] = number + 1
    np.testing.assert_array_equal(found.labels, painted)
    assert not (found.labels[~mask]).any()


@settings(deadline=None)
@given(mask=MASKS, other=MASKS, join_px=st.integers(0, 3))
def test_the_core_of_each_defect_is_its_own(mask: Any, other: Any, join_px: int) -> None:
    core = mask.copy()
    height, width = np.minimum(mask.shape, other.shape)
    core[:height, :width] &= other[:height, :width]
    found = label(drawn(mask), rule(2, join_px), 0.5)
    areas = runs_within(core, found).areas
    assert areas.tolist() == [int((core & (found.labels == number + 1)).sum()) for number in range(found.count)]


def test_fragments_join_across_the_gap_and_no_further() -> None:
    mask = np.zeros((20, 40), bool)
    mask[5:10, 5:10] = mask[5:10, 14:20] = mask[14:18, 24:30] = True
    assert [label(drawn(mask), rule(join_px=join), 0.5).count for join in (3, 4)] == [3, 1]


def test_what_is_small_alone_is_kept_where_it_is_joined() -> None:
    mask = np.zeros((20, 40), bool)
    mask[5:10, 5:10] = mask[5, 12] = mask[15, 30] = True
    assert label(drawn(mask), rule(min_region_px=20, join_px=2), 0.5).runs.areas.tolist() == [26]
