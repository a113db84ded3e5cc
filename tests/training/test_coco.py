"""COCO labels: polygons and run lengths become masks, and each kind of bad file ends with one sentence."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from defect_api.exports import runs
from training import datasets
from training.examples import DataError

SIZE = (70, 90)  # height and width
SQUARE = [[10, 5, 20, 5, 20, 15, 10, 15]]  # x 10 to 19, y 5 to 14
NOISE = np.random.default_rng(1).random(SIZE) < 0.3
RUNS = runs.coco(NOISE)


@pytest.fixture
def labels(tmp_path: Path) -> dict[str, Any]:
    """Make two pictures, and labels that call a square of the first a dent."""
    (tmp_path / "images").mkdir()
    for name in ("a.png", "b.png"):
        assert cv2.imwrite(str(tmp_path / "images" / name), np.full(SIZE, 90, np.uint8))
    images = [{"id": number, "file_name": name} for number, name in enumerate(("a.png", "b.png"))]
    categories = [{"id": 0, "name": "anything"}, {"id": 3, "name": "hole"}, {"id": 7, "name": "dent"}]
    return {"images": images, "categories": categories, "annotations": [annotation(1, 7, SQUARE)]}


def annotation(number: int, category: int, segmentation: Any) -> dict[str, Any]:
    return {"id": number, "image_id": 0, "category_id": category, "segmentation": segmentation}


def dataset(folder: Path, labels: dict[str, Any]) -> datasets.Dataset:
    (folder / "instances.json").write_text(json.dumps(labels))
    return datasets.find(folder)


def first_mask(folder: Path, labels: dict[str, Any]) -> np.ndarray:
    return dataset(folder, labels).examples[0].load()[1]


def expected(kind: int) -> np.ndarray:
    mask = np.zeros(SIZE, np.uint8)
    mask[5:15, 10:20] = kind
    return mask


def test_a_polygon_becomes_a_mask_and_a_picture_without_one_is_clean(tmp_path: Path, labels: dict[str, Any]) -> None:
    found = dataset(tmp_path, labels)

    assert found.classes == ("dent",)
    np.testing.assert_array_equal(found.examples[0].load()[1], expected(1))
    assert not found.examples[1].load()[1].any()


@pytest.mark.parametrize(
    ("place", "file_name"), [(".", "a.png"), ("images/night", "night/a.png"), ("images", "C/of another machine/a.png")]
)
def test_a_picture_is_found_where_tools_put_it(
    tmp_path: Path, labels: dict[str, Any], place: str, file_name: str
) -> None:
    (tmp_path / place).mkdir(exist_ok=True)
    (tmp_path / "images" / "a.png").rename(tmp_path / place / "a.png")
    labels["images"][0]["file_name"] = file_name

    np.testing.assert_array_equal(first_mask(tmp_path, labels), expected(1))


def test_a_defect_may_have_several_parts(tmp_path: Path, labels: dict[str, Any]) -> None:
    labels["annotations"] = [annotation(1, 7, [*SQUARE, [60, 5, 85, 5, 85, 15, 60, 15]])]

    mask = expected(1)
    mask[5:15, 60:85] = 1
    np.testing.assert_array_equal(first_mask(tmp_path, labels), mask)


def test_an_outline_may_be_off_by_a_rounding(tmp_path: Path, labels: dict[str, Any]) -> None:
    height, width = SIZE
    whole = [[-0.5, -0.5, width + 0.5, -0.5, width + 0.5, height + 0.5, -0.5, height + 0.5]]
    labels["annotations"] = [annotation(1, 7, whole)]

    assert first_mask(tmp_path, labels).all()


def test_both_kinds_of_run_lengths_become_masks(tmp_path: Path, labels: dict[str, Any]) -> None:
    mask = expected(1) > 0
    counts = [int(np.flatnonzero(mask.ravel("F"))[0]), *[10, SIZE[0] - 10] * 9, 10]
    counts.append(mask.size - sum(counts))

    for form in (runs.coco(mask), counts):
        labels["annotations"] = [annotation(1, 7, {"size": list(SIZE), "counts": form})]
        np.testing.assert_array_equal(first_mask(tmp_path, labels), expected(1))


def test_compressed_runs_of_any_length_are_read(tmp_path: Path, labels: dict[str, Any]) -> None:
    labels["annotations"] = [annotation(1, 7, {"size": list(SIZE), "counts": RUNS})]
    np.testing.assert_array_equal(first_mask(tmp_path, labels) > 0, NOISE)


def test_the_later_of_two_annotations_counts(tmp_path: Path, labels: dict[str, Any]) -> None:
    labels["annotations"].append(annotation(2, 3, SQUARE))

    np.testing.assert_array_equal(first_mask(tmp_path, labels), expected(1))
    assert dataset(tmp_path, labels).classes == ("hole", "dent")


@pytest.mark.parametrize("named", [".", "annotations/instances.json"])
def test_a_list_of_scenes_tells_the_scenes(tmp_path: Path, labels: dict[str, Any], named: str) -> None:
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "instances.json").write_text(json.dumps(labels))
    listed = tmp_path / "scenes.csv"

    listed.write_text("picture,scene\na.png,coil 7\nb.png,coil 7\n")
    assert [example.scene for example in datasets.find(tmp_path / named).examples] == ["coil 7"] * 2
    listed.write_text("picture,scene\na.png,coil 7\n")
    with pytest.raises(DataError, match=r"scenes\.csv tells no scene of b \(1 are missing\)"):
        datasets.find(tmp_path / named)


def test_a_file_can_be_named_itself(tmp_path: Path, labels: dict[str, Any]) -> None:
    dataset(tmp_path, labels)

    assert datasets.find(tmp_path / "instances.json").name == "instances"


def test_a_folder_s_whole_name_is_the_set_s(tmp_path: Path, labels: dict[str, Any]) -> None:
    assert dataset(tmp_path.rename(tmp_path.with_name("line-2.5")), labels).name == "line-2.5"


@pytest.mark.parametrize(
    ("segmentation", "sentence"),
    [
        ([[10, 5, 92, 5, 20, 15]], "its outline leaves the picture of 90 x 70 px"),
        ([[-2, 5, 20, 5, 20, 15]], "its outline leaves the picture of 90 x 70 px"),
        ([[10, 5, 20]], "cannot reshape"),
        ([], "it has no outline"),
        ([[]], "its outline has 0 points"),
        ([*SQUARE, [10, 5, 20, 15]], "its outline has 2 points"),
        ({"size": [80, 90], "counts": "04"}, r"its runs are of \[80, 90\]"),
        ({"size": list(SIZE), "counts": [10, 10]}, "its runs don't end where the picture does"),
        ({"size": list(SIZE), "counts": [10, -10, SIZE[0] * SIZE[1]]}, "its runs don't end where the picture does"),
        ({"size": list(SIZE), "counts": ""}, "its runs don't end where the picture does"),
        ({"size": list(SIZE), "counts": RUNS[:-1]}, "its runs don't end where the picture does"),
        ({"size": list(SIZE), "counts": RUNS + "4"}, "its runs don't end where the picture does"),
        ({"size": list(SIZE), "counts": [0.5, SIZE[0] * SIZE[1] - 0.5]}, "'float' object cannot"),
        ([[10, 10.1, 20, 10.2, 20, 10.4, 10, 10.3]], "it encloses no pixel"),
        ({"size": list(SIZE), "counts": [SIZE[0] * SIZE[1]]}, "it encloses no pixel"),
        ([[float("nan"), 5, 20, 5, 20, 15]], "its outline leaves the picture of 90 x 70 px"),
    ],
)
def test_a_bad_outline_names_file_annotation_and_picture(
    tmp_path: Path, labels: dict[str, Any], segmentation: Any, sentence: str
) -> None:
    labels["annotations"] = [annotation(5, 7, segmentation)]

    with pytest.raises(DataError, match=rf"instances\.json, annotation 5 of a\.png: {sentence}"):
        first_mask(tmp_path, labels)


def test_a_bad_outline_without_an_id_names_its_picture(tmp_path: Path, labels: dict[str, Any]) -> None:
    labels["annotations"] = [{"image_id": 0, "category_id": 7, "segmentation": part} for part in (SQUARE, [])]

    with pytest.raises(DataError, match=r"annotation None of a\.png: it has no outline"):
        first_mask(tmp_path, labels)


def test_a_picture_of_another_size_than_was_labelled_is_named(tmp_path: Path, labels: dict[str, Any]) -> None:
    labels["images"][0] |= {"width": 180, "height": 140}

    with pytest.raises(DataError, match=r"instances\.json says that a\.png is \(180, 140\) px, but it is \(90, 70\)"):
        first_mask(tmp_path, labels)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"images": [{"id": 0, "file_name": "gone.png"}]}, r"names gone\.png, which is missing"),
        ({"images": [{"id": 0, "file_name": "a.png"}] * 2}, "the image id 0 is there twice"),
        ({"images": [{"id": n, "file_name": "a.png"} for n in (0, 1)]}, "the picture's name a is there twice"),
        ({"annotations": [annotation(1, 7, SQUARE)] * 2}, "the annotation id 1 is there twice"),
        ({"annotations": []}, "outlines no defect"),
        ({"annotations": [annotation(1, 99, SQUARE)]}, "uses the category 99"),
        ({"annotations": [annotation(1, 7, SQUARE) | {"image_id": 9}]}, "annotation 1 is of image 9"),
        ({"annotations": [{"id": 1}]}, "lacks what COCO needs"),
        (
            {
                "categories": [{"id": number, "name": "dent"} for number in (3, 7)],
                "annotations": [annotation(number, number, SQUARE) for number in (3, 7)],
            },
            "the category dent is there twice",
        ),
    ],
)
def test_a_bad_file_is_refused_with_one_sentence(
    tmp_path: Path, labels: dict[str, Any], change: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(DataError, match=rf"instances\.json.*{sentence}"):
        dataset(tmp_path, labels | change)


def test_of_several_files_one_must_be_named(tmp_path: Path, labels: dict[str, Any]) -> None:
    (tmp_path / "more.json").write_text(json.dumps(labels))

    with pytest.raises(DataError, match=r"holds 2 COCO files; name one of them, such as .*instances\.json"):
        dataset(tmp_path, labels)


@pytest.mark.parametrize("content", [{"images": [], "annotations": []}, ["images", "annotations", "categories"]])
def test_other_json_beside_the_labels_is_passed_over(tmp_path: Path, labels: dict[str, Any], content: Any) -> None:
    (tmp_path / "captions.json").write_text(json.dumps(content))

    assert dataset(tmp_path, labels).classes == ("dent",)


def test_a_file_that_is_no_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")

    with pytest.raises(DataError, match=r"broken\.json cannot be read as JSON"):
        datasets.find(tmp_path)
