"""Which pixels are of one defect: a mask is labelled, its fragments joined, and what is small dropped.

All is counted on runs, the stretches of a mask's pixels along a row: there are far fewer of them than of pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from defect_api.card import PixelThreshold
from defect_api.thresholds import Map, cut, least_peak

Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]
Numbers = NDArray[np.int64]
Points = NDArray[np.int32]


@dataclass(frozen=True)
class Runs:
    """Runs of pixels by owner, and in reading order within one; those of owner i begin at `offsets[i]`.

    A run is its row, its first column and the column behind it, px.
    """

    rows: Numbers
    starts: Numbers
    ends: Numbers
    offsets: Numbers

    def corners(self, owner: int) -> Points:
        """Return the corners of an owner's runs (N x 2: x, y); their hull is that of its pixels, which are squares."""
        return self._corners[self.offsets[owner] : self.offsets[owner + 1]].reshape(-1, 2)

    @cached_property
    def _corners(self) -> Points:
        corners = np.empty((len(self.rows), 4, 2), np.int32)
        corners[:, :2, 0], corners[:, 2:, 0] = self.starts[:, None], self.ends[:, None]
        corners[:, ::2, 1], corners[:, 1::2, 1] = self.rows[:, None], self.rows[:, None] + 1
        return corners

    def pixels(self, width: int) -> Numbers:
        """Return the place of each pixel in a flattened picture of that width, one owner's after the other's."""
        lengths = self.ends - self.starts
        first = self.rows * width + self.starts - (np.cumsum(lengths) - lengths)
        return np.repeat(first, lengths) + np.arange(lengths.sum())

    @cached_property
    def areas(self) -> Numbers:
        """Return how many pixels each owner has."""
        pixels = np.concatenate([[0], np.cumsum(self.ends - self.starts)])
        return np.diff(pixels[self.offsets])

    @property
    def boxes(self) -> Numbers:
        """Return the box of each owner, N x 4: x, y, width, height; each must have a run."""
        begin, last = self.offsets[:-1], self.offsets[1:] - 1
        left, right = np.minimum.reduceat(self.starts, begin), np.maximum.reduceat(self.ends, begin)
        top = self.rows[begin]
        return np.column_stack([left, top, right - left, self.rows[last] + 1 - top])


@dataclass(frozen=True)
class Labelled:
    """The defects of a mask: largest first, of equal ones the one whose first pixel is read first.

    `groups` says which pixels of `mask` (bool, H x W) are linked, `numbers` which defect from 1 a group is, 0 for none.
    """

    mask: Mask
    groups: Labels
    numbers: Labels
    runs: Runs

    @cached_property
    def labels(self) -> Labels:
        """Return the number of each pixel's defect from 1, int32, H x W, 0 for none."""
        labels = np.zeros(self.mask.shape, np.int32)
        labels.ravel()[self.pixels] = np.repeat(np.arange(1, self.count + 1, dtype=np.int32), self.runs.areas)
        return labels

    @cached_property
    def covered(self) -> Mask:
        """Return the pixels of all defects, bool, H x W."""
        covered = np.zeros(self.mask.shape, bool)
        covered.ravel()[self.pixels] = True
        return covered

    def within(self, number: int, box: Sequence[int]) -> Mask:
        """Return the pixels of a defect within its box (x, y, width, height), bool."""
        x, y, width, height = box
        rows, columns = slice(y, y + height), slice(x, x + width)
        first = self.runs.offsets[number - 1]
        group = self.groups[self.runs.rows[first], self.runs.starts[first]]
        return np.asarray((self.groups[rows, columns] == group) & self.mask[rows, columns], bool)

    @cached_property
    def pixels(self) -> Numbers:
        """Return the place of each defect's pixels in the flattened mask, the largest defect's first."""
        return self.runs.pixels(self.mask.shape[1])

    def numbers_at(self, rows: Numbers, columns: Numbers) -> Labels:
        """Return the defects' numbers (int32, N; 0 for none) of the pixels at `rows` and `columns` (int64, N, px)."""
        return np.asarray(self.numbers[self.groups[rows, columns]], np.int32)

    @property
    def count(self) -> int:
        """Return how many defects there are."""
        return len(self.runs.offsets) - 1


