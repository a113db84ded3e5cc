"""Regions measured on shapes whose answers are known."""

from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from defect_api.card import PixelThreshold
from defect_api.record import Ring, Scale
from defect_api.regions import Regions, find_regions
from defect_api.thresholds import Map

RULE = PixelThreshold(value=0.5, uncertainty=0.2, min_region_px=20)
NAMES = ["dark", "bright", "odd"]


def found(q: Map, classes: Map | None = None, threshold: float = 0.5) -> Regions:
    return find_regions(q, np.zeros_like(q) if classes is None else classes, NAMES, RULE, threshold)


def blank(*patches: tuple[slice, slice, int]) -> Map:
    q = np.zeros((256, 1600), np.uint8)
    for rows, columns, value in patches:
        q[rows, columns] = value
    return q


def rasterised(polygons: list[list[Ring]], shape: tuple[int, int]) -> np.ndarray[Any, Any]:
    """Set the pixels whose centres lie within the rings, by the even-odd rule."""
    rows, columns = np.indices(shape) + 0.5
    inside = np.zeros(shape, bool)
    for ring in (ring for polygon in polygons for ring in polygon):
        for (x0, y0), (x1, y1) in pairwise(ring):
            if y0 != y1:
                crosses = (rows < y0) != (rows < y1)
                inside ^= crosses & (columns < x0 + (rows - y0) * (x1 - x0) / (y1 - y0))
    return inside


def test_a_rectangle_is_measured() -> None:
    (defect,) = found(blank((slice(10, 30), slice(100, 160), 204), (slice(10, 30), slice(100, 130), 255))).defects
    assert defect.box == (100, 10, 60, 20)
    assert defect.area_px == 1200
    assert (defect.length_px, defect.width_px, defect.orientation_deg) == (60, 20, 0)
    assert (defect.mean_probability, defect.max_probability) == (0.9, 1)


@pytest.mark.parametrize(("x", "y", "distance"), [(3, 100, 3), (100, 5, 5), (1530, 100, 10), (100, 230, 6)])
def test_distance_is_to_the_nearest_of_the_four_edges(x: int, y: int, distance: int) -> None:
    (defect,) = found(blank((slice(y, y + 20), slice(x, x + 60), 255))).defects
    assert defect.edge_distance_px == distance


@pytest.mark.parametrize("degrees", [0, 30, 45, 90, 135, 170])
def test_a_turned_bar_has_its_length_width_and_orientation(degrees: float) -> None:
    q = np.zeros((256, 1600), np.uint8)
    # opencv turns clockwise as seen, since y points down
    corners = cv2.boxPoints(((800, 128), (120, 16), -degrees))
    cv2.fillPoly(q, [np.rint(corners).astype(np.int32)], 255)
    (defect,) = found(q).defects
    assert defect.length_px == pytest.approx(121, abs=2)
    assert defect.width_px == pytest.approx(17, abs=2)
    assert min(abs(defect.orientation_deg - degrees), 180 - abs(defect.orientation_deg - degrees)) < 2


@pytest.mark.parametrize(("line", "degrees"), [(np.eye(40), 135), (np.eye(40)[::-1], 45)], ids=["down", "up"])
def test_a_diagonal_is_measured_from_corner_to_corner_of_its_pixels(line: np.ndarray[Any, Any], degrees: int) -> None:
    (defect,) = found(np.pad(255 * line, 5).astype(np.uint8)).defects
    assert (defect.length_px, defect.width_px, defect.orientation_deg) == (56.6, 1.4, degrees)


def test_an_orientation_that_rounds_to_a_half_turn_is_none() -> None:
    steps = (slice(30, 33), slice(0, 129), 255), (slice(31, 34), slice(129, 1426), 255)
    (defect,) = found(blank(*steps, (slice(32, 35), slice(1426, 1600), 255))).defects
    assert defect.orientation_deg == 0


