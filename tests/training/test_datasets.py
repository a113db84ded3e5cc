"""Data sets behind one interface, and the one sentence that each kind of bad input ends with."""

import json
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from training import datasets, neu_seg, scenes, sheets
from training.commands import main
from training.examples import IGNORED, DataError, read_mask


def write(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for seed in (1, 2):
        sheet = sheets.generate(seed, width=320, defects=[3])
        write(tmp_path / "images" / f"sheet-{seed}.png", sheet.image)
        write(tmp_path / "masks" / f"sheet-{seed}.png", sheet.mask)
    return tmp_path


def test_a_folder_of_pictures_and_masks_is_read(folder: Path) -> None:
    dataset = datasets.find(folder)

    picture, mask = dataset.examples[0].load()
    np.testing.assert_array_equal(picture, sheets.generate(1, width=320, defects=[3]).image)
    np.testing.assert_array_equal(mask, sheets.generate(1, width=320, defects=[3]).mask)


def test_a_folder_names_its_classes(folder: Path) -> None:
    (folder / "classes.txt").write_text("dent\nhole\nscratch\n", "utf-8-sig")

    assert datasets.find(folder).classes == ("dent", "hole", "scratch")


def test_without_names_there_are_as_many_classes_as_the_masks_say(folder: Path) -> None:
    write(folder / "masks" / "sheet-1.png", np.full((256, 320), IGNORED, np.uint8))

    assert datasets.find(folder).classes == ("class 1", "class 2", "class 3")


def test_classes_of_one_s_own_are_not_severstal_s_even_where_they_are_called_the_same(folder: Path) -> None:
    write(folder / "masks" / "sheet-2.png", np.full((256, 320), 4, np.uint8))

    own = datasets.find(folder)

    assert own.classes == datasets.SEVERSTAL_CLASSES
    assert not own.is_severstal
    assert replace(own, citation=datasets.SEVERSTAL[1]).is_severstal


def test_pictures_may_lie_beside_their_masks(tmp_path: Path) -> None:
    sheets.write(tmp_path, count=3, seed=4, width=320)

    assert [e.name for e in datasets.find(tmp_path).examples] == ["sheet-0001", "sheet-0002", "sheet-0003"]


def test_a_camera_may_write_endings_in_capitals(folder: Path) -> None:
    (folder / "images" / "sheet-1.png").rename(folder / "images" / "sheet-1.PNG")

    assert [e.name for e in datasets.find(folder).examples] == ["sheet-1", "sheet-2"]


def test_a_folder_can_list_its_scenes(folder: Path) -> None:
    (folder / "scenes.csv").write_text("picture,scene\nsheet-1.png,coil 7\nsheet-2.png,coil 7\n")

    assert scenes.group(datasets.find(folder).examples) == [0, 0]


@pytest.mark.parametrize("line", ["", "sheet-2.png,\n", "sheet-2.png\n"])
def test_a_list_of_scenes_that_lacks_a_picture_is_refused(folder: Path, line: str) -> None:
    (folder / "scenes.csv").write_text(f"picture,scene\nsheet-1.png,coil 7\n{line}")

    with pytest.raises(DataError, match=r"scenes\.csv tells no scene of sheet-2 \(1 are missing\)"):
        datasets.find(folder)


@pytest.mark.parametrize("defects", [None, []])
def test_pictures_with_a_text_corner_only_train_and_their_corner_is_ignored(
    folder: Path, defects: list[int] | None
) -> None:
    sheet = sheets.generate(5, width=640, defects=defects)
    write(folder / "text_corner" / "images" / "text.png", sheet.image)
    write(folder / "text_corner" / "masks" / "text.png", sheet.mask)

    example = datasets.find(folder).examples[-1]

    assert not example.for_judging
    assert (example.load()[1][:36, :420] == IGNORED).all()


def test_a_mask_may_leave_something_unknown_beside_a_defect(folder: Path) -> None:
    mask = np.tile(np.array([0, 3, IGNORED, 0], np.uint8), (256, 80))
    write(folder / "masks" / "sheet-1.png", mask)

    np.testing.assert_array_equal(datasets.find(folder).examples[0].load()[1], mask)


def test_a_missing_mask_is_refused(folder: Path) -> None:
    (folder / "masks" / "sheet-2.png").unlink()

    with pytest.raises(DataError, match=r"sheet-2\.png is missing"):
        datasets.find(folder)


@pytest.mark.parametrize("ending", ["", ".gif"])
def test_a_mask_whose_picture_is_missing_or_of_another_format_is_refused(folder: Path, ending: str) -> None:
    picture = folder / "images" / "sheet-2.png"
    picture.rename(picture.with_suffix(ending) if ending else folder / "sheet-2.png")

    with pytest.raises(DataError, match=r"masks/sheet-2\.png has no picture in .*images .*put it there, or remove"):
        datasets.find(folder)


@pytest.mark.parametrize("between", [[], ["sheet-1.k.png"]])
def test_two_pictures_of_one_name_are_refused(folder: Path, between: list[str]) -> None:
    for name in ["sheet-1.bmp", *between]:
        write(folder / "images" / name, np.zeros((256, 320), np.uint8))

    with pytest.raises(DataError, match="same name"):
        datasets.find(folder)


@pytest.mark.parametrize(
    ("mask", "sentence"),
    [
        (np.zeros((10, 10), np.uint8), "make them one size"),
        (np.full((256, 320), 7, np.uint8), "class 7; only 0 to 3"),
        (
            np.tile(np.array([0, IGNORED], np.uint8), (256, 160)),
            "holds 255, which leaves open .* and no class",
        ),
        (np.full((256, 320), IGNORED, np.uint8), r"leaves all of sheet-1\.png unknown \(255\); label some of it"),
    ],
)
def test_a_mask_that_does_not_fit_is_refused(folder: Path, mask: np.ndarray, sentence: str) -> None:
    (folder / "classes.txt").write_text("dent\nhole\nscratch\n")
    write(folder / "masks" / "sheet-1.png", mask)

    with pytest.raises(DataError, match=rf"sheet-1\.png .*{sentence}"):
        datasets.find(folder).examples[0].load()


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("classes.txt", b"\n", "names no class"),
        ("classes.txt", b"dent\nhole\ndent\n", "names 'dent' twice"),
        ("classes.txt", b"\xff\xfe", "cannot be read"),
        ("scenes.csv", b"a,b\n1,2\n", "needs the columns picture and scene"),
    ],
)
def test_a_bad_list_beside_the_pictures_is_named(folder: Path, file: str, content: bytes, sentence: str) -> None:
    (folder / file).write_bytes(content)

    with pytest.raises(DataError, match=rf"{file} {sentence}"):
        datasets.find(folder)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [(0, "mark no defect"), (IGNORED, "mark no defect .*255 leaves open"), (254, "go up to class 254")],
)
def test_masks_without_classes_are_refused(folder: Path, value: int, sentence: str) -> None:
    for name in ("sheet-1", "sheet-2"):
        write(folder / "masks" / f"{name}.png", np.full((256, 320), value, np.uint8))

    with pytest.raises(DataError, match=rf"masks {sentence}"):
        datasets.find(folder)


