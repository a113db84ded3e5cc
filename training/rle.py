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
    numbers = np.array(runs.split(), dtype=np.int64)
    starts, lengths = numbers[::2] - 1, numbers[1::2]
    size = shape[0] * shape[1]
    if len(starts) != len(lengths) or (lengths < 1).any() or (starts < 0).any() or (starts + lengths > size).any():
        raise ValueError(f"runs are no 'start length' pairs within {shape[1]} x {shape[0]} pixels")
    flat = np.zeros(size, np.bool_)
    for start, length in zip(starts, lengths, strict=True):
        flat[start : start + length] = True
    return flat.reshape(shape, order="F")
