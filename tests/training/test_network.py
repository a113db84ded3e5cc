"""The network's contract: raw grey pixels in, consistent probabilities out, standard layers only."""

from pathlib import Path

import keras
import numpy as np
import pytest

from training import encoder, network


@pytest.fixture(scope="module")
def trained() -> keras.Model:
    keras.utils.set_random_seed(1)
    model = network.build(classes=4)
    encoder.load_imagenet(model)
    return model


@pytest.fixture(scope="module")
def served(trained: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> keras.Model:
    path: Path = tmp_path_factory.mktemp("exported") / "model.keras"
    network.with_probabilities(trained).save(path)
    assert path.stat().st_size < 25e6
    return keras.saving.load_model(path, compile=False, safe_mode=True)


@pytest.mark.parametrize("size", [(64, 96), (32, 32)])
def test_classes_sum_to_any_defect_at_every_size(served: keras.Model, size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (2, *size, 1), np.uint8)

    output = served(pixels).numpy()

    assert output.shape == (2, *size, 5)
    assert output.dtype == np.float32
    assert 0 <= output.min() <= output.max() <= 1
    np.testing.assert_allclose(output[..., 1:].sum(-1), output[..., 0], atol=1e-5)


def expected(trained: keras.Model, pixels: np.ndarray, factor: int) -> np.ndarray:
    """Return the softmax of what the trained network says before it enlarges that, enlarged by Keras."""
    coarse = keras.Model(trained.input, trained.get_layer(network.head_name(trained.output.shape[-1] - 1)).output)
    softmax = keras.ops.softmax(coarse(pixels, training=False))
    return np.asarray(keras.layers.UpSampling2D(factor, interpolation="bilinear")(softmax))


def test_the_served_network_answers_as_the_trained_one(trained: keras.Model, served: keras.Model) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (1, 64, 96, 1), np.uint8)

    np.testing.assert_allclose(served(pixels).numpy()[..., 1:], expected(trained, pixels, 2)[..., 1:], atol=1e-5)


def test_a_network_of_reduced_sheets_is_served_at_their_own_size(trained: keras.Model) -> None:
    halves = np.random.default_rng(3).integers(0, 256, (1, 64, 96, 1), np.uint8)
    pixels = halves.repeat(2, axis=1).repeat(2, axis=2)

    output = network.with_probabilities(trained, reduction=2)(pixels).numpy()

    np.testing.assert_allclose(output[..., 1:], expected(trained, halves, 4)[..., 1:], atol=1e-5)


def test_a_pyramid_is_the_mean_of_what_the_network_says_at_each_size(trained: keras.Model) -> None:
    pixels = np.random.default_rng(5).integers(0, 256, (1, 64, 128, 1), np.uint8)
    halves = pixels.reshape(1, 32, 2, 64, 2, 1).mean((2, 4))

    model = keras.models.clone_model(trained)
    model.set_weights(trained.get_weights())
    mean, whole, half = (output.numpy() for output in network.with_pyramid(model, (2,))(pixels))

    np.testing.assert_allclose(whole, trained(pixels), atol=1e-5)
    coarse = keras.Model(trained.get_layer("scaled").output, trained.get_layer("head_4").output)
    grown = keras.layers.UpSampling2D(2, interpolation="bilinear")
    np.testing.assert_allclose(half, grown(grown(coarse(trained.get_layer("scaled")(halves)))), atol=1e-4)
    np.testing.assert_allclose(mean, (whole + half) / 2, atol=1e-5)
    assert not any(layer.trainable for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization))


def test_a_pyramid_is_served_with_the_weights_of_one_network(trained: keras.Model, tmp_path: Path) -> None:
    halves = np.random.default_rng(6).integers(0, 256, (1, 64, 128, 1), np.uint8)
    pixels = halves.repeat(2, axis=1).repeat(2, axis=2)

    network.with_probabilities(trained, reduction=2, pyramid=(2,)).save(tmp_path / "model.keras")
    served = keras.saving.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)

    again = keras.Model(trained.get_layer("scaled").output, trained.get_layer("head_4").output)
    shown = trained.get_layer("scaled")(halves)
    whole, half = again(shown), again(keras.layers.AveragePooling2D(2)(shown))
    logits = (whole + keras.layers.UpSampling2D(2, interpolation="bilinear")(half)) / 2
    softmax = keras.layers.UpSampling2D(4, interpolation="bilinear")(keras.ops.softmax(logits))
    np.testing.assert_allclose(served(pixels).numpy()[..., 1:], softmax[..., 1:], atol=1e-5)
    assert (tmp_path / "model.keras").stat().st_size < 25e6