def test_a_folder_without_pictures_is_refused(folder: Path) -> None:
    for picture in (folder / "images").iterdir():
        picture.unlink()

    with pytest.raises(DataError, match=r"images holds no pictures; put some there"):
        datasets.find(folder)


@pytest.mark.parametrize("form", ["indices of a palette", "grey", "grey as three colours", "16 bits", "1 bit"])
def test_a_mask_holds_its_classes_in_whatever_form_it_was_saved(tmp_path: Path, form: str) -> None:
    ids = np.zeros((4, 6), np.uint8)
    ids[1:3, 2:5] = 1
    grey = Image.fromarray(ids)
    coloured = Image.fromarray(ids, "P")
    coloured.putpalette([0, 0, 0, 200, 30, 90])
    {
        "indices of a palette": coloured,
        "grey": grey,
        "grey as three colours": grey.convert("RGBA"),
        "16 bits": Image.fromarray(ids.astype(np.uint16)),
        "1 bit": Image.fromarray(ids > 0),
    }[form].save(tmp_path / "mask.png")

    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png"), ids)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (np.full((4, 6, 3), (200, 30, 90), np.uint8), "is coloured; save it in grey or with a palette"),
        (np.full((4, 6), 256, np.uint16), "holds class 256; classes go up to 254"),
    ],
)
def test_a_mask_that_holds_no_classes_is_refused(tmp_path: Path, values: np.ndarray, sentence: str) -> None:
    Image.fromarray(values).save(tmp_path / "mask.png")

    with pytest.raises(DataError, match=rf"mask\.png {sentence}"):
        read_mask(tmp_path / "mask.png")


