"""The served network's second output: how unlike the training data a picture is."""

from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from defect_api import segmenter
from defect_api.segmenter import KerasSegmenter, segment
from training import network, novelty, predictions, reference, sheets
from training.datasets import Dataset
from training.examples import Example, Picture

KNOWN = [sheets.generate(seed, height=128, width=256).image for seed in range(24)]
NEW = [sheets.generate(seed, height=128, width=256).image for seed in range(100, 104)]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    keras.utils.set_random_seed(1)
    return predictions.export(network.build(4), tmp_path_factory.mktemp("novelty") / "exported.keras")


@pytest.fixture(scope="module")
def known(exported: Path) -> novelty.Known:
    model = keras.saving.load_model(exported, compile=False)
    return novelty.fit(novelty.features(model, KNOWN, network.STRIDE))


@pytest.fixture(scope="module")
def gated(exported: Path, known: novelty.Known) -> Path:
    model = keras.saving.load_model(exported, compile=False)
    path = exported.with_name("gated.keras")
    novelty.with_novelty(model, known).save(path)
    return path


def photograph(name: str) -> Picture:
    grey = cv2.cvtColor(load_sample_image(name), cv2.COLOR_RGB2GRAY)
    return np.asarray(grey[100:228, 100:356], np.uint8)


def test_the_served_file_scores_as_the_fit_does_and_segments_as_before(
    exported: Path, gated: Path, known: novelty.Known
) -> None:
    model = keras.saving.load_model(exported, compile=False)
    picture = NEW[0][:100, :230]  # padded
    before, after = (segment(KerasSegmenter(path), picture, network.STRIDE) for path in (exported, gated))
    [expected] = known.score(novelty.features(model, [picture], network.STRIDE))
    assert before.novelty is None
    assert after.novelty == pytest.approx(expected, rel=1e-3)
    np.testing.assert_allclose(after.probability, before.probability, atol=1e-5)


def test_a_known_picture_is_nearest_to_itself(gated: Path) -> None:
    assert segment(KerasSegmenter(gated), KNOWN[3], network.STRIDE).novelty == pytest.approx(0, abs=0.02)


def test_photographs_noise_and_blanks_score_more_than_any_sheet(gated: Path) -> None:
    segmenter = KerasSegmenter(gated)

    def score(picture: Picture) -> float:
        found = segment(segmenter, picture, network.STRIDE).novelty
        assert found is not None
        return found

    rng = np.random.default_rng(0)
    strange = [photograph("china.jpg"), photograph("flower.jpg"), np.full((128, 256), 128, np.uint8)]
    strange.append(rng.integers(0, 256, (128, 256)).astype(np.uint8))
    assert min(score(picture) for picture in strange) > max(score(picture) for picture in [*KNOWN, *NEW])


def test_a_known_picture_that_is_seen_in_parts_is_known_in_each(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segmenter, "TILE_WIDTH", 192)
    monkeypatch.setattr(reference, "GENERATED_COUNT", 4)
    examples = [known_example(seed) for seed in range(8)]
    gated = reference.gate_again(Dataset("parts", (), examples, "", ""), exported, network.STRIDE, 2, 1)

    segmented = [segment(KerasSegmenter(gated.weights), example.load()[0], network.STRIDE) for example in examples]
    assert [one.novelty for one in segmented] == pytest.approx([0] * 8, abs=0.02)


def known_example(seed: int) -> Example:
    sheet = sheets.generate(seed, height=128, width=320, defects=[3] if seed % 2 else [])
    return Example(str(seed), lambda: (sheet.image, sheet.mask), scene=str(seed))
