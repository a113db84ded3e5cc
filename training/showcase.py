"""The best and the worst judged pictures, with the labels' outline and the network's, in a folder that git ignores."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from training.evaluation import Judged
from training.examples import Example, Picture
from training.metrics import decided
from training.predictions import Prediction

COUNT = 8  # pictures of each kind
LABELLED, FOUND = (235, 120, 30), (60, 200, 60)  # blue and green, in OpenCV's order

Mask = npt.NDArray[np.bool_]


class Shown(NamedTuple):
    """A judged picture, what was found in it, and the overlap of that with the label."""

    prediction: Prediction
    found: Mask
    dice: float


def write(judged: Judged, examples: Sequence[Example], folder: Path) -> list[Path]:
    """Write the defective pictures of highest and lowest Dice, and the clean ones with the largest false area.

    Blue outlines are the label's, green ones the network's. Raises OSError where a picture cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n")  # pictures of the public data sets are not to be committed
    by_name = {example.name: example for example in examples}
    return [
        _write(folder / f"{kind}-{rank:02}-{_file_name(shown)}", shown, by_name)
        for kind, chosen in _chosen(judged).items()
        for rank, shown in enumerate(chosen, 1)
    ]


def _chosen(judged: Judged) -> dict[str, list[Shown]]:
    pairs = zip(judged.predictions, judged.points, strict=True)
    found = [_shown(prediction, decided(prediction.q, point.rule)) for prediction, point in pairs]
    defective = sorted((s for s in found if s.prediction.defective), key=lambda s: s.dice)
    called = [s for s in found if not s.prediction.defective and s.found.any()]
    called.sort(key=lambda s: -np.count_nonzero(s.found))
    worst, rest = defective[:COUNT], defective[COUNT:]
    return {"best": rest[-COUNT:][::-1], "worst": worst, "false-call": called[:COUNT]}


def _shown(prediction: Prediction, found: Mask) -> Shown:
    fact = prediction.truth > 0
    total = np.count_nonzero(found) + np.count_nonzero(fact)
    return Shown(prediction, found, float(2 * np.count_nonzero(found & fact) / total) if total else 1.0)


def _file_name(shown: Shown) -> str:
    figure = f"-dice-{shown.dice:.2f}" if shown.prediction.defective else ""
    return f"{shown.prediction.name.replace('/', '_')}{figure}.png"


def _write(path: Path, shown: Shown, by_name: Mapping[str, Example]) -> Path:
    grey, _ = by_name[shown.prediction.name].load()
    if not cv2.imwrite(str(path), _drawn(grey, shown)):
        raise OSError(f"{path} could not be written; is the disk full?")
    return path


def _drawn(grey: Picture, shown: Shown) -> Picture:
    canvas = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    for mask, colour in ((shown.prediction.truth > 0, LABELLED), (shown.found, FOUND)):
        outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(canvas, outlines, -1, colour, 2)
    return np.asarray(canvas, np.uint8)
