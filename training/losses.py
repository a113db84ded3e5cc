"""What training minimises: cross-entropy plus overlap (soft Dice, Milletari et al. 2016), pooled over the batch."""

from typing import Any

import keras
import tensorflow as tf

from training.examples import IGNORED

SMOOTH = 1.0


def segmentation_loss(labels: Any, logits: Any, overlap_weight: float = 0.5) -> Any:
    """Return cross-entropy + weight x (1 - Dice of any defect) + weight x (1 - mean Dice of the classes present).

    Labels int32 (N, H, W) with IGNORED where nothing is known; logits float32 (N, H, W, 1 + K).
    """
    known = tf.cast(labels != IGNORED, tf.float32)
    targets = tf.one_hot(tf.where(labels == IGNORED, 0, labels), logits.shape[-1]) * known[..., None]
    entropy = -tf.reduce_sum(targets * tf.nn.log_softmax(logits)) / tf.reduce_sum(known)
    probabilities = tf.nn.softmax(logits) * known[..., None]
    any_dice = _dice(known - targets[..., 0], known - probabilities[..., 0])
    by_class = _dice(targets[..., 1:], probabilities[..., 1:], axis=(0, 1, 2))
    present = tf.cast(tf.reduce_any(targets[..., 1:] > 0, axis=(0, 1, 2)), tf.float32)
    class_dice = tf.math.divide_no_nan(tf.reduce_sum(by_class * present), tf.reduce_sum(present))
    has_defect = tf.minimum(tf.reduce_sum(present), 1.0)
    return entropy + overlap_weight * has_defect * (2.0 - any_dice - class_dice)


def _dice(target: Any, probability: Any, axis: Any = None) -> Any:
    both = tf.reduce_sum(target * probability, axis)
    return (2 * both + SMOOTH) / (tf.reduce_sum(target, axis) + tf.reduce_sum(probability, axis) + SMOOTH)


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
