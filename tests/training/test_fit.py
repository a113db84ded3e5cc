"""Training: a run that was cut goes on to the same result, and a checkpoint of another schedule is refused."""

import contextlib
import math
import resource
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from training import fit, history, sheets
from training.examples import DataError
from training.fit import Fitting, Schedule
from training.losses import WarmupCosine
from training.sampling import Mix, Sampler

SCHEDULE = Schedule(steps=4, batch=2, warmup=1, checkpoint_every=2)


def tiny_network(width: int = 4) -> keras.Model:
    keras.utils.set_random_seed(1)
    pixels = keras.Input((None, None, 1), dtype="uint8")
    x = layers.Rescaling(1 / 128, -1)(pixels)
    x = layers.BatchNormalization()(layers.Conv2D(width, 3, padding="same", activation="relu")(x))
    x = layers.SpatialDropout2D(0.5)(x)
    return keras.Model(pixels, layers.Conv2D(5, 1)(x))


@pytest.fixture(scope="module")
def sampler() -> Sampler:
    return Sampler(sheets.examples(4, seed=3, width=320), (32, 64), Mix(pasted=0.5), seed=1)


def test_a_run_that_was_cut_ends_as_one_that_was_not(tmp_path: Path, sampler: Sampler) -> None:
    whole = Fitting(tiny_network(), SCHEDULE, tmp_path / "whole").run(sampler)

    Fitting(tiny_network(), SCHEDULE, tmp_path / "cut").run(sampler, stop_at=2)
    resumed = Fitting(tiny_network(), SCHEDULE, tmp_path / "cut").run(sampler)

    for expected, actual in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.usefixtures("untraced")
def test_training_changes_the_weights_and_keeps_a_history(tmp_path: Path, sampler: Sampler) -> None:
    before = tiny_network().get_weights()

    after = Fitting(tiny_network(), SCHEDULE, tmp_path).run(sampler).get_weights()

    assert not np.allclose(after[0], before[0])
    assert (tmp_path / "history.csv").read_text().startswith("step,loss,rate,seconds_per_step\n4,")


@pytest.mark.usefixtures("untraced")
def test_a_cut_run_has_one_history(tmp_path: Path, sampler: Sampler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "REPORT_EVERY", 1)
    Fitting(tiny_network(), SCHEDULE, tmp_path / "whole").run(sampler)

    Fitting(tiny_network(), SCHEDULE, tmp_path / "cut").run(sampler, stop_at=2)
    with (tmp_path / "cut" / "history.csv").open("a") as file:
        file.write("3,9.9,0.1,0.1\n")  # from after the checkpoint, as a cut leaves it
    Fitting(tiny_network(), SCHEDULE, tmp_path / "cut").run(sampler)

    whole, cut = (history.read(tmp_path / name) for name in ("whole", "cut"))
    assert [row.step for row in cut] == [1, 2, 3, 4]
    np.testing.assert_allclose([row.loss for row in cut], [row.loss for row in whole], rtol=1e-4)
    assert cut[0].rate == pytest.approx(SCHEDULE.peak_rate)


@pytest.mark.usefixtures("untraced")
def test_tensorboard_sees_the_rows_of_the_history(tmp_path: Path, sampler: Sampler) -> None:
    Fitting(tiny_network(), SCHEDULE, tmp_path).run(sampler)

    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    shown = {name: tf.make_ndarray(events.Tensors(name)[-1].tensor_proto).item() for name in events.Tags()["tensors"]}
    row = history.read(tmp_path)[-1]
    assert shown == pytest.approx({"loss": row.loss, "rate": row.rate, "seconds_per_step": row.seconds_per_step})
    assert events.Tensors("loss")[-1].step == row.step


@pytest.mark.usefixtures("untraced")
def test_a_checkpoint_of_another_schedule_is_refused(tmp_path: Path, sampler: Sampler) -> None:
    Fitting(tiny_network(), SCHEDULE, tmp_path).run(sampler, stop_at=2)

    with pytest.raises(DataError, match="another schedule"):
        Fitting(tiny_network(), replace(SCHEDULE, steps=6), tmp_path).run(sampler)


