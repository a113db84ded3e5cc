"""CVAT for images 1.1: https://docs.cvat.ai/docs/other/xml_format."""

from collections.abc import Iterable, Iterator
from xml.etree import ElementTree as Xml

from defect_api.exports.format import Classes, Format, Member
from defect_api.exports.runs import cvat
from defect_api.exports.sheet import Sheet, only_ring, rendered
from defect_api.record import Defect


class Cvat(Format):
    """A defect of one outline is a polygon; one with holes or parts is a mask within its box."""

    extent = "set"
    suffix = ".cvat.xml"
    content_type = "application/xml"

    def members(self, sheets: Iterable[Sheet], classes: Classes) -> Iterator[Member]:
        """Yield the document."""
        yield Member("annotations.xml", _document(sheets, classes))


def _document(sheets: Iterable[Sheet], classes: Classes) -> Iterator[bytes]:
    yield b'<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n'
    yield Xml.tostring(_meta(classes)) + b"\n"
    for number, (sheet, shapes) in enumerate(rendered(sheets, _shapes)):
        size = {"width": str(sheet.record.image.width), "height": str(sheet.record.image.height)}
        image = Xml.Element("image", {"id": str(number), "name": sheet.picture, **size})
        image.extend(shapes)
        yield Xml.tostring(image) + b"\n"
    yield b"</annotations>\n"


def _meta(classes: Classes) -> Xml.Element:
    meta = Xml.Element("meta")
    task = Xml.SubElement(meta, "task")
    Xml.SubElement(task, "name").text = "Surface Defect Detector"
    Xml.SubElement(task, "mode").text = "annotation"
    labels = Xml.SubElement(task, "labels")
    for _, name in classes.numbered:
        label = Xml.SubElement(labels, "label")
        Xml.SubElement(label, "name").text = name
        Xml.SubElement(label, "type").text = "any"
        Xml.SubElement(label, "attributes")
    return meta


def _shapes(sheet: Sheet) -> list[Xml.Element]:
    return [_shape(sheet, number, defect) for number, defect in sheet.numbered]


def _shape(sheet: Sheet, number: int, defect: Defect) -> Xml.Element:
    about = {"label": defect.type, "source": "auto", "occluded": "0", "z_order": "0"}
    if ring := only_ring(defect):
        points = ";".join(f"{x:.2f},{y:.2f}" for x, y in ring)
        return Xml.Element("polygon", {**about, "points": points})
    left, top, width, height = (str(value) for value in defect.box)
    box = {"left": left, "top": top, "width": width, "height": height}
    return Xml.Element("mask", {**about, "rle": cvat(sheet.window(number)), **box})