def test_a_mask_that_is_cut_off_is_refused(folder: Path) -> None:
    mask = folder / "masks" / "sheet-1.png"
    mask.write_bytes(mask.read_bytes()[:-100])

    with pytest.raises(DataError, match=r"sheet-1\.png cannot be read as a PNG mask"):
        datasets.find(folder)


def jpeg(share: float) -> bytes:
    """Return the first part of a JPEG."""
    _, data = cv2.imencode(".jpg", sheets.generate(1, width=320).image)
    return data.tobytes()[: int(share * len(data))]


@pytest.mark.parametrize("content", [b"no picture", b"", jpeg(0.5)])
def test_a_picture_that_the_service_would_refuse_is_named(folder: Path, content: bytes) -> None:
    (folder / "images" / "sheet-1.png").write_bytes(content)

    with pytest.raises(DataError, match=r"sheet-1\.png cannot be read"):
        datasets.find(folder).examples[0].load()


@pytest.fixture
def neu(tmp_path: Path) -> Path:
    """Make 12 training and 4 test pictures; the test pictures 0 and 1 share their scenes with training pictures."""
    for part, count in (("training", 12), ("test", 4)):
        for number in range(count):
            write(tmp_path / "images" / part / f"{number}.jpg", np.full((200, 200), 10 * number, np.uint8))
            write(tmp_path / "annotations" / part / f"{number}.png", np.zeros((200, 200), np.uint8))
    names = [f"{part}/{number}.jpg" for part, count in (("training", 12), ("test", 4)) for number in range(count)]
    places = [*range(12), 0, 1, 12, 13]
    (tmp_path / "scene_groups.json").write_text(json.dumps(dict(zip(names, places, strict=True))))
    return tmp_path


def test_neu_seg_tells_which_test_pictures_show_new_scenes(neu: Path) -> None:
    assert [len(neu_seg.load(neu, part)) for part in ("training", "test")] == [12, 4]
    assert [picture.name for picture in neu_seg.unseen(neu)] == ["test/2.jpg", "test/3.jpg"]


@pytest.mark.parametrize("content", ["{}", "no json"])
def test_a_picture_without_a_scene_is_refused(neu: Path, content: str) -> None:
    (neu / "scene_groups.json").write_text(content)

    with pytest.raises(DataError, match=r"scene_groups\.json tells no scene"):
        datasets.find(neu)


def test_the_command_ends_with_the_sentence_and_a_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["train", "--data", str(tmp_path), "--run", str(tmp_path / "run")])

    assert code == 1
    assert capsys.readouterr().err.startswith(f"{tmp_path} holds no data set")


@pytest.mark.parametrize("bits", [2, 4])
def test_grey_values_of_fewer_bits_are_not_stretched(tmp_path: Path, bits: int) -> None:
    values = np.zeros((8, 16), np.uint8)
    values[2:4] = 2
    packed = np.packbits(np.unpackbits(values[..., None], axis=2)[..., 8 - bits :].reshape(8, -1), axis=1)
    rows = b"".join(b"\0" + row.tobytes() for row in packed)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 8, bits, 0, 0, 0, 0))
    mask = tmp_path / "mask.png"
    mask.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))

    with pytest.raises(DataError, match=r"mask\.png has grey values of fewer than 8 bits; save it with 8 bits"):
        read_mask(mask)
