"""Scenes: pictures of one place share a number, and no scene is on both sides of a split."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from training import folds, scenes, sheets
from training.examples import DataError, Example, Picture


def example(name: str, picture: Picture, mask: Picture | None = None, judged: bool = True) -> Example:
    ids = np.zeros_like(picture) if mask is None else mask
    return Example(name, lambda: (picture, ids), for_judging=judged)


@pytest.mark.parametrize("block", [2, 512])
def test_copies_share_a_scene_and_other_sheets_do_not(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(scenes, "BLOCK", block)
    sheet = sheets.generate(1, defects=[4]).image
    turned = np.ascontiguousarray(sheet[::-1, ::-1])
    brighter = np.clip(sheet * 1.2, 0, 255).astype(np.uint8)
    others = [sheets.generate(seed, defects=[]).image for seed in (2, 3)]

    found = scenes.group([example(str(i), p) for i, p in enumerate([sheet, turned, brighter, *others])])

    assert found[0] == found[1] == found[2]
    assert len(set(found)) == 3


@pytest.mark.parametrize("width", [256, 1600])
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_copy_turned_by_quarters_and_flipped_shares_the_scene(width: int, quarters: int) -> None:
    sheet = sheets.generate(1, width=width, defects=[4]).image
    copy = np.ascontiguousarray(np.rot90(sheet, quarters)[::-1])
    other = sheets.generate(2, width=width, defects=[]).image

    found = scenes.alike([example(str(i), p) for i, p in enumerate([sheet, other, copy])])

    assert found == [0, 1, 0]


def test_a_chain_of_pictures_each_like_the_next_is_no_one_scene() -> None:
    rng = np.random.default_rng(1)
    layers = rng.normal(0, 20, (13, 64, 400))
    chain = [np.clip(128 + one + other, 0, 255).astype(np.uint8) for one, other in itertools.pairwise(layers)]

    found = scenes.group([example(str(i), p) for i, p in enumerate(chain)])

    assert max(Counter(found).values()) <= 4
    assert len(set(scenes.group([example(str(i), chain[0]) for i in range(12)]))) == 1


def test_more_copies_than_are_looked_at_are_one_scene(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenes, "NEAREST", 4)
    rng = np.random.default_rng(1)
    steel = rng.normal(128, 20, (64, 400))
    copies = [np.clip(steel + rng.normal(0, 10, steel.shape), 0, 255).astype(np.uint8) for _ in range(24)]
    other = np.clip(rng.normal(128, 20, steel.shape), 0, 255).astype(np.uint8)

    assert scenes.alike([example(str(i), p) for i, p in enumerate([*copies, other])]) == [0] * 24 + [24]


def test_folds_keep_scenes_whole_and_spread_the_kinds() -> None:
    numbers = [0, 0, 1, 2, 3, 4, 5, 6]
    kinds = ["a", "b", "a", "b", "a", "b", "a", "b"]

    dealt = scenes.folds(numbers, kinds, count=2, seed=1)

    assert dealt[0] == dealt[1]
    assert set(Counter(zip(dealt, kinds, strict=True)).values()) == {2}


def test_each_picture_is_judged_once_and_never_trained_on_in_that_fold() -> None:
    made = [sheets.generate(seed, defects=[3] * (seed % 2)) for seed in range(8)]
    examples = [example(str(i), sheet.image, sheet.mask) for i, sheet in enumerate(made)]

    split = folds.split(examples, 4, seed=1)

    assert sorted(e.name for fold in split for e in fold.judging) == [str(i) for i in range(8)]
    assert all(not {e.name for e in fold.judging} & {e.name for e in fold.training} for fold in split)


def test_a_training_only_copy_of_a_judged_picture_is_left_out() -> None:
    made = [sheets.generate(seed, defects=[3] * (seed % 2)) for seed in range(4)]
    examples = [example(str(i), sheet.image, sheet.mask) for i, sheet in enumerate(made)]
    examples.append(example("copy of 0", made[0].image, judged=False))
    examples.append(example("another", sheets.generate(9, defects=[]).image, judged=False))

    for fold in folds.split(examples, 2, seed=1):
        trained, judged = {e.name for e in fold.training}, {e.name for e in fold.judging}
        assert "copy of 0" not in judged
        assert ("copy of 0" in trained) == ("0" in trained)
        assert "another" in trained


def labelled(scenes_and_classes: Sequence[str]) -> list[Example]:
    """Make a picture for each scene and class, such as "a3"; 0 is a clean one."""
    masks = [np.full((64, 64), int(name[1]), np.uint8) for name in scenes_and_classes]
    pictures = [example(name, mask, mask) for name, mask in zip(scenes_and_classes, masks, strict=True)]
    return [replace(picture, scene=picture.name[0]) for picture in pictures]


@pytest.mark.parametrize("seed", range(8))
def test_each_fold_judges_defective_and_clean_pictures(seed: int) -> None:
    examples = labelled(["a1", "b2", "c0", "d0"])  # by their classes alone, both defective ones may meet in a fold
    only_trained = [replace(e, for_judging=False) for e in labelled(["e1", "f1", "g0", "h0"])]  # these make up for none

    for fold in folds.split([*examples, *only_trained], 2, seed):
        assert sorted(bool(e.defects()) for e in fold.judging) == [False, True]


def test_a_scene_is_defective_where_any_of_its_judged_pictures_is() -> None:
    pictures = labelled(["a1", "a0", "b0", "b2", "c0", "d1"])
    pictures[-1] = replace(pictures[-1], for_judging=False)

    assert folds.defective_scenes(pictures, scenes.group(pictures)) == {0: True, 1: True, 2: False}


def test_more_folds_than_scenes_of_a_kind_are_refused() -> None:
    with pytest.raises(DataError, match="4 scenes with defects and 2 without, too few of one kind for 3 folds"):
        folds.split(labelled(["a1", "b1", "c2", "d3", "e0", "e0", "f0"]), 3, seed=1)
