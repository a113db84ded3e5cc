"""What a run is: read from one small TOML file, kept with the result."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.augment import Changes
from training.examples import DataError
from training.fit import Schedule
from training.sampling import Mix


@dataclass(frozen=True)
class Stage:
    """One stage of training: its crops' size, what they show, how they are changed, how long it takes.

    `generated_sheets` are mixed into the pictures.
    """

    generated_sheets: int
    crop: tuple[int, int]
    mix: Mix
    changes: Changes
    schedule: Schedule


@dataclass(frozen=True)
class Recipe:
    """A whole run; `source` is the file's content as it was read.

    Fine-tuning has one stage or more, each of which starts where the one before ended. Where `final_from_fold` names a
    fold, the network that ships takes its first stage from that fold, which saves its time.
    `known_weaknesses` go into the card.
    """

    seed: int
    folds: int
    pretraining: Stage
    finetuning: tuple[Stage, ...]
    final_from_fold: int | None
    known_weaknesses: tuple[str, ...]
    source: dict[str, Any]


def load(path: Path) -> Recipe:
    """Read a recipe. Raises DataError where the file is missing or holds something unknown."""
    try:
        content = tomllib.loads(path.read_text())
        return Recipe(
            seed=content["seed"],
            folds=content["folds"],
            pretraining=_stage(content["pretraining"]),
            finetuning=tuple(_stage(stage) for stage in content["finetuning"]),
            final_from_fold=content.get("final_from_fold"),
            known_weaknesses=tuple(content.get("known_weaknesses", ())),
            source=content,
        )
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise DataError(f"{path} is no recipe ({error}); start from training/configs/steel-unet.toml") from error


def _stage(content: dict[str, Any]) -> Stage:
    height, width = content["crop"]
    changes: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in content["changes"].items()
    }
    return Stage(
        generated_sheets=content.get("generated_sheets", 0),
        crop=(height, width),
        mix=Mix(**content["mix"]),
        changes=Changes(**changes),
        schedule=Schedule(**content["schedule"]),
    )
