"""The formats that inspections are exported in: the one place that lists them."""

from enum import StrEnum

from defect_api.exports.coco import Coco
from defect_api.exports.cvat import Cvat
from defect_api.exports.defect_table import DefectTable
from defect_api.exports.format import Format
from defect_api.exports.kaggle import Kaggle
from defect_api.exports.labelme import LabelMe
from defect_api.exports.masks import Masks
from defect_api.exports.report_html import HtmlReport
from defect_api.exports.report_pdf import PdfReport
from defect_api.exports.yolo import Yolo


class FormatName(StrEnum):
    """What a client calls a format."""

    COCO = "coco"
    LABELME = "labelme"
    YOLO = "yolo"
    KAGGLE = "kaggle"
    CVAT = "cvat"
    MASKS = "masks"
    CSV = "csv"
    REPORT = "report"
    PDF = "pdf"


FORMATS: dict[FormatName, Format] = {
    FormatName.COCO: Coco(),
    FormatName.LABELME: LabelMe(),
    FormatName.YOLO: Yolo(),
    FormatName.KAGGLE: Kaggle(),
    FormatName.CVAT: Cvat(),
    FormatName.MASKS: Masks(),
    FormatName.CSV: DefectTable(),
    FormatName.REPORT: HtmlReport(),
    FormatName.PDF: PdfReport(),
}


def chosen(name: FormatName, *, rle: bool, originals: bool) -> Format:
    """Return a format by its name, made for what else is wanted."""
    if name is FormatName.COCO:
        return Coco(rle=rle)
    return Kaggle(beside_pictures=originals) if name is FormatName.KAGGLE else FORMATS[name]
