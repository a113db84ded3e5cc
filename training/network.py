"""The U-Net: an encoder of choice and a slim decoder of separable convolutions, from raw pixels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, takewhile
from typing import Annotated, Any

import keras
import numpy as np
from keras import layers
from pydantic import Field, PositiveInt

from training import encoder, resnet34
from training.enlarging import enlarged, restored

STRIDE = 32
SCALE_MEAN, SCALE_STD = 127.0, 128.0  # of EfficientNet-Lite's own training
SCALED = "scaled"  # the layer whose output is the picture as the encoder takes it
LEVELS = 5  # that an encoder has, the last at STRIDE
ENCODERS: dict[str, Callable[[Any], list[Any]]] = {
    **{name: partial(encoder.features, variant=variant) for name, variant in encoder.VARIANTS.items()},
    "resnet34": resnet34.features,
}
# two at the least: novelty is measured at the decoder's second level, and at its third where it has one
Widths = Annotated[tuple[PositiveInt, ...], Field(min_length=2, max_length=LEVELS - 1)]


@dataclass(frozen=True)
class Architecture:
    """A network's encoder, one of ENCODERS, and its decoder's widths at strides 16, 8, 4 and 2.

    With fewer widths the decoder ends at a coarser stride: the fine ones cost most, and labels are loose.
    """

    encoder: str = "efficientnet-lite0"
    widths: Widths = (160, 96, 64, 40)


DEFAULT = Architecture()
DROPOUT = 0.1  # of the decoder's channels


def build(classes: int, architecture: Architecture = DEFAULT) -> keras.Model:
    """Build the network that is trained: uint8 (N, H, W, 1) in, logits float32 (N, H, W, 1 + classes) out.

    Logit 0 is the background's. H and W are multiples of 32. The last step to full resolution is bilinear.
    """
    pixels, logits = _coarse(classes, architecture, DROPOUT, _grown)
    return keras.Model(pixels, _grown(logits, coarseness(architecture), "logits"), name="steel_unet")


def with_pyramid(model: keras.Model, pyramid: Sequence[int]) -> keras.Model:
    """Have a network of `build` see pictures again, by the same weights, reduced by each factor of `pyramid`.

    Returns one whose outputs are the mean of the logits, and those at each size, all at the size of the pictures; H and
    W are multiples of 32 x each factor. Normalisation keeps its statistics: those of two sizes in turn fit neither.
    """
    for layer in model.layers:
        layer.trainable &= not isinstance(layer, layers.BatchNormalization)
    architecture, x = architecture_of(model), model.get_layer(SCALED).output
    levels = _at_each_size(x, model.get_layer(head_name(model.output.shape[-1] - 1)).output, pyramid, _grown)
    shown = [_grown(logits, coarseness(architecture), "logits") for logits in (layers.Average()(levels), *levels)]
    return keras.Model(model.input, shown)


def coarseness(architecture: Architecture) -> int:
    """Return the stride that a decoder ends at."""
    return int(2 ** (LEVELS - len(architecture.widths)))


def _coarse(
    classes: int,
    architecture: Architecture,
    dropout: float,
    grown: Callable[[Any, int, str], Any],
    reduction: int = 1,
    pyramid: Sequence[int] = (),
) -> tuple[Any, Any]:
    """Return a network's input and its logits, where the decoder ends."""
    pixels = keras.Input((None, None, 1), dtype="uint8", name="pixels")
    shown = layers.Rescaling(1 / SCALE_STD, offset=-SCALE_MEAN / SCALE_STD, name=SCALED)(pixels)
    if reduction > 1:
        shown = layers.AveragePooling2D(reduction, name="reduced")(shown)
    *skips, x = ENCODERS[architecture.encoder](shown)
    for level, width in enumerate(architecture.widths):
        x = layers.Concatenate()([grown(x, 2, f"decoder.{level}.doubled"), skips[-1 - level]])
        x = _separable(_separable(x, width, f"decoder.{level}.0"), width, f"decoder.{level}.1")
    x = layers.SpatialDropout2D(dropout)(x)
    logits = layers.Conv2D(1 + classes, 3, padding="same", name=head_name(classes))(x)
    if pyramid:
        logits = layers.Average(name="levels")(_at_each_size(shown, logits, pyramid, grown))
    return pixels, logits


