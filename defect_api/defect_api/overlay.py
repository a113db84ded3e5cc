"""Pictures that are made for people: the sheet with its defects' contours in green."""

import cv2
import numpy as np
from numpy.typing import NDArray

from defect_api.images import Grey
from defect_api.regions import Mask

GREEN_BGR = (57, 255, 20)
LINE_PX = 2


def draw_overlay(grey: Grey, mask: Mask) -> NDArray[np.uint8]:
    """Draw the outline of `mask` (bool, H x W) in green around the defects of a sheet (uint8, H x W).

    Returns uint8, H x W x 3, BGR. The line lies outside the defect, so that nothing of it is covered.
    """
    picture = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * LINE_PX + 1, 2 * LINE_PX + 1))
    filled = mask.view(np.uint8)
    picture[(cv2.dilate(filled, kernel) > filled)] = GREEN_BGR
    return np.asarray(picture, np.uint8)


def outline_pixels(mask: Mask) -> NDArray[np.int64]:
    """Return the rows and columns, N x 2, of the pixels of `mask` (bool, H x W) that touch what is not of it.

    The picture's edge does not count as touching: a defect that runs out of the picture is open there.
    """
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    inner = cv2.erode(mask.view(np.uint8), cross, borderType=cv2.BORDER_REPLICATE)
    return np.argwhere(mask & (inner == 0))


def encode_png(picture: NDArray[np.uint8]) -> bytes:
    """Encode uint8 pixels, H x W or H x W x 3 (BGR), as PNG."""
    written, data = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    if not written:
        raise ValueError(f"cannot encode a picture of shape {picture.shape}")
    return data.tobytes()


def decode_png(data: bytes) -> NDArray[np.uint8]:
    """Decode an 8-bit grey PNG that this service wrote: uint8, H x W."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise ValueError("a stored map is not a PNG picture")
    return np.asarray(picture, np.uint8)
