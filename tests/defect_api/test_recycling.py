"""A worker leaves only while another one serves."""

import fcntl
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import pytest

from defect_api.places import locked
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


def test_workers_ask_one_after_the_other(
    workers: list[Recycling], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, lock = threading.Event(), fcntl.flock

    def spy(file: BinaryIO, kind: int) -> None:
        if not kind & fcntl.LOCK_NB:
            try:
                return lock(file, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                waits.set()
        return lock(file, kind)

    for worker in workers:
        worker.serve()
    with ThreadPoolExecutor() as pool:
        with locked(tmp_path / "leaving"):
            monkeypatch.setattr(fcntl, "flock", spy)
            asked = pool.submit(workers[0].leave)
            waited = waits.wait(10)
        assert asked.result(10)
    assert waited


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
