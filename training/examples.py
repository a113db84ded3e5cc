"""What every data set is made of: a named picture with its mask, read when it is needed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

IGNORED = 255  # mask value of pixels that neither teach nor count

Picture = npt.NDArray[np.uint8]


class DataError(ValueError):
    """A data set cannot be used; the sentence names the file and what to do."""


@dataclass(frozen=True)
class Example:
    """One labelled picture: `load` returns the grey picture and its mask, both uint8 (H, W).

    The mask holds class ids, 0 for sound, IGNORED where nothing is known. `scene` is shared by pictures of one place.
    """

    name: str
    load: Callable[[], tuple[Picture, Picture]]
    scene: str = ""
    for_judging: bool = True


def read_grey(path: Path) -> Picture:
    """Read a picture as uint8 (H, W). Raises DataError where it cannot be read."""
    pixels = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if pixels is None:
        raise DataError(f"{path} cannot be read as a picture; replace or remove it")
    return np.asarray(pixels, np.uint8)


def read_pair(picture: Path, mask: Path, classes: int) -> tuple[Picture, Picture]:
    """Read a picture and its PNG mask. Raises DataError where they don't fit each other or the classes."""
    pixels, ids = read_grey(picture), read_grey(mask)
    return pixels, checked_mask(ids, pixels, classes, mask)


def checked_mask(ids: Picture, pixels: Picture, classes: int, source: Path) -> Picture:
    """Return the mask as it is. Raises DataError for another size or an unknown class."""
    if ids.shape != pixels.shape:
        raise DataError(f"{source} is {ids.shape[::-1]} and its picture {pixels.shape[::-1]}; make them one size")
    known = (ids <= classes) | (ids == IGNORED)
    if not known.all():
        raise DataError(f"{source} holds class {int(ids[~known].max())}; only 0 to {classes} are known")
    return ids
