"""The media volume: names that never are paths, files that are whole or absent, records that are published last."""

import errno
import fcntl
import logging
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from pydantic import ValidationError

from defect_api.names import FILE, ID, bare_name, is_file_of
from defect_api.problems import FileUnreadable, MediaFull, MediaReadOnly, NotFound, PictureRefused, RecordUnreadable
from defect_api.publication import Publication
from defect_api.record import Record

# of a file that is read: the largest picture of four channels of 16 bits, uncompressed, and room for what else it holds
MAX_BYTES = 1 << 29
MODE = 0o644
STALE_S = 3600
# the files of a few inspections; they wait for the disk and take no CPU
WRITERS = 16
MARK = ".deleting"
VISIBLE = re.compile(r"[^./\\\x00-\x1f][^/\\\x00-\x1f]*")  # a name that is no path
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NO_WRITING = (errno.EROFS, errno.EACCES, errno.EPERM)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MediaFile:
    """A file on the media volume; `stamp` is its modification in nanoseconds since 1970, UTC."""

    name: str
    bytes: int
    stamp: int

    @property
    def modified(self) -> float:
        """Return the modification in seconds since 1970, UTC."""
        return self.stamp / 1e9

    @property
    def order(self) -> tuple[int, str]:
        """Return the key that sorts newest first, and by name within a millisecond."""
        return -int(self.modified * 1000), self.name


@dataclass(frozen=True)
class StoredRecord:
    """A record as it lies on the volume: `stamp` tells its file's versions apart, `bytes` are of all its files."""

    record: Record
    stamp: int
    bytes: int


