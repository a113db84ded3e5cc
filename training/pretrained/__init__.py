"""The network that training starts from where it is not pre-trained anew: this package's `neu-seg.npz`.

It was pre-trained on NEU-Seg (academic use; cite H. Dong et al., PGA-Net, IEEE Trans. Industrial Informatics 16, 2020)
from the encoder's ImageNet weights: by the first two `[[pretraining]]` stages of
`training/configs/steel-unet-small.toml`, with all of the decoder's levels, and then at NEU-Seg's own size
(`training/EXPERIMENTS.md`, row 27).
"""

from pathlib import Path
from typing import Any

import keras
import numpy as np

from training import network, neu_seg

KEPT = Path(__file__).parent / "neu-seg.npz"


def load(path: Path = KEPT) -> keras.Model:
    """Return the pre-trained network, for NEU-Seg's classes."""
    model = network.build(len(neu_seg.CLASSES))
    with np.load(path) as kept:
        model.set_weights([kept[weight.path] for weight in model.weights])
    return model


def save(model: keras.Model, path: Path = KEPT) -> None:
    """Keep a pre-trained network's weights in half precision, which changes its maps less than their 8 bits do."""
    halves: dict[str, Any] = {weight.path: np.float16(weight) for weight in model.weights}
    np.savez_compressed(path, **halves)