def test_small_regions_are_dropped_from_list_and_mask() -> None:
    regions = found(blank((slice(0, 4), slice(0, 5), 255), (slice(50, 51), slice(0, 19), 255)))
    assert [defect.area_px for defect in regions.defects] == [20]
    assert regions.mask.sum() == 20
    assert regions.area_fraction == pytest.approx(20 / (256 * 1600))


def test_pixels_that_touch_at_a_corner_are_one_region() -> None:
    regions = found(blank((slice(0, 5), slice(0, 5), 255), (slice(5, 10), slice(5, 10), 255)))
    assert [defect.area_px for defect in regions.defects] == [50]


def test_largest_first() -> None:
    q = blank(
        (slice(0, 5), slice(0, 5), 255), (slice(50, 90), slice(50, 90), 255), (slice(200, 210), slice(9, 19), 255)
    )
    assert [defect.area_px for defect in found(q).defects] == [1600, 100, 25]


def test_the_type_is_weighted_by_probability() -> None:
    q = blank((slice(0, 10), slice(0, 10), 255), (slice(0, 10), slice(10, 26), 128))
    classes = np.full_like(q, 1)
    classes[:, :10] = 2
    (defect,) = found(q, classes).defects
    assert defect.type == "odd"
    assert defect.type_probability == pytest.approx(255 * 100 / (255 * 100 + 128 * 160), abs=1e-4)


@pytest.mark.parametrize(
    ("threshold", "core", "steps", "loose"),
    [(0.9, 1, 2, 3), (0.5, 3, 4, 5), (0.1, 5, 7, 9)],
    ids=["up to the highest", "between", "down to the lowest"],
)
def test_ranges_follow_the_threshold_by_the_cards_uncertainty(
    threshold: float, core: int, steps: int, loose: int
) -> None:
    # each as high as it just counts at 1, 0.7, 0.3, 0.1 and above 0, or just does not
    values = [255, 254, 179, 178, 77, 76, 26, 25, 1]
    q = blank(*((slice(100, 110), slice(10 * step, 10 * step + 10), value) for step, value in enumerate(values)))
    (defect,) = found(q, threshold=threshold).defects
    assert (defect.area_px, defect.area_px_range) == (100 * steps, (100 * core, 100 * loose))
    assert (defect.length_px, defect.length_px_range) == (10 * steps, (10 * core, 10 * loose))


def test_a_range_contains_its_figure_even_where_the_larger_region_is_shorter() -> None:
    q = blank((slice(50, 150), slice(50, 150), 100))  # a square, and in it a line along its diagonal
    cv2.line(q, (52, 52), (147, 147), 255, thickness=3)
    (defect,) = found(q).defects
    assert defect.length_px > 130
    assert defect.length_px_range == (100, defect.length_px)


def test_a_region_without_core_shrinks_to_nothing() -> None:
    (defect,) = found(blank((slice(0, 10), slice(0, 10), 140))).defects
    assert defect.area_px_range == (0, 100)
    assert defect.length_px_range == (0, 10)


@pytest.mark.parametrize("threshold", [0.01, 0.3, 0.5, 0.9, 1.0])
def test_a_lower_threshold_never_loses_area(threshold: float) -> None:
    q = np.random.default_rng(0).integers(0, 256, (256, 1600)).astype(np.uint8)
    q = np.asarray(cv2.GaussianBlur(q, (0, 0), 4), np.uint8)
    assert found(q, threshold=threshold).mask.sum() <= found(q, threshold=threshold / 2).mask.sum()


def test_polygons_contain_exactly_the_regions_pixels_where_edges_are_straight() -> None:
    q = blank((slice(20, 60), slice(30, 90), 255))
    q[30:45, 50:70] = 0
    regions = found(q)
    (polygon,) = regions.defects[0].polygons
    assert len(polygon) == 2  # the outer ring and one hole
    np.testing.assert_array_equal(rasterised([polygon], q.shape), regions.mask)


