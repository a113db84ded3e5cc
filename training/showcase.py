"""The best and the worst judged pictures, with the labels' outline and the network's, in a folder that git ignores."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from defect_api.overlap import overlap
from training.evaluation import Judged
from training.examples import DataError, Example, Picture, write_png
from training.metrics import decided
from training.predictions import Prediction

COUNT = 8  # pictures of each kind
KINDS = ("best", "worst", "false-call")
MARK = "# pictures of python -m training report, which may not be published\n*\n"  # what its folder's .gitignore says
LABELLED, FOUND = (235, 120, 30), (60, 200, 60)  # blue and green, in OpenCV's order

Mask = npt.NDArray[np.bool_]


class Shown(NamedTuple):
    """A judged picture: its number among all of them, how much was found, and the overlap of that with the label."""

    number: int
    defective: bool
    found_px: int
    dice: float


def write(judged: Judged, examples: Sequence[Example], folder: Path) -> list[Path]:
    """Write the defective pictures of highest and lowest Dice, and the clean ones with the largest false area.

    Blue outlines are the label's, green ones the network's. The paths come by kind and rank; those of an earlier
    report go. Raises DataError where the folder holds other things, and OSError where a picture cannot be written.
    """
    _prepare(folder)
    by_name = {example.name: example for example in examples}
    wanted = {
        shown.number: (f"{kind}-{rank:02}", shown)
        for kind, chosen in _chosen(judged).items()
        for rank, shown in enumerate(chosen, 1)
    }
    written = []
    for number, (p, found) in enumerate(_decided(judged)):
        if number in wanted:
            place, shown = wanted[number]
            grey, _ = by_name[p.name].load()
            written.append(folder / f"{place}-{_file_name(p, shown)}")
            write_png(written[-1], _drawn(grey, p, found))
    return sorted(written)


def _prepare(folder: Path) -> None:
    """Make a folder that git ignores, or empty the one that an earlier report made."""
    folder.mkdir(parents=True, exist_ok=True)
    ignored = folder / ".gitignore"
    if not any(folder.iterdir()):
        ignored.write_text(MARK)
    elif not ignored.exists() or ignored.read_bytes() != MARK.encode():
        raise DataError(f"{folder} holds files that no report wrote; name an empty folder, or a new one")
    for kind in KINDS:
        for earlier in folder.glob(f"{kind}-*.png"):
            earlier.unlink()


def _chosen(judged: Judged) -> dict[str, list[Shown]]:
    found = [_shown(number, p, mask) for number, (p, mask) in enumerate(_decided(judged))]
    defective = sorted((s for s in found if s.defective), key=lambda s: s.dice)
    called = sorted((s for s in found if not s.defective and s.found_px), key=lambda s: -s.found_px)
    worst, rest = defective[:COUNT], defective[COUNT:]
    return dict(zip(KINDS, (rest[-COUNT:][::-1], worst, called[:COUNT]), strict=True))


def _decided(judged: Judged) -> Iterator[tuple[Prediction, Mask]]:
    for p, point in zip(judged.predictions, judged.points, strict=True):
        yield p, decided(p.q, point.rule)


def _shown(number: int, p: Prediction, found: Mask) -> Shown:
    counted = overlap(found, p.truth > 0)
    return Shown(number, p.defective, counted.found, counted.dice)


def _file_name(p: Prediction, shown: Shown) -> str:
    figure = f"-dice-{shown.dice:.2f}" if shown.defective else ""
    return f"{p.name.replace('/', '_')}{figure}.png"


def _drawn(grey: Picture, p: Prediction, found: Mask) -> Picture:
    canvas = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    for mask, colour in ((p.truth > 0, LABELLED), (found, FOUND)):
        outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(canvas, outlines, -1, colour, 2)
    return np.asarray(canvas, np.uint8)
