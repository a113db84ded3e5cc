"""The export to OpenVINO: the same answers as Keras gives, for a size that is fixed."""

from pathlib import Path

import keras
import numpy as np
import openvino
import pytest

from training import encoder, network, sheets
from training.examples import DataError
from training.openvino_export import export_openvino

SIZE = (64, 160)  # height and width


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    keras.utils.set_random_seed(1)
    model = network.build(classes=4)
    encoder.load_imagenet(model)
    path: Path = tmp_path_factory.mktemp("exported") / "model.keras"
    network.with_probabilities(model).save(path)
    return path


def test_openvino_answers_as_keras(weights: Path, tmp_path: Path) -> None:
    pixels = sheets.generate(3, height=SIZE[0], width=SIZE[1], defects=[4]).image[None, :, :, None]

    exported = export_openvino(weights, *SIZE, tmp_path / "made" / "network.xml")
    compiled = openvino.Core().compile_model(exported, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    expected = keras.saving.load_model(weights, compile=False)(pixels).numpy()
    assert compiled.inputs[0].element_type == openvino.Type.u8
    np.testing.assert_allclose(compiled(pixels)[0], expected, atol=1e-3)
    assert expected.std() > 0.01


@pytest.mark.parametrize(
    ("size", "name", "sentence"),
    [((64, 160), "network.onnx", "must end in .xml"), ((64, 150), "network.xml", "takes no sheets of 150 x 64 px")],
)
def test_what_cannot_be_exported_is_said(
    weights: Path, tmp_path: Path, size: tuple[int, int], name: str, sentence: str
) -> None:
    with pytest.raises(DataError, match=sentence):
        export_openvino(weights, *size, tmp_path / name)


def test_a_file_that_is_no_network_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_bytes(b"no network")

    with pytest.raises(DataError, match=r"model\.keras cannot be read as a network"):
        export_openvino(tmp_path / "model.keras", *SIZE, tmp_path / "network.xml")