def _at_each_size(shown: Any, logits: Any, pyramid: Sequence[int], grown: Callable[[Any, int, str], Any]) -> list[Any]:
    """Return the logits of the pictures shown, and what the same layers say of them reduced, at the same size."""
    again = keras.Model(shown, logits)
    # `call`, not the model itself: the layers are shared within one graph, not a network nested in another
    reduced = [(factor, again.call(layers.AveragePooling2D(factor)(shown))) for factor in pyramid]
    return [logits, *(grown(coarser, factor, f"level.{factor}") for factor, coarser in reduced)]


def _grown(x: Any, size: int, _name: str) -> Any:
    return layers.UpSampling2D(size, interpolation="bilinear")(x)


def head_name(classes: int) -> str:
    """Name the last convolution by its classes, so that weights of another task are recognised."""
    return f"head_{classes}"


def with_probabilities(model: keras.Model, reduction: int = 1, pyramid: Sequence[int] = ()) -> keras.Model:
    """Rebuild a network so that it is served: open sizes within a graph, probabilities in the package's order.

    `reduction` is by how much the pictures were reduced that it was trained on: the served network takes them at their
    own size (H and W multiples of `reduction` x STRIDE, and of that x each factor of `pyramid`) and reduces them
    itself. With a `pyramid` it was trained as `with_pyramid` makes it, and answers with the mean.
    Output float32 (N, H, W, 1 + classes): channel 0 is P(any defect), the others are P(class) and sum to channel 0.
    They are made where the decoder ends and enlarged as the last step, which costs far less than the other way round.
    A network of another kind than `build`'s is served as it is.
    """
    channels = model.output.shape[-1]
    if not any(layer.name == head_name(channels - 1) for layer in model.layers):
        return keras.Model(model.input, _probabilities(model.output), name="steel_unet")
    architecture = architecture_of(model)
    pixels, logits = _coarse(
        channels - 1, architecture, 0.0, lambda x, size, name: enlarged(x, (size, size), name), reduction, pyramid
    )
    factor = coarseness(architecture) * reduction
    served = keras.Model(pixels, restored(_probabilities(logits), (factor, factor)), name="steel_unet")
    transfer(model, served)
    return served


def _probabilities(logits: Any) -> Any:
    return without_background(layers.Softmax(name="softmax")(logits), 0)


def without_background(shares: Any, background: int) -> Any:
    """Take the background's channel out of a softmax, and put P(any defect), the sum of the others, before these.

    A fixed 1 x 1 convolution does it, so that a file holds standard layers only.
    """
    channels = shares.shape[-1]
    classes = np.delete(np.eye(channels, dtype=np.float32), background, axis=1)
    total = layers.Conv2D(channels, 1, use_bias=False, trainable=False, name="probabilities")
    probabilities = total(shares)
    total.set_weights([np.column_stack([classes.sum(axis=1), classes])[None, None]])
    return probabilities


def architecture_of(model: keras.Model) -> Architecture:
    """Tell how a network was built, by its layers."""
    named = {layer.name: layer for layer in model.layers}
    levels = takewhile(named.__contains__, (f"decoder.{level}.1.pointwise" for level in count()))
    widths = tuple(named[name].filters for name in levels)
    return Architecture(encoder.name_of(model) or "resnet34", widths)


def transfer(source: keras.Model, target: keras.Model) -> list[str]:
    """Copy the weights of every layer that both networks have alike; return the names of those left as they were."""
    donors = {(layer.name, _shapes(layer)): layer for layer in source.layers if layer.weights}
    missed = []
    for layer in target.layers:
        if donor := donors.get((layer.name, _shapes(layer))):
            layer.set_weights(donor.get_weights())
        elif layer.weights:
            missed.append(layer.name)
    return missed


def _shapes(layer: keras.Layer) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(weight.shape) for weight in layer.weights)


def _separable(x: Any, width: int, name: str) -> Any:
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name=f"{name}.depthwise")(x)
    x = layers.Conv2D(width, 1, use_bias=False, name=f"{name}.pointwise")(x)
    x = layers.BatchNormalization(epsilon=encoder.BATCH_NORM_EPSILON, name=f"{name}.norm")(x)
    return layers.ReLU(6.0)(x)