def label(q: Map, rule: PixelThreshold, threshold: float) -> Labelled:
    """Label the defects of an 8-bit probability map (uint8, H x W) at a threshold.

    Two pixels of the mask, q >= ceil(255 x threshold), are of one defect if a chain of its pixels links them, each at
    most `rule.join_px` + 1 px from the next along x and along y. Defects of fewer than `rule.min_region_px` pixels are
    dropped, and those none of whose pixels reaches `least_peak`.
    """
    mask = q >= cut(threshold)
    groups = _groups(mask, rule.join_px)
    stretches = _stretches(mask)
    owners = groups[stretches[0], stretches[1]]
    areas = _areas(owners, stretches)
    first = np.zeros(len(areas), np.int64)
    first[owners[::-1]] = np.arange(len(owners))[::-1]  # of several, the last one written stays
    kept = np.flatnonzero(_counts(q, groups, areas, rule, threshold))
    kept = kept[np.lexsort((first[kept], -areas[kept]))]
    numbers = np.zeros(len(areas), np.int32)
    numbers[kept] = np.arange(1, len(kept) + 1)
    return Labelled(mask, groups, numbers, _owned(stretches, numbers[owners], len(kept)))


def runs_within(mask: Mask, defects: Labelled) -> Runs:
    """Return the runs of each defect's pixels that are of `mask` too; its pixels must be of the labelled mask."""
    stretches = _stretches(mask)
    return _owned(stretches, defects.numbers_at(stretches[0], stretches[1]), defects.count)


def areas_of(q: Map, rule: PixelThreshold, threshold: float) -> Numbers:
    """Return the areas of the defects that `label` would find, px, in no order."""
    mask = q >= cut(threshold)
    stretches = _stretches(mask)
    groups = _groups(mask, rule.join_px)
    areas = _areas(groups[stretches[0], stretches[1]], stretches)
    return areas[_counts(q, groups, areas, rule, threshold)]


def _counts(q: Map, groups: Labels, areas: Numbers, rule: PixelThreshold, threshold: float) -> Mask:
    """Tell of each group whether it is a defect: large enough, and one of its pixels reaches the least peak."""
    large = areas >= rule.min_region_px
    peak = cut(least_peak(threshold, rule))
    if peak <= cut(threshold):
        return large
    # pixels of a run are of one group, so that its first one tells
    rows, starts, _ = _stretches(np.asarray(q >= peak))
    reached = np.zeros(len(areas), bool)
    reached[groups[rows, starts]] = True
    return large & reached


def _groups(mask: Mask, join_px: int) -> Labels:
    """Return a picture, int32, H x W, whose values on the mask are equal where a chain links its pixels.

    Of linked pixels, and of no others, the squares touch that each spans to the right and down, `join_px` + 1 px wide;
    those that the picture's edge cuts off touch as well.
    """
    spanned = mask.view(np.uint8)
    if join_px:
        square = np.ones((join_px + 1, join_px + 1), np.uint8)
        spanned = np.asarray(cv2.dilate(spanned, square, anchor=(join_px, join_px)), np.uint8)
    _, groups = cv2.connectedComponents(spanned, connectivity=8, ltype=cv2.CV_32S)
    return np.asarray(groups, np.int32)


def _stretches(mask: Mask) -> tuple[Numbers, Numbers, Numbers]:
    """Return row, first column and the column behind of all runs of a mask, in reading order."""
    # a frame at the left and below ends each run within its row
    flat = cv2.copyMakeBorder(mask.view(np.uint8), 0, 1, 1, 0, cv2.BORDER_CONSTANT, value=(0,)).ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    rows, starts = np.divmod(changes[::2], mask.shape[1] + 1)
    return rows, starts, starts + changes[1::2] - changes[::2]


def _areas(owners: Labels, stretches: tuple[Numbers, Numbers, Numbers]) -> Numbers:
    _, starts, ends = stretches
    return np.asarray(np.bincount(owners, weights=ends - starts, minlength=1), np.int64)


def _owned(stretches: tuple[Numbers, Numbers, Numbers], numbers: Labels, count: int) -> Runs:
    """Return the runs by their owners' numbers from 1, without those of none."""
    owned = np.flatnonzero(numbers)
    order = owned[np.argsort(numbers[owned], kind="stable")]
    offsets = np.searchsorted(numbers[order], np.arange(1, count + 2))
    rows, starts, ends = (column[order] for column in stretches)
    return Runs(rows, starts, ends, np.asarray(offsets, np.int64))
