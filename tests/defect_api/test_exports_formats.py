"""Each format, read back by its own library or by its documented rules, equals the record and its maps."""

import base64
import csv
import io
import json
import re
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as Xml

import cv2
import numpy as np
import pypdf
import pytest
import yaml
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from defect_api.card import Card
from defect_api.exports import runs
from defect_api.exports.coco import Coco
from defect_api.exports.cvat import Cvat
from defect_api.exports.defect_table import DefectTable
from defect_api.exports.format import Classes, Format
from defect_api.exports.kaggle import Kaggle
from defect_api.exports.labelme import LabelMe
from defect_api.exports.masks import Masks
from defect_api.exports.report import ROWS
from defect_api.exports.report_html import HtmlReport
from defect_api.exports.report_pdf import PdfReport
from defect_api.exports.sheet import Sheet
from defect_api.exports.yolo import Yolo
from defect_api.judgement import judge
from defect_api.labelling import Mask
from defect_api.media import MediaVolume
from defect_api.problems import Conflict
from defect_api.record import Reason, Scale
from tests.defect_api.conftest import pixels
from tests.defect_api.stored import HEIGHT, WIDTH, maps, sheet

HOSTILE = '=cmd|"calc"!A1,<b>&"x"</b>.png'


@pytest.fixture
def classes(card: Card) -> Classes:
    return Classes(card.classes)


@pytest.fixture
def shown(media: MediaVolume, card: Card) -> Sheet:
    return sheet(media, card)


def clean(media: MediaVolume, card: Card) -> Sheet:
    return sheet(media, card, "clean.png", q=np.zeros((HEIGHT, WIDTH), np.uint8))


def only(form: Format, classes: Classes, *sheets: Sheet) -> bytes:
    (member,) = form.members(sheets, classes)
    return b"".join(member.chunks)


def drawn(points: Any) -> Mask:
    """Fill an outline by the rule that a pixel belongs to it whose centre lies within."""
    fine = np.zeros((HEIGHT * 8, WIDTH * 8), np.uint8)
    cv2.fillPoly(fine, [np.round(np.asarray(points) * 8 - 0.5).astype(np.int32)], (1,))
    return np.asarray(fine[4::8, 4::8] > 0, bool)


def assert_within_a_pixels_half(found: Mask, truth: Mask) -> None:
    """Only pixels that the edge of the truth touches may differ."""
    cross = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    grown, shrunk = (change(truth.view(np.uint8), cross) > 0 for change in (cv2.dilate, cv2.erode))
    assert not (found & ~grown).any()
    assert not (shrunk & ~found).any()


def decoded(counts: list[int], shape: tuple[int, int], order: Any) -> Mask:
    flat = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return flat.reshape(shape, order=order)


def test_the_sheet_has_every_kind_of_defect(shown: Sheet) -> None:
    kinds = {defect.type for defect in shown.record.defects}
    assert kinds == {"dark", "bright"}
    assert max(len(defect.polygons[0]) for defect in shown.record.defects) == 2
    assert min(defect.width_px for defect in shown.record.defects) == 1


def test_labels_are_the_pixels_of_the_judgement(shown: Sheet, card: Card) -> None:
    np.testing.assert_array_equal(shown.labels > 0, judge(*maps(), card).regions.mask)
    for number, defect in shown.numbered:
        rows, columns = np.nonzero(shown.labels == number)
        corner, size = (columns.min(), rows.min()), (np.ptp(columns) + 1, np.ptp(rows) + 1)
        assert [int(value) for value in (*corner, *size)] == list(defect.box)


def test_a_map_that_is_not_the_records_is_told(shown: Sheet, media: MediaVolume) -> None:
    path = media.folder / shown.record.files.probability_map
    path.write_bytes(cv2.imencode(".png", np.roll(maps()[0], 3, 1))[1].tobytes())
    with pytest.raises(Conflict, match="not the one that its record was made from"):
        _ = shown.labels


@pytest.mark.parametrize("seed", range(6))
def test_compressed_runs_are_those_of_the_coco_api(seed: int) -> None:
    mask = np.random.default_rng(seed).random((37, 53)) < seed / 5  # from empty to full
    expected = coco_mask.encode(np.asfortranarray(mask.view(np.uint8)))
    assert runs.coco(mask).encode() == expected["counts"]


