"""Copy-paste augmentation (Ghiasi et al. 2021): a real defect is put onto a clean crop, its surroundings matched."""

import cv2
import numpy as np

from training.examples import IGNORED, Picture

Rng = np.random.Generator
MARGIN = 7  # px of the donor's surface that come along
FEATHER = 2.5  # px, standard deviation of the blended rim
DARK = 18.0  # mean grey below which there is no steel to paste onto


def paste(rng: Rng, donor: Picture, donor_ids: Picture, pixels: Picture, ids: Picture) -> tuple[Picture, Picture]:
    """Paste the donor's defects, shifted, onto a clean crop of the same size; return the new picture and mask.

    The crop comes back as it was where the donor has no defect left or the place is too dark to hold one.
    """
    shift = np.round(rng.uniform(-0.3, 0.3, 2) * pixels.shape).astype(int)
    defects = np.where(donor_ids == IGNORED, 0, donor_ids).astype(np.uint8)
    moved = _shifted(donor, shift, cv2.BORDER_REPLICATE)  # no black beside what came from the border
    moved_ids = _shifted(defects, shift, cv2.BORDER_CONSTANT)
    defect = moved_ids > 0
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * MARGIN + 1, 2 * MARGIN + 1))
    near = cv2.dilate(defect.astype(np.uint8), kernel) > 0
    rim = near & ~defect
    if not rim.any() or pixels[near].mean() < DARK or (ids[near] == IGNORED).any():
        return pixels, ids
    gain = np.clip((pixels[rim].mean() + 1) / (moved[rim].mean() + 1), 0.5, 2.0)
    alpha = cv2.GaussianBlur(cv2.erode(near.astype(np.float32), np.ones((5, 5), np.uint8)), (0, 0), FEATHER)
    blended = alpha * moved.astype(np.float32) * gain + (1 - alpha) * pixels
    return np.clip(np.rint(blended), 0, 255).astype(np.uint8), np.where(defect, moved_ids, ids)


def _shifted(picture: Picture, shift: np.ndarray[tuple[int], np.dtype[np.int64]], border: int) -> Picture:
    matrix = np.array([[1, 0, shift[1]], [0, 1, shift[0]]], np.float32)
    shape = picture.shape[::-1]
    return np.asarray(cv2.warpAffine(picture, matrix, shape, flags=cv2.INTER_NEAREST, borderMode=border), np.uint8)
