"""The int8 form of the shipped package, made on a few small generated sheets."""

from pathlib import Path

import openvino
import pytest

from defect_api.card import Metric
from defect_api.compiled_form import bring
from defect_api.model_package import CARD, find_packages, read_package
from defect_api.openvino_segmenter import OpenVinoSegmenter
from defect_api.places import Places
from defect_api.served_model import ServedModel
from tests.training.drawn import SHIPPED, drawn, shipped_for
from training import int8, precisions
from training.datasets import Dataset
from training.examples import DataError


@pytest.fixture
def dataset(monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setattr(int8, "CALIBRATION", 8)
    return drawn(16)


@pytest.fixture
def package(dataset: Dataset, tmp_path: Path) -> Path:
    """Return a copy of the shipped package that tells already what an int8 form loses."""
    copy = shipped_for(dataset, tmp_path / "packages")
    card = read_package(copy).card
    lost = Metric(name=precisions.name(int8.PRECISION), value=0.5, data="drawn", method="earlier", interval=None)
    (copy / CARD).write_text(card.model_copy(update={"metrics": [*card.metrics, lost]}).model_dump_json())
    return copy


def test_a_package_with_an_int8_form_is_right_on_its_golden_sheets(
    package: Path, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8, "MOST_LOST", 0.1)  # so few sheets say little, and looking for layers takes minutes

    written = int8.add(package, dataset, "int8", tmp_path)

    network = bring(written, "int8")
    assert b"FakeQuantize" in network.read_bytes()
    ServedModel(written, OpenVinoSegmenter(network, "int8", 1, Places(1))).prove()
    shipped = read_package(SHIPPED.resolve()).card
    assert written.card.tolerance["f32"] == shipped.tolerance["f32"]
    assert written.card.created_at > shipped.created_at
    (lost,) = [figure for figure in written.card.metrics if figure.name == precisions.name(int8.PRECISION)]
    assert lost.value <= int8.MOST_LOST


def test_a_form_that_loses_too_much_is_not_written_nor_is_the_package_found_before(
    package: Path, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models, found = tmp_path / "models", []

    def same(network: Path, *_: object) -> openvino.Model:
        found.append(find_packages(models))
        return openvino.Core().read_model(network)

    monkeypatch.setattr(int8, "quantise", same)
    monkeypatch.setattr(int8, "MOST_LOST", -0.5)

    with pytest.raises(DataError, match=r"int8 loses 0\.0000 of pooled Dice and .* more than -0\.5 or 0\.01; keep f32"):
        int8.add(package, dataset, "int8", models)
    assert found == [([], [])]
    assert not [path for path in models.rglob("*") if path.is_file()]


def test_too_few_pictures_are_told(dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(int8, "CALIBRATION", 9)

    with pytest.raises(DataError, match="drawn has 16 pictures; making int8 takes 18"):
        int8.add(SHIPPED, dataset, "int8", tmp_path)