def opened_in_coco(document: bytes) -> COCO:
    coco = COCO()
    coco.dataset = json.loads(document)
    coco.createIndex()
    return coco


def test_coco_by_rle_is_exact(shown: Sheet, classes: Classes, media: MediaVolume, card: Card) -> None:
    coco = opened_in_coco(only(Coco(rle=True), classes, clean(media, card), shown))
    (image_id,) = coco.getImgIds(imgIds=[2])
    assert coco.imgs[image_id]["file_name"] == shown.picture
    assert (coco.imgs[image_id]["width"], coco.imgs[image_id]["height"]) == (WIDTH, HEIGHT)
    annotations = coco.loadAnns(coco.getAnnIds(imgIds=[image_id]))
    assert len(annotations) == len(shown.record.defects) == len(coco.anns)
    for annotation, (number, defect) in zip(annotations, shown.numbered, strict=True):
        np.testing.assert_array_equal(coco.annToMask(annotation), shown.labels == number)
        assert annotation["area"] == defect.area_px == np.count_nonzero(coco.annToMask(annotation))
        assert tuple(annotation["bbox"]) == defect.box
        assert coco.cats[annotation["category_id"]]["name"] == defect.type


def test_coco_by_polygons_is_within_half_a_pixel_and_exact_where_there_are_holes(
    shown: Sheet, classes: Classes
) -> None:
    coco = opened_in_coco(only(Coco(), classes, shown))
    for annotation, (number, defect) in zip(coco.dataset["annotations"], shown.numbered, strict=True):
        found, truth = coco.annToMask(annotation) > 0, shown.labels == number
        if len(defect.polygons[0]) > 1:
            np.testing.assert_array_equal(found, truth)
        else:
            assert isinstance(annotation["segmentation"], list)
            assert_within_a_pixels_half(found, truth)


def test_coco_numbers_the_classes_as_the_card_does(shown: Sheet, classes: Classes) -> None:
    categories = json.loads(only(Coco(), classes, shown))["categories"]
    assert [(category["id"], category["name"]) for category in categories] == [(1, "dark"), (2, "bright")]


def test_a_class_that_no_card_has_gets_a_number_of_its_own(shown: Sheet) -> None:
    categories = json.loads(only(Coco(), Classes(["other"]), shown))["categories"]
    assert {category["name"]: category["id"] for category in categories}["other"] == 1
    assert len({category["id"] for category in categories}) == len(categories) == 3


def test_kaggles_runs_give_the_masks_of_the_classes(
    shown: Sheet, classes: Classes, media: MediaVolume, card: Card
) -> None:
    rows = list(csv.DictReader(io.StringIO(only(Kaggle(), classes, shown, clean(media, card)).decode())))
    assert list(rows[0]) == ["ImageId", "ClassId", "EncodedPixels"]
    assert rows[-1] == {"ImageId": "clean.png", "ClassId": "", "EncodedPixels": ""}
    assert [row["ImageId"] for row in rows[:-1]] == ["coil 7.png"] * 2
    types = np.array([0, *(classes.number(defect.type) for defect in shown.record.defects)])[shown.labels]
    for row in rows[:-1]:
        flat = np.zeros(WIDTH * HEIGHT, bool)
        numbers = [int(number) for number in row["EncodedPixels"].split()]
        for start, length in zip(numbers[::2], numbers[1::2], strict=True):
            assert not flat[start - 1 : start - 1 + length].any()
            flat[start - 1 : start - 1 + length] = True
        np.testing.assert_array_equal(flat.reshape((HEIGHT, WIDTH), order="F"), types == int(row["ClassId"]))


