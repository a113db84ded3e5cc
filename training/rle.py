"""Run-length masks in the competition's order: down the columns first, starts counted from 1."""

import numpy as np
import numpy.typing as npt

from defect_api.exports.runs import kaggle as encode

__all__ = ["decode", "encode"]

Mask = npt.NDArray[np.bool_]


def decode(runs: str, shape: tuple[int, int]) -> Mask:
    """Return the boolean mask (H, W) that the runs describe.

    Raises ValueError where they are no pairs of whole numbers or leave the picture.
    """
    # Python's numbers, as large ones would overflow before they could be refused
    numbers = [int(number) for number in runs.split()]
    starts, lengths = numbers[::2], numbers[1::2]
    size = shape[0] * shape[1]
    inside = all(start > 0 and 0 < length <= size - start + 1 for start, length in zip(starts, lengths, strict=False))
    if len(starts) != len(lengths) or not inside:
        raise ValueError(f"runs are no 'start length' pairs within {shape[1]} x {shape[0]} pixels")
    flat = np.zeros(size, np.bool_)
    for start, length in zip(starts, lengths, strict=True):
        flat[start - 1 : start - 1 + length] = True
    return flat.reshape(shape, order="F")
