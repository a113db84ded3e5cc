"""Wraps an imported network into what a model package promises: raw grey pixels in, consistent probabilities out."""

from dataclasses import dataclass
from typing import Any, Literal

import keras
from keras import layers

from training.enlarging import restored
from training.examples import DataError
from training.keras2_architecture import Network
from training.network import without_background

STRIDES = tuple(1 << power for power in range(10))
CHANNELS = (1, 3)
EPSILON = 1e-7


@dataclass(frozen=True)
class Surroundings:
    """What the files don't say: how grey values were scaled, how much sheets were shrunk, where the background is."""

    scale: float
    shrink: int
    background: Literal["first", "last"]


def classes(network: Network) -> int:
    """Count the defect classes of a network. Raises DataError where its output is no probability."""
    channels = int(network.model.output.shape[-1])
    if network.activation not in ("sigmoid", "softmax"):
        raise DataError(f"ends in '{network.activation}'; append a sigmoid or softmax, or it gives no probabilities")
    if network.activation == "softmax" and channels < 2:
        raise DataError("ends in a softmax over one channel, which is always 1; use a sigmoid")
    return channels - 1 if network.activation == "softmax" else channels


def wrap(network: Network, surroundings: Surroundings) -> keras.Model:
    """Make the network that is served: uint8 (N, H, W, 1) in; float32 (N, H, W, 1 + classes) out, or one channel.

    One sigmoid is P(any defect) as it is. A softmax loses its background, and P(any) is the sum of the others. For
    several sigmoids P(any) is 1 - (1 - p1)(1 - p2)..., as if they were independent ("noisy or", Pearl 1988), shared
    among the classes in proportion to their own probabilities, so that these sum to it.
    Raises DataError where the network takes something else than grey or colour pictures.
    """
    channels, factors = network.model.input.shape[-1], (surroundings.shrink,) * 2
    if channels not in CHANNELS:
        raise DataError(f"takes {channels} channels; only grey (1) and colour (3) can be made from a sheet")
    pixels = keras.Input((None, None, 1), dtype="uint8", name="pixels")
    x = layers.Rescaling(surroundings.scale, name="scaled")(pixels)
    if surroundings.shrink > 1:
        x = layers.AveragePooling2D(factors, name="shrunk")(x)
    if channels > 1:
        x = layers.Concatenate(name="grey_as_colour")([x] * channels)
    x = network.model(x)
    if network.activation == "softmax":
        x = without_background(x, 0 if surroundings.background == "first" else x.shape[-1] - 1)
    elif x.shape[-1] > 1:
        x = _noisy_or(x)
    return keras.Model(pixels, restored(x, factors) if surroundings.shrink > 1 else x, name="imported")


def stride(model: keras.Model) -> int:
    """Find what height and width must be multiples of, so that the output is of the input's size.

    Raises DataError where no power of two does.
    """
    for candidate in STRIDES:
        # odd multiples, so that none passes by being a multiple of twice the candidate
        size = (3 * candidate, 5 * candidate)
        if _output_size(model, size) == size:
            return candidate
    raise DataError("gives maps of another size than its pictures; only segmentation at full size can be served")


def _output_size(model: keras.Model, size: tuple[int, int]) -> tuple[int, ...] | None:
    try:
        return tuple(model.compute_output_shape((1, *size, 1))[1:3])
    except ValueError:  # maps of two sizes meet, or one vanishes
        return None


def _noisy_or(x: Any) -> Any:
    either = 1.0 - keras.ops.prod(1.0 - x, axis=-1, keepdims=True)
    shares = x / keras.ops.maximum(keras.ops.sum(x, axis=-1, keepdims=True), EPSILON)
    return layers.Concatenate(name="probabilities")([either, shares * either])