def test_labelme_has_an_outline_or_an_exact_mask_for_each_defect(shown: Sheet, classes: Classes) -> None:
    document = json.loads(only(LabelMe(), classes, shown))
    assert set(document) == {"version", "flags", "shapes", "imagePath", "imageData", "imageHeight", "imageWidth"}
    assert document["imagePath"] == shown.picture
    for shape, (number, defect) in zip(document["shapes"], shown.numbered, strict=True):
        assert shape["label"] == defect.type
        truth = shown.labels == number
        if shape["shape_type"] == "mask":
            (x1, y1), (x2, y2) = shape["points"]
            found = np.zeros_like(truth)
            found[y1 : y2 + 1, x1 : x2 + 1] = pixels(base64.b64decode(shape["mask"]))
            np.testing.assert_array_equal(found, truth)
        else:
            assert shape["shape_type"] == "polygon"
            assert_within_a_pixels_half(drawn(shape["points"]), truth)
    assert {shape["shape_type"] for shape in document["shapes"]} == {"mask", "polygon"}


def test_yolo_rows_are_the_outlines_in_shares_of_the_picture(shown: Sheet, classes: Classes) -> None:
    rows = only(Yolo(), classes, shown).decode().splitlines()
    for row, (number, defect) in zip(rows, shown.numbered, strict=True):
        index, *values = row.split()
        assert int(index) == classes.number(defect.type) - 1
        points = np.array(values, float).reshape(-1, 2)
        assert points.min() >= 0
        assert points.max() <= 1
        truth = (shown.labels == number).astype(np.uint8)
        outlines, _ = cv2.findContours(truth, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        filled = cv2.drawContours(np.zeros_like(truth), outlines, -1, (1,), cv2.FILLED) > 0
        assert_within_a_pixels_half(drawn(points * (WIDTH, HEIGHT)), filled)


def test_yolos_description_names_the_classes_from_zero(classes: Classes) -> None:
    classes.number('a "quoted": one')
    (member,) = Yolo().companions(classes)
    description = yaml.safe_load(b"".join(member.chunks))
    assert member.name == "data.yaml"
    assert description["names"] == {0: "dark", 1: "bright", 2: 'a "quoted": one'}
    assert (description["path"], description["train"], description["val"]) == (".", "images", "images")


def opened_as_xml(document: bytes) -> Xml.Element:
    return Xml.fromstring(document)  # noqa: S314  # our own


def test_cvat_has_an_outline_or_an_exact_mask_for_each_defect(shown: Sheet, classes: Classes) -> None:
    root = opened_as_xml(only(Cvat(), classes, shown))
    assert root.findtext("version") == "1.1"
    assert [label.text for label in root.findall("meta/task/labels/label/name")] == ["dark", "bright"]
    (image,) = root.findall("image")
    assert image.attrib == {"id": "0", "name": shown.picture, "width": str(WIDTH), "height": str(HEIGHT)}
    for shape, (number, defect) in zip(image, shown.numbered, strict=True):
        assert shape.attrib["label"] == defect.type
        truth = shown.labels == number
        if shape.tag == "mask":
            x, y, width, height = (int(shape.attrib[key]) for key in ("left", "top", "width", "height"))
            counts = [int(count) for count in shape.attrib["rle"].split(",")]
            found = np.zeros_like(truth)
            found[y : y + height, x : x + width] = decoded(counts, (height, width), "C")
            np.testing.assert_array_equal(found, truth)
        else:
            points = [[float(value) for value in point.split(",")] for point in shape.attrib["points"].split(";")]
            assert_within_a_pixels_half(drawn(points), truth)
    assert {shape.tag for shape in image} == {"mask", "polygon"}


def test_cvat_survives_class_names_of_every_kind(shown: Sheet) -> None:
    root = opened_as_xml(only(Cvat(), Classes([HOSTILE]), shown))
    assert root.findtext("meta/task/labels/label/name") == HOSTILE


def test_masks_hold_the_defects_classes(shown: Sheet, classes: Classes) -> None:
    values = pixels(only(Masks(), classes, shown))
    for number, defect in shown.numbered:
        assert set(values[shown.labels == number].tolist()) == {classes.number(defect.type)}
    assert not values[shown.labels == 0].any()
    (legend,) = Masks().companions(classes)
    assert b"".join(legend.chunks) == b"value,class\r\n1,dark\r\n2,bright\r\n"


def test_the_table_of_defects_holds_every_measurement(shown: Sheet, classes: Classes) -> None:
    rows = list(csv.DictReader(io.StringIO(only(DefectTable(), classes, shown).decode())))
    for row, (number, defect) in zip(rows, shown.numbered, strict=True):
        assert (row["inspection_id"], row["defect"], row["type"]) == (shown.record.id, str(number), defect.type)
        assert tuple(int(row[f"box_{key}_px"]) for key in ("x", "y", "width", "height")) == defect.box
        assert (int(row["area_low_px"]), int(row["area_high_px"])) == defect.area_px_range
        assert (float(row["length_low_px"]), float(row["length_high_px"])) == defect.length_px_range
        for name in ("area_px", "length_px", "width_px", "orientation_deg", "edge_distance_px", "type_probability"):
            assert float(row[name]) == getattr(defect, name)
        assert row["area_mm2"] == row["length_mm"] == row["width_mm"] == ""


def test_a_name_never_becomes_a_formula(media: MediaVolume, card: Card, classes: Classes) -> None:
    hostile = sheet(media, card, HOSTILE)
    for form, column in ((DefectTable(), "filename"), (Kaggle(), "ImageId")):
        rows = list(csv.DictReader(io.StringIO(only(form, classes, hostile).decode())))
        assert rows[0][column] == "'" + HOSTILE


class Visible(HTMLParser):
    """Collects a document's text and elements."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.text, self.tags, self.sources = "", set[str](), list[str]()
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("filename", ["coil 7.png", HOSTILE, "<script>alert(1)</script>.png"])
def test_the_report_is_one_document_that_tells_the_record(
    media: MediaVolume, card: Card, classes: Classes, filename: str
) -> None:
    reported = sheet(media, card, filename)
    html = Visible(only(HtmlReport(), classes, reported).decode())
    record = reported.record
    for told in (filename, record.id, record.model.digest, record.image.sha256, record.created_at, "Defect", "0.5"):
        assert told in html.text
    for defect in record.defects:
        assert f"{defect.area_px} px" in html.text
    assert not html.tags & {"script", "b", "link", "iframe"}
    (source,) = html.sources
    kind, _, data = source.partition(",")
    assert kind == "data:image/png;base64"
    np.testing.assert_array_equal(pixels(base64.b64decode(data)), reported.overlay())


def words(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("filename", ["coil 7.png", HOSTILE, "x" * 250 + ".png"])
def test_the_pdf_is_one_page_that_tells_the_record(
    media: MediaVolume, card: Card, classes: Classes, filename: str
) -> None:
    record = (reported := sheet(media, card, filename)).record
    (page,) = pypdf.PdfReader(io.BytesIO(only(PdfReport(), classes, reported))).pages
    text = words(page.extract_text())
    for told in (filename, record.id, record.model.digest, record.created_at, "Defect", "tiny/1", "bright", "dark"):
        assert words(told) in text
    for defect in record.defects:
        assert f"{defect.area_px}px" in text
    (image,) = page.images
    assert image.image is not None
    assert image.image.size == (WIDTH, HEIGHT)


def test_a_report_of_many_defects_is_still_one_page(media: MediaVolume, card: Card, classes: Classes) -> None:
    q = np.zeros((600, WIDTH), np.uint8)
    for row in range(10, 600, 20):
        for column in range(10, WIDTH, 20):
            q[row : row + 8, column : column + 6] = 200
    many = sheet(media, card, q=q, classes=np.zeros_like(q), reasons=[Reason(code="x", message="Too grey. " * 20)])
    count = len(many.record.defects)
    (page,) = pypdf.PdfReader(io.BytesIO(only(PdfReport(), classes, many))).pages
    assert count > ROWS
    assert words(f"and {count - ROWS} smaller ones") in words(page.extract_text())


def test_letters_that_the_pdfs_font_has_not_do_no_harm(media: MediaVolume, card: Card, classes: Classes) -> None:
    (page,) = pypdf.PdfReader(io.BytesIO(only(PdfReport(), classes, sheet(media, card, "лист Blech ü.png")))).pages
    assert words("???? Blech ü.png") in words(page.extract_text())


def test_with_a_scale_reports_are_in_millimetres(media: MediaVolume, card: Card, classes: Classes) -> None:
    reported = sheet(media, card, scale=Scale(mm_per_px_x=0.5, mm_per_px_y=0.4))
    defect = reported.record.defects[0]
    assert f"{defect.area_px * 0.2:.1f} mm²" in only(HtmlReport(), classes, reported).decode()
