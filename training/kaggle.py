"""The Kaggle set 'Severstal: Steel Defect Detection' as it is downloaded: `train_images/` and `train.csv`, streamed."""

import csv
import functools
from pathlib import Path

import numpy as np

from training import rle
from training.examples import DataError, Example, Picture, read_grey
from training.folder import names_apart

MOST_CHARACTERS = 1 << 30  # in a field: the runs of a picture may be as many as its pixels

PICTURES, TABLE = "train_images", "train.csv"
Runs = tuple[tuple[int, str], ...]


def load(folder: Path, classes: int) -> list[Example]:
    """List every picture below `train_images/` with the runs that `train.csv` has for it; none means clean.

    Raises DataError where there are no pictures, two have one name, or the table is unreadable, names a missing
    picture, or names a class of one twice.
    """
    runs = _table(folder / TABLE, classes)
    paths = {path.name: path for path in sorted((folder / PICTURES).glob("*"))}
    if not paths:
        raise DataError(f"{folder / PICTURES} holds no pictures; unpack the set there")
    names_apart(paths.values())
    missing = sorted(set(runs) - set(paths))
    if missing:
        raise DataError(f"{folder / PICTURES / missing[0]} is missing ({len(missing)} are); unpack the set again")
    return [
        Example(path.stem, functools.partial(_read, path, tuple(sorted(runs.get(name, {}).items()))))
        for name, path in paths.items()
    ]


def _table(path: Path, classes: int) -> dict[str, dict[int, str]]:
    found: dict[str, dict[int, str]] = {}
    csv.field_size_limit(MOST_CHARACTERS)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            for row in csv.DictReader(file):
                _add(found, row, classes, path)
    except (OSError, KeyError, ValueError, csv.Error) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path} needs the columns ImageId, ClassId and EncodedPixels ({error})") from error
    if not found:  # every picture would count as clean
        raise DataError(f"{path} names no picture; unpack the set again")
    return found


def _add(found: dict[str, dict[int, str]], row: dict[str, str | None], classes: int, path: Path) -> None:
    name, kind, encoded = row["ImageId"] or "", row["ClassId"], row["EncodedPixels"]
    # of a line that is cut off there is None
    if encoded is None or (encoded and not kind):
        raise DataError(f"{path} has a line of {name} without its class or its runs; complete or remove it")
    runs = found.setdefault(name, {})
    if not kind or not encoded:
        return
    if int(kind) not in range(1, classes + 1):
        raise DataError(f"{path} gives {name} the class {kind}; only 1 to {classes} are known")
    if int(kind) in runs:
        raise DataError(f"{path} has {name} with class {kind} twice; remove one")
    runs[int(kind)] = encoded


def _read(path: Path, runs: Runs) -> tuple[Picture, Picture]:
    picture = read_grey(path)
    mask = np.zeros(picture.shape, np.uint8)
    for kind, encoded in runs:
        try:
            mask[rle.decode(encoded, (picture.shape[0], picture.shape[1]))] = kind
        except ValueError as error:
            raise DataError(f"{path}, class {kind}: {error}; correct its line in {TABLE}") from error
    return picture, mask
