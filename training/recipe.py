"""What a run is: read from one small TOML file, kept with the result."""

import json
import re
import reprlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import lcm
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, NonNegativeInt, PositiveInt, TypeAdapter, ValidationError

from training.augment import Changes
from training.examples import DataError
from training.fit import Schedule
from training.losses import DICE, OVERLAPS, Loss
from training.network import DEFAULT, ENCODERS, STRIDE, Architecture
from training.sampling import Mix

NOT_IN_FILES = {"source", "text"}  # fields of a recipe that tell of its file
BLOCKS = 16  # that every encoder has, at the least
SEEDS = 2**31  # stages and pictures count on from the recipe's seed, and NumPy takes no more than 32 bits
TOLD = {"missing": "is missing", "unexpected_keyword_argument": "is unknown"}  # in place of pydantic's words


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage of training: its crops' size, what they show, how they are changed, what is minimised, how long.

    `generated_sheets` are mixed into the pictures. Crops of `crop` px (height, width) are reduced `reduction` times
    before the network sees them, and with a `pyramid` it sees them again, reduced further by each of its factors: its
    answer is the mean. The encoder's first `frozen_blocks` blocks are left as they are, unless it is 0.
    """

    generated_sheets: NonNegativeInt = 0
    crop: tuple[int, int]
    reduction: PositiveInt = 1
    pyramid: tuple[PositiveInt, ...] = ()
    frozen_blocks: Annotated[int, Field(ge=0, le=BLOCKS)] = 0
    mix: Mix
    changes: Changes
    loss: Loss = DICE
    schedule: Schedule

    def __post_init__(self) -> None:
        if self.loss.overlap not in OVERLAPS:
            raise ValueError(f"overlap '{self.loss.overlap}', which is none of {', '.join(OVERLAPS)}")
        if any(side < self.stride or side % self.stride for side in self.crop):
            height, width = self.crop
            raise ValueError(f"crop {height} x {width}, whose sides must be multiples of {self.stride} px")

    @property
    def stride(self) -> int:
        """Return of what the sides of its pictures are multiples, px."""
        return STRIDE * self.reduction * lcm(*self.pyramid)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A whole run; `text` is the file as it was read, `source` its content.

    All stages train a network of one architecture. Fine-tuning has one stage or more, pre-training may have none; each
    stage starts where the one before ended, and is like it but for what the file says. `known_weaknesses` go into the
    card.
    """

    # of the dataclasses inside too
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    seed: Annotated[int, Field(ge=0, lt=SEEDS)]
    folds: Annotated[int, Field(ge=2)]  # one to learn from, one to judge
    network: Architecture = DEFAULT
    pretraining: tuple[Stage, ...] = ()
    finetuning: Annotated[tuple[Stage, ...], Field(min_length=1)]
    known_weaknesses: tuple[str, ...] = ()
    source: dict[str, Any]
    text: str = field(compare=False)

    def __post_init__(self) -> None:
        if self.network.encoder not in ENCODERS:
            raise ValueError(f"encoder '{self.network.encoder}', which is none of {', '.join(ENCODERS)}")


def load(path: Path, folds: int | None = None, network: Architecture | None = None) -> Recipe:
    """Read a recipe, with another number of folds where it is given, and with a network where it says none.

    Raises DataError where the file is missing, or holds something unknown or of the wrong kind.
    """
    try:
        return _read(_with_network(path.read_text(), network), folds)
    except (OSError, TypeError, ValueError) as error:
        told = _told(error) if isinstance(error, ValidationError) else error
        raise DataError(f"{path} is no recipe ({told}); start from training/configs/own.toml") from error


def _read(text: str, folds: int | None) -> Recipe:
    if folds:
        text = re.sub(r"(?m)^([ \t]*folds[ \t]*=[ \t]*)\d+", rf"\g<1>{folds}", text)
    content = tomllib.loads(text)
    if folds and content.get("folds") != folds:
        raise ValueError(f"its folds could not be set to {folds}; write them on a line like folds = {folds}")
    if unknown := NOT_IN_FILES & content.keys():
        raise ValueError(f"{', '.join(sorted(unknown))} is unknown")
    staged = {key: list(_stages(key, content[key])) for key in ("pretraining", "finetuning") if key in content}
    # by way of JSON, whose lists are tuples to pydantic where it is strict; it has no dates, nor does a recipe
    whole = json.dumps({**content, **staged, "source": content, "text": text}, default=str)
    return TypeAdapter(Recipe).validate_json(whole)


def _with_network(text: str, network: Architecture | None) -> str:
    # DEFAULT is what is meant where none is said: runs that were begun by an earlier version stay the same
    if network in (None, DEFAULT) or "network" in tomllib.loads(text):
        return text
    return f'{text.rstrip()}\n\n[network]\nencoder = "{network.encoder}"\nwidths = {list(network.widths)}\n'


def _stages(kind: str, contents: Any) -> Iterator[dict[str, Any]]:
    """Write stages out in full; each is like the one before it but for what it says itself."""
    if not isinstance(contents, list) or not all(isinstance(content, dict) for content in contents):
        raise TypeError(f"its stages are no list of tables; write each as [[{kind}]]")
    full: dict[str, Any] = {}
    for content in contents:
        tables = {key: {**full.get(key, {}), **value} for key, value in content.items() if isinstance(value, dict)}
        full = {**full, **content, **tables}
        yield full


def _told(error: ValidationError) -> str:
    """Name the first value that is wrong, and what is wrong with it."""
    first = error.errors()[0]
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"]).lstrip(".")
    if first["type"] == "value_error":
        return f"{key}: {first['ctx']['error']}".removeprefix(": ")
    if first["type"] in TOLD:
        return f"{key} {TOLD[first['type']]}"
    return f"{key} = {reprlib.repr(first['input'])}, and it {re.sub('^.*?should', 'should', first['msg'])}"
