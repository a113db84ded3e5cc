"""How far two masks overlap, and Dice (1945) over any number of such pairs."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from defect_api.labelling import Mask


class Overlap(NamedTuple):
    """Pixels that are both found and true, those that are found, and those that are true."""

    both: int
    found: int
    true: int

    @property
    def dice(self) -> float:
        """Return Dice; 1 where nothing is found and nothing is there."""
        either = self.found + self.true
        return 2 * self.both / either if either else 1.0


def overlap(found: Mask, true: Mask) -> Overlap:
    """Count the pixels of two masks (bool, H x W)."""
    return Overlap(*(int(np.count_nonzero(mask)) for mask in (found & true, found, true)))


def pooled(overlaps: Iterable[Overlap]) -> Overlap:
    """Add overlaps up; of none it is that of two empty masks."""
    return Overlap(*map(sum, zip(Overlap(0, 0, 0), *overlaps, strict=True)))
