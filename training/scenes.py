"""Finds pictures of one scene by similarity, and deals scenes into folds so that none is on both sides of a split."""

import heapq
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from training.examples import IGNORED, Example, Picture

Field = npt.NDArray[np.float32]

SIZE = (400, 64)  # width and height that pictures are compared at
WIDE = 2  # width by height from which a picture is not turned by a quarter: whatever is like it then is upright
LOCAL = 4.0  # standard deviation of the local mean that is taken off, px of the small picture
SPREAD = 8.0  # of the local contrast that is divided out
DARK = 12  # grey level below which there is no steel
BLOCK = 512  # pictures that are compared with all others at once
ALIKE = 0.38  # correlation that means one scene; on the Severstal sample, pairs above it were one coil or one plate
MEAN = ALIKE / 2  # correlation of two scenes that are one
# of the pictures that one is alike to, the most alike are looked at: what linking takes is bounded; two that both have
# so many and are alike are of one scene
NEAREST = 100


def group(examples: Sequence[Example]) -> list[int]:
    """Return a scene number for each example, by the set's own list of scenes or, where it has none, by similarity."""
    if examples and all(example.scene for example in examples):
        numbers = {scene: number for number, scene in enumerate(dict.fromkeys(example.scene for example in examples))}
        return [numbers[example.scene] for example in examples]
    return alike(examples)


def alike(examples: Sequence[Example]) -> list[int]:
    """Return a scene number for each example: pictures of one coil, and copies flipped or turned, share one.

    Two pictures are alike where their details correlate, or their details averaged along the rolling direction, which
    stay in their columns from one picture of a coil to the next. Cuts that are shifted or overlap are not found: a
    set's own list of scenes tells of them. Only small versions are kept, 27 kB a picture, twice that if it isn't wide.
    """
    views = [np.empty((len(examples), *shape), np.float32) for shape in ((SIZE[1] // 2, SIZE[0] // 2), (1, SIZE[0]))]
    quarters = np.zeros_like(views[0])  # of the pictures turned by a quarter, 0 of wide ones
    for number, example in enumerate(examples):
        picture, mask = example.load()
        for view, field in zip(views, _shortened(_detail(picture, mask)), strict=True):
            view[number] = _unit(field)
        if picture.shape[1] < WIDE * picture.shape[0]:
            quarters[number] = _unit(_shortened(_detail(np.rot90(picture), np.rot90(mask)))[0])
    sides = [(view, view) for view in views] + ([(views[0], quarters)] if quarters.any() else [])
    rows = [row for first in range(0, len(examples), BLOCK) for row in _neighbours(sides, first)]
    return _linked(_pairs(rows), len(examples))


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


def _detail(picture: Picture, mask: Picture) -> Field:
    """Return a small picture (64 x 400) without its slow changes of light, contrast evened out, 0 where no steel is."""
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


def _unit(field: Field) -> Field:
    centred = field - field.mean()
    return np.asarray(centred / (np.linalg.norm(centred) + 1e-6), np.float32)


def _neighbours(sides: Sequence[tuple[Field, Field]], first: int) -> Iterator[dict[int, float]]:
    """Yield what pictures `first` to `first` + BLOCK are alike to, in the best pair of views and flipped any way."""
    count = len(sides[0][1])
    alike = np.zeros((min(BLOCK, count - first), count), np.float32)
    for view, other in sides:
        known = other.reshape(count, -1)
        for down, across in itertools.product((1, -1), repeat=2):
            turned = view[first : first + BLOCK, ::down, ::across].reshape(len(alike), -1)
            np.maximum(alike, turned @ known.T, out=alike)
    for number, row in enumerate(alike, first):
        row[number] = 0
        found = np.flatnonzero(row > ALIKE)
        nearest = found[np.argsort(-row[found], kind="stable")[:NEAREST]]
        yield {other: float(row[other]) for other in nearest.tolist()}


def _pairs(rows: Sequence[Mapping[int, float]]) -> dict[tuple[int, int], float]:
    """Return the pairs that are alike, from what each picture is alike to.

    Only pairs of two pictures that are alike to more than are listed may be missing, and would count as 0: there, a
    correlation without end makes one scene of those that are listed.
    """
    crowded = {number for number, row in enumerate(rows) if len(row) == NEAREST}
    return {
        (min(number, other), max(number, other)): math.inf if {number, other} <= crowded else value
        for number, row in enumerate(rows)
        for other, value in row.items()
    }


def _linked(pairs: Mapping[tuple[int, int], float], count: int) -> list[int]:
    """Merge scenes while the mean correlation of their pictures is enough; return the first picture of each's scene.

    Average linkage (Sokal and Michener 1958), pairs that aren't alike counting as 0: a third picture joins two that it
    is like one of, but a chain does not grow on and on, as it does where one alike pair is enough.
    """
    members = {number: [number] for number in range(count)}
    sums: dict[int, dict[int, float]] = {number: {} for number in members}  # of correlations, by scene and other scene
    for (one, other), value in pairs.items():
        sums[one][other] = sums[other][one] = value
    heap = [(-value, *pair) for pair, value in pairs.items()]
    heapq.heapify(heap)
    fresh = itertools.count(count)
    while heap:
        _, one, other = heapq.heappop(heap)
        if one not in members or other not in members:
            continue  # it is part of another by now
        merged = next(fresh)
        members[merged] = members.pop(one) + members.pop(other)
        sums[merged] = _summed(sums, one, other, merged)
        for third, total in sums[merged].items():
            mean = total / (len(members[merged]) * len(members[third]))
            if mean > MEAN:
                heapq.heappush(heap, (-mean, third, merged))
    first = {number: min(numbers) for numbers in members.values() for number in numbers}
    return [first[number] for number in range(count)]


def _summed(sums: dict[int, dict[int, float]], one: int, other: int, merged: int) -> dict[int, float]:
    """Take two scenes out of the sums, put the one that they become in, and return its own."""
    thirds = (sums.pop(one).keys() | sums.pop(other).keys()) - {one, other}
    found = {third: sums[third].pop(one, 0.0) + sums[third].pop(other, 0.0) for third in thirds}
    for third, total in found.items():
        sums[third][merged] = total
    return found
