"""Draws training crops, each a pure function of the seed and its number, so that a cut run resumes exactly."""

import queue
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from training import augment, busy, paste
from training.examples import IGNORED, Example, Picture

Rng = np.random.Generator
Batch = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]
AHEAD = 6  # batches prepared in advance by the background thread


@dataclass(frozen=True)
class Mix:
    """Shares of crops by what is at their centre; the rest is cut at a random place of any picture.

    Of the crops of clean pictures, `cluttered` is the share that gets paint, stains or a plate's pattern drawn on; of
    the crops without a defect, `pasted` is the share that gets one from another picture. Of the crops about a defect,
    `by_area` is the share whose class is drawn by how large its defects are, not by how many pictures have some.
    """

    defect: augment.Share = 0.45
    clean_picture: augment.Share = 0.25
    pasted: augment.Share = 0.0
    cluttered: augment.Share = 0.0
    by_area: augment.Share = 0.0

    def __post_init__(self) -> None:
        if self.defect + self.clean_picture > 1:
            raise ValueError(f"defect {self.defect} and clean_picture {self.clean_picture}, which are more than 1")


@dataclass
class Sampler:
    """Crops from labelled pictures, cut `size` px large (height, width) and then reduced `reduction` times."""

    examples: Sequence[Example]
    size: tuple[int, int]
    mix: Mix = field(default_factory=Mix)
    changes: augment.Changes = field(default_factory=augment.Changes)
    seed: int = 0
    reduction: int = 1

    def __post_init__(self) -> None:
        self._by_class: dict[int, list[Example]] = {}
        self._clean: list[Example] = []
        areas: Counter[int] = Counter()
        for example in self.examples:
            found = example.defects()
            areas.update(found)
            for k in found:
                self._by_class.setdefault(k, []).append(example)
            if not found:
                self._clean.append(example)
        self._classes = sorted(self._by_class)
        by_pictures = _root_shares([len(self._by_class[k]) for k in self._classes])
        by_area = _root_shares([areas[k] for k in self._classes])
        self._class_shares = by_pictures + self.mix.by_area * (by_area - by_pictures)

    def crop(self, number: int) -> tuple[Picture, Picture]:
        """Return crop `number` of the endless list: picture and mask, uint8 of `size` / `reduction`."""
        rng = np.random.default_rng((self.seed, number))
        pixels, ids = self._cut(rng)
        if rng.random() < self.mix.pasted and not np.isin(ids, (0, IGNORED), invert=True).any():
            donor = self._about_defect(rng)
            pixels, ids = paste.paste(rng, *donor, pixels, ids)
        pixels, ids = self._reduced(pixels, ids)
        return augment.relight(rng, pixels, self.changes), ids

    def batch(self, number: int, count: int) -> Batch:
        """Return batch `number`: pictures uint8 (N, H, W, 1) and labels int32 (N, H, W)."""
        crops = [self.crop(number * count + index) for index in range(count)]
        pictures = np.stack([pixels for pixels, _ in crops])[..., None]
        return pictures, np.stack([ids for _, ids in crops]).astype(np.int32)

    def batches(self, first: int, last: int, count: int) -> Iterator[Batch]:
        """Yield batches `first` to `last` - 1 in order, made ahead by a background thread."""
        ready: queue.Queue[Batch | Exception] = queue.Queue(AHEAD)
        threading.Thread(target=self._fill, args=(ready, first, last, count), daemon=True).start()
        for _ in range(first, last):
            item = ready.get()
            if isinstance(item, Exception):
                raise item
            yield item

    def _fill(self, ready: "queue.Queue[Batch | Exception]", first: int, last: int, count: int) -> None:
        try:
            for number in range(first, last):
                ready.put(self.batch(number, count))
        except Exception as error:  # noqa: BLE001  # handed to the training thread, which raises it
            ready.put(error)

    def _cut(self, rng: Rng) -> tuple[Picture, Picture]:
        draw = rng.random()
        if draw < self.mix.defect and self._classes:
            return self._about_defect(rng)
        if draw < self.mix.defect + self.mix.clean_picture and self._clean:
            pixels, ids = self._anywhere(rng, self._clean)
            return (_cluttered(rng, pixels) if rng.random() < self.mix.cluttered else pixels), ids
        return self._anywhere(rng, self.examples)

    def _anywhere(self, rng: Rng, examples: Sequence[Example]) -> tuple[Picture, Picture]:
        picture, mask = examples[int(rng.integers(len(examples)))].load()
        centre = tuple(rng.uniform(0, side) for side in picture.shape)
        return augment.crop(rng, picture, mask, self._inside(centre, picture.shape), self.size, self.changes)

    def _about_defect(self, rng: Rng) -> tuple[Picture, Picture]:
        k = int(rng.choice(self._classes, p=self._class_shares))
        picture, mask = self._by_class[k][rng.integers(len(self._by_class[k]))].load()
        pixels = np.flatnonzero(mask == k)
        row, column = np.unravel_index(pixels[rng.integers(len(pixels))], mask.shape)
        shift = rng.uniform(-0.35, 0.35, 2) * self.size
        centre = (float(row) + shift[0], float(column) + shift[1])
        return augment.crop(rng, picture, mask, self._inside(centre, picture.shape), self.size, self.changes)

    def _inside(self, centre: tuple[float, ...], shape: tuple[int, ...]) -> tuple[float, float]:
        """Move the centre so that the crop reaches outside the picture only where it is larger than the picture."""
        halves = [min(side, length) / 2 for side, length in zip(self.size, shape, strict=True)]
        row, column = (min(max(c, h), s - h) for c, h, s in zip(centre, halves, shape, strict=True))
        return row, column

    def _reduced(self, pixels: Picture, ids: Picture) -> tuple[Picture, Picture]:
        if self.reduction == 1:
            return pixels, ids
        shape = (self.size[1] // self.reduction, self.size[0] // self.reduction)
        smaller = cv2.resize(pixels, shape, interpolation=cv2.INTER_AREA)
        return np.asarray(smaller, np.uint8), np.asarray(
            cv2.resize(ids, shape, interpolation=cv2.INTER_NEAREST), np.uint8
        )


def _root_shares(counts: Sequence[int]) -> npt.NDArray[np.float64]:
    """Share between one for each count and one for each class: rare classes are seen, and not called everywhere."""
    roots = np.sqrt(counts)
    return np.asarray(roots / roots.sum(), np.float64)


def _cluttered(rng: Rng, pixels: Picture) -> Picture:
    """Draw what is sound although it looks busy; a strip's end is left out, real pictures show enough of them."""
    canvas = pixels.astype(np.float32)
    kind = busy.KINDS[int(rng.integers(len(busy.KINDS) - 1))]
    busy.draw(rng, canvas, kind)
    return np.clip(np.rint(canvas), 0, 255).astype(np.uint8)
