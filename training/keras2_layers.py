"""Builds the layers that a Keras 2 architecture names, from a fixed list, so that no code comes from a file.

Initialisers, regularisers and constraints are left out: every weight comes from the weights file.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import keras
from keras import layers

from training.enlarging import enlarged
from training.examples import DataError

Config = Mapping[str, Any]
Call = Callable[[Any], Any]

ACTIVATIONS = {
    name: name
    for name in ("linear", "relu", "relu6", "elu", "selu", "sigmoid", "softmax", "softplus", "softsign", "tanh")
} | {"swish": "silu", "silu": "silu"}
CHANNEL_AXES = (3, -1, [3], [-1])


class Known(NamedTuple):
    """A layer class of Keras 3, and the keys of Keras 2's configuration that it takes under the same name."""

    layer: type[keras.Layer]
    keys: tuple[str, ...] = ()


CONVOLUTION = ("kernel_size", "strides", "padding", "dilation_rate", "activation", "use_bias")
NORMALISATION = Known(layers.BatchNormalization, ("momentum", "epsilon", "center", "scale"))
POOLING = ("pool_size", "strides", "padding")
KNOWN = {
    "Activation": Known(layers.Activation, ("activation",)),
    "Add": Known(layers.Add),
    "Average": Known(layers.Average),
    "AveragePooling2D": Known(layers.AveragePooling2D, POOLING),
    "BatchNormalization": NORMALISATION,
    "BatchNormalizationV1": NORMALISATION,
    "BatchNormalizationV2": NORMALISATION,
    "Concatenate": Known(layers.Concatenate),
    "Conv2D": Known(layers.Conv2D, ("filters", *CONVOLUTION)),
    "Conv2DTranspose": Known(layers.Conv2DTranspose, ("filters", "output_padding", *CONVOLUTION)),
    "Cropping2D": Known(layers.Cropping2D, ("cropping",)),
    "DepthwiseConv2D": Known(layers.DepthwiseConv2D, ("depth_multiplier", *CONVOLUTION)),
    "Dropout": Known(layers.Dropout, ("rate",)),
    "MaxPooling2D": Known(layers.MaxPooling2D, POOLING),
    "Maximum": Known(layers.Maximum),
    "Multiply": Known(layers.Multiply),
    "ReLU": Known(layers.ReLU, ("max_value", "negative_slope", "threshold")),
    "SeparableConv2D": Known(layers.SeparableConv2D, ("filters", "depth_multiplier", *CONVOLUTION)),
    "Softmax": Known(layers.Softmax),
    "SpatialDropout2D": Known(layers.SpatialDropout2D, ("rate",)),
    "Subtract": Known(layers.Subtract),
    "UpSampling2D": Known(layers.UpSampling2D, ("size",)),
    "ZeroPadding2D": Known(layers.ZeroPadding2D, ("padding",)),
}


def make(class_name: str, config: Config) -> Call:
    """Make the layer of Keras 3 that does what Keras 2's `class_name` does with this configuration.

    Raises DataError where the class, its activation or its data format is not known here.
    """
    name = config["name"]
    if class_name not in KNOWN:
        raise DataError(f"layer '{name}' is of the unknown class {class_name}; known are {', '.join(KNOWN)}")
    if config.get("data_format") not in (None, "channels_last") or config.get("axis", -1) not in CHANNEL_AXES:
        raise DataError(f"layer '{name}' does not have its channels last; save the model with channels last")
    if class_name == "UpSampling2D" and config.get("interpolation", "nearest") != "nearest":
        return _smooth_upsampling(name, config)
    known = KNOWN[class_name]
    arguments = {key: config[key] for key in known.keys if key in config}
    if "activation" in arguments:
        arguments["activation"] = _activation(name, arguments["activation"])
    layer: Call = known.layer(name=name.replace("/", "."), **arguments)
    return layer


def _smooth_upsampling(name: str, config: Config) -> Call:
    if config["interpolation"] != "bilinear":
        raise DataError(f"layer '{name}' interpolates by '{config['interpolation']}'; known are nearest and bilinear")
    return lambda x: enlarged(x, config["size"], name.replace("/", "."))


def _activation(name: str, activation: Any) -> str:
    if not isinstance(activation, str) or activation not in ACTIVATIONS:
        raise DataError(f"layer '{name}' has the unknown activation {activation}; known are {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[activation]
