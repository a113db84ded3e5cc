"""What a run is: read from one small TOML file, kept with the result."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from math import lcm
from pathlib import Path
from typing import Any

from training.augment import Changes
from training.examples import DataError
from training.fit import Schedule
from training.losses import OVERLAPS, Loss
from training.network import ENCODERS, STRIDE, Architecture
from training.sampling import Mix

NOT_IN_FILES = {"source", "text"}  # fields of a recipe that tell of its file


@dataclass(frozen=True)
class Stage:
    """One stage of training: its crops' size, what they show, how they are changed, what is minimised, how long.

    `generated_sheets` are mixed into the pictures. Crops of `crop` px (height, width) are reduced `reduction` times
    before the network sees them, and with a `pyramid` it sees them again, reduced further by each of its factors: its
    answer is the mean. The encoder's first `frozen_blocks` blocks are left as they are, unless it is 0.
    """

    generated_sheets: int
    crop: tuple[int, int]
    reduction: int
    pyramid: tuple[int, ...]
    frozen_blocks: int
    mix: Mix
    changes: Changes
    loss: Loss
    schedule: Schedule

    @property
    def stride(self) -> int:
        """Return of what the sides of its pictures are multiples, px."""
        return STRIDE * self.reduction * lcm(*self.pyramid)


@dataclass(frozen=True)
class Recipe:
    """A whole run; `text` is the file as it was read, `source` its content.

    All stages train a network of one architecture. Fine-tuning has one stage or more, pre-training may have none; each
    stage starts where the one before ended, and is like it but for what the file says. `known_weaknesses` go into the
    card.
    """

    seed: int
    folds: int
    network: Architecture
    pretraining: tuple[Stage, ...]
    finetuning: tuple[Stage, ...]
    known_weaknesses: tuple[str, ...]
    source: dict[str, Any]
    text: str = field(compare=False)

    def __post_init__(self) -> None:
        if not self.finetuning:
            raise ValueError("it has no stage of fine-tuning")
        if self.folds < 2:
            raise ValueError(f"folds = {self.folds}, and it takes two at the least: one to learn from, one to judge")


def load(path: Path, folds: int | None = None) -> Recipe:
    """Read a recipe, with another number of folds where it is given.

    Raises DataError where the file is missing or holds something unknown.
    """
    try:
        text = path.read_text()
        if folds:
            text = re.sub(r"(?m)^folds\s*=\s*\d+", f"folds = {folds}", text)
        content = tomllib.loads(text)
        _check_known(content, Recipe)
        return Recipe(
            seed=content["seed"],
            folds=content["folds"],
            network=_architecture(content.get("network", {})),
            pretraining=tuple(_stages(content.get("pretraining", []))),
            finetuning=tuple(_stages(content["finetuning"])),
            known_weaknesses=tuple(content.get("known_weaknesses", ())),
            source=content,
            text=text,
        )
    except (OSError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} is no recipe ({error}); start from training/configs/steel-unet.toml") from error


def _check_known(content: dict[str, Any], kind: type[Recipe | Stage]) -> None:
    unknown = content.keys() - ({field.name for field in fields(kind)} - NOT_IN_FILES)
    if unknown:
        raise ValueError(f"unknown in a {kind.__name__.lower()}: {', '.join(sorted(unknown))}")


def _architecture(content: dict[str, Any]) -> Architecture:
    read: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in content.items()}
    chosen = Architecture(**read)
    if chosen.encoder not in ENCODERS:
        raise KeyError(f"encoder '{chosen.encoder}', which is none of {', '.join(ENCODERS)}")
    return chosen


def _loss(content: dict[str, Any]) -> Loss:
    chosen = Loss(**content)
    if chosen.overlap not in OVERLAPS:
        raise KeyError(f"overlap '{chosen.overlap}', which is none of {', '.join(OVERLAPS)}")
    return chosen


def _stages(contents: Sequence[dict[str, Any]]) -> Iterator[Stage]:
    """Read stages; each is like the one before it but for what it says itself."""
    if not isinstance(contents, list):
        raise TypeError("its stages are one table; write each as [[finetuning]] or [[pretraining]]")
    full: dict[str, Any] = {}
    for content in contents:
        tables = {key: {**full.get(key, {}), **value} for key, value in content.items() if isinstance(value, dict)}
        full = {**full, **content, **tables}
        yield _stage(full)


def _stage(content: dict[str, Any]) -> Stage:
    _check_known(content, Stage)
    height, width = content["crop"]
    changes: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in content["changes"].items()
    }
    stage = Stage(
        generated_sheets=content.get("generated_sheets", 0),
        crop=(height, width),
        reduction=content.get("reduction", 1),
        pyramid=tuple(content.get("pyramid", ())),
        frozen_blocks=content.get("frozen_blocks", 0),
        mix=Mix(**content["mix"]),
        changes=Changes(**changes),
        loss=_loss(content.get("loss", {})),
        schedule=Schedule(**content["schedule"]),
    )
    if any(side < stage.stride or side % stage.stride for side in stage.crop):
        raise ValueError(f"crop {height} x {width}, whose sides must be multiples of {stage.stride} px")
    return stage
