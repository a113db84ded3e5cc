"""The U-Net: an EfficientNet-Lite0 encoder and a slim decoder of separable convolutions, from raw pixels."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import layers

from training import encoder
from training.enlarging import enlarged

STRIDE = 32
SCALE_MEAN, SCALE_STD = 127.0, 128.0  # of EfficientNet-Lite's own training
DECODER_WIDTHS = (160, 96, 64, 40)  # at strides 16, 8, 4 and 2


def build(classes: int, widths: tuple[int, ...] = DECODER_WIDTHS, dropout: float = 0.1) -> keras.Model:
    """Build the network that is trained: uint8 (N, H, W, 1) in, logits float32 (N, H, W, 1 + classes) out.

    Logit 0 is the background's. H and W are multiples of 32. The last step from half resolution is bilinear.
    """
    return _build(classes, widths, dropout, lambda x, _: layers.UpSampling2D(2, interpolation="bilinear")(x))


def _build(
    classes: int, widths: tuple[int, ...], dropout: float, doubled: Callable[[Any, str], Any], reduction: int = 1
) -> keras.Model:
    pixels = keras.Input((None, None, 1), dtype="uint8", name="pixels")
    x = layers.Rescaling(1 / SCALE_STD, offset=-SCALE_MEAN / SCALE_STD, name="scaled")(pixels)
    if reduction > 1:
        x = layers.AveragePooling2D(reduction, name="reduced")(x)
    *skips, x = encoder.features(x)
    for level, (width, skip) in enumerate(zip(widths, reversed(skips), strict=True)):
        x = layers.Concatenate()([doubled(x, f"decoder.{level}.doubled"), skip])
        x = _separable(_separable(x, width, f"decoder.{level}.0"), width, f"decoder.{level}.1")
    x = layers.SpatialDropout2D(dropout)(x)
    x = layers.Conv2D(1 + classes, 3, padding="same", name=head_name(classes))(x)
    return keras.Model(pixels, doubled(x, "logits"), name="steel_unet")


def head_name(classes: int) -> str:
    """Name the last convolution by its classes, so that weights of another task are recognised."""
    return f"head_{classes}"


def with_probabilities(model: keras.Model, reduction: int = 1) -> keras.Model:
    """Rebuild a network so that it is served: open sizes within a graph, probabilities in the package's order.

    `reduction` is by how much the pictures were reduced that it was trained on: the served network takes them at their
    own size (H and W multiples of `reduction` x STRIDE), reduces them itself and brings its answer back up.
    Output float32 (N, H, W, 1 + classes): channel 0 is P(any defect), the others are P(class) and sum to channel 0.
    A fixed 1 x 1 convolution does the summing, so the file holds standard layers only.
    """
    channels = model.output.shape[-1]
    if any(layer.name == head_name(channels - 1) for layer in model.layers):
        model = _for_open_sizes(model, channels - 1, reduction)
    softmax = layers.Softmax(name="softmax")(model.output)
    total = layers.Conv2D(channels, 1, use_bias=False, trainable=False, name="probabilities")
    probabilities = total(softmax)
    total.set_weights([_summing_kernel(channels)])
    if reduction > 1:
        probabilities = enlarged(probabilities, (reduction, reduction), "restored")
    return keras.Model(model.input, probabilities, name="steel_unet")


def _for_open_sizes(model: keras.Model, classes: int, reduction: int) -> keras.Model:
    widths = tuple(model.get_layer(f"decoder.{level}.1.pointwise").filters for level in range(len(DECODER_WIDTHS)))
    rebuilt = _build(classes, widths, 0.0, lambda x, name: enlarged(x, (2, 2), name), reduction)
    transfer(model, rebuilt)
    return rebuilt


def transfer(source: keras.Model, target: keras.Model) -> list[str]:
    """Copy the weights of every layer that both networks have; return the names of those left as they were."""
    donors = {layer.name: layer for layer in source.layers if layer.weights}
    missed = []
    for layer in target.layers:
        if layer.name in donors:
            layer.set_weights(donors[layer.name].get_weights())
        elif layer.weights:
            missed.append(layer.name)
    return missed


def _summing_kernel(channels: int) -> npt.NDArray[np.float32]:
    kernel = np.eye(channels, dtype=np.float32)
    kernel[:, 0] = 1.0
    kernel[0, 0] = 0.0
    return kernel[None, None]


def _separable(x: Any, width: int, name: str) -> Any:
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name=f"{name}.depthwise")(x)
    x = layers.Conv2D(width, 1, use_bias=False, name=f"{name}.pointwise")(x)
    x = layers.BatchNormalization(epsilon=encoder.BATCH_NORM_EPSILON, name=f"{name}.norm")(x)
    return layers.ReLU(6.0)(x)
