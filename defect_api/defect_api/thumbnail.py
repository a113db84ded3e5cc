"""Small pictures of sheets for galleries: the sheet made smaller, with its defects' contours drawn at that size."""

import cv2
import numpy as np

from defect_api.images import Grey
from defect_api.overlay import GREEN_BGR
from defect_api.record import Defect

# what a gallery shows on a screen of twice the density
MOST_WIDTH, MOST_HEIGHT = 640, 360
LINE_PX = 2
QUALITY = 80
# bits of a pixel's fraction in coordinates that are handed to OpenCV
SHIFT = 4


def draw_thumbnail(grey: Grey, defects: list[Defect]) -> bytes:
    """Draw a sheet (uint8, H x W) at most 640 x 360 px large with the outlines of `defects` in green, as WebP.

    The outlines are drawn after the sheet was made smaller: shrunk with it, they would fade.
    """
    height, width = grey.shape
    scale = min(1.0, MOST_WIDTH / width, MOST_HEIGHT / height)
    size = (round(width * scale), round(height * scale))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    picture = cv2.cvtColor(small, cv2.COLOR_GRAY2BGR)
    factors = np.divide(size, (width, height)) * (1 << SHIFT)
    rings = [
        np.round(np.asarray(ring) * factors).astype(np.int32)
        for defect in defects
        for polygon in defect.polygons
        for ring in polygon
    ]
    cv2.polylines(picture, rings, True, GREEN_BGR, LINE_PX, cv2.LINE_AA, SHIFT)
    written, data = cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
    if not written:
        raise ValueError(f"cannot encode a picture of shape {picture.shape}")
    return data.tobytes()
