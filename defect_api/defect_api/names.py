"""What inspections and their files are called, and how a client's own names become that. Names are never paths."""

import re
from pathlib import Path

from werkzeug.utils import secure_filename

from defect_api.images import EXTENSIONS

ID = re.compile(r"(?P<stem>[A-Za-z0-9_-]{1,80})-(?P<digest>[0-9a-f]{16})")
# what an inspection's files are called, and those with the first contract's answers about its original
FILE = re.compile(
    rf"(?P<id>{ID.pattern})(?:\.json|_(?:view|overlay|prob|class|mask)\.png|_[1-4]\.json"
    rf"|(?P<original>{'|'.join(map(re.escape, EXTENSIONS.values()))}))"
)
STEM_LENGTH = 80
FILENAME_LENGTH = 255
# what a name of an inspection's files has after the id, in a later version too
ENDING = re.compile(r"[._][A-Za-z0-9._-]{1,40}")


def bare_name(filename: str | None) -> str:
    """Return a client's file name without folders and control characters, for people to read; never a path."""
    last = re.split(r"[/\\]", filename or "")[-1]
    return printable(last).strip()[-FILENAME_LENGTH:] or "sheet"


def printable(text: str) -> str:
    """Return a text without what is not shown, such as control characters and unusual spaces."""
    return "".join(character for character in text if character.isprintable())


def safe_stem(filename: str | None, length: int = STEM_LENGTH) -> str:
    """Return the part of a client's file name that an id may carry: `[A-Za-z0-9_-]`, up to `length`, or `sheet`."""
    stem = secure_filename(Path(bare_name(filename)).stem).replace(".", "_")
    return stem[:length].strip("_-") or "sheet"


def inspection_id(filename: str | None, sha256: str) -> str:
    """Return the id of the inspection of the bytes with this digest under this name."""
    return f"{safe_stem(filename)}-{sha256[:16]}"


def is_file_of(name: str, identifier: str) -> bool:
    """Tell whether a file of this name may be one of the inspection's."""
    return name.startswith(identifier) and ENDING.fullmatch(name, len(identifier)) is not None
