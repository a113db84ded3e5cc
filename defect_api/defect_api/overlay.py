"""The picture that is made for people: the sheet with its defects' contours in green."""

import cv2
import numpy as np
from numpy.typing import NDArray

from defect_api.images import Grey
from defect_api.labelling import Mask
from defect_api.png import encode_png

GREEN_BGR = (57, 255, 20)
LINE_PX = 2


def draw_overlay(grey: Grey, mask: Mask) -> NDArray[np.uint8]:
    """Draw the outline of `mask` (bool, H x W) in green around the defects of a sheet (uint8, H x W).

    Returns uint8, H x W x 3, BGR. The line lies outside the defect, so that nothing of it is covered.
    """
    picture = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
    window, line = _line(mask)
    picture[window][line] = GREEN_BGR
    return picture


def encode_overlay(grey: Grey, mask: Mask) -> bytes:
    """Encode what `draw_overlay` draws as a PNG with a palette, a third of the bytes of a coloured one.

    Green has the place of the sheet's rarest grey level, whose pixels are one level off.
    """
    counts = cv2.calcHist([grey], [0], None, [256], [0, 256])
    level = 1 + int(np.argmin(counts[1:]))
    palette = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    palette[level] = GREEN_BGR[::-1]
    picture = grey - (grey == level)
    window, line = _line(mask)
    picture[window][line] = level
    return encode_png(picture, palette)


def _line(mask: Mask) -> tuple[tuple[slice, slice], Mask]:
    """Return the part of the picture that has lines in it, and which of its pixels are on one."""
    filled = mask.view(np.uint8)
    x, y, width, height = cv2.boundingRect(filled)
    window = slice(max(y - LINE_PX, 0), y + height + LINE_PX), slice(max(x - LINE_PX, 0), x + width + LINE_PX)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * LINE_PX + 1, 2 * LINE_PX + 1))
    return window, np.asarray(cv2.dilate(filled[window], kernel) > filled[window], bool)


def outline_pixels(mask: Mask) -> NDArray[np.int64]:
    """Return the rows and columns, N x 2, of the pixels of `mask` (bool, H x W) that touch what is not of it.

    The picture's edge does not count as touching: a defect that runs out of the picture is open there.
    """
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    inner = cv2.erode(mask.view(np.uint8), cross, borderType=cv2.BORDER_REPLICATE)
    return np.argwhere(mask & (inner == 0))
