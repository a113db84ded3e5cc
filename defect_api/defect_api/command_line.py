"""`defect-inspect`: the same inspections without a server.

Exit status 0: all clean, 1: a defect or no verdict anywhere, 2: errors, or stopped before all was inspected.
"""

import argparse
import fcntl
import io
import math
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from time import sleep
from typing import NamedTuple

from rich.console import Console
from rich.progress import track

from defect_api.chosen_threshold import GRAMMAR, check, parse_wish
from defect_api.images import FILE_SUFFIXES
from defect_api.inspection import Inspector, Upload
from defect_api.judgement import Terms
from defect_api.loading import load_model
from defect_api.media import MediaVolume
from defect_api.names import bare_name
from defect_api.problems import NotFound, Problem
from defect_api.record import Record, Scale
from defect_api.served_model import ModelSlot
from defect_api.settings import Settings

CLEAN, NOT_CLEAN, FAILED = 0, 1, 2
WATCH_INTERVAL_S = 1.0


class Stamp(NamedTuple):
    """What tells the versions of a file apart; `modified` in nanoseconds since 1970."""

    bytes: int
    modified: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Inspect what the command line names; return the exit status."""
    grammar = parser()
    options = grammar.parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # a name that is not UTF-8 is written as it is, and ends nothing
        sys.stdout.reconfigure(errors="surrogateescape")
    if not (options.paths or options.watch):
        grammar.error("name pictures or folders, or a folder to --watch")
    try:
        media = MediaVolume(options.out)
    except OSError as error:
        grammar.error(f"nothing can be written to {options.out}: {error.strerror}")
    console = Console(stderr=True)
    # one process, which may use all CPUs
    settings = Settings().model_copy(update={"media_dir": options.out, "model": options.model, "workers": 1})
    slot = ModelSlot(lambda: load_model(settings))
    run = _Run(Inspector(media, slot, settings), media, _terms(options), console)
    try:
        slot.wait(timeout_s=600)
        check(options.threshold, slot.model.package.card)
        pictures = run.pictures(options.paths)
        if options.paths and not pictures:
            raise NotFound("There is no picture there.")
        for path in track(pictures, "inspecting", console=console, disable=len(pictures) < 2):
            run.inspect(path)
    except Problem as problem:
        console.print(problem.detail, style="red", markup=False, soft_wrap=True)
        return FAILED
    except KeyboardInterrupt:
        console.print("stopped before all was inspected", style="red")
        return FAILED
    if options.watch:
        with suppress(KeyboardInterrupt):
            run.watch(options.watch)
        console.print("stopped")
    return run.status


def parser() -> argparse.ArgumentParser:
    """Return the command line's grammar."""
    grammar = argparse.ArgumentParser("defect-inspect", description=__doc__)
    grammar.add_argument("paths", nargs="*", type=Path, metavar="FILE|FOLDER", help="pictures, or folders of them")
    grammar.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the records are written")
    grammar.add_argument("--watch", type=_folder, metavar="FOLDER", help="go on with what appears there, until Ctrl-C")
    grammar.add_argument(
        "--threshold", type=_wish, help=f"pixel threshold in what is printed, and in the exit status: {GRAMMAR}"
    )
    grammar.add_argument(
        "--mm-per-px", type=_positive, nargs=2, metavar=("X", "Y"), help="mm that a pixel measures on the sheet"
    )
    grammar.add_argument("--model", default="", metavar="NAME[/VERSION]", help="model package; default: the newest")
    return grammar


