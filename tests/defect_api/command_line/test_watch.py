"""`defect-inspect --watch`: pictures are inspected once they are whole, and failures that pass are waited out."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from defect_api import command_line
from defect_api.command_line import settled
from tests.defect_api.command_line.conftest import CLEAN, DEFECTIVE, inspect


class Looks:
    """What happens between the looks at a watched folder, one after the other; then it is stopped."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waited: list[float] = []
        self._monkeypatch = monkeypatch

    def at(self, *events: Callable[[], object]) -> None:
        coming = iter(events)

        def next_one(seconds: float) -> None:
            self.waited.append(seconds)
            event = next(coming, None)
            if event is None:
                raise KeyboardInterrupt
            event()

        self._monkeypatch.setattr(command_line, "sleep", next_one)


def nothing() -> None:
    pass


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    return Looks(monkeypatch)


def test_what_is_named_comes_before_what_is_watched(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], looks: Looks
) -> None:
    looks.at()
    (tmp_path / "camera").mkdir()
    assert inspect(folder, "--watch", tmp_path / "camera", "--out", tmp_path / "out") == 0
    assert "a.png" in capsys.readouterr().out


def test_a_watch_leaves_what_it_writes(folder: Path, capsys: pytest.CaptureFixture[str], looks: Looks) -> None:
    looks.at(*[nothing] * 6)
    assert inspect("--watch", folder, "--out", folder / "inspected") == 0
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize(
    ("away", "error", "told", "status"),
    # a folder within that is taken away while it is looked at is no error
    [("", errno.ESTALE, 1, 2), ("", errno.ENOENT, 1, 2), ("deeper", errno.EIO, 1, 2), ("deeper", errno.ENOENT, 0, 0)],
)
def test_a_folder_out_of_reach_is_told_once_and_watched_again(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    looks: Looks,
    monkeypatch: pytest.MonkeyPatch,
    away: str,
    error: int,
    told: int,
    status: int,
) -> None:
    (folder / "deeper" / "b.png").write_bytes(CLEAN)
    reach = os.scandir

    def drop() -> None:
        def failing(place: Any) -> object:
            if str(place) == str(folder / away):
                raise OSError(error, os.strerror(error), place)
            return reach(place)

        monkeypatch.setattr(os, "scandir", failing)

    looks.at(nothing, drop, nothing, lambda: monkeypatch.setattr(os, "scandir", reach), nothing, nothing)
    assert inspect("--watch", folder, "--out", tmp_path / "out") == status
    output = capsys.readouterr()
    assert output.err.count(os.strerror(error)) == told
    assert sorted(line.partition("\t")[0] for line in output.out.splitlines()) == [
        str(folder / name) for name in ("a.png", "deeper/b.png")
    ]


def test_what_a_full_disk_refused_is_told_once_and_inspected_when_there_is_room(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = os.fsync

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    # a look, two more at which there is no room, and what follows when there is
    looks.at(nothing, nothing, nothing, nothing, lambda: monkeypatch.setattr(os, "fsync", sync), nothing, nothing)
    assert inspect("--watch", folder, "--out", tmp_path / "out") == 2
    output = capsys.readouterr()
    assert output.err.count("The media volume is full") == 1
    assert output.out.count("a.png\tclean") == 1
    assert 60 in looks.waited


def test_a_picture_that_cannot_be_read_just_now_is_tried_again(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Path.read_bytes

    def failing(path: Path) -> bytes:
        if path == folder / "a.png":
            raise OSError(errno.EIO, "Input/output error")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", failing)
    looks.at(nothing, nothing, lambda: monkeypatch.setattr(Path, "read_bytes", read), nothing, nothing)
    assert inspect("--watch", folder, "--out", tmp_path / "out") == 2
    output = capsys.readouterr()
    assert output.err.count("Input/output error") == 1
    assert output.out.count("a.png\tclean") == 1


def taken(folder: Path) -> list[tuple[Path, bytes]]:
    """Return what is yielded until the looks end."""
    found = []

    def take() -> None:
        for path in settled(lambda: sorted(folder.glob("*.png")), {}):
            found.append((path, path.read_bytes()))  # noqa: PERF401  # what was taken before the end counts

    with pytest.raises(KeyboardInterrupt):
        take()
    return found


def test_a_watched_picture_is_taken_once_and_only_when_it_has_stopped_growing(tmp_path: Path, looks: Looks) -> None:
    growing = tmp_path / "growing.png"

    def write(more: bytes) -> Callable[[], object]:
        def append() -> None:
            with growing.open("ab") as file:
                file.write(more)

        return append

    looks.at(*map(write, [b"", b"", b"", DEFECTIVE[:50], DEFECTIVE[50:], b"", b""]))
    assert taken(tmp_path) == [(growing, DEFECTIVE)]


def test_a_watched_picture_is_not_taken_while_its_writer_pauses(tmp_path: Path, looks: Looks) -> None:
    paused = tmp_path / "paused.png"
    writer = paused.open("wb")
    writer.write(DEFECTIVE[:50])
    writer.flush()

    def go_on() -> None:
        writer.write(DEFECTIVE[50:])
        writer.close()

    looks.at(*[nothing] * 4, go_on, *[nothing] * 3)
    assert taken(tmp_path) == [(paused, DEFECTIVE)]
