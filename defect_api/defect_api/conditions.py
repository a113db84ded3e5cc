"""Under what conditions a sheet was taken, how like the training data it is, and why it cannot be judged if so."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from defect_api.card import Conditions
from defect_api.images import Grey
from defect_api.record import Condition, Reason, Similarity, Statistic

BLOCK_PX = 16  # side of the blocks that are looked at for steel: a speck is not a strip, a stain not its side
DARK = 12  # mean grey below which a block shows no steel; Severstal's side bands lie at 0 to 6
WHITE = 250
FINE_PX, COARSE_PX = 3, 9  # sides of the box filters between which details are coarse
UNITS = 16  # steps a grey level is divided into, so that smoothing dark sheets does not round them away
NO_TEXTURE = 0.05  # grey levels; below it there is nothing whose sharpness could be told

Lit = NDArray[np.bool_]
Measured = dict[Statistic, float | None]


@dataclass(frozen=True)
class Observed:
    """What was measured on a picture beside its maps, each with the limits that hold for it."""

    conditions: list[Condition] = field(default_factory=list)
    similarity: Similarity | None = None


class Gate(NamedTuple):
    """A side of a statistic beyond which a sheet cannot be judged, and what a person is told."""

    statistic: Statistic
    side: Literal["low", "high"]
    code: str
    message: str


GATES = (
    Gate(
        "strip_share",
        "low",
        "outside-strip",
        "The picture lies mostly outside the strip: {value:.1%} of it shows steel, and at least {limit:.1%} must.",
    ),
    Gate(
        "brightness",
        "low",
        "too-dark",
        "The picture is too dark to judge: the steel's mean grey is {value:.0f}, and this model needs {limit:.0f}.",
    ),
    Gate(
        "saturated_share",
        "high",
        "saturated",
        "The picture is overexposed: {value:.1%} of the steel is plain white, and at most {limit:.1%} may be.",
    ),
    Gate(
        "texture",
        "low",
        "blank",
        "The picture shows no surface: its grey varies by {value:.2f} levels from place to place, and the plainest "
        "sheets this model knows by {limit:.2f}.",
    ),
    Gate(
        "sharpness",
        "low",
        "blurred",
        "The picture is too blurred to judge: its sharpness is {value:.2f}, and this model needs {limit:.2f}.",
    ),
    Gate(
        "sharpness",
        "high",
        "noisy",
        "The picture is too noisy to judge: its finest details are {value:.2f} times as strong as coarser ones, and "
        "at most {limit:.2f} times is known of steel.",
    ),
)


def observe(grey: Grey, novelty: float | None, known: Conditions | None) -> Observed:
    """Measure a picture (uint8, H x W) and put the limits of a card beside its values.

    `novelty` is the model's own score, or None where it has none. A card without limits has nothing to compare with.
    """
    return Observed() if known is None else limited(measure(grey), novelty, known)


def limited(measured: Measured, novelty: float | None, known: Conditions) -> Observed:
    """Put the limits of a card beside what `measure` returned and the model's score, or None where it has none."""
    conditions = []
    for name, value in measured.items():
        low, high = known.ranges.get(name, (None, None))
        conditions.append(Condition(name=name, value=value, low=low, high=high))
    if novelty is None or known.novelty is None:
        return Observed(conditions)
    return Observed(conditions, Similarity(score=round(novelty, 3), limit=known.novelty))


def reasons(observed: Observed) -> list[Reason]:
    """Return why a picture cannot be judged, from what was measured on it alone; empty where it can."""
    measured = {condition.name: condition for condition in observed.conditions}
    found = [_reason(gate, measured[gate.statistic]) for gate in GATES if gate.statistic in measured]
    return [reason for reason in [*found, _unlike(observed.similarity)] if reason]


def measure(grey: Grey) -> Measured:
    """Measure the statistics of a picture (uint8, H x W) that limits are set for.

    `strip_share`: share of the picture in rows and columns of blocks that show steel anywhere; the others are
    measured there. `brightness`: mean grey. `saturated_share`: share of white pixels. `texture`: mean difference of
    smoothings over FINE_PX and COARSE_PX, grey levels. `sharpness`: what the finer smoothing takes away, over
    `texture`. None where there is no steel, or nothing whose sharpness could be told.
    """
    blocks = cv2.resize(grey, _blocks(grey), interpolation=cv2.INTER_AREA) >= DARK
    rows, columns = (np.asarray(blocks.any(axis=axis)) for axis in (1, 0))
    share = float(rows.mean() * columns.mean())
    if not share:
        return {"strip_share": 0.0, "brightness": None, "saturated_share": None, "texture": None, "sharpness": None}
    strip = _kept(grey, rows, columns)
    details = np.multiply(strip, UNITS, dtype=np.int16)
    fine, coarse = (cv2.blur(details, (side, side)) for side in (FINE_PX, COARSE_PX))
    unit = strip.size * UNITS
    texture = cv2.norm(fine, coarse, cv2.NORM_L1) / unit
    sharpness = cv2.norm(details, fine, cv2.NORM_L1) / unit / texture if texture > NO_TEXTURE else None
    return {
        "strip_share": round(share, 4),
        "brightness": round(cv2.mean(strip)[0], 2),
        "saturated_share": round(np.count_nonzero(strip >= WHITE) / strip.size, 4),
        "texture": round(texture, 3),
        "sharpness": None if sharpness is None else round(sharpness, 3),
    }


def _blocks(grey: Grey) -> tuple[int, int]:
    return grey.shape[1] // BLOCK_PX, grey.shape[0] // BLOCK_PX


def _kept(grey: Grey, rows: Lit, columns: Lit) -> Grey:
    """Return the picture without the rows and columns of blocks that are marked False."""
    for axis, lit in enumerate((rows, columns)):
        if not lit.all():
            changes = np.flatnonzero(np.diff(lit)) + 1
            bands = np.split(grey, changes * grey.shape[axis] // len(lit), axis=axis)
            # bands alternate between kept and not: many times faster than picking columns one by one
            grey = np.concatenate(bands[0 if lit[0] else 1 :: 2], axis=axis)
    return np.ascontiguousarray(grey)


def _reason(gate: Gate, condition: Condition) -> Reason | None:
    limit = condition.low if gate.side == "low" else condition.high
    if condition.value is None or limit is None:
        return None
    beyond = condition.value < limit if gate.side == "low" else condition.value > limit
    message = gate.message.format(value=condition.value, limit=limit)
    return Reason(code=gate.code, message=message) if beyond else None


def _unlike(similarity: Similarity | None) -> Reason | None:
    if similarity is None or similarity.score <= similarity.limit:
        return None
    message = (
        f"The picture is unlike those that this model was trained on: its distance from them is {similarity.score:.2f} "
        f"and the limit {similarity.limit:.2f}."
    )
    return Reason(code="unlike-training-data", message=message)
