"""A worker leaves only while another one serves."""

from pathlib import Path

import pytest

from defect_api.recycling import Recycling


@pytest.fixture
def workers(tmp_path: Path) -> list[Recycling]:
    return [Recycling(2, tmp_path) for _ in range(3)]


def test_of_two_that_want_to_leave_one_stays_until_the_next_serves(workers: list[Recycling]) -> None:
    first, second, third = workers
    first.serve()
    second.serve()
    assert first.leave()
    assert not second.leave()
    third.serve()
    assert second.leave()
    assert not third.leave()


def test_a_worker_that_leaves_is_not_asked_to_stay(workers: list[Recycling]) -> None:
    first, second, _ = workers
    first.serve()
    second.serve()
    assert [first.leave() for _ in range(3)] == [True] * 3


def test_a_worker_waits_for_the_others_first_model(workers: list[Recycling]) -> None:
    workers[0].serve()
    assert not workers[0].leave()


def test_a_worker_that_is_the_only_one_may_always_leave(tmp_path: Path) -> None:
    only = Recycling(1, tmp_path)
    only.serve()
    assert only.leave()