def _wish(text: str) -> float | str | None:
    try:
        return parse_wish(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError("there is no such folder")
    return Path(text)


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError("it is a number above 0")
    return value


def _terms(options: argparse.Namespace) -> Terms:
    scale = None
    if options.mm_per_px:
        x, y = options.mm_per_px
        scale = Scale(mm_per_px_x=x, mm_per_px_y=y, source="requested")
    return Terms(options.threshold, scale)


class _Run:
    """Inspects one file after the other and remembers the worst outcome."""

    def __init__(self, inspector: Inspector, out: MediaVolume, terms: Terms, console: Console) -> None:
        self._inspector = inspector
        self._out = out
        self._terms = terms
        self._console = console
        self._told: dict[Path, str] = {}
        self.status = CLEAN

    def inspect(self, path: Path) -> float | None:
        """Inspect a file; return after how many seconds that is worth trying again, or None where it is done."""
        try:
            record, _ = self._inspector.inspect(Upload(path.read_bytes(), bare_name(path.name)), self._terms)
        except OSError as error:
            self._failed(path, error.strerror or str(error))
            return 0
        except Problem as problem:
            self._failed(path, problem.detail)
            return problem.retry_after_s
        self.status = max(self.status, CLEAN if record.verdict == "clean" else NOT_CLEAN)
        sys.stdout.write(_line(path, record))
        sys.stdout.flush()
        return None

    def watch(self, folder: Path) -> None:
        """Inspect each picture that is in `folder` or appears there, once, when it is wholly written."""
        # who opens a file just while it is looked at would have this process told by a signal that ends it
        signal.signal(signal.SIGIO, signal.SIG_IGN)
        done: dict[Path, Stamp] = {}
        for path in settled(lambda: self._within(folder), done):
            again_s = self.inspect(path)
            if again_s is None:
                self._told.pop(path, None)
            else:
                del done[path]
                # what has no room for one picture has none for the others
                sleep(again_s)

    def pictures(self, paths: Sequence[Path]) -> list[Path]:
        """Return the files that are named, and the pictures in folders that are."""
        found: list[Path] = []
        for path in paths:
            # unlike Path's own it raises nothing for what is out of reach, and opening that tells why
            is_folder = os.path.isdir(path)  # noqa: PTH112
            found += self._within(path) if is_folder else [path]
        return found

    def _within(self, folder: Path) -> list[Path]:
        """Return the pictures in a folder, but for those written here, and tell what cannot be looked into."""

        def unseen(error: OSError) -> None:
            place = Path(error.filename)
            if place == folder or not isinstance(error, FileNotFoundError):  # a folder in it was taken away meanwhile
                self._failed(place, error.strerror or str(error))

        found: list[Path] = []
        written = folder / os.path.relpath(self._out.folder, folder.resolve())
        for place, _, names in os.walk(folder, onerror=unseen):
            self._told.pop(Path(place), None)
            pictures = [path for path in map(Path(place).joinpath, names) if path.suffix.lower() in FILE_SUFFIXES]
            found += [path for path in pictures if path.parent != written or not self._out.inspection_of(path.name)]
        return sorted(found)

    def _failed(self, path: Path, reason: str) -> None:
        """Tell why, once for as long as it is so."""
        self.status = FAILED
        if self._told.get(path) != reason:
            self._told[path] = reason
            self._console.print(f"{path}: {reason}", style="red", markup=False, soft_wrap=True)


def settled(look: Callable[[], list[Path]], done: dict[Path, Stamp]) -> Iterator[Path]:
    """Yield each picture that `look` finds, once for each content, when it is wholly written. Never ends.

    It is when two looks in a row find it unchanged and no program has it open for writing. A file without a byte is one
    that is about to be written. What is taken out of `done` again is yielded again.
    """
    before: dict[Path, Stamp] = {}
    while True:
        now = {path: _stamp(path) for path in look()}
        for path, stamp in now.items():
            if stamp.bytes and stamp == before.get(path) != done.get(path) and not _is_being_written(path):
                done[path] = stamp
                yield path
        before = now
        sleep(WATCH_INTERVAL_S)


def _stamp(path: Path) -> Stamp:
    try:
        status = path.stat()
    except OSError:  # taken away meanwhile, or out of reach: the next look tells
        return Stamp(0, 0)
    return Stamp(status.st_size, status.st_mtime_ns)


def _is_being_written(path: Path) -> bool:
    """Tell whether some program has a file open for writing, as far as its file system knows that."""
    try:
        with path.open("rb") as file:
            # a lease for reading is refused while somebody writes (fcntl(2), F_SETLEASE); closing gives it back
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:  # another user's file, or a disk of another machine: that it is unchanged has to do
        return False
    return False


def _line(path: Path, record: Record) -> str:
    types = ", ".join(f"{defect.type} {defect.area_px} px" for defect in record.defects)
    reasons = " ".join(reason.message for reason in record.reasons)
    return f"{path}\t{record.verdict}\t{record.defect_probability:.3f}\t{reasons or types}\n"
