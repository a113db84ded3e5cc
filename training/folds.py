"""Cross-validation by scene: which pictures train each fold's network and which it is judged on."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from training import scenes
from training.examples import DataError, Example


@dataclass(frozen=True)
class Fold:
    """The two sides of a split; no scene is on both."""

    training: list[Example]
    judging: list[Example]


def split(examples: Sequence[Example], count: int, seed: int) -> list[Fold]:
    """Deal the examples into folds; those not for judging train every fold that doesn't judge their scene.

    Pictures are spread by the classes that they show, or by whether their scene has a defect where the former leaves a
    fold without defective or without clean pictures to judge. Raises DataError where there are too few for the latter.
    """
    groups = scenes.group(examples)
    shown = [list(example.defects()) for example in examples]
    kinds = [f"{example.for_judging} {classes}" for example, classes in zip(examples, shown, strict=True)]
    dealt = scenes.folds(groups, kinds, count, seed)
    judged = {(f, bool(c)) for e, f, c in zip(examples, dealt, shown, strict=True) if e.for_judging}
    if len(judged) < 2 * count:
        dealt = scenes.folds(groups, _kinds_of_scenes(examples, groups, count), count, seed)
    return [_fold(examples, groups, dealt, number) for number in range(count)]


def fold_count(examples: Sequence[Example], most: int, seed: int) -> int:
    """Return in how many folds the pictures can be judged, at most `most`.

    Raises DataError where they cannot be dealt into two: there must be some to learn from and some to judge.
    """
    for count in range(most, 1, -1):
        with suppress(DataError):
            split(examples, count, seed)
            return count
    found = defective_scenes(examples, scenes.group(examples))
    defective = sum(found.values())
    raise DataError(
        f"the pictures show {defective} scenes with defects and {len(found) - defective} without, near-copies counted "
        "once; at least two of each, or two that show both, are needed, and thirty make figures that mean something"
    )


def defective_scenes(examples: Sequence[Example], groups: Sequence[int]) -> dict[int, bool]:
    """Tell of each scene that is judged whether one of its pictures has a defect."""
    found: dict[int, bool] = {}
    for example, group in zip(examples, groups, strict=True):
        if example.for_judging:
            found[group] = bool(example.defects()) or found.get(group, False)
    return found


def _kinds_of_scenes(examples: Sequence[Example], groups: Sequence[int], count: int) -> list[str]:
    found = defective_scenes(examples, groups)
    defective = sum(found.values())
    clean = len(found) - defective
    if min(defective, clean) < count:
        raise DataError(
            f"the pictures show {defective} scenes with defects and {clean} without, too few of one kind for {count} "
            "folds; add some, or set fewer folds in the recipe"
        )
    return [str(found.get(group)) for group in groups]


def _fold(examples: Sequence[Example], groups: list[int], dealt: list[int], number: int) -> Fold:
    judging = [e for e, fold in zip(examples, dealt, strict=True) if fold == number and e.for_judging]
    held_out = {g for e, g, f in zip(examples, groups, dealt, strict=True) if f == number and e.for_judging}
    training = [e for e, g in zip(examples, groups, strict=True) if g not in held_out]
    return Fold(training, judging)
