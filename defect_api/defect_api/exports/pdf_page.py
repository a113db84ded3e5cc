"""A PDF of one A4 page, drawn by ReportLab: it needs no library of the system, and brings its own font."""

import io
from functools import cache
from html import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, Image, KeepInFrame, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from defect_api.exports.report import Page, page, picture
from defect_api.exports.sheet import Sheet

MARGIN = 14 * mm
WIDTH, HEIGHT = A4[0] - 2 * MARGIN, A4[1] - 2 * MARGIN
PICTURE_HEIGHT = 110 * mm
COLOURS = {"defect": "#a40000", "clean": "#0a6b1d", "no_verdict": "#7a4b00"}
COLUMNS = [share * WIDTH for share in (0.04, 0.11, 0.07, 0.07, 0.24, 0.1, 0.1, 0.07, 0.11, 0.09)]
WHOLE = ((0, 0), (-1, -1))
STYLE = TableStyle(
    [
        ("LINEBELOW", *WHOLE, 0.4, HexColor("#cccccc")),
        ("VALIGN", *WHOLE, "TOP"),
        *((f"{side}PADDING", *WHOLE, 2) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")),
    ]
)


def document(sheet: Sheet) -> bytes:
    """Return the report of a sheet."""
    _characters()
    stream = io.BytesIO()
    template = SimpleDocTemplate(
        stream,
        pagesize=A4,
        leftMargin=MARGIN - 6,
        rightMargin=MARGIN - 6,
        topMargin=MARGIN - 6,
        bottomMargin=MARGIN - 6,
        title=f"Inspection {sheet.record.id}",
        creator="Surface Defect Detector",
        invariant=1,
    )
    # whatever a record holds, it is one page
    template.build([KeepInFrame(WIDTH, HEIGHT, _story(sheet, page(sheet.record)), mode="shrink")])
    return stream.getvalue()


@cache
def _characters() -> frozenset[int]:
    """Register the two fonts and return the characters that they have."""
    plain, bold = TTFont("report", "Vera.ttf"), TTFont("report-bold", "VeraBd.ttf")
    pdfmetrics.registerFont(plain)
    pdfmetrics.registerFont(bold)
    return frozenset(plain.face.charToGlyph) & frozenset(bold.face.charToGlyph)


def _story(sheet: Sheet, content: Page) -> list[Flowable]:
    story: list[Flowable] = [
        _text(sheet.record.image.filename, 15, bold=True),
        _text(content.verdict, 13, bold=True, colour=COLOURS[content.tone]),
        *(_text(reason) for reason in content.reasons),
        _text(content.summary),
        Spacer(0, 3 * mm),
        _image(picture(sheet)),
        Spacer(0, 3 * mm),
    ]
    if content.rows:
        header = [_text(cell, 7.5, bold=True) for cell in content.header]
        rows = [[_text(cell, 7.5) for cell in row] for row in content.rows]
        story += [_text("Defects", 11, bold=True), Table([header, *rows], COLUMNS, style=STYLE)]
    facts = [[_text(name, 7.5, bold=True), _text(value, 7.5)] for name, value in content.facts]
    table = Table(facts, [0.2 * WIDTH, 0.8 * WIDTH], style=STYLE)
    return [*story, _text(content.omitted, 8), Spacer(0, 3 * mm), _text("Record", 11, bold=True), table]


def _text(text: str, size: float = 9, *, bold: bool = False, colour: str = "#111111") -> Paragraph:
    known = "".join(character if ord(character) in _characters() else "?" for character in text)
    font = "report-bold" if bold else "report"
    style = ParagraphStyle(font, fontName=font, fontSize=size, leading=size * 1.35, textColor=HexColor(colour))
    return Paragraph(escape(known), style)


def _image(data: bytes) -> Image:
    image = Image(io.BytesIO(data))
    scale = min(WIDTH / image.imageWidth, PICTURE_HEIGHT / image.imageHeight)
    image.drawWidth, image.drawHeight = image.imageWidth * scale, image.imageHeight * scale
    image.hAlign = "LEFT"
    return image
