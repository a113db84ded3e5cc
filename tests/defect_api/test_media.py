"""The media volume: no way out of it, whole files, full disks."""

import errno
import fcntl
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from defect_api.card import Card
from defect_api.images import EXTENSIONS
from defect_api.media import MAX_BYTES, MediaVolume
from defect_api.problems import MediaFull, MediaReadOnly, NotFound, PictureRefused
from tests.defect_api.stored import store

NAMES_THAT_ARE_PATHS = [
    "../secret.txt", "/etc/passwd", "a/b.png", "..", ".", "", "a\\b.png", "..\\secret.txt", "\0", "x\n", ".hidden",
    "folder", "link.png", "x" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES_THAT_ARE_PATHS)
def test_no_name_leads_out_of_the_volume(media: MediaVolume, name: str) -> None:
    (media.folder.parent / "secret.txt").write_text("secret")
    (media.folder / ".hidden").write_text("hidden")
    (media.folder / "folder").mkdir()
    (media.folder / "link.png").symlink_to(media.folder.parent / "secret.txt")
    with pytest.raises(NotFound):
        media.read(name)


def test_a_name_that_is_no_text_is_not_listed(media: MediaVolume) -> None:
    (media.folder / "sheet.png").touch()
    Path(os.fsdecode(bytes(media.folder) + b"/Gr\xf6\xdfe.png")).touch()
    assert [file.name for file in media.files()] == ["sheet.png"]


def test_staged_files_appear_together_and_readable_by_all(media: MediaVolume) -> None:
    with media.publication() as files:
        files.stage("b.png", b"picture")
        files.stage("a.json", b"{}")
        assert media.files() == []
    assert {file.name: file.bytes for file in media.files()} == {"b.png": 7, "a.json": 2}
    assert all((media.folder / name).stat().st_mode & 0o777 == 0o644 for name in ("a.json", "b.png"))


def test_the_record_appears_last(media: MediaVolume, monkeypatch: pytest.MonkeyPatch) -> None:
    appeared = []
    replace = Path.replace

    def spy(self: Path, target: Path) -> Path:
        appeared.append(Path(target).name)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", spy)
    with media.publication() as files:
        files.stage("x.png", b"1")
        files.stage("x_overlay.png", b"2")
        files.stage("x.json", b"3")
    assert appeared == ["x.png", "x_overlay.png", "x.json"]


