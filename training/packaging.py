"""Writes a model package: the network as it is served, its card, and golden sheets that prove it."""

import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from defect_api.card import (
    NAME,
    VERSION,
    Card,
    Conditions,
    DataSet,
    Golden,
    Input,
    Licence,
    Metric,
    OperatingPoints,
    Tolerance,
)
from defect_api.model_package import CARD, WEIGHTS, ModelPackage, file_digest, read_package
from defect_api.record import rfc3339
from training import engines, golden, network, trained_on
from training.datasets import Dataset
from training.examples import DataError, Example, naming
from training.operating_point import OperatingPoint

HEIGHTS, WIDTHS = (112, 320), (256, 2000)  # px: 1600 x 256 at the scales that augmentation covers, and cuts of it
TOLERANCE = {"f32": Tolerance(dice=0.999, map_mae=0.002)}
GOLDEN_SIZE = (256, 1600)  # px, height and width of the generated sheets that must not be refused
LIBRARIES = ("keras",)  # what a service needs at least as new as it is here
PLACEHOLDER = Golden(sheet="", probability_map="", class_map="", verdict="clean", types=[])


@dataclass(frozen=True)
class Description:
    """What a card says beside what is measured; `pictures` are the digests of those that trained the network."""

    name: str
    version: str
    text: str
    classes: Sequence[str]
    data: Sequence[DataSet]
    weights_licence: str
    training: Mapping[str, Any]
    known_weaknesses: Sequence[str] = field(default=())
    operating_points: OperatingPoints | None = None
    conditions: Conditions | None = None
    heights: tuple[int, int] = HEIGHTS
    widths: tuple[int, int] = WIDTHS
    stride: int = network.STRIDE
    pictures: Sequence[str] = field(default=())


def target(models: Path, name: str, version: str) -> Path:
    """Return the folder to write. Raises DataError where its name is no package's, or where it is there already."""
    if not (re.fullmatch(NAME, name) and re.fullmatch(VERSION, version)):
        raise DataError(f"'{name}/{version}' cannot name a package; use a-z, 0-9, - and _")
    folder = models / name / version
    if folder.exists():
        raise DataError(f"{folder} is there already; choose another name or version, or remove it first")
    return folder


@contextmanager
def writing(folder: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes `folder`, a `target`, at the end of the block, unless that fails.

    Beside it is room for what is needed meanwhile.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    # a level deeper than the service looks for packages: it is not to find one that is half-written
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=folder.parent) as fresh:
        made = Path(fresh) / folder.name
        made.mkdir()
        with naming(made):
            yield made
        made.rename(folder)


def size_range(smallest: int, largest: int, golden: int, shrunk: float = 3 / 4) -> tuple[int, int]:
    """Allow sizes near the trained ones (px): a quarter more, a part of them, and always the golden sheets'."""
    return min(round(shrunk * smallest), golden), max(round(5 / 4 * largest), golden)


def size_ranges(examples: Iterable[Example]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the heights and the widths (px) to allow a network that was trained on these pictures."""
    shapes = np.array([example.load()[0].shape for example in examples])
    heights, widths = (
        size_range(int(sides.min()), int(sides.max()), golden)
        for sides, golden in zip(shapes.T, GOLDEN_SIZE, strict=True)
    )
    return heights, widths


def write(
    weights: Path,
    point: OperatingPoint,
    figures: Sequence[Metric],
    description: Description,
    models_dir: Path,
    labelled: Dataset | None = None,
) -> ModelPackage:
    """Write `<models_dir>/<name>/<version>/` whole or not at all; return it as it is read.

    With `labelled` pictures the card also says how far the engines' masks overlap those.
    Raises DataError where that version is there already, GoldenError where no generated sheet comes out right, and
    PackageError where the result cannot be served.
    """
    folder = target(models_dir, description.name, description.version)
    with writing(folder) as made:
        shutil.copyfile(weights, made / WEIGHTS)
        card = _card(made / WEIGHTS, point, figures, description)
        card = card.model_copy(update={"golden": golden.make(made / WEIGHTS, card, made)})
        compared = engines.compare(ModelPackage(made, card), labelled) if labelled else []
        card = card.model_copy(update={"metrics": [*card.metrics, *compared]})
        if description.pictures:
            (made / trained_on.FILE).write_text("\n".join(description.pictures) + "\n")
        (made / CARD).write_text(card.model_dump_json(indent=2) + "\n")
    package = read_package(folder)
    package.verify()
    return package


def _card(weights: Path, point: OperatingPoint, figures: Sequence[Metric], description: Description) -> Card:
    return Card(
        name=description.name,
        version=description.version,
        created_at=rfc3339(datetime.now(UTC)),
        digest=file_digest(weights),
        description=description.text,
        classes=list(description.classes),
        input=Input(stride=description.stride, height=description.heights, width=description.widths),
        threshold=point.rule,
        calibration=point.calibration,
        libraries={library: version(library) for library in LIBRARIES},
        golden=[PLACEHOLDER],
        tolerance=TOLERANCE,
        metrics=list(figures),
        operating_points=description.operating_points,
        conditions=description.conditions,
        data=list(description.data),
        licence=Licence(code="MIT", weights=description.weights_licence),
        training=dict(description.training),
        known_weaknesses=list(description.known_weaknesses),
    )
