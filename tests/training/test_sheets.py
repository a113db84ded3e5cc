"""Generated sheets: the same from the same seed, with masks that say exactly what was changed."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from training import busy, flaws, sheets, surface
from training.commands import main


def test_the_same_seed_gives_the_same_pixels() -> None:
    first, second = sheets.generate(7), sheets.generate(7)

    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.mask, second.mask)


def test_another_seed_gives_another_sheet() -> None:
    assert not np.array_equal(sheets.generate(7).image, sheets.generate(8).image)


def test_a_sheet_has_the_size_and_types_asked_for() -> None:
    sheet = sheets.generate(1, height=128, width=800, defects=[4])

    assert sheet.image.shape == sheet.mask.shape == (128, 800)
    assert sheet.image.dtype == sheet.mask.dtype == np.uint8


@pytest.mark.parametrize("kind", [1, 2, 3, 4])
def test_a_defect_changes_pixels_of_its_mask_and_no_others(kind: int) -> None:
    before = surface.steel(np.random.default_rng(5), (256, 640))
    after = before.copy()

    mask = flaws.draw(np.random.default_rng(6), after, kind, (0, 0, 640, 256))

    assert mask.any()
    np.testing.assert_array_equal(after[~mask], before[~mask])
    assert np.abs(after - before)[mask].mean() > 1


@pytest.mark.parametrize("kind", [1, 2, 3, 4])
def test_a_defect_is_marked_with_its_class(kind: int) -> None:
    sheet = sheets.generate(11, defects=[kind], width=800)

    assert set(np.unique(sheet.mask)) == {0, kind}


def test_a_clean_sheet_has_an_empty_mask() -> None:
    assert not sheets.generate(3, defects=[]).mask.any()


@pytest.mark.parametrize("kind", busy.KINDS)
def test_sound_clutter_is_no_defect(kind: str) -> None:
    plain = sheets.generate(4, defects=[], busy_kinds=[], dark_side=False)
    cluttered = sheets.generate(4, defects=[], busy_kinds=[kind], dark_side=False)

    assert not cluttered.mask.any()
    assert not np.array_equal(cluttered.image, plain.image)


def test_defects_lie_on_the_steel_and_not_in_the_dark_beside_it() -> None:
    sheet = sheets.generate(2, defects=[1, 2, 3, 4], dark_side=True)
    dark_columns = np.flatnonzero(sheet.image.max(axis=0) < 30)

    assert dark_columns.size
    assert not sheet.mask[:, dark_columns].any()


def test_an_unknown_class_is_refused() -> None:
    with pytest.raises(ValueError, match="1 to 4"):
        sheets.generate(1, defects=[5])


def test_the_command_writes_sheets_with_their_masks(tmp_path: Path) -> None:
    assert main(["sheets", "--count", "2", "--seed", "9", "--width", "320", "--out", str(tmp_path)]) == 0

    written = cv2.imread(str(tmp_path / "sheet-0002.png"), cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(written, sheets.generate(10, width=320).image)
    assert (tmp_path / "masks" / "sheet-0002.png").exists()
