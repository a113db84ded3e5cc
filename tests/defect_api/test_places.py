"""Places are counted over threads and processes, and a killed process gives up its own."""

import multiprocessing
import tempfile
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from defect_api.places import FOLDER, Places, shared


def hold(folder: Path, count: int, held: Event, release: Event) -> None:
    with Places(count, folder).hold():
        held.set()
        release.wait(60)


@pytest.fixture
def events() -> tuple[Event, Event]:
    spawning = multiprocessing.get_context("spawn")
    return spawning.Event(), spawning.Event()


def test_no_more_than_there_are(tmp_path: Path) -> None:
    places = Places(2, tmp_path)
    with places.hold() as first, places.hold() as second:
        with places.hold() as third:
            assert (first, second, third) == (True, True, False)
        with Places(2, tmp_path).hold() as other:
            assert not other
    with places.hold() as again:
        assert again


def test_each_held_place_costs_one_descriptor(tmp_path: Path) -> None:
    places, opened = Places(4, tmp_path), Path("/proc/self/fd")
    before = len(list(opened.iterdir()))
    with ExitStack() as stack:
        for held in range(1, 5):
            assert stack.enter_context(places.hold())
            assert len(list(opened.iterdir())) == before + held


def test_who_only_counts_takes_none(tmp_path: Path) -> None:
    places = Places(2, tmp_path)
    with places.hold():
        assert [Places(2, tmp_path).taken() for _ in range(2)] == [1, 1]
        with places.hold() as second:
            assert second
    assert places.taken() == 0


def test_a_killed_process_gives_up_its_place(tmp_path: Path, events: tuple[Event, Event]) -> None:
    held, _ = events
    process = multiprocessing.get_context("spawn").Process(target=hold, args=(tmp_path, 1, *events))
    process.start()
    assert held.wait(60)
    with Places(1, tmp_path).hold() as mine:
        assert not mine
    process.kill()
    process.join()
    with Places(1, tmp_path).hold() as mine:
        assert mine


@pytest.mark.parametrize("wait", [Places.wait, partial(Places.hold, patience_s=60)])
def test_waiting_ends_with_a_place(tmp_path: Path, wait: Callable[[Places], AbstractContextManager[object]]) -> None:
    places, inside = Places(2, tmp_path), 0
    most, lock = 0, threading.Lock()

    def turn() -> None:
        nonlocal inside, most
        with wait(places):
            with lock:
                inside += 1
                most = max(most, inside)
            both.wait(30)
            with lock:
                inside -= 1

    both = threading.Barrier(2)  # passed only when two are inside at once
    threads = [threading.Thread(target=turn) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == 2
    assert not any(thread.is_alive() for thread in threads)


def test_an_exception_gives_the_place_back(tmp_path: Path) -> None:
    places = Places(1, tmp_path)
    for acquire in (places.hold, places.wait):
        with pytest.raises(ZeroDivisionError), acquire():
            raise ZeroDivisionError
    with places.hold() as free:
        assert free


def test_places_of_one_process_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    places = Places(1)
    with places.hold() as mine, Places(1).hold() as another:
        assert mine
        assert another
    del places
    assert not list(tmp_path.iterdir())


def test_workers_of_a_server_share_what_it_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER, raising=False)
    assert shared("turns") is None
    monkeypatch.setenv(FOLDER, str(tmp_path))
    assert shared("turns") == tmp_path / "turns"


def test_one_at_a_time_is_at_a_key_and_others_do_not_wait(tmp_path: Path) -> None:
    there: list[str] = []

    def be_there(name: str) -> None:
        with Places(1, tmp_path).alone(7):
            there.append(f"{name} comes")
            with Places(1, tmp_path).alone(8):
                there.append(f"{name} goes")

    threads = [threading.Thread(target=be_there, args=[name]) for name in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(there) == 2 * len(threads)
    assert all(came[0] == went[0] for came, went in zip(there[::2], there[1::2], strict=True))
