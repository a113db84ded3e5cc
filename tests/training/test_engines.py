"""The engines beside each other: each one's overlap with the labels, and what is lost against the reference."""

from typing import Any

import numpy as np
import pytest

from defect_api.card import Card
from defect_api.model_package import CARD, WEIGHTS, ModelPackage, file_digest, read_package
from defect_api.openvino_segmenter import OpenVinoSegmenter
from defect_api.segmenter import KerasSegmenter
from tests.defect_api.conftest import DARK, bring_form, card_document, sheet, write_tiny_weights
from training import engines, precisions
from training.datasets import Dataset
from training.examples import IGNORED, DataError, Example

KERAS, OPENVINO = "pooled Dice on keras f32", "pooled Dice on openvino f32"
LESS = f"{OPENVINO}, less than on keras f32"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    folder = tmp_path_factory.mktemp("models") / "tiny" / "1"
    folder.mkdir(parents=True)
    write_tiny_weights(folder / WEIGHTS)
    bring_form(folder, "f32")
    card = Card.model_validate(card_document(digest=file_digest(folder / WEIGHTS)))
    (folder / CARD).write_text(card.model_dump_json())
    return read_package(folder)


@pytest.fixture
def dataset() -> Dataset:
    """Two sheets with a dark mark each, of which the labels know the first, and its left half only."""
    picture = sheet((100, 50, 40, 30, DARK))
    half, none = np.zeros_like(picture), np.zeros_like(picture)
    half[50:80, 100:120] = 1
    unlabelled = Example("3", lambda: (picture, none), for_judging=False)
    examples = [Example("1", lambda: (picture, half)), Example("2", lambda: (picture, none)), unlabelled]
    return Dataset("two sheets", ("dark", "bright"), examples, "", "")


def test_overlap_is_pooled_over_the_pictures_that_are_judged(package: ModelPackage, dataset: Dataset) -> None:
    found = {figure.name: figure.value for figure in engines.compare(package, dataset)}
    # 600 px are right, 2400 px found and 600 px true
    assert found == {KERAS: 0.4, OPENVINO: 0.4, LESS: 0.0}


def test_pixels_of_which_nothing_is_known_do_not_count(package: ModelPackage, dataset: Dataset) -> None:
    picture, mask = dataset.examples[0].load()
    mask[50:80, 120:140] = IGNORED
    example, segmenter = Example("1", lambda: (picture, mask)), KerasSegmenter(package.weights)

    assert engines.pooled_dice(segmenter, package.card, [example]) == 1
    assert precisions.agreement(package, segmenter, [(example, False)])[0] == 1


def test_a_form_that_refuses_other_sheets_is_not_written(package: ModelPackage, dataset: Dataset) -> None:
    same = KerasSegmenter(package.weights)
    sheets = [(example, refused) for example, refused in zip(dataset.examples, (False, True), strict=False)]

    with pytest.raises(DataError, match=r"loses 0\.0000 of pooled Dice and refuses 0\.5000 of the sheets otherwise"):
        precisions._lost(package, (same, same), sheets, 0.01, "drawn")


def test_what_an_engine_loses_is_told(package: ModelPackage, dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    forward = OpenVinoSegmenter.forward

    def blind(self: OpenVinoSegmenter, batch: Any) -> Any:
        probabilities, novelty = forward(self, batch)
        return np.zeros_like(probabilities), novelty

    monkeypatch.setattr(OpenVinoSegmenter, "forward", blind)
    found = {figure.name: figure.value for figure in engines.compare(package, dataset)}
    assert found == {KERAS: 0.4, OPENVINO: 0.0, LESS: 0.4}