@pytest.mark.parametrize("widths", [(8,), (8, 6), (8, 6, 4, 2)])
def test_a_decoder_may_end_at_any_stride(widths: tuple[int, ...]) -> None:
    model = network.build(2, network.Architecture(widths=widths))
    pixels = np.random.default_rng(4).integers(0, 256, (1, 64, 96, 1), np.uint8)

    output = network.with_probabilities(model)(pixels).numpy()

    stride = network.coarseness(network.architecture_of(model))
    np.testing.assert_allclose(output[..., 1:], expected(model, pixels, stride)[..., 1:], atol=1e-5)


@pytest.mark.parametrize("name", network.ENCODERS)
def test_a_network_with_any_encoder_is_built_and_served(name: str) -> None:
    model = network.build(2, network.Architecture(name, (8, 6)))

    served = network.with_probabilities(model)

    assert network.architecture_of(model) == network.Architecture(name, (8, 6))
    assert served(np.zeros((1, 64, 32, 1), np.uint8)).shape == (1, 64, 32, 3)


@pytest.mark.parametrize("name", encoder.VARIANTS)
def test_every_weight_of_an_encoder_has_its_imagenet_value(name: str) -> None:
    model = network.build(2, network.Architecture(name, (8, 6)))
    before = {layer.name: layer.get_weights() for layer in model.layers if layer.name.startswith("_")}

    encoder.load_imagenet(model)

    assert len(before) > 90
    for layer, weights in before.items():
        assert not np.array_equal(model.get_layer(layer).get_weights()[0], weights[0]), layer


def test_layers_of_another_width_are_left_as_they_were() -> None:
    wide, slim = (network.build(2, network.Architecture(widths=widths)) for widths in ((8, 6), (8, 4)))

    missed = network.transfer(wide, slim)

    assert missed == [
        "decoder.1.0.pointwise",
        "decoder.1.0.norm",
        "decoder.1.1.depthwise",
        "decoder.1.1.pointwise",
        "decoder.1.1.norm",
        "head_2",
    ]


def test_one_graph_serves_all_sizes(served: keras.Model) -> None:
    import tensorflow as tf

    traced = tf.function(served, input_signature=[tf.TensorSpec((None, None, None, 1), tf.uint8)])

    assert [traced(np.zeros((1, h, w, 1), np.uint8)).shape for h, w in ((32, 64), (64, 32))] == [
        (1, 32, 64, 5),
        (1, 64, 32, 5),
    ]


def test_imagenet_weights_fill_the_encoder(trained: keras.Model) -> None:
    stem = trained.get_layer("_conv_stem").get_weights()[0]

    assert stem.shape == (3, 3, 1, 32)
    assert trained.get_layer("_blocks.15._bn2").get_weights()[3].std() > 0


def test_a_network_for_other_classes_takes_over_all_but_the_head(trained: keras.Model) -> None:
    other = network.build(classes=2)

    assert network.transfer(trained, other) == ["head_2"]
    np.testing.assert_array_equal(
        other.get_layer("_blocks.3._project_conv").get_weights()[0],
        trained.get_layer("_blocks.3._project_conv").get_weights()[0],
    )


def test_the_other_encoder_s_blocks_are_frozen_too() -> None:
    model = network.build(2, network.Architecture("resnet34", (16,)))

    encoder.freeze(model, 4)

    fixed = {layer.name.rpartition(".")[0] for layer in model.layers if layer.weights and not layer.trainable}
    blocks = {".".join(name.split(".")[:3]) for name in fixed - {"resnet.stem"}}
    assert blocks == {"resnet.0.0", "resnet.0.1", "resnet.0.2", "resnet.1.0"}


def test_frozen_blocks_keep_their_weights_and_their_statistics() -> None:
    model = network.build(classes=2)

    encoder.freeze(model, 3)

    frozen = {layer.name.rpartition(".")[0] for layer in model.layers if layer.weights and not layer.trainable}
    assert frozen == {"", "_blocks.0", "_blocks.1", "_blocks.2"}
    assert model.get_layer("_blocks.3._bn0").trainable
