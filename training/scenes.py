"""Finds pictures of one scene by similarity, and deals scenes into folds so that none is on both sides of a split."""

import itertools
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from training.examples import IGNORED, Example

Field = npt.NDArray[np.float32]

SIZE = (400, 64)  # width and height that pictures are compared at
LOCAL = 4.0  # standard deviation of the local mean that is taken off, px of the small picture
SPREAD = 8.0  # of the local contrast that is divided out
DARK = 12  # grey level below which there is no steel
BLOCK = 512  # pictures that are compared with all others at once
ALIKE = 0.38  # correlation that means one scene; on the Severstal sample, pairs above it were one coil or one plate


def group(examples: Sequence[Example]) -> list[int]:
    """Return a scene number for each example, by the set's own list of scenes or, where it has none, by similarity."""
    if examples and all(example.scene for example in examples):
        numbers = {scene: number for number, scene in enumerate(dict.fromkeys(example.scene for example in examples))}
        return [numbers[example.scene] for example in examples]
    return alike(examples)


def alike(examples: Sequence[Example]) -> list[int]:
    """Return a scene number for each example: pictures of one coil, and turned or flipped copies, share one.

    Two pictures are alike where their details correlate, or their details averaged along the rolling direction, which
    stay in their columns from one picture of a coil to the next. Only small versions are kept, 27 kB a picture.
    """
    small = [_shortened(_detail(example)) for example in examples]
    views = [np.stack(view) for view in zip(*small, strict=True)]
    return _connected([near for first in range(0, len(examples), BLOCK) for near in _neighbours(views, first)])


def folds(scenes: Sequence[int], kinds: Sequence[str], count: int, seed: int) -> list[int]:
    """Return a fold (0 to count - 1) for each example: scenes whole, kinds (e.g. its classes) spread evenly."""
    rng = np.random.default_rng(seed)
    members: dict[int, list[int]] = {}
    for index, scene in enumerate(scenes):
        members.setdefault(scene, []).append(index)
    order = sorted(rng.permutation(list(members)), key=lambda scene: -len(members[scene]))
    load = [dict.fromkeys(kinds, 0) for _ in range(count)]
    dealt = [0] * len(scenes)
    for scene in order:
        ids = members[scene]
        fold = min(range(count), key=lambda f: (sum(load[f][kinds[i]] for i in ids), sum(load[f].values()), f))
        for index in ids:
            dealt[index] = fold
            load[fold][kinds[index]] += 1
    return dealt


def _detail(example: Example) -> Field:
    """Return a small picture (64 x 400) without its slow changes of light, contrast evened out, 0 where no steel is."""
    picture, mask = example.load()
    small = cv2.resize(picture, SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
    detail = small - cv2.GaussianBlur(small, (0, 0), LOCAL)
    detail /= np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), SPREAD)) + 1.5
    ignored = cv2.resize((mask == IGNORED).astype(np.uint8), SIZE, interpolation=cv2.INTER_NEAREST)
    unknown = cv2.dilate(ignored, np.ones((13, 13), np.uint8)) > 0
    return np.asarray(np.where(unknown | (small < DARK), 0, detail), np.float32)


def _shortened(detail: Field) -> tuple[Field, Field]:
    """Return the detail (64 x 400) at half its size, and its mean along the rolling direction (1 x 400)."""
    half = cv2.resize(detail, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return np.asarray(half, np.float32), detail.mean(axis=0, keepdims=True)


def _unit(fields: Field) -> Field:
    flat = fields.reshape(len(fields), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return np.asarray(flat / (np.linalg.norm(flat, axis=1, keepdims=True) + 1e-6), np.float32)


def _neighbours(views: Sequence[Field], first: int) -> Iterator[npt.NDArray[np.int64]]:
    """Yield for pictures `first` to `first` + BLOCK which others each is alike to, in any view and turned any way."""
    near = np.zeros((min(BLOCK, len(views[0]) - first), len(views[0])), np.bool_)
    for view in views:
        known = _unit(view)
        for down, across in itertools.product((1, -1), repeat=2):
            near |= _unit(view[first : first + BLOCK, ::down, ::across]) @ known.T > ALIKE
    yield from map(np.flatnonzero, near)


def _connected(near: Sequence[npt.NDArray[np.int64]]) -> list[int]:
    scene = [-1] * len(near)
    for start in range(len(near)):
        reach = [start] if scene[start] < 0 else []
        while reach:
            index = reach.pop()
            if scene[index] < 0:
                scene[index] = start
                reach.extend(near[index].tolist())
    return scene
