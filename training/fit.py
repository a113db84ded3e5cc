"""The training loop: steps over crops, averaged weights, and a checkpoint from which a run resumes exactly."""

import csv
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from training.examples import DataError
from training.losses import WarmupCosine, segmentation_loss
from training.sampling import Batch, Sampler

REPORT_EVERY = 20  # steps


@dataclass(frozen=True)
class Schedule:
    """How long and how fast a network learns."""

    steps: int
    batch: int = 8
    peak_rate: float = 1e-3
    warmup: int = 60
    weight_decay: float = 1e-4
    average: float = 0.99
    checkpoint_every: int = 200


class Fitting:
    """One run of training; `folder` holds its checkpoint and history."""

    def __init__(self, model: keras.Model, schedule: Schedule, folder: Path) -> None:
        self.model, self.schedule, self.folder = model, schedule, folder
        rate = WarmupCosine(schedule.peak_rate, schedule.warmup, schedule.steps)
        self.optimizer = keras.optimizers.AdamW(
            rate, weight_decay=schedule.weight_decay, global_clipnorm=2.0, use_ema=True, ema_momentum=schedule.average
        )
        self.optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        self.optimizer.build(model.trainable_variables)
        self.checkpoint = tf.train.Checkpoint(model=model, optimizer=self.optimizer)
        self._step: Callable[[Any, Any], Any] = tf.function(self._train_step)

    def run(self, sampler: Sampler, stop_at: int | None = None) -> keras.Model:
        """Train to the end of the schedule (or to step `stop_at`) and return the model with averaged weights.

        Raises DataError where the folder holds a checkpoint of another schedule.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        first = self._resume()
        last = min(stop_at or self.schedule.steps, self.schedule.steps)
        losses: list[float] = []
        started = time.monotonic()
        for done, batch in enumerate(sampler.batches(first, last, self.schedule.batch), first + 1):
            losses.append(self._learn(batch))
            if done % REPORT_EVERY == 0 or done == last:
                self._report(done, losses, (time.monotonic() - started) / (done - first))
                losses = []
            if done % self.schedule.checkpoint_every == 0 or done == last:
                self._save(done)
        if last == self.schedule.steps:
            self.optimizer.finalize_variable_values(self.model.trainable_variables)
        return self.model

    def _learn(self, batch: Batch) -> float:
        return float(self._step(*map(tf.constant, batch)))

    def _train_step(self, pictures: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = segmentation_loss(labels, self.model(pictures, training=True))
        variables = self.model.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    def _resume(self) -> int:
        state = self.folder / "state.json"
        if not state.exists():
            return 0
        saved = json.loads(state.read_text())
        if saved["schedule"] != asdict(self.schedule):
            raise DataError(f"{self.folder} holds a run of another schedule; choose another folder or remove it")
        self.checkpoint.read(str(self.folder / saved["checkpoint"])).assert_existing_objects_matched()
        return int(saved["step"])

    def _save(self, step: int) -> None:
        """Write the checkpoint first and the state that names it last, so that a cut leaves the earlier one whole."""
        name = f"checkpoint-{step}"
        self.checkpoint.write(str(self.folder / name))
        state = {"step": step, "checkpoint": name, "schedule": asdict(self.schedule)}
        fresh = self.folder / "state.json.new"
        fresh.write_text(json.dumps(state))
        fresh.replace(self.folder / "state.json")
        for old in self.folder.glob("checkpoint-*"):
            if not old.name.startswith(f"{name}."):
                old.unlink()

    def _report(self, step: int, losses: list[float], seconds: float) -> None:
        history = self.folder / "history.csv"
        with history.open("a", newline="") as file:
            csv.writer(file).writerow([step, f"{np.mean(losses):.5f}", f"{seconds:.3f}"])
        left = seconds * (self.schedule.steps - step) / 60
        print(
            f"step {step}/{self.schedule.steps}  loss {np.mean(losses):.4f}  {seconds:.2f} s/step  {left:.1f} min left"
        )
