"""The loss: low where the network is right, blind where nothing is known."""

import numpy as np
import pytest
import tensorflow as tf

from training.examples import IGNORED
from training.losses import APART, LEVEL, OVERLAPS, Loss, pyramid_loss, segmentation_loss

LABELS = np.zeros((1, 8, 8), np.int32)
LABELS[:, 2:6, 2:6] = 2


def logits(labels: np.ndarray, certainty: float) -> tf.Tensor:
    return tf.one_hot(labels, 5) * certainty


@pytest.mark.parametrize("overlap", OVERLAPS)
def test_right_costs_less_than_unsure_and_unsure_less_than_wrong(overlap: str) -> None:
    wrong = np.where(LABELS == 2, 0, 2)

    right, unsure, mistaken = (
        float(segmentation_loss(LABELS, guess, Loss(overlap)))
        for guess in (logits(LABELS, 9.0), logits(LABELS, 0.0), logits(wrong, 9.0))
    )

    assert right < 0.05 < unsure < mistaken


@pytest.mark.parametrize("overlap", OVERLAPS)
def test_a_batch_without_defects_has_no_overlap_to_lose(overlap: str) -> None:
    clean = np.zeros_like(LABELS)

    assert float(segmentation_loss(clean, logits(clean, 9.0), Loss(overlap))) == pytest.approx(0, abs=1e-2)


@pytest.mark.parametrize("overlap", OVERLAPS)
def test_ignored_pixels_do_not_count(overlap: str) -> None:
    ignored = LABELS.copy()
    ignored[:, :2] = IGNORED
    guess = np.where(ignored == IGNORED, 4, LABELS)

    assert float(segmentation_loss(ignored, logits(guess, 9.0), Loss(overlap))) == pytest.approx(
        float(segmentation_loss(ignored, logits(LABELS, 9.0), Loss(overlap))), abs=1e-5
    )


@pytest.mark.parametrize("overlap", OVERLAPS)
def test_a_batch_of_which_nothing_is_known_costs_nothing(overlap: str) -> None:
    unknown, guess = np.full_like(LABELS, IGNORED), tf.Variable(logits(LABELS, 1.0))

    with tf.GradientTape() as tape:
        lost = segmentation_loss(unknown, guess, Loss(overlap))

    assert float(lost) == 0
    assert not tape.gradient(lost, guess).numpy().any()


@pytest.mark.parametrize(("overlap", "missing"), [("dice", 1 - 2 * 8 / (16 + 8)), ("lovasz", 1 - 8 / 16)])
def test_a_sure_mask_lacks_what_its_overlap_lacks(overlap: str, missing: float) -> None:
    half = LABELS.copy()
    half[:, 2:4] = 0  # 8 of the defect's 16 pixels are left, for any defect and for its class alike

    lost = [float(segmentation_loss(LABELS, logits(half, 99.0), Loss(overlap, weight))) for weight in (0.0, 1.0)]

    assert lost[1] - lost[0] == pytest.approx(2 * missing, abs=0.05)


def test_lovasz_is_what_iou_lacks_in_the_mean_over_all_levels_of_error() -> None:
    rng = np.random.default_rng(1)
    true, guess = rng.random((2, 1, 16, 16, 1)).astype(np.float32)
    true = (true < 0.4).astype(np.float32)
    errors, defect = (x[:, ::APART, ::APART].ravel() for x in (np.abs(true - guess), true > 0))

    levels = np.sort(errors)[::-1]
    wrong = errors >= levels[:, None]
    lacking = 1 - (defect & ~wrong).sum(axis=1) / (defect | wrong).sum(axis=1)
    expected = np.sum((levels - [*levels[1:], 0]) * lacking)

    assert OVERLAPS["lovasz"](true, guess).numpy() == pytest.approx([expected], rel=1e-4)


def test_training_may_minimise_either() -> None:
    guess = tf.Variable(logits(np.zeros_like(LABELS), 1.0))
    for overlap in OVERLAPS:
        with tf.GradientTape() as tape:
            lost = segmentation_loss(LABELS, guess, Loss(overlap)) - segmentation_loss(
                LABELS, guess, Loss(overlap, 0.0)
            )
        pull = tape.gradient(lost, guess).numpy()
        assert pull[0, 4, 4, 2] < 0 < pull[0, 0, 0, 2], overlap  # towards the defect within, away from it without


def test_each_level_of_a_pyramid_is_to_be_right() -> None:
    right, wrong = logits(LABELS, 9.0), logits(np.where(LABELS == 2, 0, 2), 9.0)
    alone = float(segmentation_loss(LABELS, wrong))

    assert float(pyramid_loss(LABELS, [wrong])) == pytest.approx(alone)
    assert float(pyramid_loss(LABELS, [right, right, wrong])) == pytest.approx(LEVEL * alone, abs=0.1)
