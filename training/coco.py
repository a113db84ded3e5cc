"""COCO instances (polygons and run lengths), as CVAT, Label Studio, Roboflow and this platform's export write them.

Classes are the categories that are used, in the order of their ids. Where annotations overlap, the later one counts.
"""

import functools
import json
import operator
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from training.examples import DataError, Example, Picture, read_grey

PARTS = ("images", "annotations", "categories")
PICTURES = (".", "images", "../images")  # where pictures may be, seen from the document
OUTSIDE = 1.0  # px that an outline may leave the picture by, since tools round
CORNERS = 3  # that an outline has at the least; pycocotools takes two points for a box

Entry = Mapping[str, Any]
Outline = tuple[int, Entry]  # class number and annotation


@dataclass(frozen=True)
class Document:
    """A COCO file as it was read."""

    path: Path
    content: Mapping[str, Any]


def find(path: Path) -> Document | None:
    """Return the COCO document that `path` is or holds, None where there is none.

    Raises DataError where a JSON file cannot be read or a folder holds several documents.
    """
    files = [path] if path.suffix == ".json" else sorted([*path.glob("*.json"), *path.glob("annotations/*.json")])
    documents = [document for document in map(_read_json, files) if all(part in document.content for part in PARTS)]
    if len(documents) > 1:
        raise DataError(f"{path} holds {len(documents)} COCO files; name one of them, such as {documents[0].path}")
    return documents[0] if documents else None


def folder(document: Document) -> Path:
    """Return the folder of the set, which is one above `annotations/`."""
    beside = document.path.parent
    return beside.parent if beside.name == "annotations" else beside


def load(document: Document) -> tuple[tuple[str, ...], list[Example]]:
    """Return the names of the classes and the labelled pictures; one without annotations is clean.

    Raises DataError where an id is there twice, something is named that is not there, or a picture is missing; a
    picture's own `load` where it is of another size than the file says, or an outline leaves it.
    """
    path = document.path
    try:
        images, annotations, categories = (document.content[part] for part in PARTS)
        _once((image["id"] for image in images), f"{path}: the image id")
        _once((category["id"] for category in categories), f"{path}: the category id")
        _once((label["id"] for label in annotations if "id" in label), f"{path}: the annotation id")
        _once((Path(image["file_name"]).stem for image in images), f"{path}: the picture's name")
        names = {category["id"]: str(category["name"]) for category in categories}
        used = sorted({annotation["category_id"] for annotation in annotations})
        outlines = _outlines(document, {image["id"] for image in images}, _numbers(used, names, path))
        _once((names[key] for key in used), f"{path}: the category")
        return tuple(names[key] for key in used), [_example(path, image, outlines[image["id"]]) for image in images]
    except (KeyError, TypeError) as error:
        raise DataError(f"{path} lacks what COCO needs ({error}); export it again") from error


def _read_json(path: Path) -> Document:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as JSON ({error}); export it again or remove it") from error
    return Document(path, content if isinstance(content, dict) else {})


def _once(values: Iterable[Hashable], what: str) -> None:
    twice = [value for value, count in Counter(values).items() if count > 1]
    if twice:
        raise DataError(f"{what} {twice[0]} is there twice; rename or remove one")


def _numbers(used: list[Any], names: Mapping[Any, str], path: Path) -> dict[Any, int]:
    if not used:
        raise DataError(f"{path} outlines no defect; label some")
    unknown = [key for key in used if key not in names]
    if unknown:
        raise DataError(f"{path} uses the category {unknown[0]}, which is not in its list; export it again")
    return {key: number for number, key in enumerate(used, 1)}


def _outlines(document: Document, images: set[Any], numbers: Mapping[Any, int]) -> dict[Any, list[Outline]]:
    outlines: dict[Any, list[Outline]] = {image: [] for image in images}
    for annotation in document.content["annotations"]:
        if annotation["image_id"] not in outlines:
            raise DataError(
                f"{document.path}: annotation {annotation.get('id')} is of image {annotation['image_id']}, which is "
                "not in its list; export it again"
            )
        outlines[annotation["image_id"]].append((numbers[annotation["category_id"]], annotation))
    return outlines


def _example(document: Path, image: Entry, outlines: list[Outline]) -> Example:
    name = Path(image["file_name"])
    candidates = [document.parent / place / kept for place in PICTURES for kept in (name, Path(name.name))]
    picture = next((path for path in candidates if path.is_file()), None)
    if picture is None:
        raise DataError(f"{document} names {name}, which is missing; put it beside the file or into images/")
    return Example(name.stem, functools.partial(_read, picture, document, image, outlines))


def _read(picture: Path, document: Path, image: Entry, outlines: list[Outline]) -> tuple[Picture, Picture]:
    pixels = read_grey(picture)
    size = pixels.shape[::-1]
    labelled = (image.get("width") or size[0], image.get("height") or size[1])
    if labelled != size:
        raise DataError(
            f"{document} says that {picture.name} is {labelled} px, but it is {size}; label it at its own size"
        )
    mask = np.zeros(pixels.shape, np.uint8)
    for number, annotation in outlines:
        try:
            mask[_enclosed(annotation["segmentation"], pixels.shape)] = number
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"{document}, annotation {annotation.get('id')} of {picture.name}: {error}; correct or remove it"
            ) from error
    return pixels, mask


def _enclosed(segmentation: Any, shape: tuple[int, ...]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return what `_inside` does. Raises ValueError where that is no pixel: the sheet would count as a sound one."""
    found = _inside(segmentation, shape)
    if not found.any():
        raise ValueError("it encloses no pixel")
    return found


def _inside(segmentation: Any, shape: tuple[int, ...]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return the boolean mask (H, W) of polygons or of run lengths. Raises ValueError where they don't fit."""
    height, width = shape
    if isinstance(segmentation, dict):
        if tuple(segmentation["size"]) != (height, width):
            raise ValueError(f"its runs are of {segmentation['size']}, the picture of {[height, width]}")
        counts = segmentation["counts"]
        counts = _unpacked(counts) if isinstance(counts, str) else [operator.index(count) for count in counts]
        # pycocotools reads on behind runs that are too short, and writes behind the picture where they are too long
        if min(counts, default=0) < 0 or sum(counts) != height * width:
            raise ValueError("its runs don't end where the picture does")
        runs: Any = {"size": [height, width], "counts": counts}
        return np.asarray(coco_mask.decode(coco_mask.frPyObjects(runs, height, width)), np.bool_)
    if not segmentation:
        raise ValueError("it has no outline")
    for polygon in segmentation:
        points = np.asarray(polygon, float).reshape(-1, 2)
        if len(points) < CORNERS:
            raise ValueError(f"its outline has {len(points)} points; at least {CORNERS} enclose something")
        # said this way round, it is not so of what is no number
        if not ((points >= -OUTSIDE) & (points <= np.array([width, height]) + OUTSIDE)).all():
            raise ValueError(f"its outline leaves the picture of {width} x {height} px")
    return np.asarray(coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(segmentation, height, width))), np.bool_)


def _unpacked(counts: str) -> list[int]:
    """Return the runs of COCO's compressed form (`rleFrString` of cocoapi's maskApi.c).

    A number is written in characters of five bits, the lowest first, and from the fourth on less the last but one.
    """
    runs: list[int] = []
    value = shift = 0
    for code in counts.encode():
        bits = code - ord("0")
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            negative = (1 << shift) if bits & 16 else 0
            runs.append(value - negative + (runs[-2] if len(runs) > 2 else 0))
            value = shift = 0
    return runs
