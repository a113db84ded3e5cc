"""The files of an inspection as they are read back: one that is gone or damaged is told, never passed over."""

from defect_api.images import Grey, decode
from defect_api.media import MediaVolume
from defect_api.png import decode_png
from defect_api.problems import Conflict, NotFound, PictureRefused
from defect_api.record import Record
from defect_api.thresholds import Map


def stored_file(media: MediaVolume, identifier: str, name: str) -> bytes:
    """Return the bytes of the file of the inspection `identifier` that is stored as `name`.

    Raises NotFound where the inspection was deleted, and Conflict where the file alone is gone or may not be read.
    """
    try:
        return media.read(name)
    except NotFound:
        media.record(identifier)
        raise Conflict(f"A file of '{identifier}' is gone ({name}); delete the inspection and post it anew.") from None


def stored_original(media: MediaVolume, record: Record) -> Grey:
    """Return the picture of `record` as it was judged, uint8, H x W. Raises as `stored_file`, also for damage."""
    try:
        return decode(stored_file(media, record.id, record.files.original)).grey
    except PictureRefused as error:
        raise Conflict(
            f"The stored picture of '{record.id}' is damaged ({record.files.original}); delete the inspection and post "
            "it anew."
        ) from error


def stored_map(media: MediaVolume, record: Record, name: str) -> Map:
    """Return the map of `record` that is stored as `name`, uint8, H x W. Raises as `stored_file`, also for damage."""
    try:
        found = decode_png(stored_file(media, record.id, name))
    except ValueError:
        found = None
    if found is None or found.shape != (record.image.height, record.image.width):
        raise Conflict(f"A stored map of '{record.id}' is damaged ({name}); delete the inspection and post it anew.")
    return found
