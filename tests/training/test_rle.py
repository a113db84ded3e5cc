"""Run-length masks in the competition's order."""

import numpy as np
import pytest

from training import rle


def test_runs_go_down_the_columns_and_start_at_one() -> None:
    mask = np.array([[0, 0, 1], [1, 0, 1]], bool)

    assert rle.encode(mask) == "2 1 5 2"


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_mask_survives_the_round_trip(share: float) -> None:
    mask = np.random.default_rng(3).random((37, 53)) < share

    np.testing.assert_array_equal(rle.decode(rle.encode(mask), (37, 53)), mask)


@pytest.mark.parametrize("runs", ["1", "0 3", "5 3", "1 0", "one 2", "1 9223372036854775807", "9999999999999999999 1"])
def test_runs_that_are_no_pairs_or_leave_the_picture_are_refused(runs: str) -> None:
    with pytest.raises(ValueError, match=r"runs|invalid"):
        rle.decode(runs, (2, 3))
