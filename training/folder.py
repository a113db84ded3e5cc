"""A folder of pictures (in `images/`, or the folder itself) with PNG masks of the same names in `masks/`.

`classes.txt`, where there is one, names the classes, one a line; `scenes.csv` (`picture,scene`) tells of every picture
which place it shows. Pictures below `text_corner/` have a text burnt into their top left corner: they are for training
only, and the corner is ignored.
"""

import csv
import functools
import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from defect_api.images import FILE_SUFFIXES
from training.examples import IGNORED, DataError, Example, Picture, read_mask, read_pair

SCENES, CLASSES = "scenes.csv", "classes.txt"
TEXT_CORNER = (slice(0, 36), slice(0, 420))  # rows and columns that the burnt-in text covers
MOST_CLASSES = 50  # a mask that goes higher was drawn in grey values, not in classes
KEPT = 256  # decoded pictures kept in memory, about 0.8 MB each


def load(folder: Path, classes: int) -> list[Example]:
    """List the folder's labelled pictures.

    Raises DataError where there are none, two have one name, a mask or a mask's picture is missing, or the list of
    scenes lacks one.
    """
    examples = _examples(folder, classes, text=False)
    if (folder / "text_corner").is_dir():
        examples += _examples(folder / "text_corner", classes, text=True)
    return with_scenes(folder, examples)


def with_scenes(folder: Path, examples: Sequence[Example]) -> list[Example]:
    """Return the pictures with the scenes that the folder's `scenes.csv` tells; as they are where there is none.

    Raises DataError where the list cannot be read or lacks a picture.
    """
    file = folder / SCENES
    if not file.exists():
        return list(examples)
    scenes = _scenes(file)
    missing = [example.name for example in examples if not scenes.get(example.name)]
    if missing:
        raise DataError(f"{file} tells no scene of {missing[0]} ({len(missing)} are missing); add a line each")
    return [replace(example, scene=scenes[example.name]) for example in examples]


def names_apart(paths: Iterable[Path]) -> None:
    """Raise DataError where two pictures differ in their endings only; masks and predictions go by the rest."""
    for earlier, path in itertools.pairwise(sorted(paths, key=lambda path: path.stem)):
        if earlier.stem == path.stem:
            raise DataError(f"{path} has the same name as {earlier.name}; rename one and its labels")


def class_names(folder: Path) -> tuple[str, ...]:
    """Return the names in the folder's `classes.txt`; without one, as many as the masks' highest value says.

    Raises DataError where there are none.
    """
    file = folder / CLASSES
    if not file.exists():
        return _found_classes(folder)
    try:
        names = tuple(line.strip() for line in file.read_text("utf-8-sig").splitlines() if line.strip())
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file} cannot be read ({error}); write a class's name on each line") from error
    if not names:
        raise DataError(f"{file} names no class; write one a line")
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise DataError(f"{file} names '{twice[0]}' twice; rename or remove one")
    return names


def _found_classes(folder: Path) -> tuple[str, ...]:
    highest = 0
    for path in folder.glob("**/masks/*.png"):
        ids = read_mask(path)
        highest = max(highest, int(ids.max(initial=0, where=ids != IGNORED)))
    if not highest:
        meant = "0 is sound, a defect's pixels hold its class from 1, and 255 leaves open what they are"
        raise DataError(f"{folder}'s masks mark no defect ({meant}); draw some")
    if highest > MOST_CLASSES:
        raise DataError(f"{folder}'s masks go up to class {highest}; number from 1, or name the classes in classes.txt")
    return tuple(f"class {number}" for number in range(1, highest + 1))


def _examples(folder: Path, classes: int, text: bool) -> list[Example]:
    pictures = folder / "images" if (folder / "images").is_dir() else folder
    paths = sorted(path for path in pictures.glob("*") if path.suffix.lower() in FILE_SUFFIXES)
    if not paths:
        raise DataError(f"{pictures} holds no pictures; put some there, and their masks into masks/")
    names_apart(paths)
    masks = {path.stem: folder / "masks" / f"{path.stem}.png" for path in paths}
    left = sorted(set((folder / "masks").glob("*.png")) - set(masks.values()))
    if left:
        kinds = ", ".join(FILE_SUFFIXES)
        raise DataError(f"{left[0]} has no picture in {pictures} ({kinds}); put it there, or remove the mask")
    return [_example(path, masks[path.stem], classes, text) for path in paths]


def _scenes(file: Path) -> dict[str, str]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as rows:
            return {Path(row["picture"]).stem: row["scene"] or "" for row in csv.DictReader(rows)}
    except (OSError, KeyError, TypeError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{file} needs the columns picture and scene ({error!r})") from error


def _example(picture: Path, mask: Path, classes: int, text: bool) -> Example:
    if not mask.exists():
        raise DataError(f"{mask} is missing; draw it (0 for sound, else the class), or remove {picture.name}")
    return Example(picture.stem, functools.partial(_read, picture, mask, classes, text), for_judging=not text)


@functools.lru_cache(maxsize=KEPT)
def _read(picture: Path, mask: Path, classes: int, text: bool) -> tuple[Picture, Picture]:
    pixels, ids = read_pair(picture, mask, classes)
    if IGNORED in ids and not np.isin(ids, (0, IGNORED), invert=True).any():
        raise DataError(f"{mask} holds {IGNORED}, which leaves open what it is, and no class; number defects from 1")
    if text:
        pixels = pixels.copy()
        pixels[0], pixels[:, 0] = pixels[1], pixels[:, 1]  # a white line frames these pictures
        ids[TEXT_CORNER] = IGNORED
    return pixels, ids
