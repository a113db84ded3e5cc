"""`defect-inspect`: records, overlays and exit statuses without a server."""

import io
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from defect_api.command_line import main
from defect_api.media import MediaVolume
from defect_api.record import Scale
from defect_api.served_model import ModelSlot
from tests.defect_api.command_line.conftest import CLEAN, DEFECTIVE, inspect
from tests.defect_api.conftest import png, sheet


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
