"""The report as a PDF; `pdf_page` draws it."""

from collections.abc import Iterable, Iterator

from defect_api.exports.format import Classes, Format, Member
from defect_api.exports.sheet import Sheet, rendered


class PdfReport(Format):
    """A page for each sheet."""

    suffix = ".report.pdf"
    content_type = "application/pdf"
    traces = False
    shows = True

    def members(self, sheets: Iterable[Sheet], _classes: Classes) -> Iterator[Member]:
        """Yield the report of each sheet."""
        # ReportLab is slow to import, and a service that starts has no use for it yet
        from defect_api.exports.pdf_page import document

        for sheet, page in rendered(sheets, document):
            yield Member(f"{sheet.record.id}.pdf", [page])
