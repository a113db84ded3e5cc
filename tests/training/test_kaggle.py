"""The Kaggle layout: pictures with the runs of `train.csv`, and the sentence that each kind of bad input ends with."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from training import datasets, rle, scenes, sheets
from training.examples import DataError


@pytest.fixture
def kaggle(tmp_path: Path) -> Path:
    sheet = sheets.generate(1, width=320, defects=[3])
    (tmp_path / "train_images").mkdir()
    for name in ("a.jpg", "clean.jpg"):
        assert cv2.imwrite(str(tmp_path / "train_images" / name), sheet.image)
    rows = f"ImageId,ClassId,EncodedPixels\na.jpg,3,{rle.encode(sheet.mask == 3)}\n"
    (tmp_path / "train.csv").write_text(rows, "utf-8-sig")  # as Windows tools write
    return tmp_path


def test_the_kaggle_layout_is_read_and_a_picture_without_runs_is_clean(kaggle: Path) -> None:
    defective, clean = datasets.find(kaggle).examples

    np.testing.assert_array_equal(defective.load()[1], sheets.generate(1, width=320, defects=[3]).mask)
    assert not clean.load()[1].any()


def test_the_kaggle_layout_can_list_its_scenes_too(kaggle: Path) -> None:
    (kaggle / "scenes.csv").write_text("picture,scene\na.jpg,coil 7\nclean.jpg,coil 7\n", "utf-8-sig")

    assert scenes.group(datasets.find(kaggle).examples) == [0, 0]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("gone.jpg,1,1 2", r"gone\.jpg is missing"),
        ("a.jpg,5,1 2", "class 5; only 1 to 4"),
        ("a.jpg,0,1 2", "class 0; only 1 to 4"),
        ("a.jpg,1,1 2\na.jpg,1,5 2", "class 1 twice"),
        ("a.jpg,one,1 2", "needs the columns"),
        ("a.jpg,,1 5", r"a line of a\.jpg without its class or its runs"),
        ("a.jpg,3", r"a line of a\.jpg without its class or its runs"),
    ],
)
def test_a_bad_table_is_refused_with_one_sentence(kaggle: Path, rows: str, sentence: str) -> None:
    (kaggle / "train.csv").write_text(f"ImageId,ClassId,EncodedPixels\n{rows}\n")

    with pytest.raises(DataError, match=rf"^[^(]*{sentence}"):
        datasets.find(kaggle)


@pytest.mark.parametrize("content", ["", "ImageId,ClassId,EncodedPixels\n"])
def test_an_empty_table_does_not_make_every_picture_clean(kaggle: Path, content: str) -> None:
    (kaggle / "train.csv").write_text(content)

    with pytest.raises(DataError, match=r"train\.csv names no picture; unpack the set again"):
        datasets.find(kaggle)


def test_a_mask_may_have_very_many_runs(kaggle: Path) -> None:
    runs = " ".join(f"{start} 1" for start in range(1, 256 * 320, 2))
    assert len(runs) > 131_072  # what Python's csv takes by default
    (kaggle / "train.csv").write_text(f"ImageId,ClassId,EncodedPixels\na.jpg,1,{runs}\n")

    assert datasets.find(kaggle).examples[0].defects() == {1: 256 * 160}


def test_a_kaggle_set_without_pictures_is_refused(kaggle: Path) -> None:
    for picture in (kaggle / "train_images").iterdir():
        picture.unlink()

    with pytest.raises(DataError, match=r"train_images holds no pictures; unpack the set there"):
        datasets.find(kaggle)


def test_runs_that_leave_the_picture_name_the_picture(kaggle: Path) -> None:
    (kaggle / "train.csv").write_text("ImageId,ClassId,EncodedPixels\na.jpg,1,81919 5\n")

    with pytest.raises(DataError, match=r"a\.jpg, class 1: runs"):
        datasets.find(kaggle).examples[0].load()


def test_two_pictures_of_one_name_are_refused(kaggle: Path) -> None:
    assert cv2.imwrite(str(kaggle / "train_images" / "a.png"), np.zeros((256, 320), np.uint8))

    with pytest.raises(DataError, match=r"a\.png has the same name as a\.jpg"):
        datasets.find(kaggle)


def test_other_classes_than_severstal_s_are_refused(kaggle: Path) -> None:
    (kaggle / "classes.txt").write_text("\n".join(datasets.SEVERSTAL_CLASSES))
    assert datasets.find(kaggle).is_severstal

    (kaggle / "classes.txt").write_text("dent\nhole\n")
    with pytest.raises(DataError, match=r"classes\.txt names other classes than Severstal's"):
        datasets.find(kaggle)
