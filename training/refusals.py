"""Counts how many real sheets and how many foreign pictures a package gives no verdict."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from defect_api.conditions import reasons
from defect_api.model_package import read_package
from defect_api.segmenter import KerasSegmenter
from defect_api.served_model import ServedModel
from training import datasets, foreign, sheets, trained_on
from training.datasets import Dataset
from training.examples import Picture, read_grey
from training.metrics import wilson_per_100

GENERATED_COUNT, GENERATED_SEED = 20, 2_000_000
SPOILED = 6  # one in so many real sheets is blurred, made noisy, darkened and overexposed
BLURS, NOISES = (1, 2, 4), (10, 20, 40)  # standard deviations: px, grey levels
LIGHTS = (0.1, 0.15, 0.2, 4)  # times the sheet's own
UNLABELLED = "unlabelled"  # the sample's folder of pictures that no training has seen


def count(package: Path, data: Path) -> Iterator[str]:
    """Yield a line for each kind of picture: refused, of how many, per 100 with the 95 % interval, and why.

    Raises PackageError where the package cannot be read, and DataError where it was trained on other pictures.
    """
    read, dataset = read_package(package.resolve()), datasets.find(data)
    trained_on.check(read, dataset)
    model = ServedModel(read, KerasSegmenter(read.weights))
    kinds: dict[str, list[Picture]] = {}
    for kind, picture in _pictures(dataset, data):
        kinds.setdefault(kind, []).append(picture)
    for kind, pictures in kinds.items():
        yield _line(kind, [[r.code for r in reasons(model.maps(picture).observed)] for picture in pictures])
    yield "what the card says, limits set without the sheet's fold:"
    yield from (f"  {m.value:.1f} {m.interval} {m.method}" for m in read.card.metrics if "refused" in m.name)


def _pictures(dataset: Dataset, folder: Path) -> Iterator[tuple[str, Picture]]:
    real = [example.load()[0] for example in dataset.examples if example.for_judging]
    for picture in real:
        yield "real sheets, which the limits were set on", picture
    yield from _spoiled(real[::SPOILED])
    for path in sorted(path for path in (folder / UNLABELLED).rglob("*") if path.suffix in (".jpg", ".png")):
        yield "real sheets, never seen", read_grey(path)
    for example in sheets.examples(GENERATED_COUNT, GENERATED_SEED):
        yield "generated sheets", example.load()[0]
    yield from foreign.pictures()
    yield from foreign.further()


def _spoiled(sheets: Sequence[Picture]) -> Iterator[tuple[str, Picture]]:
    rng = np.random.default_rng(0)
    for sheet in sheets:
        for sigma in BLURS:
            yield f"real sheets, blurred by {sigma} px", np.asarray(cv2.GaussianBlur(sheet, (0, 0), sigma), np.uint8)
        for strength in NOISES:
            noisy = np.clip(sheet + rng.normal(0, strength, sheet.shape), 0, 255).astype(np.uint8)
            yield f"real sheets, with noise of {strength} grey levels", noisy
        for light in LIGHTS:
            yield f"real sheets, in {light:g} times their light", np.clip(sheet * light, 0, 255).astype(np.uint8)


def _line(kind: str, found: Sequence[list[str]]) -> str:
    refused, total = sum(map(bool, found)), len(found)
    low, high = wilson_per_100(refused, total, 1)
    codes = ", ".join(sorted({code for codes in found for code in codes}))
    return f"{kind}: {refused} of {total} refused, {100 * refused / total:.1f} per 100 [{low}, {high}] {codes}"