@pytest.mark.usefixtures("untraced")
def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path, sampler: Sampler) -> None:
    Fitting(tiny_network(), SCHEDULE, tmp_path).run(sampler, stop_at=2)

    with pytest.raises(DataError, match=r"checkpoint-2 is damaged or of another network"):
        Fitting(tiny_network(width=8), SCHEDULE, tmp_path).run(sampler)


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("damaged", ["state.json", "checkpoint-2.index", "checkpoint-2.data-00000-of-00001"])
def test_a_damaged_checkpoint_is_named(tmp_path: Path, sampler: Sampler, damaged: str) -> None:
    Fitting(tiny_network(), SCHEDULE, tmp_path).run(sampler, stop_at=2)
    (tmp_path / damaged).write_bytes(b"{")

    with pytest.raises(DataError, match=r"(state\.json cannot be read|checkpoint-2 is damaged)"):
        Fitting(tiny_network(), SCHEDULE, tmp_path).run(sampler)


@pytest.mark.usefixtures("untraced")
def test_a_full_disk_leaves_the_earlier_checkpoint(tmp_path: Path, sampler: Sampler) -> None:
    whole = Fitting(tiny_network(), SCHEDULE, tmp_path / "whole").run(sampler)
    Fitting(tiny_network(), SCHEDULE, tmp_path / "cut").run(sampler, stop_at=2)

    with (
        full_disk(after=2000),
        pytest.raises(OSError, match=r"checkpoint-4 could not be written; free .* goes on from"),
    ):
        Fitting(tiny_network(), SCHEDULE, tmp_path / "cut").run(sampler)
    resumed = Fitting(tiny_network(), SCHEDULE, tmp_path / "cut").run(sampler)

    np.testing.assert_allclose(resumed.get_weights()[0], whole.get_weights()[0], rtol=1e-5, atol=1e-6)


@pytest.mark.usefixtures("untraced")
def test_a_full_disk_before_the_first_checkpoint_is_told(tmp_path: Path, sampler: Sampler) -> None:
    with full_disk(after=2000), pytest.raises(OSError, match=r"checkpoint-2 could not be written; free .* starts anew"):
        Fitting(tiny_network(), SCHEDULE, tmp_path).run(sampler)


@pytest.mark.usefixtures("untraced")
def test_what_a_cut_left_of_a_checkpoint_is_removed(tmp_path: Path, sampler: Sampler) -> None:
    Fitting(tiny_network(), SCHEDULE, tmp_path).run(sampler, stop_at=2)
    left = tmp_path / "checkpoint-3_temp"  # as TensorFlow names its folder
    left.mkdir()
    (left / "part-00000-of-00001.index").touch()

    Fitting(tiny_network(), SCHEDULE, tmp_path).run(sampler)

    assert {path.stem for path in tmp_path.glob("checkpoint-*")} == {"checkpoint-4"}


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize(("steps", "found"), [(1, 1), (4, 2)], ids=["weights", "loss"])
def test_training_that_diverges_ends_before_anything_is_saved(
    tmp_path: Path, sampler: Sampler, steps: int, found: int
) -> None:
    diverging = replace(SCHEDULE, steps=steps, peak_rate=math.nan, checkpoint_every=4)

    with pytest.raises(DataError, match=f"at step {found} the loss or a weight is not finite any more; lower"):
        Fitting(tiny_network(), diverging, tmp_path).run(sampler)
    assert not list(tmp_path.glob("checkpoint-*"))


@contextlib.contextmanager
def full_disk(after: int) -> Iterator[None]:
    """Have the system refuse to write more than `after` bytes into any file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (after, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_the_rate_rises_to_its_peak_and_falls() -> None:
    rate = WarmupCosine(peak=1.0, warmup=10, steps=100)

    rates = [float(rate(step)) for step in (0, 9, 50, 99)]

    assert rates[0] == pytest.approx(0.1)
    assert rates[1] == pytest.approx(1.0)
    assert rates[1] > rates[2] > rates[3] > 0
