"""`defect-inspect`: records, overlays and exit statuses without a server."""

from pathlib import Path

import pytest

from defect_api import command_line
from defect_api.command_line import main, settled
from defect_api.media import MediaVolume
from defect_api.record import Scale
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


def test_what_is_named_comes_before_what_is_watched(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_interval: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "sleep", stop)
    (tmp_path / "camera").mkdir()
    assert inspect(folder, "--watch", tmp_path / "camera", "--out", tmp_path / "out") == 0
    assert "a.png" in capsys.readouterr().out


def test_a_watched_picture_is_taken_once_and_only_when_it_has_stopped_growing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing, events = tmp_path / "growing.png", iter([b"", b"", b"", DEFECTIVE[:50], DEFECTIVE[50:], b"", b"", None])

    def write_more(_interval: float) -> None:
        more = next(events)
        if more is None:
            raise KeyboardInterrupt
        with growing.open("ab") as file:
            file.write(more)

    monkeypatch.setattr(command_line, "sleep", write_more)
    taken = []

    def take() -> None:
        for path in settled(tmp_path):
            taken.append((path, path.read_bytes()))  # noqa: PERF401  # what was taken before the end counts

    with pytest.raises(KeyboardInterrupt):
        take()
    assert taken == [(growing, DEFECTIVE)]


def test_a_watched_picture_is_not_taken_while_its_writer_pauses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter(range(8))
    writer = (tmp_path / "paused.png").open("wb")
    writer.write(DEFECTIVE[:50])
    writer.flush()

    def go_on(_interval: float) -> None:
        match next(looks, None):
            case 4:
                writer.write(DEFECTIVE[50:])
                writer.close()
            case None:
                raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "sleep", go_on)
    taken = []

    def take() -> None:
        for path in settled(tmp_path):
            taken.append(path.read_bytes())  # noqa: PERF401  # what was taken before the end counts

    with pytest.raises(KeyboardInterrupt):
        take()
    assert taken == [DEFECTIVE]
