"""The training loop: steps over crops, averaged weights, and a checkpoint from which a run resumes exactly."""

import json
import math
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import keras
import numpy as np
import tensorflow as tf
from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from tqdm import tqdm

from training.examples import DataError
from training.history import History, Row
from training.losses import DICE, Loss, WarmupCosine, pyramid_loss
from training.sampling import Batch, Sampler

STATE = "state.json"  # names the checkpoint that counts
REPORT_EVERY = 20  # steps
LOG_EVERY_S = 30  # seconds between two states of the progress bar where it goes into a file


@dataclass(frozen=True)
class Schedule:
    """How long and how fast a network learns."""

    steps: PositiveInt
    batch: PositiveInt = 8
    peak_rate: PositiveFloat = 1e-3
    warmup: NonNegativeInt = 60
    weight_decay: NonNegativeFloat = 1e-4
    average: Annotated[float, Field(ge=0, lt=1)] = 0.99
    checkpoint_every: PositiveInt = 200


class Fitting:
    """One run of training; `folder` holds its checkpoint and history."""

    def __init__(self, model: keras.Model, schedule: Schedule, folder: Path, loss: Loss = DICE) -> None:
        self.model, self.schedule, self.folder, self.loss = model, schedule, folder, loss
        self.rate = WarmupCosine(schedule.peak_rate, schedule.warmup, schedule.steps)
        self.optimizer = keras.optimizers.AdamW(
            self.rate,
            weight_decay=schedule.weight_decay,
            global_clipnorm=2.0,
            use_ema=True,
            ema_momentum=schedule.average,
        )
        self.optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        self.optimizer.build(model.trainable_variables)
        # dropout's random state is a variable but no weight: a model's own checkpoint leaves it out
        weights = {id(weight) for weight in model.weights}
        seeds = [variable.value for variable in model.variables if id(variable) not in weights]
        self.checkpoint = tf.train.Checkpoint(model=model, optimizer=self.optimizer, seeds=seeds)
        self._step: Callable[[Any, Any], Any] = tf.function(self._train_step)

    def run(self, sampler: Sampler, stop_at: int | None = None) -> keras.Model:
        """Train to the end of the schedule (or to step `stop_at`) and return the model with averaged weights.

        Raises DataError where the folder holds a checkpoint of another configuration or a damaged one, or the loss or
        the weights are not finite any more, and OSError where the disk is full; the last checkpoint stays whole.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        first = self._resume()
        last = min(stop_at or self.schedule.steps, self.schedule.steps)
        history = History(self.folder, first)
        losses: list[float] = []
        started = time.monotonic()
        for done, batch in enumerate(self._shown(sampler, first, last), first + 1):
            losses.append(self._learn(batch, done))
            if done % REPORT_EVERY == 0 or done == last:
                history.add(self._row(done, losses, (time.monotonic() - started) / (done - first)))
                losses = []
            if done % self.schedule.checkpoint_every == 0 or done == last:
                self._save(done)
        if last == self.schedule.steps:
            self.optimizer.finalize_variable_values(self.model.trainable_variables)
        return self.model

    def _shown(self, sampler: Sampler, first: int, last: int) -> Iterator[Batch]:
        """Yield the batches under a progress bar."""
        self._bar = tqdm(
            sampler.batches(first, last, self.schedule.batch),
            desc="/".join(self.folder.parts[-2:]),
            initial=first,
            total=self.schedule.steps,
            unit="step",
            mininterval=0.5 if sys.stderr.isatty() else LOG_EVERY_S,
        )
        return iter(self._bar)

    def _learn(self, batch: Batch, step: int) -> float:
        loss = float(self._step(*map(tf.constant, batch)))
        self._check(step, finite=math.isfinite(loss))
        return loss

    def _check(self, step: int, *, finite: bool) -> None:
        if not finite:
            raise DataError(
                f"{self.folder}: at step {step} the loss or a weight is not finite any more; lower the recipe's "
                "peak_rate, and choose another folder for that run"
            )

    def _train_step(self, pictures: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            # a network without a pyramid has one output, which is its own mean
            loss = pyramid_loss(labels, tf.nest.flatten(self.model(pictures, training=True)), self.loss)
        variables = self.model.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    def _resume(self) -> int:
        state = self.folder / STATE
        if not state.exists():
            return 0
        try:
            saved = json.loads(state.read_text())
            schedule, step, name = saved["schedule"], int(saved["step"]), saved["checkpoint"]
        except (KeyError, ValueError) as error:
            raise DataError(f"{state} cannot be read ({error}); remove {self.folder} to train it anew") from error
        if schedule != asdict(self.schedule):
            raise DataError(f"{self.folder} holds a run of another schedule; choose another folder or remove it")
        try:
            self.checkpoint.read(str(self.folder / name)).assert_existing_objects_matched()
        except (tf.errors.OpError, AssertionError, IndexError, ValueError) as error:
            raise DataError(
                f"{self.folder / name} is damaged or of another network; choose another folder or remove it"
            ) from error
        return step

    def _save(self, step: int) -> None:
        """Write the checkpoint first and the state that names it last, so that a cut leaves the earlier one whole."""
        # the loss was found before the step's change of the weights
        self._check(step, finite=all(np.isfinite(weight).all() for weight in self.model.get_weights()))
        name = f"checkpoint-{step}"
        try:
            self.checkpoint.write(str(self.folder / name))
            state = {"step": step, "checkpoint": name, "schedule": asdict(self.schedule)}
            fresh = self.folder / f"{STATE}.new"
            fresh.write_text(json.dumps(state))
        except (tf.errors.OpError, OSError) as error:
            kept = "it goes on from the checkpoint before" if (self.folder / STATE).exists() else "it starts anew"
            raise OSError(
                f"{self.folder / name} could not be written; free some space and run the command again: {kept}"
            ) from error
        fresh.replace(self.folder / STATE)
        self._remove_all_but(name)

    def _remove_all_but(self, name: str) -> None:
        for old in self.folder.glob("checkpoint-*"):
            if old.is_dir():  # TensorFlow's own, while it writes: a cut leaves it
                shutil.rmtree(old)
            elif not old.name.startswith(f"{name}."):
                old.unlink()

    def _row(self, step: int, losses: list[float], seconds: float) -> Row:
        loss = float(np.mean(losses))
        self._bar.set_postfix(loss=f"{loss:.4f}", refresh=False)
        return Row(step, round(loss, 5), round(float(self.rate(step - 1)), 8), round(seconds, 3))
