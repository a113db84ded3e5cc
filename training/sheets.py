"""Generates pictures of rolled steel with exact masks, from a seed: for tests, demonstration and training."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training import busy, flaws, surface
from training.examples import Example, Picture, write_png

CLASSES = 4
DARK_SIDE_SHARE = 0.35
BUSY_SHARE = 0.5
BUSY_WEIGHTS = (0.28, 0.20, 0.20, 0.14, 0.08, 0.10)  # in the order of busy.KINDS


@dataclass(frozen=True)
class Sheet:
    """A generated sheet: `image` uint8 (H, W) grey, `mask` uint8 (H, W) with class ids, 0 for sound."""

    image: Picture
    mask: Picture


def generate(
    seed: int,
    *,
    height: int = 256,
    width: int = 1600,
    defects: Sequence[int] | None = None,
    busy_kinds: Sequence[str] | None = None,
    dark_side: bool | None = None,
) -> Sheet:
    """Generate a sheet; the same arguments give the same pixels.

    `defects` lists the classes (1 to 4) to draw, empty for a clean sheet, None for a random choice (half are clean).
    `busy_kinds` lists what sound clutter to draw (`busy.KINDS`), `dark_side` whether a side of the strip shows; None
    leaves it to the seed. Raises ValueError for a class that is not 1 to 4.
    """
    rng = np.random.default_rng(seed)
    kinds = _random_defects(rng) if defects is None else list(defects)
    if any(kind not in range(1, CLASSES + 1) for kind in kinds):
        raise ValueError(f"defect classes are 1 to {CLASSES}, not {kinds}")
    clutter = _random_clutter(rng, sound=not kinds) if busy_kinds is None else list(busy_kinds)
    canvas = surface.steel(rng, (height, width))
    for name in clutter:
        busy.draw(rng, canvas, name)
    with_side = rng.random() < DARK_SIDE_SHARE if dark_side is None else dark_side
    steel = surface.dark_side(rng, canvas) if with_side else (0, 0, width, height)
    canvas[:] = np.clip(canvas, 0, 255)
    mask = np.zeros((height, width), np.uint8)
    for kind in kinds:
        mask[flaws.draw(rng, canvas, kind, steel)] = kind
    sensor = canvas + rng.standard_normal(canvas.shape, np.float32) * rng.uniform(0.5, 2.5)
    return Sheet(np.clip(np.rint(sensor), 0, 255).astype(np.uint8), mask)


def examples(count: int, seed: int, width: int = 1600) -> list[Example]:
    """Generate `count` labelled sheets, kept in memory."""
    made = [generate(seed + number, width=width) for number in range(count)]
    return [example(f"generated-{seed + number}", sheet) for number, sheet in enumerate(made)]


def write(folder: Path, count: int, seed: int, height: int = 256, width: int = 1600) -> list[Path]:
    """Write sheets as `sheet-0001.png` and their masks as `masks/sheet-0001.png`; return the sheets' paths."""
    (folder / "masks").mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(1, count + 1):
        sheet = generate(seed + number - 1, height=height, width=width)
        path = folder / f"sheet-{number:04d}.png"
        for target, pixels in ((path, sheet.image), (folder / "masks" / path.name, sheet.mask)):
            write_png(target, pixels)
        paths.append(path)
    return paths


def example(name: str, sheet: Sheet) -> Example:
    """Return a generated sheet as a labelled picture; it is a scene of its own."""
    return Example(name, lambda: (sheet.image, sheet.mask), scene=name)


def _random_defects(rng: np.random.Generator) -> list[int]:
    if rng.random() < 0.5:
        return []
    return [int(kind) for kind in rng.integers(1, CLASSES + 1, rng.integers(1, 4))]


def _random_clutter(rng: np.random.Generator, *, sound: bool) -> list[str]:
    """Choose clutter; a strip's end only for sound sheets, as a defect might fall beyond it."""
    if rng.random() > BUSY_SHARE:
        return []
    chosen = rng.choice(busy.KINDS, rng.integers(1, 3), replace=False, p=BUSY_WEIGHTS)
    return [str(kind) for kind in chosen if sound or kind != "strip_end"]
