"""NEU-Seg: hot-rolled strip, 200 x 200 pixels, three classes (inclusion, patch, scratch); academic use, cite it.

Most of the published test pictures have a near-copy in training: only those that `unseen` keeps say how good a network
is on new strip.
"""

import functools
import json
from pathlib import Path
from typing import Literal

from training.examples import DataError, Example, Picture, read_pair

SCENES = "scene_groups.json"
CLASSES = ("inclusion", "patch", "scratch")

Part = Literal["training", "test"]


def load(folder: Path, part: Part) -> list[Example]:
    """List the pictures of one part of the unpacked archive, as it was published, with their scenes.

    Raises DataError where a part has no pictures or the list of scenes lacks one.
    """
    paths = sorted((folder / "images" / part).glob("*.jpg"))
    if not paths:
        raise DataError(f"{folder / 'images' / part} holds no pictures; unpack neu_seg.tar there")
    try:
        scenes = json.loads((folder / SCENES).read_text())
        return [_example(folder, part, path, str(scenes[f"{part}/{path.name}"])) for path in paths]
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{folder / SCENES} tells no scene of {error}; unpack neu_seg.tar again") from error


def unseen(folder: Path) -> list[Example]:
    """List the test pictures of scenes that no training picture shows. Raises DataError as `load` does."""
    shown = {picture.scene for picture in load(folder, "training")}
    return [picture for picture in load(folder, "test") if picture.scene not in shown]


def _example(folder: Path, part: Part, path: Path, scene: str) -> Example:
    mask = folder / "annotations" / part / f"{path.stem}.png"
    return Example(f"{part}/{path.name}", functools.partial(_read, path, mask), scene)


@functools.lru_cache(maxsize=5000)
def _read(picture: Path, mask: Path) -> tuple[Picture, Picture]:
    return read_pair(picture, mask, len(CLASSES))
