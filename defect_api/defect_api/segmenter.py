"""What turns a sheet into probability and class maps: one class per engine behind one protocol."""

import os
import threading
from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from pathlib import Path
from typing import NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from defect_api.thresholds import quantise


class Segmented(NamedTuple):
    """A sheet's probability and class map, and the model's score of how unlike its training data the sheet is."""

    probability: NDArray[np.float32]
    classes: NDArray[np.uint8]
    novelty: float | None


# larger pictures are cut into tiles of at most this size, so that memory stays bounded; a 1600x256 sheet is one tile
TILE_HEIGHT, TILE_WIDTH = 512, 2048
OVERLAP = 128
Span = tuple[slice, slice]  # a part of a side, and of that what no neighbour is nearer to


class Segmenter(Protocol):
    """An engine with a model in it."""

    engine: str
    precision: str

    def forward(self, batch: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Run the network on raw grey pixels, N x H x W x 1. Safe from several threads; waits for its turn.

        Returns probabilities, N x H x W x (1 + K) or a whole number of times coarser, and how unlike the training data
        each picture is, N x 1; None where the model does not tell.
        """
        ...


class KerasSegmenter:
    """The reference engine: the package's own `model.keras` on TensorFlow."""

    engine = "keras"
    precision = "f32"

    def __init__(self, weights: Path) -> None:
        """Load `weights`.

        TensorFlow is imported here, after the server's fork: its thread pools do not survive one. How many threads
        they have is set by `TF_NUM_INTRAOP_THREADS` before the process uses TensorFlow; `gunicorn.conf.py` does.
        """
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        import keras
        import tensorflow as tf

        model = keras.saving.load_model(weights, compile=False, safe_mode=True)
        signature = tf.TensorSpec((None, None, None, 1), tf.uint8)
        # one batch at a time keeps all threads busy, and memory bounded
        self._turn = threading.Lock()
        self._run = tf.function(lambda batch: model(batch, training=False), input_signature=[signature])

    def forward(self, batch: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Run the network; see `Segmenter.forward`."""
        with self._turn:
            output = self._run(batch)
        probabilities, *novelty = output if isinstance(output, list | tuple) else [output]
        return np.asarray(probabilities, np.float32), np.asarray(novelty[0], np.float32) if novelty else None


def segment(segmenter: Segmenter, grey: NDArray[np.uint8], stride: int) -> Segmented:
    """Segment one sheet at its own size.

    `grey` is uint8, H x W, in [0, 255]. Returns the probability map, float32, H x W, in [0, 1], that a pixel belongs
    to any defect, the class map, uint8, H x W: the index from 0 of the likeliest defect class, and the novelty of the
    strangest tile.
    """
    height, width = grey.shape
    if height <= TILE_HEIGHT and width <= TILE_WIDTH:
        return _forward_padded(segmenter, grey, stride)
    probability = np.zeros((height, width), np.float32)
    weight = np.zeros((height, width), np.float32)
    classes = np.zeros((height, width), np.uint8)
    novelties = []
    for (rows, inner_rows), (columns, inner_columns) in _tiling(grey.shape, stride):
        any_defect, likeliest, novelty = _forward_padded(segmenter, grey[rows, columns], stride)
        ramp = np.outer(_ramp(rows, height), _ramp(columns, width))
        probability[rows, columns] += any_defect * ramp
        weight[rows, columns] += ramp
        own = (_within(inner_rows, rows), _within(inner_columns, columns))
        classes[inner_rows, inner_columns] = likeliest[own]
        novelties += [] if novelty is None else [novelty]
    return Segmented(np.clip(probability / weight, 0, 1), classes, max(novelties, default=None))


def tiles(grey: NDArray[np.uint8], stride: int) -> list[NDArray[np.uint8]]:
    """Return the parts of a sheet (uint8, H x W) that `segment` shows the network, one after the other."""
    return [grey[rows, columns] for (rows, _), (columns, _) in _tiling(grey.shape, stride)]


def padded(picture: NDArray[np.uint8], stride: int) -> NDArray[np.uint8]:
    """Return a picture (uint8, H x W) as a batch of one that a network takes, reflected at its right and lower edge."""
    height, width = picture.shape
    framed = cv2.copyMakeBorder(picture, 0, -height % stride, 0, -width % stride, cv2.BORDER_REFLECT_101)
    return np.asarray(framed, np.uint8)[None, :, :, None]


def enlarged(coarse: cv2.typing.MatLike, batch: NDArray[np.uint8], shape: tuple[int, ...]) -> cv2.typing.MatLike:
    """Return the map (h x w) of a picture that was padded to `batch` (1 x H x W x 1), at the picture's own `shape`.

    A coarser map is enlarged bilinearly, with pixel centres kept and its border repeated.
    """
    height, width = batch.shape[1:3]
    if coarse.shape != (height, width):
        coarse = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return coarse[: shape[0], : shape[1]]


def _forward_padded(segmenter: Segmenter, tile: NDArray[np.uint8], stride: int) -> Segmented:
    batch = padded(tile, stride)
    probabilities, novelty = segmenter.forward(batch)
    any_defect, *by_class = cv2.split(np.clip(probabilities[0], 0, 1))
    # classes are told apart by 8 bits, as stored maps are: many times faster than by floats
    classes = _likeliest([enlarged(quantise(each), batch, tile.shape) for each in by_class or [any_defect]])
    probability = np.asarray(enlarged(any_defect, batch, tile.shape), np.float32)
    return Segmented(probability, classes, None if novelty is None else float(novelty[0, 0]))


def _likeliest(by_class: Sequence[cv2.typing.MatLike]) -> NDArray[np.uint8]:
    """Return the index of the largest map at each pixel, the first of equal ones, as argmax over a last axis does."""
    best, *others = by_class
    likeliest: cv2.typing.MatLike = np.zeros(best.shape, np.uint8)
    for index, candidate in enumerate(others, 1):
        # later ones that are better have higher indices
        likeliest = cv2.max(likeliest, cv2.min(cv2.compare(candidate, best, cv2.CMP_GT), index))  # type: ignore[call-overload]
        best = cv2.max(best, candidate)
    return np.asarray(likeliest, np.uint8)


def _tiling(shape: tuple[int, ...], stride: int) -> Iterator[tuple[Span, Span]]:
    """Cut a picture of this shape (H, W) into tiles: the rows and the columns of each, as `_spans` gives them."""
    height, width = shape
    return product(_spans(height, TILE_HEIGHT, stride), _spans(width, TILE_WIDTH, stride))


def _spans(length: int, most: int, stride: int) -> Iterator[Span]:
    """Cut `length` into overlapping spans of at most `most`; with each, the part that no neighbour is nearer to.

    All are of one size, a multiple of `stride`: the least that so many spans can have, so that they overlap little more
    than they must.
    """
    if length <= most:
        yield slice(0, length), slice(0, length)
        return
    count = -(-(length - OVERLAP) // (most - OVERLAP))
    least = -(-(length + (count - 1) * OVERLAP) // count)
    tile = min(-(-least // stride) * stride, most)
    starts = np.linspace(0, length - tile, count).round().astype(int).tolist()
    borders = [0, *((left + tile + right) // 2 for left, right in pairwise(starts)), length]
    for start, inner in zip(starts, pairwise(borders), strict=True):
        yield slice(start, start + tile), slice(*inner)


def _within(inner: slice, outer: slice) -> slice:
    return slice(inner.start - outer.start, inner.stop - outer.start)


def _ramp(span: slice, length: int) -> NDArray[np.float32]:
    """Return weights in (0, 1] that fall towards a neighbouring tile, so that seams do not show."""
    size = span.stop - span.start
    rise = (np.arange(size, dtype=np.float32) + 1) / OVERLAP
    left = rise if span.start > 0 else np.ones(size, np.float32)
    right = rise[::-1] if span.stop < length else np.ones(size, np.float32)
    return np.minimum(1, np.minimum(left, right))
