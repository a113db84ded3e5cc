"""Crops: reproducible one by one, and from clean sheets as well as from defects."""

import numpy as np
import pytest

from training import augment, paste, sheets
from training.examples import IGNORED, Example
from training.sampling import Mix, Sampler

SIZE = (64, 96)


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return sheets.examples(6, seed=20, width=480)


def test_a_crop_depends_on_the_seed_and_its_number_only(examples: list[Example]) -> None:
    first, second = (Sampler(examples, SIZE, seed=4) for _ in range(2))
    second.crop(0)

    for left, right in zip(first.crop(5), second.crop(5), strict=True):
        np.testing.assert_array_equal(left, right)


def test_batches_come_in_order_from_the_one_asked_for(examples: list[Example]) -> None:
    sampler = Sampler(examples, SIZE, seed=4)

    numbered = list(sampler.batches(2, 4, count=3))

    assert numbered[0][0].shape == (3, *SIZE, 1)
    np.testing.assert_array_equal(numbered[1][0], sampler.batch(3, 3)[0])
    pixels, ids = sampler.crop(3 * 3 + 2)  # none is in two batches
    np.testing.assert_array_equal(numbered[1][0][2, ..., 0], pixels)
    np.testing.assert_array_equal(numbered[1][1][2], ids)


@pytest.mark.parametrize(
    ("mix", "low", "high"),
    [(Mix(1.0, 0.0), 0.7, 1.0), (Mix(0.0, 1.0), 0.0, 0.0), (Mix(0.0, 1.0, pasted=1.0), 0.4, 1.0)],
)
def test_the_mix_decides_what_crops_show(examples: list[Example], mix: Mix, low: float, high: float) -> None:
    sampler = Sampler(examples, SIZE, mix, seed=1)

    share = np.mean([sampler.crop(number)[1].any() for number in range(40)])

    assert low <= share <= high


@pytest.mark.parametrize("defective", [False, True])
def test_a_mix_takes_what_there_is(examples: list[Example], defective: bool) -> None:
    only = [example for example in examples if bool(example.defects()) == defective]
    sampler = Sampler(only, SIZE, Mix(0.5, 0.5), seed=1)

    assert {sampler.crop(number)[0].shape for number in range(8)} == {SIZE}


def test_the_shares_of_a_mix_are_no_more_than_all() -> None:
    Mix(0.75, 0.25)
    with pytest.raises(ValueError, match=r"defect 0\.75 and clean_picture 0\.5, which are more than 1"):
        Mix(0.75, 0.5)


@pytest.mark.parametrize(("by_area", "low", "high"), [(0.0, 0.4, 0.6), (1.0, 0.65, 0.9)])
def test_classes_are_drawn_by_pictures_or_by_area(by_area: float, low: float, high: float) -> None:
    large, small = np.zeros((2, 64, 96), np.uint8)
    large[:, :48], small[:16, :12] = 1, 2  # areas of 16 to 1, whose roots are as 4 to 1
    examples = [Example("large", lambda: (large, large)), Example("small", lambda: (small, small))]
    sampler = Sampler(examples, SIZE, Mix(1.0, 0.0, by_area=by_area), seed=1)

    share = np.mean([(sampler.crop(number)[1] == 1).any() for number in range(100)])

    assert low <= share <= high


def test_crops_are_reduced_after_they_were_cut(examples: list[Example]) -> None:
    whole, halved = (Sampler(examples, SIZE, seed=3, reduction=reduction).crop(1) for reduction in (1, 2))

    assert [part.shape for part in halved] == [(32, 48), (32, 48)]
    np.testing.assert_array_equal(halved[1], whole[1][::2, ::2])


def test_clean_pictures_get_clutter_drawn_on_and_stay_clean() -> None:
    plain = [sheets.example("plain", sheets.generate(5, defects=[], busy_kinds=[], dark_side=False))]
    unlit = augment.Changes(gain=(1, 1), gamma=(1, 1), offset=0, noise=0, blur_share=0, jpeg_share=0)
    samplers = [Sampler(plain, (128, 256), Mix(0.0, 1.0, cluttered=share), unlit, seed=1) for share in (0.0, 1.0)]

    (bare, _), (busy, ids) = (sampler.crop(1) for sampler in samplers)

    assert not ids.any()
    assert busy.std() > 1.2 * bare.std()


def test_a_failure_in_the_background_reaches_the_caller(examples: list[Example]) -> None:
    sampler = Sampler(examples, SIZE, Mix(0.0, 0.0), seed=1)

    def unreadable() -> tuple[np.ndarray, np.ndarray]:
        raise OSError("sheet.png is gone")

    sampler.examples = [Example("gone", unreadable)]

    with pytest.raises(OSError, match=r"sheet\.png is gone"):
        list(sampler.batches(0, 1, 1))


def test_a_pasted_defect_brings_its_mask_and_leaves_the_rest_alone() -> None:
    donor = sheets.generate(31, defects=[4], width=320, dark_side=False)
    clean = sheets.generate(32, defects=[], width=320, dark_side=False)

    pixels, ids = paste.paste(np.random.default_rng(1), donor.image, donor.mask, clean.image, clean.mask)

    changed = pixels != clean.image
    assert set(np.unique(ids)) == {0, 4}
    assert changed[ids > 0].mean() > 0.5
    near = np.abs(np.subtract.outer(np.arange(320), np.flatnonzero(ids.any(0)))).min(1) <= 2 * paste.MARGIN
    assert not changed[:, ~near].any()


@pytest.mark.parametrize(
    "unfit", ["nothing of the donor is known", "the place is dark", "not all of the place is known"]
)
def test_a_defect_is_pasted_only_from_and_to_where_that_makes_sense(unfit: str) -> None:
    donor, clean = (sheets.generate(31, defects=defects, width=320, dark_side=False) for defects in ([4], []))
    if unfit == "nothing of the donor is known":
        donor.mask[donor.mask > 0] = IGNORED
    elif unfit == "the place is dark":
        clean.image[:] = 5
    else:
        clean.mask[::2] = IGNORED

    pixels, ids = paste.paste(np.random.default_rng(1), donor.image, donor.mask, clean.image, clean.mask)

    np.testing.assert_array_equal(pixels, clean.image)
    np.testing.assert_array_equal(ids, clean.mask)
