"""A package that may be computed in bf16: the shipped one, judged on a few small generated sheets."""

from pathlib import Path

import pytest

from defect_api.compiled_form import make
from defect_api.engines import Engines
from defect_api.model_package import ModelPackage, read_package
from defect_api.openvino_segmenter import OpenVinoSegmenter, has_bf16
from defect_api.places import Places
from defect_api.served_model import ServedModel
from defect_api.settings import Settings
from tests.training.drawn import SHIPPED, drawn, shipped_for
from training import bf16, precisions
from training.datasets import Dataset
from training.examples import DataError


@pytest.fixture
def dataset() -> Dataset:
    return drawn(6)


@pytest.fixture
def written(dataset: Dataset, tmp_path: Path) -> ModelPackage:
    if not has_bf16():
        pytest.skip("this processor does not compute in bf16 itself")  # some emulate it, some compute in f32
    return bf16.add(shipped_for(dataset, tmp_path), dataset, "bf16", tmp_path)


def test_a_package_tells_what_bf16_costs_and_passes_by_it(written: ModelPackage, tmp_path: Path) -> None:
    network = make(written, "f32", tmp_path / "forms")
    ServedModel(written, OpenVinoSegmenter(network, "bf16", 1, Places(1))).prove()
    (lost,) = [figure for figure in written.card.metrics if figure.name == precisions.name("bf16")]
    assert 0 < abs(lost.value) <= bf16.MOST_LOST
    shipped = read_package(SHIPPED.resolve()).card
    assert (written.card.digest, written.card.threshold) == (shipped.digest, shipped.threshold)
    assert written.card.created_at > shipped.created_at

    (first, *_) = Engines(Settings(state_dir=tmp_path)).options(written)
    assert "bf16" in [option.precision for option in first]


def test_a_processor_without_bf16_measures_nothing(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bf16, "has_bf16", lambda: False)

    with pytest.raises(DataError, match="this processor does not compute in bf16 itself"):
        bf16.add(SHIPPED, dataset, "bf16", tmp_path)
    assert not list(tmp_path.iterdir())
