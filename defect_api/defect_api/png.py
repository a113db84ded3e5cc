"""PNG files (https://www.w3.org/TR/png-3/) as this service stores them: of 8 bits, written fast, and read again."""

import struct
from typing import Any

import cv2
import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE = 0, 2, 3
# rows of maps and of sheets are much like the row above; what is left is compressed by ISA-L, three times as fast as by
# zlib and to about the same size (`python -m benchmarks.encoders`)
FILTER_UP = 2
LEVEL = 1


def encode_png(picture: NDArray[np.uint8], palette: NDArray[np.uint8] | None = None) -> bytes:
    """Encode uint8 pixels, H x W or H x W x 3 (BGR), as PNG.

    With a `palette` (uint8, 256 x 3: red, green, blue) the levels of a H x W picture are looked up in it.
    """
    height, width = picture.shape[:2]
    coloured = picture.ndim == 3
    header = struct.pack(
        ">IIBBBBB", width, height, 8, RGB if coloured else GREY if palette is None else PALETTE, 0, 0, 0
    )
    colours = b"" if palette is None else _chunk(b"PLTE", palette.tobytes())
    rows = picture[..., ::-1].reshape(height, -1) if coloured else picture
    pixels = _chunk(b"IDAT", isal_zlib.compress(_filtered(rows), LEVEL))
    return SIGNATURE + _chunk(b"IHDR", header) + colours + pixels + _chunk(b"IEND", b"")


def decode_png(data: bytes) -> NDArray[np.uint8]:
    """Decode an 8-bit grey PNG that this service wrote: uint8, H x W. Raises ValueError where it is not whole."""
    # OpenCV refuses no bytes at all in a way of its own
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE) if data else None
    if picture is None:
        raise ValueError("a stored map is not a PNG picture")
    return np.asarray(picture, np.uint8)


def _filtered(rows: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the rows (uint8) less those above, each behind the byte that says so."""
    filtered = np.empty((rows.shape[0], rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = FILTER_UP
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    return filtered


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = isal_zlib.crc32(data, isal_zlib.crc32(kind))
    return b"".join([struct.pack(">I", len(data)), kind, data, struct.pack(">I", checksum)])
