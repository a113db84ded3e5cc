"""Contours: where they are drawn, and that the overlay's file shows them."""

import cv2
import numpy as np
import pytest

from defect_api.overlay import (
    GREEN_BGR,
    LINE_PX,
    draw_overlay,
    encode_overlay,
    outline_pixels,
)
from tests.defect_api.conftest import pixels

MASK = np.zeros((64, 64), bool)
MASK[20:30, 20:40] = True


def test_the_contour_surrounds_the_defect_and_covers_nothing_of_it() -> None:
    grey = np.full((64, 64), 90, np.uint8)
    green = (draw_overlay(grey, MASK) == GREEN_BGR).all(-1)
    near = cv2.dilate(MASK.astype(np.uint8), np.ones((2 * LINE_PX + 1,) * 2, np.uint8)).astype(bool)
    assert not (green & MASK).any()
    assert not (green & ~near).any()
    assert green[18:20, 25].all()


def test_the_rest_of_the_sheet_stays_as_it_is() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8)
    picture = draw_overlay(grey, MASK)
    sound = ~(picture == GREEN_BGR).all(-1)
    np.testing.assert_array_equal(picture[sound], np.repeat(grey[sound][:, None], 3, axis=1))


@pytest.mark.parametrize("corner", [(0, 0), (0, 60), (60, 0), (60, 60), (20, 62), (63, 30)])
def test_defects_far_apart_and_at_the_edge_are_surrounded_too(corner: tuple[int, int]) -> None:
    mask = MASK.copy()
    mask[corner[0] : corner[0] + 4, corner[1] : corner[1] + 4] = True
    green = (draw_overlay(np.full((64, 64), 90, np.uint8), mask) == GREEN_BGR).all(-1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * LINE_PX + 1, 2 * LINE_PX + 1))
    np.testing.assert_array_equal(green, cv2.dilate(mask.astype(np.uint8), kernel).astype(bool) & ~mask)


def test_a_clean_sheet_has_no_green() -> None:
    assert not (draw_overlay(np.zeros((64, 64), np.uint8), np.zeros((64, 64), bool)) == GREEN_BGR).all(-1).any()


def test_outline_pixels_are_the_masks_own_border_in_row_column_order() -> None:
    expected = {(row, column) for row in range(20, 30) for column in range(20, 40)}
    expected -= {(row, column) for row in range(21, 29) for column in range(21, 39)}
    assert {tuple(pixel) for pixel in outline_pixels(MASK).tolist()} == expected


def test_a_defect_that_runs_out_of_the_picture_is_open_there() -> None:
    mask = np.zeros((64, 64), bool)
    mask[:10] = True
    assert {row for row, _ in outline_pixels(mask).tolist()} == {9}


def test_the_overlays_file_shows_what_is_drawn() -> None:
    grey = np.random.default_rng(0).integers(0, 200, (64, 64)).astype(np.uint8)
    np.testing.assert_array_equal(pixels(encode_overlay(grey, MASK)), draw_overlay(grey, MASK))


def test_where_the_sheet_has_every_grey_level_the_rarest_is_one_level_off() -> None:
    grey = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 64, axis=1)
    grey[77, 10:] = 78
    mask = np.zeros(grey.shape, bool)
    mask[20:30, 20:40] = True
    wanted, found = draw_overlay(grey, mask), pixels(encode_overlay(grey, mask))
    np.testing.assert_array_equal((found != wanted).any(-1), grey == 77)
    assert set(found[grey == 77].ravel().tolist()) == {76}
