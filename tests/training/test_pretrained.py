"""The network that comes along: whole, small, and a start for other classes."""

from pathlib import Path

import keras
import numpy as np

from training import network, pretrained


def test_the_kept_network_is_a_start_for_other_classes() -> None:
    assert pretrained.KEPT.stat().st_size < 8e6

    missed = network.transfer(pretrained.load(), network.build(classes=4))

    assert missed == ["head_4"]


def test_half_precision_changes_maps_less_than_their_8_bits(tmp_path: Path) -> None:
    model = pretrained.load()
    layer = model.get_layer("_blocks.3._bn0")
    layer.set_weights([weights * 1.0003 for weights in layer.get_weights()])
    pretrained.save(model, tmp_path / "own.npz")
    pixels = np.random.default_rng(1).integers(0, 256, (1, 64, 96, 1), np.uint8)

    before, after = (
        keras.ops.softmax(kept(pixels, training=False)).numpy()
        for kept in (model, pretrained.load(tmp_path / "own.npz"))
    )

    assert abs(after - before).max() < 0.5 / 255
