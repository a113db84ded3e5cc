"""A model of Keras 2 ends as a package: served and proven, its answers those that its weights compute by hand."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import pytest

from defect_api.card import Platt
from defect_api.loading import load_model
from defect_api.model_package import read_package
from defect_api.settings import Settings
from tests.training.keras2_files import (
    NORMALISED,
    Layer,
    Values,
    convolution,
    layer,
    network,
    pixels,
    write_architecture,
    write_weights,
)
from training import keras2_architecture, keras2_contract, keras2_weights, limits
from training.commands import main
from training.datasets import Dataset
from training.examples import DataError
from training.keras2 import Choices, import_model

SHARED = Path(os.environ.get("DATA_DIR", Path(__file__).resolve().parents[3] / "shared" / "data"))
FIRST_MODEL = SHARED / "first_model" / "my_model_archi.json"
SLOPE, DARK = 60.0, 0.2  # the network calls defective what is darker than this share of white
MEAN, VARIANCE, GAMMA, BETA = 0.25, 0.04, 2.0, 0.5
CENTRE = np.pad(np.ones((1, 1)), 1)[:, :, None, None]


def first_model_in_small() -> Layer:
    """Two nested networks, as the first system had: grey to colour, then normalise, filter and decide."""
    inner = [
        pixels("data", 3),
        layer("BatchNormalizationV1", "bn_data", ["data"], **NORMALISED, scale=False),
        layer("ZeroPadding2D", "zero_padding2d_1", ["bn_data"], padding=[[1, 1], [1, 1]], data_format="channels_last"),
        convolution("conv0", "zero_padding2d_1", 1, 3, use_bias=False),
        layer("BatchNormalizationV1", "bn0", ["conv0"], **NORMALISED, scale=True),
        layer("MaxPooling2D", "pooling0", ["bn0"], pool_size=[2, 2], strides=[2, 2], padding="valid"),
        layer("UpSampling2D", "up", ["pooling0"], size=[2, 2], data_format="channels_last"),
        layer("Concatenate", "concat", ["up", "bn0"], axis=3),
        convolution("final_conv", "concat", 1, 1),
        layer("Activation", "sigmoid", ["final_conv"], activation="sigmoid"),
    ]
    nested = network("model_2", inner, "sigmoid") | {"inbound_nodes": [[["conv2d_1", 0, 0, {}]]]}
    return network("model_3", [pixels("input_1", 1), convolution("conv2d_1", "input_1", 3, 1), nested], "model_2", 1)


def its_weights() -> dict[str, dict[str, Values]]:
    one = np.ones(1, np.float32)
    return {
        "input_1": {},
        "conv2d_1": {"conv2d_1/kernel:0": np.ones((1, 1, 1, 3)), "conv2d_1/bias:0": np.zeros(3)},
        "model_2": {
            "bn_data/beta:0": np.zeros(3),
            "bn_data/moving_mean:0": np.zeros(3),
            "bn_data/moving_variance:0": np.full(3, 1 - 1e-3),
            "conv0/kernel:0": np.repeat(CENTRE / 3, 3, axis=2),
            "bn0/gamma:0": GAMMA * one,
            "bn0/beta:0": BETA * one,
            "bn0/moving_mean:0": MEAN * one,
            "bn0/moving_variance:0": VARIANCE * one,
            "final_conv/kernel:0": np.reshape([-SLOPE / 2, -SLOPE / 2], (1, 1, 2, 1)),
            "final_conv/bias:0": SLOPE * normalised(DARK) * one,
        },
    }


def normalised(share: Any) -> Any:
    return GAMMA * (share - MEAN) / np.sqrt(VARIANCE + 1e-3) + BETA


def by_hand(grey: Values) -> Values:
    """Compute the probabilities: halve, normalise, mix with the brightest of 2 x 2, decide, double."""
    height, width = grey.shape
    halved = (grey / 255).reshape(height // 2, 2, width // 2, 2).mean((1, 3))
    x = normalised(halved)
    pooled = x.reshape(height // 4, 2, width // 4, 2).max((1, 3)).repeat(2, 0).repeat(2, 1)
    p = 1 / (1 + np.exp(SLOPE * ((x + pooled) / 2 - normalised(DARK))))
    doubled: Values = keras.layers.UpSampling2D(2, interpolation="bilinear")(p[None, :, :, None]).numpy()
    return doubled[0, :, :, 0]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return (
        write_architecture(tmp_path / "archi.json", first_model_in_small()),
        write_weights(tmp_path / "weights.h5", its_weights()),
    )


def test_an_imported_model_is_proven_and_served(files: tuple[Path, Path], tmp_path: Path) -> None:
    models = tmp_path / "models"
    assert main(["import-keras2", *map(str, files), "--models", str(models), "--name", "first"]) == 0

    served = load_model(Settings(models_dir=models, model="first", state_dir=tmp_path / "state"))
    grey = np.full((256, 1600), 128, np.uint8)
    cv2.rectangle(grey, (401, 51), (480, 110), 10, cv2.FILLED)
    maps = served.maps(grey)

    np.testing.assert_allclose(maps.q / 255, by_hand(grey), atol=0.5 / 255 + 1e-4)
    assert maps.q[80, 440] == 255
    assert maps.q[200, 440] == 0


def test_the_card_says_what_is_not_known(files: tuple[Path, Path], tmp_path: Path) -> None:
    written = import_model(*files, tmp_path / "models", Choices(threshold=0.4, min_region_px=7))

    card = read_package(written).card
    assert (card.input.stride, card.input.height, card.input.width) == (4, (192, 320), (400, 2000))
    assert (card.threshold.value, card.threshold.min_region_px, card.classes) == (0.4, 7, ["defect"])
    assert card.calibration == Platt(method="platt", feature="mean_of_largest", pixels=256, slope=1, intercept=0)
    assert card.training["keras_version"] == "2.2.4-tf"
    for unknown in ("Not calibrated", "Grey values are multiplied by 0.00392157", "shrunk 2 times"):
        assert any(unknown in sentence for sentence in card.known_weaknesses)


def test_an_imported_model_gets_no_limits_by_what_it_sees(files: tuple[Path, Path], tmp_path: Path) -> None:
    written = import_model(*files, tmp_path / "models", Choices())

    with pytest.raises(DataError, match="holds a network of another kind"):
        limits.renew(written, Dataset("none", ("defect",), [], "", ""), "2", tmp_path / "models")


def trained_first(weights: dict[str, Values]) -> dict[str, Values]:
    return dict(sorted(weights.items(), key=lambda item: "moving_" in item[0]))


def in_a_later_session(weights: dict[str, Values]) -> dict[str, Values]:
    return {name.replace("/", "_7/"): values for name, values in weights.items()}


def test_weights_are_found_in_every_order_and_naming_of_keras_2(files: tuple[Path, Path], tmp_path: Path) -> None:
    plain = its_weights()
    shuffled = {name: dict(reversed(weights.items())) for name, weights in plain.items()}
    scoped = {name: {f"{name}/{key}": w for key, w in weights.items()} for name, weights in plain.items()}
    later = {f"{name}_5": in_a_later_session(weights) for name, weights in plain.items()}
    later_trained_first = {name: trained_first(weights) for name, weights in later.items()}

    for number, groups in enumerate((plain, shuffled, scoped, later, later_trained_first)):
        path = write_weights(tmp_path / f"{number}.h5", groups, below="model_weights" if number % 2 else "/")
        rebuilt = keras2_architecture.read(files[0])
        keras2_weights.load(rebuilt, path)
        answers = rebuilt.model(np.full((1, 4, 4, 1), DARK, np.float32)).numpy()
        np.testing.assert_allclose(answers, 0.5, atol=1e-4, err_msg=f"case {number}")


def with_layer(**changes: Any) -> Layer:
    model = first_model_in_small()
    model["config"]["layers"][1] = model["config"]["layers"][1] | changes
    return model


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (with_layer(class_name="Lambda"), "layer 'conv2d_1' is of the unknown class Lambda; known are"),
        (with_layer(inbound_nodes=[[["other", 0, 0, {}]]]), "takes what no layer gives"),
        (network("m", [pixels("i", 1), convolution("c", "i", 1, 1)], "c"), "ends in 'linear'; append a sigmoid"),
        (network("m", [pixels("i", 2), convolution("c", "i", 1, 1, activation="sigmoid")], "c"), "takes 2 channels"),
        (network("m", [pixels("i", 1), convolution("c", "i", 1, 3, activation="sigmoid")], "c"), "another size"),
        (
            network("m", [pixels("i", 1), convolution("c", "i", 1, 1, activation="evil")], "c"),
            "unknown activation evil",
        ),
        (first_model_in_small() | {"class_name": "Sequential"}, "only functional models can be imported"),
        ({"class_name": "Model", "config": {}}, "is not an architecture that Keras 2 wrote"),
    ],
)
def test_an_architecture_that_cannot_be_served_is_refused(model: Layer, sentence: str, tmp_path: Path) -> None:
    path = write_architecture(tmp_path / "odd.json", model)

    with pytest.raises(DataError, match=rf"odd\.json.*{sentence}"):
        import_model(path, tmp_path / "unused.h5", tmp_path / "models", Choices())


def changed(group: str, name: str, values: Values | None) -> dict[str, dict[str, Values]]:
    weights = its_weights()
    weights[group].pop(name) if values is None else weights[group].update({name: values})
    return weights


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        (
            changed("model_2", "conv0/kernel:0", np.ones((3, 3, 3, 2))),
            r"'conv0/kernel:0' is of shape \(3, 3, 3, 2\), not",
        ),
        (changed("model_2", "bn0/gamma:0", None), "has 9 weights for layer 'model_2', not 10"),
        (changed("model_2", "bn0/gamma:0", np.full(1, np.nan)), "'bn0/gamma:0' holds values that are not finite"),
        ({"conv2d_1": its_weights()["conv2d_1"]}, "for 1 layers and the architecture for 2, 'model_2' is in one only"),
        ({"a": its_weights()["conv2d_1"], "b": its_weights()["conv2d_1"]}, "has 2 weights for layer 'model_2'"),
    ],
)
def test_weights_of_another_architecture_are_refused(
    weights: dict[str, dict[str, Values]], sentence: str, files: tuple[Path, Path], tmp_path: Path
) -> None:
    other = write_weights(tmp_path / "other.h5", weights)

    with pytest.raises(DataError, match=rf"other\.h5.*{sentence}"):
        import_model(files[0], other, tmp_path / "models", Choices())

    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize(
    ("which", "content", "sentence"),
    [
        (0, None, r"archi\.json cannot be read .*give the file that model.to_json\(\) wrote"),
        (0, b"\xff\x00", r"archi\.json is not an architecture that Keras 2 wrote"),
        (1, None, r"weights\.h5 is not a file; give the one that"),
        (1, b"no h5", r"weights\.h5 does not hold weights in Keras 2's h5 layout"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    which: int, content: bytes | None, sentence: str, files: tuple[Path, Path], tmp_path: Path
) -> None:
    files[which].unlink()
    if content is not None:
        files[which].write_bytes(content)

    with pytest.raises(DataError, match=sentence):
        import_model(*files, tmp_path / "models", Choices())


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        (Choices(name="../outside"), "cannot name a package"),
        (Choices(classes=("scratch", "patch")), "tells 1 classes apart, 2 are named"),
        (Choices(threshold=1.5), "no card can say value = 1.5"),
        (Choices(version="1"), "is there already; choose another name or version"),
    ],
)
def test_a_choice_that_does_not_fit_leaves_earlier_packages_whole(
    choices: Choices, sentence: str, files: tuple[Path, Path], tmp_path: Path
) -> None:
    earlier = tmp_path / "models" / "imported" / "1"
    earlier.mkdir(parents=True)
    (earlier / "model.json").write_text("{}")
    wanted = choices if "already" in sentence else replace(choices, version="2")

    with pytest.raises(DataError, match=sentence):
        import_model(*files, tmp_path / "models", wanted)

    assert [path.relative_to(tmp_path / "models") for path in (tmp_path / "models").rglob("*") if path.is_file()] == [
        Path("imported/1/model.json")
    ]


@pytest.mark.skipif(not FIRST_MODEL.is_file(), reason=f"{FIRST_MODEL} is not on this machine")
def test_the_first_systems_own_architecture_is_rebuilt_and_filled(tmp_path: Path) -> None:
    first = keras2_architecture.read(FIRST_MODEL)
    rng = np.random.default_rng(1)
    seeded: dict[str, dict[str, Values]] = {}
    for leaf in first.leaves:
        for variable in leaf.layer.weights:
            values = rng.uniform(0.01, 0.1, variable.shape).astype(np.float32) * rng.choice([-1, 1], variable.shape)
            values = np.abs(values) if variable.name == "moving_variance" else values
            seeded.setdefault(leaf.group, {})[f"{leaf.name}/{variable.name}:0"] = values

    keras2_weights.load(first, write_weights(tmp_path / "seeded.h5", seeded))
    served = keras2_contract.wrap(first, keras2_contract.Surroundings(1 / 255, 2, "first"))
    said = served(rng.integers(0, 256, (1, 64, 128, 1), np.uint8)).numpy()

    assert json.loads(FIRST_MODEL.read_text())["keras_version"] == first.keras_version == "2.2.4-tf"
    assert first.model.count_params() == 24_456_160
    assert (first.size, keras2_contract.classes(first), keras2_contract.stride(served)) == ((128, 800), 1, 64)
    np.testing.assert_array_equal(first.leaves[-2].layer.get_weights()[0], seeded["model_2"]["final_conv/kernel:0"])
    assert said.shape == (1, 64, 128, 1)
    assert 0 <= said.min() < said.max() <= 1