def test_a_file_is_on_the_disk_before_it_has_its_name_and_then_its_name(
    media: MediaVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[tuple[str, Path]] = []
    sync, move = os.fsync, Path.replace

    def spy_sync(descriptor: int) -> None:
        place = Path(f"/proc/self/fd/{descriptor}").readlink()
        assert place.is_dir() or place.read_bytes() == b"1"
        done.append(("sync", place))
        sync(descriptor)

    def spy_move(part: Path, target: Path) -> Path:
        done.append(("move", part))
        return move(part, target)

    monkeypatch.setattr(os, "fsync", spy_sync)
    monkeypatch.setattr(Path, "replace", spy_move)
    with media.publication() as files:
        files.stage("x.png", b"1")
    part = done[0][1]
    assert part.suffix == ".part"
    assert done == [("sync", part), ("move", part), ("sync", media.folder)]


def test_a_deletion_is_on_the_disk_before_files_go_and_they_are_gone_before_it_is_told(
    media: MediaVolume, card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, left = store(media, card), []
    monkeypatch.setattr(os, "fsync", lambda _descriptor: left.append({path.suffix for path in media.folder.iterdir()}))
    media.delete(record.id)
    assert left == [{".png", ".deleting"}, set()]


def publish_another(media: MediaVolume, _identifier: str) -> None:
    with media.publication() as files:
        files.stage("another.png", b"1")


@pytest.mark.parametrize(("held", "do"), [(fcntl.LOCK_SH, MediaVolume.delete), (fcntl.LOCK_EX, publish_another)])
def test_deletions_and_publications_wait_for_each_other(
    media: MediaVolume,
    card: Card,
    monkeypatch: pytest.MonkeyPatch,
    held: int,
    do: Callable[[MediaVolume, str], object],
) -> None:
    identifier, waits, lock = store(media, card).id, threading.Event(), fcntl.flock

    def spy(descriptor: int, kind: int) -> None:
        try:
            lock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            waits.set()
            lock(descriptor, kind)

    descriptor, before = os.open(media.folder, os.O_RDONLY), media.files()
    lock(descriptor, held)
    monkeypatch.setattr(fcntl, "flock", spy)
    with ThreadPoolExecutor() as pool:
        done = pool.submit(do, media, identifier)
        waited, meanwhile = waits.wait(10), media.files()
        os.close(descriptor)
        done.result(10)
    assert waited
    assert meanwhile == before != media.files()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("unwritten", ["x.png", "x.json"])
def test_a_full_disk_is_told_and_leaves_nothing(
    media: MediaVolume, monkeypatch: pytest.MonkeyPatch, number: int, unwritten: str
) -> None:
    def full(descriptor: int) -> None:
        if unwritten in Path(f"/proc/self/fd/{descriptor}").readlink().name:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)

    def publish_two() -> None:
        with media.publication() as files:
            files.stage("x.png", b"1")
            files.stage("x.json", b"2")

    with pytest.raises(MediaFull, match="full; nothing was stored"):
        publish_two()
    assert list(media.folder.iterdir()) == []


def test_another_failure_is_not_called_a_full_disk(media: MediaVolume) -> None:
    def fail_between() -> None:
        with media.publication() as files:
            files.stage("x.png", b"1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_between()
    assert list(media.folder.iterdir()) == []


def test_what_appears_within_a_publication_is_on_the_disk_when_that_ends(
    media: MediaVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, synced = threading.Event(), threading.Event()
    sync = MediaVolume._sync_folder

    def late(volume: MediaVolume) -> None:
        assert seen.wait(60)
        sync(volume)
        synced.set()

    monkeypatch.setattr(MediaVolume, "_sync_folder", late)
    with media.publication() as files:
        files.stage("a.png", b"a")
        files.appear()
        assert media.read("a.png") == b"a"
        assert not synced.is_set()
        seen.set()
    assert synced.is_set()


def test_a_disk_that_fails_at_the_last_is_told(media: MediaVolume, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_volume: MediaVolume) -> None:
        raise OSError(errno.EROFS, "read-only")

    monkeypatch.setattr(MediaVolume, "_sync_folder", fail)
    publication = media.publication()
    files = publication.__enter__()
    files.stage("a.png", b"a")
    files.appear()
    with pytest.raises(MediaReadOnly):
        publication.__exit__(None, None, None)


def test_what_a_crash_left_is_removed_at_the_next_start(media: MediaVolume) -> None:
    old, young = media.folder / ".x.png.abc.part", media.folder / ".y.png.abc.part"
    old.touch()
    young.touch()
    os.utime(old, (time.time() - 7200,) * 2)
    MediaVolume(media.folder)
    assert not old.exists()
    assert young.exists()  # it may be another worker's, at work


@pytest.mark.parametrize("deleting", [False, True])
def test_a_volume_that_turned_read_only_is_read_whatever_a_crash_left(
    media: MediaVolume, card: Card, monkeypatch: pytest.MonkeyPatch, deleting: bool
) -> None:
    record = store(media, card, "a.png")
    if deleting:
        (media.folder / f"{record.id}.json").rename(media.folder / f".{record.id}.deleting")
    else:
        (old := media.folder / ".x.png.abc.part").touch()
        os.utime(old, (time.time() - 7200,) * 2)

    def read_only(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", read_only)
        assert record.files.original in [file.name for file in MediaVolume(media.folder).files()]
    MediaVolume(media.folder)
    assert not list(media.folder.glob(".*"))


def test_files_are_listed_newest_first_without_hidden_ones_and_links(media: MediaVolume) -> None:
    for age, name in enumerate(["new.png", "middle.png", "old.png", ".hidden"]):
        (media.folder / name).touch()
        os.utime(media.folder / name, (1_000_000 - age,) * 2)
    (media.folder / "link.png").symlink_to(media.folder / "new.png")
    assert [file.name for file in media.files()] == ["new.png", "middle.png", "old.png"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *((f"a-0123456789abcdef{extension}", "a-0123456789abcdef") for extension in EXTENSIONS.values()),
        ("a-0123456789abcdef.json", "a-0123456789abcdef"),
        ("a-b-0123456789abcdef_overlay.png", "a-b-0123456789abcdef"),
        ("a-b-0123456789abcdef_mask.png", "a-b-0123456789abcdef"),
        ("a-b-0123456789abcdef_4.json", "a-b-0123456789abcdef"),
        ("a.jpg", None),
        ("a_mask.png", None),
        ("sheet_2024010112345678.jpg", None),
        ("sheet-2024010112345678.jpg", None),
        ("a-0123456789abcdef0.jpg", None),
        ("a-0123456789abcdef_cut.jpg", None),
    ],
)
def test_a_files_inspection_is_read_from_its_name(media: MediaVolume, name: str, expected: str | None) -> None:
    (media.folder / "a-0123456789abcdef.json").touch()
    assert media.inspection_of(name) == expected


def test_a_part_that_appears_while_another_worker_starts_does_not_stop_that(media: MediaVolume) -> None:
    # a link to nothing is listed, and is not there when it is looked at
    (media.folder / ".x.png.abc.part").symlink_to(media.folder / "nowhere")
    assert MediaVolume(media.folder).files() == []


def test_what_is_deleted_while_it_is_read_is_not_found(media: MediaVolume, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MediaVolume, "path", lambda self, name: self.folder / name)
    with pytest.raises(NotFound, match=r"'coil\.png'"):
        media.read("coil.png")


def test_a_file_that_is_no_picture_by_its_size_is_not_read(media: MediaVolume) -> None:
    with (media.folder / "backup.zip").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(PictureRefused, match="larger than any picture"):
        media.read("backup.zip")
