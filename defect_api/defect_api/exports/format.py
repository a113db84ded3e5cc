"""What a format of the exports is: it turns sheets into files, one after the other."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from defect_api.exports.sheet import Sheet
from defect_api.problems import Conflict

Extent = Literal["set", "sheet", "folder"]


class Classes:
    """The classes' numbers, from 1 in the order of the models' cards; a name that no card has gets the next."""

    def __init__(self, names: Iterable[str]) -> None:
        self._numbers = {name: number for number, name in enumerate(dict.fromkeys(names), 1)}
        self._cards = frozenset(self._numbers)

    def number(self, name: str) -> int:
        """Return the number of a class, for formats that name the numbers."""
        return self._numbers.setdefault(name, len(self._numbers) + 1)

    def fixed(self, name: str) -> int:
        """Return the number that a card gives a class. Raises Conflict where none does: it would differ each time."""
        if name not in self._cards:
            raise Conflict(f"No card numbers the class '{name}'; put the model.json back that did to where models lie.")
        return self._numbers[name]

    @property
    def numbered(self) -> list[tuple[int, str]]:
        """Return number and name of all classes, rising."""
        return [(number, name) for name, number in self._numbers.items()]


@dataclass(frozen=True)
class Member:
    """A file of an export. Its name is made of ids and words of ours, with one folder at most; never a client's."""

    name: str
    chunks: Iterable[bytes]


class Format(ABC):
    """A format. What it yields is read in order and at once, so that no more than one sheet is in memory.

    `extent` is what one file is about: the whole set, one sheet, or nothing without the others beside it. `pictures` is
    the folder of the originals in a ZIP: empty, or ending in a slash. `traces` tells whether the stored maps are read,
    beyond what the record says, `numbers` whether classes are told by their numbers alone, and `shows` whether there is
    a picture of each sheet.
    """

    extent: Extent = "sheet"
    suffix: str
    content_type: str
    pictures = "images/"
    traces = True
    numbers = False
    shows = False

    @abstractmethod
    def members(self, sheets: Iterable[Sheet], classes: Classes) -> Iterator[Member]:
        """Yield the files that tell of `sheets`."""

    def companions(self, _classes: Classes) -> Iterator[Member]:
        """Yield what else belongs into a ZIP of them; asked for last, when all classes are known."""
        yield from ()
