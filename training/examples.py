"""What every data set is made of, a named picture with its mask, and how these are read and written."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from defect_api.images import DECODER_ERRORS, decode
from defect_api.problems import PictureRefused

COLOURED = ("LA", "RGB", "RGBA")  # Pillow's modes; paint programs save grey as three equal colours
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

    def defects(self) -> dict[int, int]:
        """Return how many pixels each class of defect has that the mask shows."""
        ids, counts = np.unique(self.load()[1], return_counts=True)
        return {int(k): int(n) for k, n in zip(ids, counts, strict=True) if k not in (0, IGNORED)}


def read_grey(path: Path) -> Picture:
    """Read a picture as the service does, uint8 (H, W). Raises DataError where the service would refuse it."""
    try:
        return decode(path.read_bytes()).grey
    except PictureRefused as error:
        raise DataError(f"{path} cannot be read: {error.detail} Replace or remove it.") from error


def read_mask(path: Path) -> Picture:
    """Read the class ids of a PNG, uint8 (H, W): grey values, or the indices of a palette.

    Raises DataError where it cannot be read, is coloured, or holds a value above 255.
    """
    try:
        with Image.open(path, formats=["PNG"]) as image:
            if image.mode == "L" and image.tile[0].args in ("L;2", "L;4"):  # whose values are stretched to 8 bits
                raise DataError(f"{path} has grey values of fewer than 8 bits; save it with 8 bits, or with a palette")
            values = np.asarray(image.convert("RGB") if image.mode in COLOURED else image)
    except DECODER_ERRORS as error:
        raise DataError(f"{path} cannot be read as a PNG mask ({error}); draw it again") from error
    if values.ndim == 3:
        if (values != values[..., :1]).any():
            raise DataError(f"{path} is coloured; save it in grey or with a palette, its values the classes")
        values = values[..., 0]
    if values.max(initial=0) > IGNORED:
        raise DataError(f"{path} holds class {int(values.max())}; classes go up to {IGNORED - 1}")
    return values.astype(np.uint8)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Have an OSError in the block name the file: of one that is open, the system doesn't say on which it failed."""
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give the path to write a file to that takes the place of `path` at the end: it is whole, or not there."""
    fresh = path.with_name(f"new-{path.name}")
    with naming(fresh):
        yield fresh
        fresh.replace(path)


def write_text(path: Path, text: str) -> None:
    """Write a text, whole or not at all. Raises OSError where that fails."""
    with whole(path) as fresh:
        fresh.write_text(text)


def write_png(path: Path, pixels: Picture, *options: int) -> None:
    """Write a picture, uint8 (H, W), or (H, W, 3) as BGR, by OpenCV's options. Raises OSError where that fails."""
    _, encoded = cv2.imencode(".png", pixels, options)
    with naming(path):
        path.write_bytes(encoded.tobytes())  # OpenCV's own writing tells no reason


def read_pair(picture: Path, mask: Path, classes: int) -> tuple[Picture, Picture]:
    """Read a picture and its PNG mask.

    Raises DataError where they don't fit each other or the classes, or where the mask tells nothing.
    """
    pixels, ids = read_grey(picture), read_mask(mask)
    if ids.shape != pixels.shape:
        raise DataError(f"{mask} is {ids.shape[::-1]} and its picture {pixels.shape[::-1]}; make them one size")
    known = (ids <= classes) | (ids == IGNORED)
    if not known.all():
        raise DataError(f"{mask} holds class {int(ids[~known].max())}; only 0 to {classes} are known")
    if (ids == IGNORED).all():
        raise DataError(f"{mask} leaves all of {picture.name} unknown ({IGNORED}); label some of it, or remove both")
    return pixels, ids
