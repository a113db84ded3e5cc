"""The report as one HTML document without anything outside of it."""

import base64
from collections.abc import Iterable, Iterator

from jinja2 import Environment, PackageLoader

from defect_api.exports.format import Classes, Format, Member
from defect_api.exports.report import page, picture
from defect_api.exports.sheet import Sheet, rendered

TEMPLATES = Environment(loader=PackageLoader("defect_api"), autoescape=True)


class HtmlReport(Format):
    """A page for each sheet, made for paper."""

    suffix = ".report.html"
    content_type = "text/html; charset=utf-8"
    traces = False
    shows = True

    def members(self, sheets: Iterable[Sheet], _classes: Classes) -> Iterator[Member]:
        """Yield the report of each sheet."""
        for sheet, document in rendered(sheets, _document):
            yield Member(f"{sheet.record.id}.html", [document])


def _document(sheet: Sheet) -> bytes:
    overlay = base64.b64encode(picture(sheet)).decode()
    template = TEMPLATES.get_template("report.html")
    return template.render(page=page(sheet.record), record=sheet.record, overlay=overlay).encode()
