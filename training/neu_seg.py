"""NEU-Seg: hot-rolled strip, 200 x 200 pixels, three classes (inclusion, patch, scratch); academic use, cite it."""

import functools
import json
from pathlib import Path

from training.examples import DataError, Example, Picture, read_pair

CLASSES = ("inclusion", "patch", "scratch")


def load(folder: Path, split: str) -> list[Example]:
    """List the pictures of the published `training` or `test` split in the unpacked archive, with their scenes."""
    scenes = json.loads((folder / "scene_groups.json").read_text())
    paths = sorted((folder / "images" / split).glob("*.jpg"))
    if not paths:
        raise DataError(f"{folder / 'images' / split} holds no pictures; unpack neu_seg.tar there")
    return [
        Example(
            f"{split}/{path.name}",
            functools.partial(_read, path, folder / "annotations" / split / f"{path.stem}.png"),
            scene=str(scenes[f"{split}/{path.name}"]),
        )
        for path in paths
    ]


@functools.lru_cache(maxsize=5000)
def _read(picture: Path, mask: Path) -> tuple[Picture, Picture]:
    return read_pair(picture, mask, len(CLASSES))
