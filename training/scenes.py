"""Finds pictures of one scene by similarity, and deals scenes into folds so that none is on both sides of a split."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from training.examples import IGNORED, Example

Field = npt.NDArray[np.float32]

SIZE = (400, 64)  # width and height that pictures are compared at
LOCAL = 4.0  # standard deviation of the local mean that is taken off, px of the small picture
SPREAD = 8.0  # of the local contrast that is divided out
DARK = 12  # grey level below which there is no steel
ALIKE = 0.38  # correlation that means one scene; on the Severstal sample, pairs above it were one coil or one plate


def group(examples: Sequence[Example]) -> list[int]:
    """Return a scene number for each example: pictures of one coil, and turned or flipped copies, share one.

    Two pictures are alike where their details correlate, or their details averaged along the rolling direction, which
    stay in their columns from one picture of a coil to the next.
    """
    details = np.stack([_detail(example) for example in examples])
    turned = [details[:, ::down, ::across] for down in (1, -1) for across in (1, -1)]
    alike = np.zeros((len(examples),) * 2)
    for shorten in (_halved, _profiles):
        flat = _unit(shorten(details))
        alike = np.maximum(alike, np.max([flat @ _unit(shorten(other)).T for other in turned], axis=0))
    return _connected(alike > ALIKE)


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


def _halved(details: Field) -> Field:
    sums = details[:, ::2, ::2] + details[:, 1::2, ::2] + details[:, ::2, 1::2] + details[:, 1::2, 1::2]
    return np.asarray(sums / 4, np.float32)


def _profiles(details: Field) -> Field:
    return np.asarray(details.mean(axis=1), np.float32)


def _unit(fields: Field) -> Field:
    flat = fields.reshape(len(fields), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return np.asarray(flat / (np.linalg.norm(flat, axis=1, keepdims=True) + 1e-6), np.float32)


def _connected(alike: npt.NDArray[np.bool_]) -> list[int]:
    scene = [-1] * len(alike)
    for start in range(len(alike)):
        reach = [start] if scene[start] < 0 else []
        while reach:
            index = reach.pop()
            if scene[index] < 0:
                scene[index] = start
                reach.extend(np.flatnonzero(alike[index]).tolist())
    return scene
