"""Golden sheets: generated pictures whose maps a service must reproduce before it may answer."""

from collections.abc import Iterator
from pathlib import Path

import cv2

from defect_api.card import Card, Golden
from defect_api.conditions import observe, reasons
from defect_api.judgement import Terms, judge
from defect_api.segmenter import KerasSegmenter, Segmenter
from training import sheets
from training.examples import DataError, Picture, write_png
from training.predictions import Prediction, predict_one

FIRST_SEED = 5_000_000  # far from the seeds that train
CANDIDATES = 12
DEFECTS = (3, 4)
LARGEST_SHIFT = 0.02  # of the threshold that an answer must survive: ten times what engines may differ by


class GoldenError(DataError):
    """The network's answers on all candidates change with a small change of the threshold."""


def make(weights: Path, card: Card, folder: Path) -> list[Golden]:
    """Write a defective and a clean golden sheet with the network's maps below `folder`; return what the card says.

    A sheet serves if the card's limits do not refuse it and its defects' types are the same a little above and below
    the threshold; one that comes out true is preferred (a network for other classes than the generator's need not).
    Raises GoldenError where none serves.
    """
    (folder / "golden").mkdir(parents=True, exist_ok=True)
    segmenter = KerasSegmenter(weights)
    return [_one(segmenter, card, folder, "defect", DEFECTS), _one(segmenter, card, folder, "clean", ())]


def _one(segmenter: Segmenter, card: Card, folder: Path, label: str, defects: tuple[int, ...]) -> Golden:
    sheet, prediction, types = _best(segmenter, card, defects)
    names = [f"golden/{label}{part}.png" for part in ("", "_prob", "_class")]
    for name, pixels in zip(names, (sheet, prediction.q, prediction.classes), strict=True):
        write_png(folder / name, pixels, cv2.IMWRITE_PNG_COMPRESSION, 9)
    return Golden(
        sheet=names[0],
        probability_map=names[1],
        class_map=names[2],
        verdict="defect" if types else "clean",
        types=types,
    )


def _best(segmenter: Segmenter, card: Card, defects: tuple[int, ...]) -> tuple[Picture, Prediction, list[str]]:
    wanted = sorted({card.classes[kind - 1] for kind in defects if kind <= len(card.classes)})
    fallback = None
    for sheet, prediction in _candidates(segmenter, card, defects):
        low, types, high = _types(prediction, card)
        if low == types == high:
            if types == wanted:
                return sheet, prediction, types
            fallback = fallback or (sheet, prediction, types)
    if fallback is None:
        raise GoldenError(f"none of {CANDIDATES} generated sheets has a stable answer within the limits; train longer")
    return fallback


def _candidates(segmenter: Segmenter, card: Card, defects: tuple[int, ...]) -> Iterator[tuple[Picture, Prediction]]:
    """Yield generated sheets that the card's limits do not refuse: about 1 in 100 they do."""
    for seed in range(FIRST_SEED, FIRST_SEED + CANDIDATES):
        sheet = sheets.generate(seed, defects=defects)
        prediction = predict_one(segmenter, sheets.example("golden", sheet), card.input.stride)
        if not reasons(observe(sheet.image, prediction.novelty, card.conditions)):
            yield sheet.image, prediction


def _types(prediction: Prediction, card: Card) -> list[list[str]]:
    """Return the defects' types at the threshold and at its two ends."""
    value, off = card.threshold.value, min(card.threshold.uncertainty, LARGEST_SHIFT)
    return [
        sorted(
            {
                defect.type
                for defect in judge(prediction.q, prediction.classes, card, Terms(threshold=at)).regions.defects
            }
        )
        for at in (max(value - off, 1 / 255), value, min(value + off, 1.0))
    ]
