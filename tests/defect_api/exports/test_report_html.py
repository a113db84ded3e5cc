"""The report as HTML: one safe document that tells the record."""

import base64
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from defect_api.card import Card
from defect_api.exports.format import Classes
from defect_api.exports.report_html import HtmlReport
from defect_api.media import MediaVolume
from defect_api.record import Scale
from tests.defect_api.conftest import pixels
from tests.defect_api.exports.reading import HOSTILE, only
from tests.defect_api.stored import sheet


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
    for told in (
        filename,
        record.id,
        record.model.digest,
        record.image.sha256,
        record.created_at,
        "Defect found",
        "0.5",
    ):
        assert told in html.text
    for defect in record.defects:
        assert f"{defect.area_px} px" in html.text
    assert not html.tags & {"script", "b", "link", "iframe"}
    (source,) = html.sources
    kind, _, data = source.partition(",")
    assert kind == "data:image/png;base64"
    np.testing.assert_array_equal(pixels(base64.b64decode(data)), reported.overlay())


@pytest.mark.parametrize(("probability", "colour"), [(0.1, "clean"), (0.6, "no_verdict")])
def test_only_what_is_surely_clean_is_green(
    media: MediaVolume, card: Card, classes: Classes, probability: float, colour: str
) -> None:
    reported = sheet(media, card, verdict="clean", defect_probability=probability)
    assert f'class="verdict {colour}"' in only(HtmlReport(), classes, reported).decode()


def test_with_a_scale_reports_are_in_millimetres(media: MediaVolume, card: Card, classes: Classes) -> None:
    reported = sheet(media, card, scale=Scale(mm_per_px_x=0.5, mm_per_px_y=0.4))
    defect = reported.record.defects[0]
    assert f"{defect.area_px * 0.2:.0f} mm²" in only(HtmlReport(), classes, reported).decode()


def test_under_a_microscope_reports_are_as_fine_as_its_pixels(media: MediaVolume, card: Card, classes: Classes) -> None:
    reported = sheet(media, card, scale=Scale(mm_per_px_x=0.01, mm_per_px_y=0.01))
    defect = reported.record.defects[0]
    document = only(HtmlReport(), classes, reported).decode()
    assert f"{defect.area_px * 0.0001:.4f} mm²" in document
    assert f"{defect.length_mm:.3f} mm" in document
    assert defect.length_mm == pytest.approx(defect.length_px * 0.01, abs=0.001)


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (0, "0.0%"),
        (0.0004, "&lt;0.1%"),
        (0.0005, "0.1%"),
        (0.9994, "99.9%"),
        (0.9996, "&gt;99.9%"),
        (1, "100.0%"),
    ],
)
def test_no_share_is_rounded_to_certainty(
    media: MediaVolume, card: Card, classes: Classes, share: float, told: str
) -> None:
    reported = sheet(media, card, defect_probability=share)
    surely = [defect.model_copy(update={"type_probability": share}) for defect in reported.record.defects]
    record = reported.record.model_copy(update={"defects": surely})
    document = only(HtmlReport(), classes, replace(reported, record=record)).decode()
    assert f"Probability of any defect {told}." in document
    assert f"<td>{told}</td>" in document


def test_without_a_verdict_there_is_no_probability(media: MediaVolume, card: Card, classes: Classes) -> None:
    document = only(HtmlReport(), classes, sheet(media, card, verdict="no_verdict")).decode()
    assert "of the area." in document
    assert "Probability" not in document
