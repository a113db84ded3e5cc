"""The first system's answer, `GET|POST /get_defect_contour`, for clients that were written against it."""

import json

import cv2
import numpy as np
from numpy.typing import NDArray

from defect_api.card import Card
from defect_api.images import Grey, decode, pixels_of
from defect_api.inspection import Inspector
from defect_api.judgement import judge
from defect_api.labelling import Mask
from defect_api.media import MediaVolume
from defect_api.names import bare_name, safe_stem
from defect_api.overlay import GREEN_BGR, outline_pixels
from defect_api.png import encode_png
from defect_api.problems import NotFound, PictureRefused
from defect_api.record import Record

FRAME_HEIGHT, FRAME_WIDTH = 256, 1600
ACCEPTED = ((256, 1600), (128, 800))
ENLARGEMENTS = ("1", "2", "3", "4")
# with what is put behind it, a name that a file system takes
STEM_LENGTH = 255 - len("_mask.png")


class OldRefusal(Exception):
    """A request that the first system answered with 403; the message is the answer's body."""


def parse_enlargement(text: str | None) -> int:
    """Return the factor that a client asked for, 1 to 4; anything else means 1, as it did in the first system."""
    return int(text) if text in ENLARGEMENTS else 1


def old_stem(filename: str) -> str:
    """Return the safe file name up to its first dot."""
    return safe_stem(bare_name(filename).partition(".")[0], STEM_LENGTH)


def answer(inspector: Inspector, media: MediaVolume, card: Card, filename: str, enlarge_by: int) -> dict[str, object]:
    """Inspect the picture `filename` of the media volume and answer as the first system did.

    `<stem>_mask.png` and `<stem>_<enlarge_by>.json` appear on the media volume.
    Raises OldRefusal; and what `Inspector.inspect_stored` raises, but for refusals of the picture.
    """
    shown = bare_name(filename)
    try:
        data = media.read(filename)
        with inspector.room.of(pixels_of(data)):
            grey = decode(data).grey
    except NotFound as error:
        raise OldRefusal(f"file not found '{shown}'") from error
    except PictureRefused as error:
        raise OldRefusal(f"not an image file '{shown}'") from error
    if grey.shape not in ACCEPTED:
        raise OldRefusal(f"image dimensions incorrect '{grey.shape}'")
    record, _ = inspector.inspect_stored(filename)
    mask = judge(*inspector.stored_maps(record), card).regions.mask
    stem = old_stem(filename)
    document, picture = _draw(grey, mask, record, enlarge_by, f"{stem}_mask.png")
    with media.publication() as files:
        files.stage(f"{stem}_mask.png", picture)
        files.stage(f"{stem}_{enlarge_by}.json", json.dumps(document).encode())
    return document


def _draw(grey: Grey, mask: Mask, record: Record, enlarge_by: int, name: str) -> tuple[dict[str, object], bytes]:
    """Return the answer's JSON object, and the overlay in the same frame as a PNG."""
    contour = outline_pixels(_in_frame(mask.view(np.uint8), enlarge_by, cv2.INTER_NEAREST) > 0)
    picture = cv2.cvtColor(_in_frame(grey, enlarge_by, cv2.INTER_LINEAR), cv2.COLOR_GRAY2BGR)
    picture[contour[:, 0], contour[:, 1]] = GREEN_BGR
    document: dict[str, object] = {
        "max_prob": record.max_probability,
        "defect_thresh": record.threshold.value,
        "contour_pixels": contour.tolist(),
        "filename": name,
    }
    return document, encode_png(np.asarray(picture, np.uint8))


def _in_frame(picture: NDArray[np.uint8], enlarge_by: int, interpolation: int) -> NDArray[np.uint8]:
    size = (FRAME_WIDTH * enlarge_by, FRAME_HEIGHT * enlarge_by)
    return np.asarray(cv2.resize(picture, size, interpolation=interpolation), np.uint8)
