"""A folder of pictures (`images/`) with PNG masks of the same names (`masks/`): users' labels, the Severstal sample.

`classes.txt`, where there is one, names the classes, one a line. Pictures below `text_corner/` have a text burnt into
their top left corner: they are for training only, and the corner is ignored.
"""

import functools
import itertools
from pathlib import Path

from training.examples import IGNORED, DataError, Example, Picture, read_pair

TEXT_CORNER = (slice(0, 36), slice(0, 420))  # rows and columns that the burnt-in text covers
SUFFIXES = (".bmp", ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp")
KEPT = 256  # decoded pictures kept in memory, about 0.8 MB each


def load(folder: Path, classes: int) -> list[Example]:
    """List the folder's labelled pictures.

    Raises DataError where there are none, two have one name, or a mask is missing.
    """
    examples = _examples(folder, classes, text=False)
    if (folder / "text_corner").is_dir():
        examples += _examples(folder / "text_corner", classes, text=True)
    return examples


def class_names(folder: Path, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names in the folder's `classes.txt`, or the given ones where it has none."""
    file = folder / "classes.txt"
    names = (
        tuple(line.strip() for line in file.read_text().splitlines() if line.strip()) if file.exists() else otherwise
    )
    if not names:
        raise DataError(f"{file} names no class; write one a line")
    return names


def _examples(folder: Path, classes: int, text: bool) -> list[Example]:
    paths = sorted(path for path in (folder / "images").glob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise DataError(f"{folder / 'images'} holds no pictures; put some there, and their masks into masks/")
    for earlier, path in itertools.pairwise(paths):
        if earlier.stem == path.stem:
            raise DataError(f"{path} has the same name as {earlier.name}; rename one and its mask")
    return [_example(path, folder / "masks" / f"{path.stem}.png", classes, text) for path in paths]


def _example(picture: Path, mask: Path, classes: int, text: bool) -> Example:
    if not mask.exists():
        raise DataError(f"{mask} is missing; draw it (0 for sound, else the class), or remove {picture.name}")
    return Example(picture.stem, functools.partial(_read, picture, mask, classes, text), for_judging=not text)


@functools.lru_cache(maxsize=KEPT)
def _read(picture: Path, mask: Path, classes: int, text: bool) -> tuple[Picture, Picture]:
    pixels, ids = read_pair(picture, mask, classes)
    if text:
        pixels[0], pixels[:, 0] = pixels[1], pixels[:, 1]  # a white line frames these pictures
        ids[TEXT_CORNER] = IGNORED
    return pixels, ids
