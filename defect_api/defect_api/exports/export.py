"""An export put together: one document, or a ZIP of several with the originals where they are wanted."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from defect_api.exports.archive import zipped
from defect_api.exports.format import Classes, Format, Member
from defect_api.exports.sheet import Sheet
from defect_api.media import MediaVolume
from defect_api.problems import NotFound
from defect_api.stored import stored_file


@dataclass(frozen=True)
class Export:
    """What is sent: its name, its type, and its bytes as they come."""

    filename: str
    content_type: str
    chunks: Iterator[bytes]


def export_one(form: Format, sheet: Sheet, classes: Classes, *, originals: bool) -> Export:
    """Return the export of one sheet, whole, so that whatever fails can still be told.

    Raises NotFound where it was deleted, and Conflict where a file of it is gone, damaged or foreign.
    """
    if originals or form.extent == "folder":
        made = _archive(sheet.record.id, form, [sheet], classes, sheet.media if originals else None)
    else:
        member = next(form.members([sheet], classes), None)
        if member is None:
            raise NotFound(f"The inspection '{sheet.record.id}' was deleted meanwhile.")
        made = Export(sheet.record.id + form.suffix, form.content_type, iter(member.chunks))
    return replace(made, chunks=iter([b"".join(made.chunks)]))


def export_set(
    form: Format, sheets: Iterable[Sheet], classes: Classes, originals_of: MediaVolume | None = None
) -> Export:
    """Return the export of many sheets, which are taken one by one; with their originals from a volume, if given."""
    if originals_of or form.extent != "set":
        return _archive("inspections", form, sheets, classes, originals_of)
    member = next(form.members(sheets, classes))
    return Export("inspections" + form.suffix, form.content_type, iter(member.chunks))


def _archive(name: str, form: Format, sheets: Iterable[Sheet], classes: Classes, media: MediaVolume | None) -> Export:
    members = _members(form, sheets, classes, media)
    return Export(f"{name}{form.suffix.rpartition('.')[0]}.zip", "application/zip", zipped(members))


def _members(form: Format, sheets: Iterable[Sheet], classes: Classes, media: MediaVolume | None) -> Iterator[Member]:
    # a document is written while the sheets pass, so the originals come after it: only their names wait
    names: list[tuple[str, str]] = []

    def noted() -> Iterator[Sheet]:
        for sheet in sheets:
            names.append((sheet.record.id, sheet.picture))
            yield sheet

    yield from form.members(noted(), classes)
    yield from form.companions(classes)
    if media:
        for identifier, name in names:
            with suppress(NotFound):  # deleted meanwhile
                yield Member(form.pictures + name, [stored_file(media, identifier, name)])
