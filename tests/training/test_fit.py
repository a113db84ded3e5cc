"""Training: a run that was cut goes on to the same result, and a checkpoint of another schedule is refused."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from training import sheets
from training.examples import DataError
from training.fit import Fitting, Schedule
from training.losses import WarmupCosine
from training.sampling import Mix, Sampler

SCHEDULE = Schedule(steps=4, batch=2, warmup=1, checkpoint_every=2)


def tiny_network() -> keras.Model:
    keras.utils.set_random_seed(1)
    pixels = keras.Input((None, None, 1), dtype="uint8")
    x = layers.Rescaling(1 / 128, -1)(pixels)
    x = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same", activation="relu")(x))
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


def test_training_changes_the_weights_and_keeps_a_history(tmp_path: Path, sampler: Sampler) -> None:
    before = tiny_network().get_weights()

    after = Fitting(tiny_network(), SCHEDULE, tmp_path).run(sampler).get_weights()

    assert not np.allclose(after[0], before[0])
    assert (tmp_path / "history.csv").read_text().startswith("4,")


def test_a_checkpoint_of_another_schedule_is_refused(tmp_path: Path, sampler: Sampler) -> None:
    Fitting(tiny_network(), SCHEDULE, tmp_path).run(sampler, stop_at=2)

    with pytest.raises(DataError, match="another schedule"):
        Fitting(tiny_network(), replace(SCHEDULE, steps=6), tmp_path).run(sampler)


def test_the_rate_rises_to_its_peak_and_falls() -> None:
    rate = WarmupCosine(peak=1.0, warmup=10, steps=100)

    rates = [float(rate(step)) for step in (0, 9, 50, 99)]

    assert rates[0] == pytest.approx(0.1)
    assert rates[1] == pytest.approx(1.0)
    assert rates[1] > rates[2] > rates[3] > 0
