"""Scenes: pictures of one place share a number, and no scene is on both sides of a split."""

import numpy as np

from training import folds, scenes, sheets
from training.examples import Example, Picture


def example(name: str, picture: Picture, mask: Picture | None = None, judged: bool = True) -> Example:
    ids = np.zeros_like(picture) if mask is None else mask
    return Example(name, lambda: (picture, ids), for_judging=judged)


def test_copies_share_a_scene_and_other_sheets_do_not() -> None:
    sheet = sheets.generate(1, defects=[4]).image
    turned = np.ascontiguousarray(sheet[::-1, ::-1])
    brighter = np.clip(sheet * 1.2, 0, 255).astype(np.uint8)
    others = [sheets.generate(seed, defects=[]).image for seed in (2, 3)]

    found = scenes.group([example(str(i), p) for i, p in enumerate([sheet, turned, brighter, *others])])

    assert found[0] == found[1] == found[2]
    assert len(set(found)) == 3


def test_folds_keep_scenes_whole_and_spread_the_kinds() -> None:
    numbers = [0, 0, 1, 2, 3, 4, 5, 6]
    kinds = ["a", "b", "a", "b", "a", "b", "a", "b"]

    dealt = scenes.folds(numbers, kinds, count=2, seed=1)

    assert dealt[0] == dealt[1]
    assert sorted(dealt.count(fold) for fold in (0, 1)) == [4, 4]


def test_each_picture_is_judged_once_and_never_trained_on_in_that_fold() -> None:
    made = [sheets.generate(seed) for seed in range(8)]
    examples = [example(str(i), sheet.image, sheet.mask) for i, sheet in enumerate(made)]

    split = folds.split(examples, 4, seed=1)

    assert sorted(e.name for fold in split for e in fold.judging) == [str(i) for i in range(8)]
    assert all(not {e.name for e in fold.judging} & {e.name for e in fold.training} for fold in split)


def test_a_training_only_copy_of_a_judged_picture_is_left_out() -> None:
    pictures = [sheets.generate(seed).image for seed in range(4)]
    examples = [example(str(i), p) for i, p in enumerate(pictures)]
    examples.append(example("copy of 0", pictures[0], judged=False))

    for fold in folds.split(examples, 2, seed=1):
        trained, judged = {e.name for e in fold.training}, {e.name for e in fold.judging}
        assert "copy of 0" not in judged
        assert ("copy of 0" in trained) == ("0" in trained)
