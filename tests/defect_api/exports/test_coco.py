"""COCO, read back by its own library, equals the record and its maps."""

import json

import numpy as np
from pycocotools.coco import COCO

from defect_api.card import Card
from defect_api.exports.coco import Coco
from defect_api.exports.format import Classes
from defect_api.exports.sheet import Sheet
from defect_api.media import MediaVolume
from tests.defect_api.exports.reading import assert_within_a_pixels_half, clean, only
from tests.defect_api.stored import HEIGHT, WIDTH


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
    # from 1: pycocotools' evaluation takes a match with annotation 0 for none
    assert [annotation["id"] for annotation in annotations] == list(range(1, len(shown.record.defects) + 1))
    assert len(coco.anns) == len(annotations)
    for annotation, (number, defect) in zip(annotations, shown.numbered, strict=True):
        np.testing.assert_array_equal(coco.annToMask(annotation), shown.labels == number)
        assert annotation["area"] == defect.area_px == np.count_nonzero(coco.annToMask(annotation))
        assert tuple(annotation["bbox"]) == defect.box
        assert annotation["iscrowd"] == 0
        assert dict(annotation)["score"] == defect.type_probability
        assert coco.cats[annotation["category_id"]]["name"] == defect.type


def test_coco_by_polygons_is_within_half_a_pixel_and_exact_where_there_are_holes(
    shown: Sheet, classes: Classes
) -> None:
    coco = opened_in_coco(only(Coco(), classes, shown))
    for annotation, (number, defect) in zip(coco.dataset["annotations"], shown.numbered, strict=True):
        found, truth = coco.annToMask(annotation) > 0, shown.labels == number
        if any(len(polygon) > 1 for polygon in defect.polygons):
            np.testing.assert_array_equal(found, truth)
        else:
            assert len(annotation["segmentation"]) == len(defect.polygons)
            assert_within_a_pixels_half(found, truth)


def test_a_sound_sheet_is_heard_of(media: MediaVolume, card: Card, classes: Classes) -> None:
    sound = clean(media, card)
    (member,) = Coco().members([sound] * 3, classes)
    assert len([chunk for chunk in member.chunks if not chunk.strip()]) == 3
    assert json.loads(only(Coco(), classes, sound, sound))["annotations"] == []


def test_coco_numbers_the_classes_as_the_card_does(shown: Sheet, classes: Classes) -> None:
    categories = json.loads(only(Coco(), classes, shown))["categories"]
    assert [(category["id"], category["name"]) for category in categories] == [(1, "dark"), (2, "bright")]


def test_a_class_that_no_card_has_gets_a_number_of_its_own(shown: Sheet) -> None:
    categories = json.loads(only(Coco(), Classes(["other"]), shown))["categories"]
    assert {category["name"]: category["id"] for category in categories}["other"] == 1
    assert len({category["id"] for category in categories}) == len(categories) == 3