class MediaVolume:
    """The folder that pictures, maps, overlays and records live in. Only this service writes it."""

    def __init__(self, folder: Path) -> None:
        """Open the volume at `folder`, making it if need be, and remove what a crash left half-written."""
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        # no thread is started before the first file: a server may still fork
        self._pool = ThreadPoolExecutor(WRITERS, thread_name_prefix="media-writer")
        try:
            with told():
                self._tidy()
        except MediaReadOnly as problem:
            # what is there can be read; it is tidied at the first start at which it can be written
            log.warning("what a crash left half-written stays: %s", problem.detail)

    def path(self, name: str) -> Path:
        """Return where the file `name` lies.

        Raises NotFound for what is no plain visible name or is no regular file of the volume itself.
        """
        path = self.folder / name
        try:
            found = VISIBLE.fullmatch(name) and path.is_file() and path.resolve().parent == self.folder
        except OSError:  # longer than the file system takes
            found = False
        if not found:
            raise NotFound(f"There is no file '{bare_name(name)}' on the media volume.")
        return path

    def read(self, name: str) -> bytes:
        """Return the bytes of the file `name`. Raises NotFound, FileUnreadable, and PictureRefused beyond MAX_BYTES."""
        try:
            path = self.path(name)
            if path.stat().st_size > MAX_BYTES:
                raise PictureRefused("The file is larger than any picture that is accepted.")
            return path.read_bytes()
        except FileNotFoundError as error:  # deleted since it was looked for
            raise NotFound(f"There is no file '{bare_name(name)}' on the media volume.") from error
        except PermissionError as error:
            raise FileUnreadable(
                f"The file '{name}' on the media volume may not be read by the service; its permissions forbid it."
            ) from error

    def record(self, identifier: str) -> Record:
        """Return the record of the inspection `identifier`. Raises NotFound and RecordUnreadable."""
        return self._load(identifier)[0]

    def stored(self, identifier: str) -> StoredRecord:
        """Return the record of the inspection `identifier` with its stamp and size. Raises what `record` raises."""
        return self._stored(*self._load(identifier))

    def as_stored(self, record: Record) -> StoredRecord:
        """Return a record that was just published, without reading it again. Raises OSError where it has gone."""
        return self._stored(record, (self.folder / f"{record.id}.json").stat())

    def disk(self) -> tuple[int, int] | None:
        """Return the size and the free room of the disk below, in bytes; None where it has gone."""
        try:
            disk = shutil.disk_usage(self.folder)
        except OSError:
            return None
        return disk.total, disk.free

    def inspection_of(self, name: str) -> str | None:
        """Return the id of the inspection whose file `name` is called like; None for a picture of a client's own.

        One that is called like an original has a record beside it.
        """
        found = FILE.fullmatch(name)
        if found is None or (found["original"] and not (self.folder / f"{found['id']}.json").exists()):
            return None
        return found["id"]

    def stamps(self) -> dict[str, int]:
        """Return the stamps of all records by id."""
        names = ((file.name.removesuffix(".json"), file) for file in self._scan() if file.name.endswith(".json"))
        return {identifier: file.stamp for identifier, file in names if ID.fullmatch(identifier)}

    @contextmanager
    def publication(self) -> Iterator[Publication]:
        """Yield what files are staged on; on leaving, all that was staged appears in order, each file whole.

        Raises MediaFull where there is no room and MediaReadOnly where nothing can be written; then nothing has
        appeared.
        """
        files = Publication(self._pool, self._write_part, self._move, self._sync_folder)
        with told():
            try:
                yield files
                files.end()
            finally:
                files.discard()

    def delete(self, identifier: str, stamp: int | None = None) -> int:
        """Remove an inspection and return its record's stamp; what a crash interrupts is finished at the next start.

        The record becomes the mark of the deletion: from then on the inspection is gone. With `stamp`, one that was
        made anew meanwhile stays. Raises what `record` raises, and MediaReadOnly.
        """
        with told(), self._locked(fcntl.LOCK_EX):
            _, status = self._load(identifier)
            if stamp not in (None, status.st_mtime_ns):
                raise NotFound(f"The inspection '{identifier}' was made anew meanwhile.")
            mark = self.folder / f".{identifier}{MARK}"
            (self.folder / f"{identifier}.json").replace(mark)
            self._sync_folder()
            self._finish_deletion(mark)
        return status.st_mtime_ns

    def files(self) -> list[MediaFile]:
        """Return the visible files, newest first."""
        return sorted(self._scan(), key=lambda file: file.order)

    def _scan(self) -> Iterator[MediaFile]:
        with os.scandir(self.folder) as entries:
            for entry in entries:
                try:
                    entry.name.encode()
                    if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False):
                        status = entry.stat(follow_symlinks=False)
                        yield MediaFile(entry.name, status.st_size, status.st_mtime_ns)
                except (FileNotFoundError, UnicodeEncodeError):  # deleted meanwhile, or no name that JSON could tell
                    continue

    def _load(self, identifier: str) -> tuple[Record, os.stat_result]:
        if not ID.fullmatch(identifier):
            raise NotFound(f"There is no inspection '{bare_name(identifier)}'.")
        try:
            # a pipe would be waited for
            with os.fdopen(os.open(self.folder / f"{identifier}.json", os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
                    raise RecordUnreadable(f"{identifier}.json is no file, or larger than any record.")
                record = Record.model_validate_json(file.read())
        except FileNotFoundError as error:
            raise NotFound(f"There is no inspection '{identifier}'.") from error
        except PermissionError as error:
            raise RecordUnreadable(
                f"The file {identifier}.json may not be read by the service; its permissions forbid it."
            ) from error
        except ValidationError as error:
            raise RecordUnreadable(
                f"The record of the inspection '{identifier}' is damaged, or was written by a newer version of this "
                f"service; it is left as it is. Without the file {identifier}.json the picture can be inspected anew."
            ) from error
        if record.id != identifier or not all(is_file_of(name, identifier) for name in record.files.names()):
            raise RecordUnreadable(f"{identifier}.json is the record of another inspection, or names another's files.")
        return record, status

    def _stored(self, record: Record, status: os.stat_result) -> StoredRecord:
        size = status.st_size
        for name in record.files.names():
            with suppress(FileNotFoundError):
                size += (self.folder / name).stat().st_size
        return StoredRecord(record, status.st_mtime_ns, size)

    def _tidy(self) -> None:
        for leftover in self.folder.glob(".*.part"):
            with suppress(FileNotFoundError):  # another worker's, which has appeared under its name meanwhile
                if time.time() - leftover.stat().st_mtime > STALE_S:
                    leftover.unlink()
        with self._locked(fcntl.LOCK_EX):
            for mark in self.folder.glob(f".*{MARK}"):
                self._finish_deletion(mark)

    def _finish_deletion(self, mark: Path) -> None:
        identifier = mark.name[1:].removesuffix(MARK)
        answers = {f"{identifier}_mask.png", *(f"{identifier}_{enlarged}.json" for enlarged in range(1, 5))}
        try:
            record = Record.model_validate_json(mark.read_bytes())
            # whatever a record says, only files of its own inspection go
            files = {name for name in record.files.names() if is_file_of(name, identifier)} | answers
            with suppress(NotFound):  # posted again since the crash: what the new record names is its own
                files -= {*self.record(identifier).files.names(), *answers}
        except FileNotFoundError:  # finished by another host: the lock of a network's folder may not reach it
            return
        except (ValidationError, RecordUnreadable):
            log.warning("%s is not of this version; the files of that inspection are left for its own", mark.name)
            return
        for name in files:
            (self.folder / name).unlink(missing_ok=True)
        mark.unlink(missing_ok=True)
        self._sync_folder()

    @contextmanager
    def _locked(self, kind: int) -> Iterator[None]:
        """Publish (shared) or delete (alone): a deletion must not take the files of a record that appears meanwhile."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, kind)
            yield
        finally:
            os.close(descriptor)

    def _move(self, parts: dict[str, Path]) -> None:
        with self._locked(fcntl.LOCK_SH):
            for name, part in parts.items():
                part.replace(self.folder / name)

    def _write_part(self, name: str, data: bytes) -> Path:
        part = self.folder / f".{name[:100]}.{token_hex(8)}.part"
        try:
            with part.open("xb") as file:
                file.write(data)
                file.flush()
                os.fchmod(file.fileno(), MODE)
                os.fsync(file.fileno())
        except OSError:
            part.unlink(missing_ok=True)
            raise
        return part

    def _sync_folder(self) -> None:
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def told() -> Iterator[None]:
    """Say of a volume that is full or read-only what it is. Raises MediaFull and MediaReadOnly."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise MediaFull("The media volume is full; nothing was stored. Free some room and try again.") from error
        if error.errno in NO_WRITING:
            raise MediaReadOnly("The media volume cannot be written; nothing was changed.") from error
        raise