def test_polygons_of_rough_regions_stay_within_half_a_pixel() -> None:
    noise = np.random.default_rng(5).normal(size=(256, 1600)).astype(np.float32)
    q = np.where(cv2.GaussianBlur(noise, (0, 0), 6) > 0.08, 255, 0).astype(np.uint8)
    regions = found(q)
    drawn = rasterised([polygon for defect in regions.defects for polygon in defect.polygons], q.shape)
    beyond = cv2.dilate(regions.mask.astype(np.uint8), np.ones((3, 3), np.uint8))
    core = cv2.erode(regions.mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1)
    assert not (drawn & (beyond == 0)).any()
    assert not (~drawn & (core == 1)).any()


def crosses_itself(ring: Ring) -> bool:
    """Tell whether two edges of a closed ring cross, each beyond its ends."""
    corners = np.array(ring[:-1])
    edges = np.roll(corners, -1, axis=0) - corners
    (from_x, from_y), (along_x, along_y) = corners.T[..., None], edges.T[..., None]
    sides = np.sign(along_x * (corners[:, 1] - from_y) - along_y * (corners[:, 0] - from_x))
    parted = sides * np.roll(sides, -1, axis=1) < 0
    return bool((parted & parted.T).any())


@pytest.mark.parametrize("thickness", [1, 2, 3])
def test_rings_of_slanted_scratches_do_not_cross_themselves(thickness: int) -> None:
    for degrees in range(0, 180, 3):
        q = np.zeros((256, 256), np.uint8)
        tilt = np.deg2rad(np.array([0, 7, 19]) + degrees)
        for x, y in np.rint(110 * np.column_stack([np.cos(tilt), np.sin(tilt)])).astype(int).tolist():
            cv2.line(q, (128 + x, 128 + y), (128 - x, 128 - y), 255, thickness)
        rings = [ring for defect in found(q).defects for polygon in defect.polygons for ring in polygon]
        assert not any(map(crosses_itself, rings))


def test_rings_are_closed_and_of_four_positions_at_least() -> None:
    # specks, of which two corners would be left; RFC 7946 asks for four
    q = np.where(np.random.default_rng(2).random((60, 80)) < 0.3, 255, 0).astype(np.uint8)
    (defect,) = find_regions(q, q * 0, NAMES, joining(5), 0.5).defects
    for polygon in defect.polygons:
        for ring in polygon:
            assert ring[0] == ring[-1]
            assert len(ring) >= 4


def test_a_clean_map_has_no_regions() -> None:
    regions = found(blank())
    assert regions.defects == []
    assert not regions.mask.any()
    assert regions.mask.dtype == bool


def test_without_a_scale_nothing_is_in_millimetres() -> None:
    (defect,) = found(blank((slice(10, 30), slice(100, 160), 255))).defects
    assert (defect.area_mm2, defect.length_mm, defect.width_mm) == (None, None, None)


def test_millimetres_follow_the_scale_of_each_axis() -> None:
    q = blank((slice(10, 30), slice(100, 160), 255))  # 60 x 20 px, 30 x 40 mm
    scale = Scale(mm_per_px_x=0.5, mm_per_px_y=2)
    (defect,) = find_regions(q, np.zeros_like(q), NAMES, RULE, 0.5, scale).defects
    assert (defect.area_mm2, defect.length_mm, defect.width_mm) == (1200, 40, 30)
    assert (defect.length_px, defect.width_px) == (60, 20)


@pytest.mark.parametrize(
    ("mm_per_px", "area", "length", "width"),
    [
        (0.0123, 0.181548, 0.738, 0.246),
        (0.123, 18.1548, 7.38, 2.46),
        (0.777, 724.475, 46.6, 15.5),
        (12.34, 182730.72, 740.4, 246.8),
    ],
)
def test_millimetres_are_told_as_finely_as_pixels(mm_per_px: float, area: float, length: float, width: float) -> None:
    q = blank((slice(10, 30), slice(100, 160), 255))
    scale = Scale(mm_per_px_x=mm_per_px, mm_per_px_y=mm_per_px)
    (defect,) = find_regions(q, np.zeros_like(q), NAMES, RULE, 0.5, scale).defects
    assert (defect.area_mm2, defect.length_mm, defect.width_mm) == (area, length, width)


