"""Cross-validation by scene: which pictures train each fold's network and which it is judged on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training import scenes
from training.examples import IGNORED, Example


@dataclass(frozen=True)
class Fold:
    """The two sides of a split; no scene is on both."""

    training: list[Example]
    judging: list[Example]


def split(examples: Sequence[Example], count: int, seed: int) -> list[Fold]:
    """Deal the examples into folds; those not for judging train every fold that doesn't judge their scene."""
    groups = scenes.group(examples)
    dealt = scenes.folds(groups, [_kind(example) for example in examples], count, seed)
    return [_fold(examples, groups, dealt, number) for number in range(count)]


def _fold(examples: Sequence[Example], groups: list[int], dealt: list[int], number: int) -> Fold:
    judging = [e for e, fold in zip(examples, dealt, strict=True) if fold == number and e.for_judging]
    held_out = {g for e, g, f in zip(examples, groups, dealt, strict=True) if f == number and e.for_judging}
    training = [e for e, g in zip(examples, groups, strict=True) if g not in held_out]
    return Fold(training, judging)


def _kind(example: Example) -> str:
    ids = np.unique(example.load()[1])
    return f"{example.for_judging} {[int(k) for k in ids if k not in (0, IGNORED)]}"
