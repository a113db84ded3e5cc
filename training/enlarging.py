"""Bilinear enlargement of maps out of standard layers that can be traced while height and width are open."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from defect_api.openvino_export import LAST_ENLARGEMENT


def enlarged(x: Any, size: Sequence[int], name: str) -> Any:
    """Enlarge a map (N, H, W, C) bilinearly by whole factors, with pixel centres kept and its border repeated.

    Repeating each pixel and smoothing with a (trapezoid) filter gives exactly the linear interpolation; Keras's own
    bilinear layer cannot be traced while height and width are open.
    """
    rows, columns = (_taps(factor) for factor in size)
    kernel = np.repeat(np.outer(rows, columns)[:, :, None, None], x.shape[-1], axis=2).astype(np.float32)
    repeated = layers.UpSampling2D(tuple(size), interpolation="nearest", name=name)(x)
    margins = [(len(taps) // 2,) * 2 for taps in (rows, columns)]
    framed = keras.ops.pad(repeated, ((0, 0), *margins, (0, 0)), mode="symmetric")
    smooth = layers.DepthwiseConv2D(kernel.shape[:2], use_bias=False, trainable=False, name=f"{name}.smoothed")
    result = smooth(framed)
    smooth.set_weights([kernel])
    return result


def restored(probabilities: Any, size: Sequence[int]) -> Any:
    """Bring a network's answer up to the size of its pictures; engines that enlarge faster leave that out."""
    return enlarged(probabilities, size, LAST_ENLARGEMENT)


def _taps(factor: int) -> np.ndarray[Any, Any]:
    """Return the filter of odd length that turns repeated values into linearly interpolated ones."""
    box = np.full(factor, 1 / factor)
    return box if factor % 2 else np.convolve(box, [0.5, 0.5])
