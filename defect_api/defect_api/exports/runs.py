"""Masks as run lengths, in the three notations of the exports."""

import numpy as np
from numpy.typing import NDArray

from defect_api.labelling import Mask

Counts = NDArray[np.int64]


def counts(flat: Mask) -> Counts:
    """Return the lengths of the runs of a flat mask (bool, N), off and on in turn, beginning with off."""
    changes = np.flatnonzero(np.diff(flat, prepend=False))
    return np.diff(np.concatenate([[0], changes, [flat.size]]))


def kaggle(mask: Mask) -> str:
    """Return 'start length start length ...' of a mask (bool, H x W), down the columns first, counted from 1.

    As the competition defines it: https://www.kaggle.com/c/severstal-steel-defect-detection/overview/evaluation
    """
    lengths = counts(mask.ravel(order="F"))
    starts = np.cumsum(lengths)[:-1:2] + 1
    return " ".join(f"{start} {length}" for start, length in zip(starts, lengths[1::2], strict=True))


def coco(mask: Mask, corner: tuple[int, int] = (0, 0), size: tuple[int, int] | None = None) -> str:
    """Return COCO's compressed counts of a mask (bool, H x W), down the columns first.

    With a `size` (height, width) those of a picture that is off but for the mask, whose upper left pixel is at `corner`
    (x, y).
    The fourth and later counts are differences to the last but one; each number is written in groups of five bits,
    low ones first, as the characters from '0' on, with a sixth bit where more follow (`rleToString` of the COCO API).
    """
    (x, y), (height, width) = corner, size or mask.shape
    columns, rows = np.nonzero(np.diff(mask.T, prepend=False, append=False))
    turns = (columns + x) * height + rows + y
    # no turn is where a run goes on in the next column, nor at the end of the picture
    turns = turns[(np.diff(turns, prepend=-1) > 0) & (np.diff(turns, append=height * width) > 0)]
    lengths = np.diff(turns, prepend=0, append=height * width).tolist()
    relative = lengths[:3] + [length - before for length, before in zip(lengths[3:], lengths[1:], strict=False)]
    return "".join(_groups(number) for number in relative)


def cvat(mask: Mask) -> str:
    """Return CVAT's counts of a mask (bool, H x W), along the rows first: https://docs.cvat.ai/docs/other/xml_format."""
    return ", ".join(str(length) for length in counts(mask.ravel()))


def _groups(number: int) -> str:
    text = ""
    while True:
        group = number & 0x1F
        number >>= 5
        # the highest bit of the last group is the sign
        if number == (-1 if group & 0x10 else 0):
            return text + chr(group + 48)
        text += chr((group | 0x20) + 48)
