"""`defect-inspect`: records, overlays and exit statuses without a server."""

import errno
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from defect_api import command_line
from defect_api.command_line import main, settled
from defect_api.media import MediaVolume
from defect_api.record import Scale
from defect_api.served_model import ModelSlot
from tests.defect_api.conftest import DARK, png, sheet

DEFECTIVE = png(sheet((100, 50, 40, 30, DARK)))
CLEAN = png(sheet())


@pytest.fixture(autouse=True)
def _environment(models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELS_DIR", str(models_dir))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in" / "deeper").mkdir(parents=True)
    (tmp_path / "in" / "a.png").write_bytes(CLEAN)
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    return tmp_path / "in"


def inspect(*arguments: Path | str) -> int:
    return main([str(argument) for argument in arguments])


def test_all_clean_is_0(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert inspect(folder, "--out", tmp_path / "out") == 0
    assert capsys.readouterr().out.startswith(f"{folder / 'a.png'}\tclean\t0.")


def test_a_defect_anywhere_is_1_with_record_and_overlay(folder: Path, tmp_path: Path) -> None:
    (folder / "deeper" / "b.png").write_bytes(DEFECTIVE)
    assert inspect(folder, "--out", tmp_path / "out") == 1
    media = MediaVolume(tmp_path / "out")
    (record,) = [media.record(identifier) for identifier in media.stamps() if identifier.startswith("b-")]
    assert record.verdict == "defect"
    assert media.path(record.files.overlay).is_file()


def test_a_name_that_is_not_utf_8_is_written_as_it_is(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "utf-8"))
    (folder / os.fsdecode(b"bl\xfcch.png")).write_bytes(CLEAN)
    assert inspect(folder, "--out", tmp_path / "out") == 0
    assert b"bl\xfcch.png\tclean" in written.getvalue()


@pytest.mark.parametrize("content", [b"", b"nothing", DEFECTIVE[:-40]])
def test_an_unreadable_picture_is_2_and_the_others_are_judged(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    (folder / "0.png").write_bytes(content)
    assert inspect(folder, "--out", tmp_path / "out") == 2
    output = capsys.readouterr()
    assert "a.png\tclean" in output.out
    assert "0.png: The" in output.err


def test_a_missing_file_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert inspect(tmp_path / "absent.png", "--out", tmp_path / "out") == 2
    assert "absent.png: No such file" in capsys.readouterr().err


def test_nothing_to_inspect_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--out", str(tmp_path)])

    assert "name pictures or folders" in capsys.readouterr().err


def test_a_missing_folder_to_watch_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        inspect("--watch", tmp_path / "absent", "--out", tmp_path / "out")
    assert "--watch: there is no such folder" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_2(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        inspect(folder, "--out", folder / "notes.txt")
    assert "notes.txt: File exists" in capsys.readouterr().err


def test_a_missing_model_is_2(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert inspect(folder, "--out", tmp_path / "out", "--model", "other") == 2
    assert "no model package 'other'" in capsys.readouterr().err


def test_the_threshold_moves_what_is_reported(folder: Path, tmp_path: Path) -> None:
    (folder / "faint.png").write_bytes(png(sheet((100, 50, 40, 30, 82))))  # the tiny network is 0.1 to 0.5 sure
    assert inspect(folder, "--out", tmp_path / "out") == 0
    assert inspect(folder, "--out", tmp_path / "out", "--threshold", "0.1") == 1


def test_a_threshold_that_is_none_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        inspect(tmp_path, "--out", tmp_path / "out", "--threshold", "much")
    assert "--threshold: " in capsys.readouterr().err


@pytest.mark.parametrize("out", ["out", "."])
def test_what_was_written_within_the_folder_is_not_inspected(
    folder: Path, capsys: pytest.CaptureFixture[str], out: str
) -> None:
    (folder / "deeper" / "b_prob.png").write_bytes(DEFECTIVE)
    runs = []
    for _ in range(2):
        assert inspect(folder, "--out", folder / out) == 1
        runs.append((capsys.readouterr().out, len(MediaVolume(folder / out).stamps())))
    assert runs[0] == runs[1]
    assert runs[0][1] == 2


def test_what_is_called_like_it_but_lies_elsewhere_is_inspected(folder: Path, tmp_path: Path) -> None:
    (folder / "b-0123456789abcdef_prob.png").write_bytes(DEFECTIVE)
    assert inspect(folder, "--out", tmp_path / "out") == 1


def test_a_threshold_that_the_card_cannot_promise_is_told_once(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "b.png").write_bytes(DEFECTIVE)
    assert inspect(folder, "--out", tmp_path / "out", "--threshold", "max_false_calls:1") == 2
    assert capsys.readouterr().err.count("the fewest are 2, at 0.5") == 1
    assert not list((tmp_path / "out").glob("*.json"))


def test_a_scale_is_kept_in_the_record(folder: Path, tmp_path: Path) -> None:
    assert inspect(folder, "--out", tmp_path / "out", "--mm-per-px", "0.5", "0.25") == 0
    media = MediaVolume(tmp_path / "out")
    (record,) = [media.record(identifier) for identifier in media.stamps()]
    assert record.scale == Scale(mm_per_px_x=0.5, mm_per_px_y=0.25, source="requested")


@pytest.mark.parametrize("given", ["0", "-1", "inf", "nan", "much"])
def test_a_scale_that_is_none_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str], given: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        inspect(tmp_path, "--out", tmp_path / "out", "--mm-per-px", given, "1")
    assert "--mm-per-px" in capsys.readouterr().err


def test_a_folder_without_a_picture_is_not_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert inspect(tmp_path / "empty", "--out", tmp_path / "out") == 2
    assert "no picture" in capsys.readouterr().err


@pytest.mark.parametrize(("place", "name"), [(ModelSlot, "wait"), (Path, "read_bytes")], ids=["loading", "inspecting"])
def test_what_is_stopped_before_its_end_is_not_clean(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    place: type,
    name: str,
) -> None:
    (folder / "b.png").write_bytes(CLEAN)
    do, stopped = getattr(place, name), folder / "b.png"

    def press_ctrl_c(its: object, *arguments: Any, **options: Any) -> object:
        if its == stopped or place is ModelSlot:
            raise KeyboardInterrupt
        return do(its, *arguments, **options)

    monkeypatch.setattr(place, name, press_ctrl_c)
    assert inspect(folder, "--out", tmp_path / "out") == 2
    assert "stopped before all was inspected" in capsys.readouterr().err


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
