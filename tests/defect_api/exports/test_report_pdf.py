"""The report as PDF: one page that tells the record."""

import io
import re

import numpy as np
import pypdf
import pytest

from defect_api.card import Card
from defect_api.exports.format import Classes
from defect_api.exports.report import ROWS
from defect_api.exports.report_pdf import PdfReport
from defect_api.media import MediaVolume
from defect_api.record import Reason
from tests.defect_api.exports.reading import HOSTILE, only
from tests.defect_api.stored import HEIGHT, WIDTH, sheet


def words(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("filename", ["coil 7.png", HOSTILE, "x" * 250 + ".png"])
def test_the_pdf_is_one_page_that_tells_the_record(
    media: MediaVolume, card: Card, classes: Classes, filename: str
) -> None:
    record = (reported := sheet(media, card, filename)).record
    (page,) = pypdf.PdfReader(io.BytesIO(only(PdfReport(), classes, reported))).pages
    text = words(page.extract_text())
    for told in (
        filename,
        record.id,
        record.model.digest,
        record.created_at,
        "Defect found",
        "tiny/1",
        "bright",
        "dark",
    ):
        assert words(told) in text
    for defect in record.defects:
        assert f"{defect.area_px}px" in text
    (image,) = page.images
    assert image.image is not None
    assert image.image.size == (WIDTH, HEIGHT)


def test_a_report_of_many_defects_is_still_one_page(media: MediaVolume, card: Card, classes: Classes) -> None:
    q = np.zeros((600, WIDTH), np.uint8)
    for row in range(10, 600, 60):
        for column in range(10, WIDTH, 60):
            q[row : row + 8, column : column + 6] = 200
    many = sheet(media, card, q=q, classes=np.zeros_like(q), reasons=[Reason(code="x", message="Too grey. " * 20)])
    count = len(many.record.defects)
    (page,) = pypdf.PdfReader(io.BytesIO(only(PdfReport(), classes, many))).pages
    assert count > ROWS
    assert words(f"and {count - ROWS} smaller ones") in words(page.extract_text())


def test_letters_that_the_pdfs_font_has_not_do_no_harm(media: MediaVolume, card: Card, classes: Classes) -> None:
    (page,) = pypdf.PdfReader(io.BytesIO(only(PdfReport(), classes, sheet(media, card, "лист Blech ü.png")))).pages
    assert words("???? Blech ü.png") in words(page.extract_text())