def test_a_line_one_pixel_wide_keeps_its_outline() -> None:
    (defect,) = found(blank((slice(10, 11), slice(100, 160), 255))).defects
    ((ring,),) = defect.polygons
    assert len(ring) > 3
    assert {int(y) for _, y in ring} == {10}


def joining(join_px: int) -> PixelThreshold:
    return RULE.model_copy(update={"join_px": join_px})


def test_a_joined_defect_is_measured_over_all_its_fragments() -> None:
    q = blank(
        (slice(10, 20), slice(100, 140), 255),
        (slice(10, 20), slice(145, 160), 200),
        (slice(12, 14), slice(162, 163), 150),
    )
    regions = find_regions(q, np.zeros_like(q), NAMES, joining(5), 0.5)
    (defect,) = regions.defects
    assert defect.area_px == 400 + 150 + 2 == regions.mask.sum()
    assert defect.box == (100, 10, 63, 10)
    assert (defect.length_px, defect.width_px) == (63, 10)
    assert defect.area_px_range == (550, 552)
    assert [len(polygon) for polygon in defect.polygons] == [1, 1, 1]
    np.testing.assert_array_equal(rasterised(defect.polygons, q.shape), regions.mask)


def test_a_range_reaches_to_what_joins_when_the_threshold_falls() -> None:
    q = blank((slice(10, 20), slice(100, 140), 255), (slice(10, 20), slice(142, 160), 80))
    (apart,), (joined,) = (find_regions(q, q * 0, NAMES, joining(gap), 0.5).defects for gap in (1, 2))
    assert apart.area_px_range == (400, 400)
    assert joined.area_px_range == (400, 580)
    assert joined.length_px_range == (40, 60)


def on_ring(points: np.ndarray[Any, Any], ring: Ring) -> np.ndarray[Any, Any]:
    """Return how far each point is from a ring."""
    starts, ends = np.array(ring[:-1])[:, None], np.array(ring[1:])[:, None]
    along = ends - starts
    share = ((points - starts) * along).sum(2) / np.maximum((along**2).sum(2), 1e-9)
    nearest = starts + np.clip(share, 0, 1)[..., None] * along
    return np.asarray(np.linalg.norm(points - nearest, axis=2).min(0))


@settings(deadline=None)
@given(
    mask=arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=16), elements=st.booleans()), join=st.integers(0, 2)
)
def test_polygons_keep_every_fragment_and_hole_and_are_within_half_a_pixel(mask: Any, join: int) -> None:
    q = np.where(mask, 255, 0).astype(np.uint8)
    rule = joining(join).model_copy(update={"min_region_px": 1})
    regions = find_regions(q, np.zeros_like(q), NAMES, rule, 0.5)
    for number, defect in enumerate(regions.defects, 1):
        own = np.pad((regions.labels == number).astype(np.uint8), 1)
        assert len(defect.polygons) == cv2.connectedComponents(own, connectivity=8)[0] - 1
        rings = [ring for polygon in defect.polygons for ring in polygon]
        # one component of what is not of it is the surroundings
        assert len(rings) - len(defect.polygons) == cv2.connectedComponents(1 - own, connectivity=4)[0] - 2
        fine = np.kron(own, np.ones((2, 2), np.uint8))
        outlines, _ = cv2.findContours(fine, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        points = (np.concatenate(outlines).reshape(-1, 2) + 0.5) / 2 - 1
        assert np.min([on_ring(points, ring) for ring in rings], axis=0).max() <= 0.5 + 1e-9
