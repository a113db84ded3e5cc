"""NEU-Seg: hot-rolled strip, 200 x 200 pixels, three classes (inclusion, patch, scratch); academic use, cite it.

Most of the published test pictures have a near-copy in training. Split by `scenes`, about as many are held out.
"""

import functools
import json
from pathlib import Path
from typing import Literal

import numpy as np

from training.examples import DataError, Example, Picture, read_pair

SCENES = "scene_groups.json"
CLASSES = ("inclusion", "patch", "scratch")
TEST_PICTURES, SEED = 840, 1  # of the published test split, and of the choice of scenes

Part = Literal["training", "test"]
Split = Literal["published", "scenes"]


def load(folder: Path, part: Part, split: Split = "published") -> list[Example]:
    """List the pictures of one part of the unpacked archive, with their scenes.

    Raises DataError where a part has no pictures or the list of scenes lacks one.
    """
    if split == "published":
        return _published(folder, part)
    pictures = _published(folder, "training") + _published(folder, "test")
    held_out = _held_out(pictures)
    return [picture for picture in pictures if (picture.scene in held_out) == (part == "test")]


def _published(folder: Path, part: Part) -> list[Example]:
    paths = sorted((folder / "images" / part).glob("*.jpg"))
    if not paths:
        raise DataError(f"{folder / 'images' / part} holds no pictures; unpack neu_seg.tar there")
    try:
        scenes = json.loads((folder / SCENES).read_text())
        return [_example(folder, part, path, str(scenes[f"{part}/{path.name}"])) for path in paths]
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{folder / SCENES} tells no scene of {error}; unpack neu_seg.tar again") from error


def _example(folder: Path, part: Part, path: Path, scene: str) -> Example:
    mask = folder / "annotations" / part / f"{path.stem}.png"
    return Example(f"{part}/{path.name}", functools.partial(_read, path, mask), scene)


def _held_out(pictures: list[Example]) -> set[str]:
    """Choose whole scenes until they have as many pictures as the published test split."""
    sizes: dict[str, int] = {}
    for picture in pictures:
        sizes[picture.scene] = sizes.get(picture.scene, 0) + 1
    order = np.random.default_rng(SEED).permutation(sorted(sizes))
    reached = np.cumsum([sizes[str(scene)] for scene in order])
    return {str(scene) for scene in order[: int(np.searchsorted(reached, TEST_PICTURES)) + 1]}


@functools.lru_cache(maxsize=5000)
def _read(picture: Path, mask: Path) -> tuple[Picture, Picture]:
    return read_pair(picture, mask, len(CLASSES))
