"""What training minimises: cross-entropy plus the overlap that is missing, pooled over the batch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf
from pydantic import NonNegativeFloat

from training.examples import IGNORED

SMOOTH = 1.0
LEVEL = 0.3  # weight of what each level of a pyramid says by itself beside their mean
APART = 2  # px between those that Lovász sorts, along rows and columns: logits come from a grid that is no finer


@dataclass(frozen=True)
class Loss:
    """By what missing overlap is measured, one of OVERLAPS, and its weight beside cross-entropy."""

    overlap: str = "dice"
    weight: NonNegativeFloat = 0.5


DICE = Loss()


def segmentation_loss(labels: Any, logits: Any, loss: Loss = DICE) -> Any:
    """Return cross-entropy + weight x (overlap missing of any defect + its mean over the classes present).

    Labels int32 (N, H, W) with IGNORED where nothing is known; logits float32 (N, H, W, 1 + K).
    """
    known = tf.cast(labels != IGNORED, tf.float32)[..., None]
    targets = tf.one_hot(tf.where(labels == IGNORED, 0, labels), logits.shape[-1]) * known
    entropy = tf.math.divide_no_nan(-tf.reduce_sum(targets * tf.nn.log_softmax(logits)), tf.reduce_sum(known))
    missing = OVERLAPS[loss.overlap](_any_and_classes(targets, known), _any_and_classes(tf.nn.softmax(logits), known))
    present = tf.cast(tf.reduce_any(targets[..., 1:] > 0, axis=(0, 1, 2)), tf.float32)
    of_classes = tf.math.divide_no_nan(tf.reduce_sum(missing[1:] * present), tf.reduce_sum(present))
    has_defect = tf.minimum(tf.reduce_sum(present), 1.0)
    return entropy + loss.weight * has_defect * (missing[0] + of_classes)


def pyramid_loss(labels: Any, outputs: Sequence[Any], loss: Loss = DICE) -> Any:
    """Return the loss of the levels' mean, outputs[0], and of each level: none is left to the others' corrections.

    Lee et al. 2015, Deeply-Supervised Nets.
    """
    mean, *levels = (segmentation_loss(labels, logits, loss) for logits in outputs)
    return mean + LEVEL * sum(levels)


def _any_and_classes(shares: Any, known: Any) -> Any:
    """Put any defect in the background's place; 0 where nothing is known."""
    return tf.concat([1 - shares[..., :1], shares[..., 1:]], axis=-1) * known


def _dice(target: Any, probability: Any) -> Any:
    """Return what soft Dice (Milletari et al. 2016) lacks of 1 in each channel, from (N, H, W, C)."""
    both, either = (tf.reduce_sum(x, axis=(0, 1, 2)) for x in (target * probability, target + probability))
    return 1 - (2 * both + SMOOTH) / (either + SMOOTH)


def _lovasz(target: Any, probability: Any) -> Any:
    """Return the Lovász extension of what IoU lacks of 1 in each channel, from (N, H, W, C).

    Berman, Rannen Triki and Blaschko 2018, equation 8 and algorithm 1: errors in falling order, each weighed by how
    much IoU falls if that pixel is wrong as well.
    """
    target, probability = (_channels(x[:, ::APART, ::APART]) for x in (target, probability))
    errors, order = tf.math.top_k(tf.abs(target - probability), k=tf.shape(target)[1])
    true = tf.gather(target, order, batch_dims=1)
    total = tf.reduce_sum(true, axis=1, keepdims=True)
    intersection, union = total - tf.cumsum(true, axis=1), total + tf.cumsum(1 - true, axis=1)
    lacking = 1 - intersection / tf.maximum(union, 1.0)
    weights = tf.concat([lacking[:, :1], lacking[:, 1:] - lacking[:, :-1]], axis=1)
    return tf.reduce_sum(errors * tf.stop_gradient(weights), axis=1)


def _channels(x: Any) -> Any:
    """Turn (N, H, W, C) into (C, N x H x W)."""
    return tf.transpose(tf.reshape(x, (-1, x.shape[-1])))


OVERLAPS: dict[str, Callable[[Any, Any], Any]] = {"dice": _dice, "lovasz": _lovasz}


class WarmupCosine(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]  # keras has no types
    """A linear rise to the peak, then half a cosine down to a hundredth of it."""

    def __init__(self, peak: float, warmup: int, steps: int) -> None:
        self.peak, self.warmup, self.steps = peak, warmup, steps

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        done = tf.cast(step, tf.float32)
        rise = (done + 1) / max(self.warmup, 1)
        progress = tf.clip_by_value((done - self.warmup) / max(self.steps - self.warmup, 1), 0.0, 1.0)
        fall = 0.01 + 0.99 * 0.5 * (1 + tf.cos(3.14159265 * progress))
        return self.peak * tf.minimum(rise, fall)

    def get_config(self) -> dict[str, Any]:
        """Return what rebuilds the schedule."""
        return {"peak": self.peak, "warmup": self.warmup, "steps": self.steps}
