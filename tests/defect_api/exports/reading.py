"""How tests of the exports read them back."""

from typing import Any

import cv2
import numpy as np

from defect_api.card import Card
from defect_api.exports.format import Classes, Format
from defect_api.exports.sheet import Sheet
from defect_api.labelling import Mask
from defect_api.media import MediaVolume
from tests.defect_api.stored import HEIGHT, WIDTH, sheet

HOSTILE = '=cmd|"calc"!A1,<b>&"x"</b>.png'


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
