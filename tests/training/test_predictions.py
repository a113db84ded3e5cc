"""Predictions on disk: kept one by one, and gone through as often as it takes."""

from pathlib import Path

import keras
import numpy as np
import pytest

from tests.training.test_fit import full_disk
from training import history, predictions, stages
from training.examples import IGNORED, DataError, write_text
from training.predictions import Joined, Prediction


def prediction(name: str, value: int) -> Prediction:
    q, classes, truth = (np.full((4, 6), value + part, np.uint8) for part in range(3))
    return Prediction(name, q, classes, truth)


def test_what_is_kept_is_read_in_the_order_of_names_and_more_than_once(tmp_path: Path) -> None:
    predictions.save((prediction(name, value) for name, value in (("strip/b.jpg", 1), ("a", 7))), tmp_path)

    kept = predictions.load(tmp_path)

    assert len(kept) == 2
    for _ in range(2):
        assert [(p.name, p.q[0, 0], p.classes[0, 0], p.truth[0, 0]) for p in kept] == [
            ("a", 7, 8, 9),
            ("strip/b.jpg", 1, 2, 3),
        ]


def test_where_nothing_is_known_nothing_is_found_and_nothing_missed() -> None:
    q, truth = np.full((4, 6), 200, np.uint8), np.zeros((4, 6), np.uint8)
    truth[:, 3:] = IGNORED

    judged = Prediction("a", q, np.zeros_like(q), truth)

    assert not judged.defective
    assert (judged.q[:, :3] == 200).all()
    assert not judged.q[:, 3:].any()


def test_how_much_is_not_known_is_kept(tmp_path: Path) -> None:
    q, truth = np.zeros((4, 6), np.uint8), np.full((4, 6), IGNORED, np.uint8)
    truth[:, :3] = 0
    predictions.save([Prediction("a", q, q, truth)], tmp_path)

    (kept,) = predictions.load(tmp_path)

    assert kept.ignored == 12


def test_what_an_earlier_version_kept_is_read(tmp_path: Path) -> None:
    q = np.zeros((4, 6), np.uint8)
    np.savez_compressed(tmp_path / "a.npz", q=q, classes=q, truth=q)

    assert [p.name for p in predictions.load(tmp_path)] == ["a"]


def test_a_network_is_exported_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = keras.Input((None, None, 1), dtype="uint8")
    model = keras.Model(pixels, keras.layers.Conv2D(2, 1)(keras.layers.Rescaling(1 / 255)(pixels)))
    exported = predictions.export(model, tmp_path / "exported.keras")
    earlier = exported.read_bytes()

    def cut(_model: keras.Model, path: Path) -> None:
        path.write_bytes(b"half a network")
        raise OSError("the disk is full")

    monkeypatch.setattr(keras.Model, "save", cut)
    with pytest.raises(OSError, match="the disk is full"):
        predictions.export(model, exported)
    assert exported.read_bytes() == earlier


def test_a_full_disk_is_told_with_the_file(tmp_path: Path) -> None:
    pixels = keras.Input((None, None, 1), dtype="uint8")
    model = keras.Model(pixels, keras.layers.Conv2D(2, 1)(keras.layers.Rescaling(1 / 255)(pixels)))

    with full_disk(after=10):
        with pytest.raises(OSError, match=r"File too large: .*new-exported\.keras"):
            predictions.export(model, tmp_path / "exported.keras")
        with pytest.raises(OSError, match=r"File too large: .*a\.npz"):
            predictions.save([prediction("a", 1)], tmp_path)
        with pytest.raises(OSError, match=r"File too large: .*history\.csv"):
            history.History(tmp_path, 0)
        with pytest.raises(OSError, match=r"File too large: .*recipe\.toml"):
            write_text(tmp_path / "recipe.toml", "seed = 1\nfolds = 3\n")
    assert not (tmp_path / "recipe.toml").exists()


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\3\4"])
def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    (tmp_path / stages.FINISHED).write_bytes(content)

    with pytest.raises(DataError, match=r"a\.npz is damaged; train that fold again"):
        next(iter(predictions.load(tmp_path)))
    with pytest.raises(DataError, match=r"model\.keras is damaged; remove it and train that run again"):
        stages.finished(tmp_path)


def test_a_file_that_is_cut_off_is_named(tmp_path: Path) -> None:
    predictions.save([prediction("a", 1)], tmp_path)
    whole = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "a.npz").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(DataError, match=r"a\.npz is damaged"):
        next(iter(predictions.load(tmp_path)))


def test_joined_folds_follow_each_other(tmp_path: Path) -> None:
    predictions.save([prediction("a", 1)], tmp_path)

    joined = Joined([predictions.load(tmp_path), [prediction("b", 2), prediction("c", 3)]])

    assert len(joined) == 3
    assert [p.name for p in joined] == ["a", "b", "c"]
