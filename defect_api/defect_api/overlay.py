"""Pictures that are made for people, the sheet with its defects' contours in green, and PNG files."""

import struct
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray

from defect_api.images import Grey
from defect_api.labelling import Mask

GREEN_BGR = (57, 255, 20)
LINE_PX = 2
# rows of maps and of sheets are much like the row above; with that taken away, run lengths alone are twice as fast as
# zlib's search for matches, and their files no larger
PNG_FILTER = [cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP]
PNG_OPTIONS = [*PNG_FILTER, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
# the file's signature and its first chunk, with where the colour type is (https://www.w3.org/TR/png-3/#11IHDR)
PNG_SIGNATURE_BYTES, PNG_HEADER_BYTES = 8, 25
COLOUR_TYPE_AT, COLOUR_TYPE_PALETTE = 9, 3


def draw_overlay(grey: Grey, mask: Mask) -> NDArray[np.uint8]:
    """Draw the outline of `mask` (bool, H x W) in green around the defects of a sheet (uint8, H x W).

    Returns uint8, H x W x 3, BGR. The line lies outside the defect, so that nothing of it is covered.
    """
    picture = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    picture[_line(mask)] = GREEN_BGR
    return np.asarray(picture, np.uint8)


def encode_overlay(grey: Grey, mask: Mask) -> bytes:
    """Encode what `draw_overlay` draws as a PNG with a palette, a third of the bytes of a coloured one.

    Green has the place of the sheet's rarest grey level, whose pixels are one level off.
    """
    counts = cv2.calcHist([grey], [0], None, [256], [0, 256])
    level = 1 + int(np.argmin(counts[1:]))
    levels = np.arange(256, dtype=np.uint8)
    palette = np.repeat(levels[:, None], 3, axis=1)
    palette[level] = GREEN_BGR[::-1]
    levels[level] -= 1
    picture = np.asarray(cv2.LUT(grey, levels), np.uint8)
    picture[_line(mask)] = level
    return _with_palette(encode_png(picture), palette.tobytes())


def _line(mask: Mask) -> Mask:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * LINE_PX + 1, 2 * LINE_PX + 1))
    filled = mask.view(np.uint8)
    return np.asarray(cv2.dilate(filled, kernel) > filled, bool)


def _with_palette(grey_png: bytes, palette: bytes) -> bytes:
    """Return a grey PNG with its levels looked up in `palette` (256 x red, green, blue)."""
    start = PNG_SIGNATURE_BYTES + PNG_HEADER_BYTES
    header = bytearray(grey_png[PNG_SIGNATURE_BYTES + 8 : start - 4])
    header[COLOUR_TYPE_AT] = COLOUR_TYPE_PALETTE
    chunks = _chunk(b"IHDR", bytes(header)) + _chunk(b"PLTE", palette)
    return grey_png[:PNG_SIGNATURE_BYTES] + chunks + grey_png[start:]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def outline_pixels(mask: Mask) -> NDArray[np.int64]:
    """Return the rows and columns, N x 2, of the pixels of `mask` (bool, H x W) that touch what is not of it.

    The picture's edge does not count as touching: a defect that runs out of the picture is open there.
    """
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    inner = cv2.erode(mask.view(np.uint8), cross, borderType=cv2.BORDER_REPLICATE)
    return np.argwhere(mask & (inner == 0))


def encode_png(picture: NDArray[np.uint8]) -> bytes:
    """Encode uint8 pixels, H x W or H x W x 3 (BGR), as PNG."""
    written, data = cv2.imencode(".png", picture, PNG_OPTIONS)
    if not written:
        raise ValueError(f"cannot encode a picture of shape {picture.shape}")
    return data.tobytes()


def decode_png(data: bytes) -> NDArray[np.uint8]:
    """Decode an 8-bit grey PNG that this service wrote: uint8, H x W."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise ValueError("a stored map is not a PNG picture")
    return np.asarray(picture, np.uint8)
